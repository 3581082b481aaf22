//! What a pending event is, and its packing into the two words of a queue entry.

use astrarium_net::Side;
use astrarium_node::NodeId;

use crate::queue::Item;

/// What happens at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// A node comes up.
    Start { node: NodeId },
    /// A message that travels whole, to one node, reaches the access link: nearly all events are of this kind, so it tells
    /// sender and recipient without a look at the message.
    Whole { from: NodeId, to: NodeId, slot: u32 },
    /// A piece of a letter reaches the access link (`landed`: has left the downlink queue).
    Letter { slot: u32, piece: u16, pieces: u16, landed: bool },
    /// The next hop of a broadcast reaches its access link.
    Flight { slot: u32 },
    /// A timer may be due.
    Timer { node: NodeId, slot: u32 },
    /// The workload's next request.
    Arrival,
    /// A core may be free.
    CoreFree { node: NodeId, life: u32 },
    /// A core is done.
    WorkDone { slot: u32 },
    /// A fault begins or ends.
    Fault { index: u32, begins: bool },
    /// The adversary asked for this moment.
    Wake { token: u32 },
    /// A churning node ends its `count`-th session or absence.
    Churn { node: NodeId, count: u32 },
    /// An access link at which pieces wait may be free.
    LinkFree { node: NodeId, side: Side },
}

/// Marks the first word of [`Pending::Whole`]; the rest of it is the slot.
const WHOLE: u64 = 1 << 31;

/// Puts a kind and two halves into two words.
#[inline]
fn words(kind: u64, a: u32, b: u32) -> Item {
    [kind, u64::from(a) << 32 | u64::from(b)]
}

impl Pending {
    #[inline]
    pub(crate) fn pack(self) -> Item {
        match self {
            Self::Start { node } => words(0, node.0, 0),
            Self::Letter { slot, piece, pieces, landed } => {
                let [kind, rest] = words(if landed { 2 } else { 1 }, slot, 0);
                [kind, rest | u64::from(piece) << 16 | u64::from(pieces)]
            }
            Self::Flight { slot } => words(3, slot, 0),
            Self::Timer { node, slot } => words(4, node.0, slot),
            Self::Arrival => words(5, 0, 0),
            Self::CoreFree { node, life } => words(6, node.0, life),
            Self::WorkDone { slot } => words(7, slot, 0),
            Self::Fault { index, begins } => words(8, index, u32::from(begins)),
            Self::Wake { token } => words(9, token, 0),
            Self::Churn { node, count } => words(10, node.0, count),
            Self::LinkFree { node, side } => words(11, node.0, u32::from(side == Side::Down)),
            Self::Whole { from, to, slot } => {
                [WHOLE | u64::from(slot), u64::from(from.0) << 32 | u64::from(to.0)]
            }
        }
    }

    #[inline]
    pub(crate) fn unpack([kind, rest]: Item) -> Self {
        let (a, b) = ((rest >> 32) as u32, rest as u32);
        if kind & WHOLE != 0 {
            return Self::Whole { from: NodeId(a), to: NodeId(b), slot: (kind ^ WHOLE) as u32 };
        }
        match kind {
            0 => Self::Start { node: NodeId(a) },
            1 | 2 => Self::Letter { slot: a, piece: (b >> 16) as u16, pieces: b as u16, landed: kind == 2 },
            3 => Self::Flight { slot: a },
            4 => Self::Timer { node: NodeId(a), slot: b },
            5 => Self::Arrival,
            6 => Self::CoreFree { node: NodeId(a), life: b },
            7 => Self::WorkDone { slot: a },
            8 => Self::Fault { index: a, begins: b != 0 },
            9 => Self::Wake { token: a },
            10 => Self::Churn { node: NodeId(a), count: b },
            11 => Self::LinkFree { node: NodeId(a), side: if b == 0 { Side::Up } else { Side::Down } },
            _ => unreachable!("only `pack` makes items, and it knows no kind {kind}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing() {
        let (node, max) = (NodeId(u32::MAX), u32::MAX);
        for pending in [
            Pending::Start { node },
            Pending::Whole { from: NodeId(1), to: node, slot: max >> 1 },
            Pending::Letter { slot: max, piece: u16::MAX, pieces: 7, landed: true },
            Pending::Letter { slot: 3, piece: 0, pieces: 1, landed: false },
            Pending::Flight { slot: max },
            Pending::Timer { node, slot: 5 },
            Pending::Arrival,
            Pending::CoreFree { node, life: max },
            Pending::WorkDone { slot: 9 },
            Pending::Fault { index: 2, begins: true },
            Pending::Fault { index: 2, begins: false },
            Pending::Wake { token: max },
            Pending::Churn { node, count: 1 },
            Pending::LinkFree { node, side: Side::Up },
            Pending::LinkFree { node, side: Side::Down },
        ] {
            assert_eq!(Pending::unpack(pending.pack()), pending);
        }
    }
}
