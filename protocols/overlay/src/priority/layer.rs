//! The layer: requests pass through the queues, indications pass by them.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId, Span};
use astrarium_protocol_transport::{Class, Event, Message, Request};

use super::config::Config;
use super::lane::Lane;

/// What a timer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A message to this peer is gone.
    Gone(NodeId),
}

/// Counters by class – high, medium, low – since the node was made. They are for observers; no decision depends on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages asked to be sent.
    pub offered: [u64; 3],
    /// Messages handed to the transport.
    pub sent: [u64; 3],
    /// Messages refused because their queue was full, or because too many peers were waited for.
    pub refused: [u64; 3],
    /// Messages lost because their session ended while they waited.
    pub lost: u64,
}

/// Queues by priority in front of a transport. Above and below it is the boundary of the transports.
#[derive(Debug, Clone)]
pub struct Priority<M> {
    config: Arc<Config>,
    /// Which class a message has; the sender's word unless given.
    classify: Option<fn(&M) -> Class>,
    lanes: BTreeMap<NodeId, Lane<M>>,
    counts: Counts,
}

impl<M: Message> Priority<M> {
    /// Queues that heed the class that comes with each message.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, classify: None, lanes: BTreeMap::new(), counts: Counts::default() }
    }

    /// Queues under a protocol that does not say how urgent its messages are.
    #[must_use]
    pub fn classified(config: Arc<Config>, classify: fn(&M) -> Class) -> Self {
        Self { classify: Some(classify), ..Self::new(config) }
    }

    /// What it has counted.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Messages that wait for a peer, by class.
    #[must_use]
    pub fn waiting(&self, peer: NodeId) -> [usize; 3] {
        self.lanes.get(&peer).map_or([0; 3], Lane::waiting)
    }

    fn offer(&mut self, to: NodeId, message: M, class: Class, cx: &mut Cx<'_, Self>) {
        let class = self.classify.map_or(class, |classify| classify(&message));
        let at = index(class);
        self.counts.offered[at] += 1;
        let crowded = self.lanes.len() >= self.config.peers && !self.lanes.contains_key(&to);
        let refused = if crowded {
            Some(message)
        } else {
            self.lanes.entry(to).or_insert_with(Lane::new).push(at, message, &self.config).err()
        };
        if let Some(message) = refused {
            self.counts.refused[at] += 1;
            cx.indicate(Event::Refused { to, message });
            return;
        }
        self.serve(to, cx);
    }

    /// Hands down what may go.
    fn serve(&mut self, peer: NodeId, cx: &mut Cx<'_, Self>) {
        let Some(lane) = self.lanes.get_mut(&peer) else { return };
        let now = cx.now();
        lane.release(now);
        while let Some((at, message)) = lane.next(&self.config) {
            let bytes = u64::from(message.wire_len()) + u64::from(self.config.overhead);
            lane.sent(now, Span::of_transfer(bytes, self.config.rate));
            self.counts.sent[at] += 1;
            cx.send(Request::Send { to: peer, message, class: CLASSES[at] });
        }
        match lane.next_release() {
            Some(at) => cx.set_timer(Timer::Gone(peer), at.since(now)),
            None => self.retire(peer, cx),
        }
    }

    /// Forgets a peer for which nothing waits.
    fn retire(&mut self, peer: NodeId, cx: &mut Cx<'_, Self>) {
        let Some(lane) = self.lanes.get(&peer).filter(|lane| lane.is_idle()) else { return };
        if lane.closing {
            cx.send(Request::Close { peer });
        }
        self.lanes.remove(&peer);
    }

    fn close(&mut self, peer: NodeId, cx: &mut Cx<'_, Self>) {
        match self.lanes.get_mut(&peer) {
            Some(lane) => lane.closing = true,
            None => cx.send(Request::Close { peer }),
        }
    }
}

const CLASSES: [Class; 3] = [Class::High, Class::Medium, Class::Low];

const fn index(class: Class) -> usize {
    match class {
        Class::High => 0,
        Class::Medium => 1,
        Class::Low => 2,
    }
}

impl<M: Message> Layer for Priority<M> {
    type Above = Request<M>;
    type Up = Event<M>;
    type Down = Request<M>;
    type Below = Event<M>;
    type Timer = Timer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// What waited was in memory only.
    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.lanes.clear();
    }

    fn on_request(&mut self, request: Request<M>, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Send { to, message, class } => self.offer(to, message, class, cx),
            Request::Close { peer } => self.close(peer, cx),
        }
    }

    /// A session that ends takes its queue with it; the layer above is told of what waited as of what was on its way.
    fn on_indication(&mut self, event: Event<M>, cx: &mut Cx<'_, Self>) {
        match event {
            Event::PeerDown { peer, reason, mut undelivered } => {
                if let Some(mut lane) = self.lanes.remove(&peer) {
                    cx.cancel_timer(Timer::Gone(peer));
                    let before = undelivered.len();
                    undelivered.extend(lane.drain());
                    self.counts.lost += (undelivered.len() - before) as u64;
                }
                cx.indicate(Event::PeerDown { peer, reason, undelivered });
            }
            other => cx.indicate(other),
        }
    }

    fn on_timer(&mut self, Timer::Gone(peer): Timer, cx: &mut Cx<'_, Self>) {
        self.serve(peer, cx);
    }
}
