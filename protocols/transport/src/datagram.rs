//! Bare datagrams behind the boundary of the transports: what arrives arrives, in any order, perhaps twice.

use std::marker::PhantomData;

use astrarium_node::{Cx, Datagram, Layer, Protocol, Received};

use crate::service::{Event, Message, Request};

/// UDP as it is. Has no sessions, so [`Request::Close`] does nothing and peers never go down.
#[derive(Debug, Clone)]
pub struct Udp<M>(PhantomData<M>);

impl<M> Udp<M> {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M> Default for Udp<M> {
    fn default() -> Self {
        Self::new()
    }
}

/// Bare datagrams need no timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoTimer {}

impl<M: Message> Layer for Udp<M> {
    type Above = Request<M>;
    type Up = Event<M>;
    type Down = Datagram<M>;
    type Below = Received<M>;
    type Timer = NoTimer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn on_request(&mut self, request: Request<M>, cx: &mut Cx<'_, Self>) {
        if let Request::Send { to, message, .. } = request {
            cx.send(Datagram::One(to, message));
        }
    }

    fn on_indication(&mut self, Received { from, message }: Received<M>, cx: &mut Cx<'_, Self>) {
        cx.indicate(Event::Delivered { from, message });
    }

    fn on_timer(&mut self, timer: NoTimer, _cx: &mut Cx<'_, Self>) {
        match timer {}
    }
}

impl<M: Message> Protocol for Udp<M> {
    type Msg = M;
}
