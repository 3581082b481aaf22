//! A full node or a light client, for worlds with both.

use std::sync::Arc;

use astrarium_node::{Cx, Datagram, Layer, NodeId, Protocol, Received};

use crate::interface::{Indication, Request, Timer};
use crate::light::LightClient;
use crate::message::Message;
use crate::node::Node;

/// One participant of a network.
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "most participants are the large variant; a box would cost them a cache miss"
)]
pub enum Participant {
    /// A full node, perhaps a miner.
    Full(Node),
    /// A light client.
    Light(LightClient),
}

impl Participant {
    /// The full node, if it is one.
    #[must_use]
    pub fn full(&self) -> Option<&Node> {
        match self {
            Self::Full(node) => Some(node),
            Self::Light(_) => None,
        }
    }

    /// The light client, if it is one.
    #[must_use]
    pub fn light(&self) -> Option<&LightClient> {
        match self {
            Self::Full(_) => None,
            Self::Light(client) => Some(client),
        }
    }

    /// Whom it talks to.
    #[must_use]
    pub fn peers(&self) -> &Arc<[NodeId]> {
        match self {
            Self::Full(node) => node.peers(),
            Self::Light(client) => client.neighbours(),
        }
    }

    /// Number of messages dropped because they break the rules.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        match self {
            Self::Full(node) => node.rejected(),
            Self::Light(client) => client.rejected(),
        }
    }
}

impl Layer for Participant {
    type Above = Request;
    type Up = Indication;
    type Down = Datagram<Message>;
    type Below = Received<Message>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        match self {
            Self::Full(node) => node.start(cx),
            Self::Light(client) => client.start(cx),
        }
    }

    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        match self {
            Self::Full(node) => node.restart(cx),
            Self::Light(client) => client.restart(cx),
        }
    }

    fn on_request(&mut self, request: Request, cx: &mut Cx<'_, Self>) {
        match self {
            Self::Full(node) => node.request(request, cx),
            Self::Light(client) => client.request(request, cx),
        }
    }

    #[inline]
    fn on_indication(&mut self, received: Received<Message>, cx: &mut Cx<'_, Self>) {
        match self {
            Self::Full(node) => node.indication(received, cx),
            Self::Light(client) => client.indication(received, cx),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match self {
            Self::Full(node) => node.timer(timer, cx),
            Self::Light(client) => client.timer(timer, cx),
        }
    }
}

impl Protocol for Participant {
    type Msg = Message;
}
