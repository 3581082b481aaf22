//! Relays that compare what enters circuits with what leaves them (AD-CORR).
//!
//! Each relay of the coalition follows the protocol and notes when cells of a circuit came, from whom, and where they went. A relay knows
//! that it is first when cells come from somebody who is no relay, and last when a message leaves in plain text. At the end each stream
//! that left is laid beside all that entered: the relay between must be the same where the coalition can tell, and the times must fit the
//! legs between. The best fit names the source.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{Datagram, NodeId, Received, Span, Time};
use astrarium_protocol_overlay::circuit::{Body, Cell, Message};

use crate::circuit::Node;
use crate::item::Item;

/// A circuit as a relay sees it: the relay, the neighbour on the side of the source, the circuit's number between them.
type Stream = (NodeId, NodeId, u32);

/// What the coalition knows of the network, and how it judges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Craft {
    /// Nodes below this number are relays: the directory is public.
    pub(crate) relays: u32,
    /// Relays of a circuit.
    pub(crate) hops: u32,
    /// What it takes for the mean delay of a leg.
    pub(crate) leg: Span,
    /// Greatest distance of a time from where it is expected.
    pub(crate) window: Span,
}

/// Cells that came from a source.
#[derive(Debug, Clone)]
struct Entering {
    next: NodeId,
    times: Vec<Time>,
}

/// Messages that left.
#[derive(Debug, Clone)]
struct Leaving {
    times: Vec<Time>,
    /// The first of them: it is in plain text. Its content names nobody; it serves to check the guess.
    item: Item,
}

/// The coalition.
#[derive(Debug, Clone)]
pub(crate) struct Correlator {
    nodes: Arc<[NodeId]>,
    craft: Craft,
    entering: BTreeMap<Stream, Entering>,
    leaving: BTreeMap<Stream, Leaving>,
}

/// Whom the coalition takes for the source of a circuit, with a message that came out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) item: Item,
    pub(crate) source: NodeId,
}

/// All that it says.
pub(crate) type Verdicts = Vec<Verdict>;

impl Correlator {
    pub(crate) fn new(nodes: &Arc<[NodeId]>, craft: Craft) -> Self {
        Self { nodes: Arc::clone(nodes), craft, entering: BTreeMap::new(), leaving: BTreeMap::new() }
    }

    fn is_relay(&self, id: NodeId) -> bool {
        id.0 < self.craft.relays
    }

    /// A data cell came to one of its relays, and this is what the honest relay made of it.
    fn note(&mut self, stream: Stream, at: Time, made: &Datagram<Message<Item>>) {
        let Datagram::One(to, message) = made else { return };
        let from_source = !self.is_relay(stream.1);
        match message {
            Message::Cell(Cell { body: Body::Data { .. }, .. }) if from_source => {
                let fresh = || Entering { next: *to, times: Vec::new() };
                self.entering.entry(stream).or_insert_with(fresh).times.push(at);
            }
            Message::Plain(item) => {
                let fresh = || Leaving { times: Vec::new(), item: *item };
                self.leaving.entry(stream).or_insert_with(fresh).times.push(at);
            }
            Message::Cell(_) => {}
        }
    }

    /// Whether two streams can be one circuit as far as their neighbours tell.
    fn neighbours_fit(&self, enter: Stream, entering: &Entering, leave: Stream) -> bool {
        match self.craft.hops {
            2 => enter.0 == leave.1 && entering.next == leave.0,
            3 => entering.next == leave.1,
            _ => true,
        }
    }

    /// How many of the times fit, and how far off they are together.
    fn times_fit(&self, entering: &Entering, leaving: &Leaving) -> (usize, Span) {
        let legs = self.craft.leg * u64::from(self.craft.hops - 1);
        let off = |at: &Time| {
            // The time at which it should have entered; before the beginning of all things it cannot have.
            let due = Time::ZERO + at.since(Time::ZERO).saturating_sub(legs);
            let place = entering.times.partition_point(|t| *t < due);
            let near = entering.times[place.saturating_sub(1)..].iter().take(2);
            near.map(|t| t.since(due).max(due.since(*t))).min().filter(|off| *off <= self.craft.window)
        };
        let fits = || leaving.times.iter().filter_map(off);
        (fits().count(), fits().fold(Span::ZERO, |sum, off| sum + off))
    }

    /// The source of each stream that left, where one fits at least half of its times.
    pub(crate) fn verdicts(&self) -> Verdicts {
        let mut by_next: BTreeMap<NodeId, Vec<(&Stream, &Entering)>> = BTreeMap::new();
        for (stream, entering) in &self.entering {
            by_next.entry(entering.next).or_default().push((stream, entering));
        }
        let judge = |(leave, leaving): (&Stream, &Leaving)| {
            let item = leaving.item;
            if !self.is_relay(leave.1) {
                // One relay is first and last: nothing to compare.
                return Some(Verdict { item, source: leave.1 });
            }
            let known = match self.craft.hops {
                2 => by_next.get(&leave.0),
                3 => by_next.get(&leave.1),
                _ => None,
            };
            let anybody = (self.craft.hops > 3).then(|| by_next.values().flatten()).into_iter().flatten();
            let fits = known.into_iter().flatten().chain(anybody).filter_map(|(enter, entering)| {
                let (count, off) = self.times_fit(entering, leaving);
                let good = 2 * count >= leaving.times.len() && self.neighbours_fit(**enter, entering, *leave);
                good.then_some((std::cmp::Reverse(count), off, enter.1))
            });
            fits.min().map(|(_, _, source)| Verdict { item, source })
        };
        self.leaving.iter().filter_map(judge).collect()
    }
}

impl Adversary<Node> for Correlator {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        let data = match &input {
            Input::Message(Received {
                from,
                message: Message::Cell(Cell { circuit, body: Body::Data { .. } }),
            }) => Some((node, *from, *circuit)),
            _ => None,
        };
        hands.honest(node, input);
        if let Some(stream) = data {
            let at = hands.now();
            for made in &hands.effects().down {
                self.note(stream, at, made);
            }
        }
    }
}
