//! A gossip that uses everything: periodic timers, re-armed and cancelled timers, broadcasts, answers, draws, processor time.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{Cx, Datagram, Layer, NodeId, Op, Protocol, Received, Span, Wire};

/// Delays are multiples of this, so that many events fall on the same instant.
pub const GRAIN: Span = Span::from_millis(1);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message {
    Rumour { id: u64, hops: u8 },
    Heard { id: u64 },
}

impl Wire for Message {
    fn wire_len(&self) -> u32 {
        match self {
            Self::Rumour { .. } => 300,
            Self::Heard { .. } => 20,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Start a rumour.
    Tick,
    /// Repeat a rumour nobody confirmed.
    Repeat(u64),
    /// Re-armed by every message.
    Quiet,
}

#[derive(Debug, Clone)]
pub struct Gossip {
    nodes: u32,
    /// Rumours known, with the number of confirmations.
    pub known: BTreeMap<u64, u32>,
    pub quiet: u32,
}

impl Gossip {
    pub fn new(nodes: usize) -> Self {
        Self { nodes: nodes as u32, known: BTreeMap::new(), quiet: 0 }
    }

    fn grains(cx: &mut Cx<'_, Self>, most: u64) -> Span {
        GRAIN * (1 + cx.rng().below(most))
    }

    fn spread(&mut self, id: u64, hops: u8, cx: &mut Cx<'_, Self>) {
        let me = cx.me().0;
        let picked = cx.rng().sample(u64::from(self.nodes), 4);
        let peers: Arc<[NodeId]> =
            picked.into_iter().map(|peer| NodeId(peer as u32)).filter(|peer| peer.0 != me).collect();
        cx.send(Datagram::Many(peers, Message::Rumour { id, hops }));
        let after = Self::grains(cx, 200);
        cx.set_timer(Timer::Repeat(id), after);
    }
}

impl Layer for Gossip {
    type Above = u64;
    type Up = u64;
    type Down = Datagram<Message>;
    type Below = Received<Message>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        let after = Self::grains(cx, 100);
        cx.set_timer(Timer::Tick, after);
        cx.set_timer(Timer::Quiet, Span::from_millis(300));
    }

    fn on_request(&mut self, id: u64, cx: &mut Cx<'_, Self>) {
        self.known.insert(id, 0);
        self.spread(id, 3, cx);
    }

    fn on_indication(&mut self, Received { from, message }: Received<Message>, cx: &mut Cx<'_, Self>) {
        cx.charge(Op::Parse);
        cx.set_timer(Timer::Quiet, Span::from_millis(300));
        match message {
            Message::Rumour { id, hops } => {
                cx.send(Datagram::One(from, Message::Heard { id }));
                if self.known.insert(id, 0).is_none() {
                    cx.charge(Op::Hash { bytes: 4096 });
                    cx.indicate(id);
                    if hops > 0 {
                        self.spread(id, hops - 1, cx);
                    }
                }
            }
            Message::Heard { id } => {
                let heard = self.known.entry(id).or_default();
                *heard += 1;
                if *heard == 2 {
                    cx.cancel_timer(Timer::Repeat(id));
                }
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Tick => {
                let id = cx.rng().word();
                self.on_request(id, cx);
                let after = Self::grains(cx, 100);
                cx.set_timer(Timer::Tick, after);
            }
            Timer::Repeat(id) => {
                if self.known.len() < 50 {
                    self.spread(id, 0, cx);
                }
            }
            Timer::Quiet => self.quiet += 1,
        }
    }
}

impl Protocol for Gossip {
    type Msg = Message;
}
