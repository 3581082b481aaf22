//! The program on top of each host: says hello to a peer until it answers or patience ends.

use std::collections::BTreeMap;

use astrarium_node::{Cx, Datagram, Layer, NodeId, Received, Span, Time, Wire};

/// A request of the workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Call {
    /// Number of the attempt, unique in the run.
    pub attempt: u32,
    /// Whom to reach.
    pub peer: NodeId,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The attempt.
    pub call: Call,
    /// Whether the answer came.
    pub reached: bool,
    /// Time from the request to the answer, or to the end of patience.
    pub took: Span,
}

/// A hello, or the answer to one: 16 bytes (attempt 8, flag 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hello {
    /// The attempt.
    pub attempt: u32,
    /// Whether it is the answer.
    pub answer: bool,
}

impl Wire for Hello {
    fn wire_len(&self) -> u32 {
        16
    }

    fn kind(&self) -> &'static str {
        "hello"
    }
}

/// Time between two hellos.
const AGAIN: Span = Span::from_secs(1);

/// The program.
#[derive(Debug, Clone)]
pub struct Caller {
    patience: Span,
    /// Attempts under way: peer and beginning. At most as many as the workload has asked for within `patience`.
    open: BTreeMap<u32, (NodeId, Time)>,
}

impl Caller {
    /// Gives up on an attempt after so long.
    #[must_use]
    pub fn new(patience: Span) -> Self {
        Self { patience, open: BTreeMap::new() }
    }

    fn hello(&self, attempt: u32, peer: NodeId, cx: &mut Cx<'_, Self>) {
        cx.send(Datagram::One(peer, Hello { attempt, answer: false }));
        cx.set_timer(attempt, AGAIN);
    }
}

impl Layer for Caller {
    type Above = Call;
    type Up = Outcome;
    type Down = Datagram<Hello>;
    type Below = Received<Hello>;
    type Timer = u32;

    fn on_start(&mut self, _: &mut Cx<'_, Self>) {}

    fn on_restart(&mut self, _: &mut Cx<'_, Self>) {
        self.open.clear();
    }

    fn on_request(&mut self, call: Call, cx: &mut Cx<'_, Self>) {
        self.open.insert(call.attempt, (call.peer, cx.now()));
        self.hello(call.attempt, call.peer, cx);
    }

    fn on_indication(&mut self, heard: Received<Hello>, cx: &mut Cx<'_, Self>) {
        let Received { from, message: Hello { attempt, answer } } = heard;
        if !answer {
            cx.send(Datagram::One(from, Hello { attempt, answer: true }));
            return;
        }
        // Else a second answer, or one of somebody who was not asked.
        if self.open.get(&attempt).is_some_and(|(peer, _)| *peer == from) {
            let Some((peer, since)) = self.open.remove(&attempt) else { return };
            cx.cancel_timer(attempt);
            cx.indicate(Outcome { call: Call { attempt, peer }, reached: true, took: cx.now().since(since) });
        }
    }

    fn on_timer(&mut self, attempt: u32, cx: &mut Cx<'_, Self>) {
        let Some(&(peer, since)) = self.open.get(&attempt) else { return };
        let took = cx.now().since(since);
        if took >= self.patience {
            self.open.remove(&attempt);
            cx.indicate(Outcome { call: Call { attempt, peer }, reached: false, took });
        } else {
            self.hello(attempt, peer, cx);
        }
    }
}
