//! Messages between departure and handling.
//!
//! A message that travels whole to one node is filed as it is; its entry in the pending-event set tells the rest. A broadcast is
//! one [`Flight`] with one entry, whatever the number of recipients: when a hop is delivered, the entry moves on to the next.
//! Everything else – fragmented, duplicated or deferred messages – is a [`Letter`].

use astrarium_node::{NodeId, Span, Time};
use slab::Slab;

/// Fragments of one datagram that arrive further apart than this are not put together (RFC 791 suggests 15 s, Linux 30 s).
const REASSEMBLY_LIMIT: Span = Span::from_secs(30);

/// A message and the name of its content, computed once when it is sent: it names the message's fate on the way and its part
/// in the digest at the end.
#[derive(Debug, Clone)]
pub(crate) struct Tagged<M> {
    pub(crate) message: M,
    pub(crate) tag: u64,
}

/// A message to one node.
#[derive(Debug, Clone)]
pub(crate) struct Letter<M> {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    /// Entries in the pending-event set that refer to this letter, and pieces of it that wait for a link.
    pub(crate) outstanding: u32,
    pub(crate) message: M,
    assembly: Option<Box<Assembly>>,
}

/// Which fragments of a letter have arrived.
#[derive(Debug, Clone)]
struct Assembly {
    first_arrival: Time,
    missing: u32,
    seen: Vec<u64>,
}

/// One recipient of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) at: Time,
    pub(crate) sequence: u32,
    pub(crate) to: NodeId,
}

/// A message to many nodes.
#[derive(Debug, Clone)]
pub(crate) struct Flight<M> {
    pub(crate) from: NodeId,
    pub(crate) message: M,
    /// Latest first, so the next hop is popped from the end.
    pub(crate) hops: Vec<Hop>,
}

/// Whole messages by slot. A `Slab` with its two hot calls in line: they are made for nearly every event.
#[derive(Debug, Clone)]
struct Wholes<M> {
    slots: Vec<Option<M>>,
    free: Vec<u32>,
}

impl<M> Wholes<M> {
    #[inline(always)]
    fn insert(&mut self, message: M) -> u32 {
        let Some(slot) = self.free.pop() else {
            self.slots.push(Some(message));
            assert!(self.slots.len() <= 1 << 31, "fewer than 2^31 messages are under way");
            return (self.slots.len() - 1) as u32;
        };
        self.slots[slot as usize] = Some(message);
        slot
    }

    #[inline(always)]
    fn take(&mut self, slot: u32) -> M {
        self.free.push(slot);
        self.slots[slot as usize].take().expect("a pending entry's message is on file")
    }
}

/// All messages under way.
#[derive(Debug, Clone)]
pub(crate) struct Mail<M> {
    wholes: Wholes<M>,
    letters: Slab<Letter<M>>,
    flights: Slab<Flight<M>>,
    /// Emptied hop lists, to be used again.
    spare: Vec<Vec<Hop>>,
}

impl<M: Clone> Mail<M> {
    pub(crate) fn new() -> Self {
        Self {
            wholes: Wholes { slots: Vec::new(), free: Vec::new() },
            letters: Slab::new(),
            flights: Slab::new(),
            spare: Vec::new(),
        }
    }

    /// Files a message that travels whole to one node.
    #[inline(always)]
    pub(crate) fn post_whole(&mut self, message: M) -> u32 {
        self.wholes.insert(message)
    }

    #[inline(always)]
    pub(crate) fn whole(&self, slot: u32) -> &M {
        self.wholes.slots[slot as usize].as_ref().expect("a pending entry's message is on file")
    }

    /// Takes a whole message out.
    #[inline(always)]
    pub(crate) fn take_whole(&mut self, slot: u32) -> M {
        self.wholes.take(slot)
    }

    /// Files a letter that so many entries will refer to.
    pub(crate) fn post(&mut self, from: NodeId, to: NodeId, message: M, outstanding: u32) -> u32 {
        self.letters.insert(Letter { from, to, outstanding, message, assembly: None }) as u32
    }

    pub(crate) fn letter(&self, slot: u32) -> &Letter<M> {
        &self.letters[slot as usize]
    }

    /// One more entry refers to a letter.
    pub(crate) fn hold(&mut self, slot: u32) {
        self.letters[slot as usize].outstanding += 1;
    }

    /// One entry is done without delivering: the piece was lost.
    pub(crate) fn discard(&mut self, slot: u32) {
        let letter = &mut self.letters[slot as usize];
        letter.outstanding -= 1;
        if letter.outstanding == 0 {
            self.letters.remove(slot as usize);
        }
    }

    /// One entry is done: a piece has arrived. Returns the message when this completes it.
    pub(crate) fn collect(&mut self, slot: u32, now: Time, piece: u16, pieces: u16) -> Option<M> {
        let letter = &mut self.letters[slot as usize];
        let complete = pieces == 1 || letter.assemble(now, piece, pieces);
        letter.outstanding -= 1;
        if letter.outstanding == 0 {
            let letter = self.letters.remove(slot as usize);
            return complete.then_some(letter.message);
        }
        complete.then(|| letter.message.clone())
    }

    /// An empty hop list.
    pub(crate) fn hop_list(&mut self) -> Vec<Hop> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes back a hop list that was not needed.
    pub(crate) fn recycle(&mut self, mut hops: Vec<Hop>) {
        hops.clear();
        self.spare.push(hops);
    }

    /// Files a broadcast; `hops` in any order, not empty.
    pub(crate) fn launch(&mut self, from: NodeId, message: M, mut hops: Vec<Hop>) -> u32 {
        hops.sort_unstable_by_key(|hop| std::cmp::Reverse((hop.at, hop.sequence)));
        self.flights.insert(Flight { from, message, hops }) as u32
    }

    /// The flight's next hop.
    pub(crate) fn next_hop(&self, slot: u32) -> Option<Hop> {
        self.flights[slot as usize].hops.last().copied()
    }

    pub(crate) fn flight(&self, slot: u32) -> &Flight<M> {
        &self.flights[slot as usize]
    }

    /// Takes the next hop off a flight: recipient, message, and the hop after it.
    pub(crate) fn land(&mut self, slot: u32) -> (Option<Hop>, M, Option<Hop>) {
        let flight = &mut self.flights[slot as usize];
        let hop = flight.hops.pop();
        if let Some(&next) = flight.hops.last() {
            return (hop, flight.message.clone(), Some(next));
        }
        let flight = self.flights.remove(slot as usize);
        self.spare.push(flight.hops);
        (hop, flight.message, None)
    }
}

impl<M> Letter<M> {
    /// Notes a fragment; true when it is the last one missing.
    fn assemble(&mut self, now: Time, piece: u16, pieces: u16) -> bool {
        let assembly = self.assembly.get_or_insert_with(|| {
            let words = usize::from(pieces).div_ceil(64);
            Box::new(Assembly { first_arrival: now, missing: u32::from(pieces), seen: vec![0; words] })
        });
        let (word, bit) = (usize::from(piece) / 64, 1 << (piece % 64));
        if assembly.seen[word] & bit != 0 || now.since(assembly.first_arrival) > REASSEMBLY_LIMIT {
            return false;
        }
        assembly.seen[word] |= bit;
        assembly.missing -= 1;
        assembly.missing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(0);
    const B: NodeId = NodeId(1);

    #[test]
    fn a_letter_is_complete_when_every_piece_came_once() {
        let mut mail = Mail::new();
        let slot = mail.post(A, B, "x", 4);
        assert_eq!(mail.collect(slot, Time::ZERO, 2, 3), None);
        assert_eq!(mail.collect(slot, Time::ZERO, 2, 3), None, "a duplicate does not count");
        assert_eq!(mail.collect(slot, Time::ZERO, 0, 3), None);
        assert_eq!(mail.collect(slot, Time::ZERO, 1, 3), Some("x"));
        assert!(mail.letters.is_empty());
    }

    #[test]
    fn late_or_lost_pieces_never_complete_and_leave_nothing_behind() {
        let mut mail = Mail::new();
        let late = mail.post(A, B, "x", 2);
        assert_eq!(mail.collect(late, Time::ZERO, 0, 2), None);
        assert_eq!(mail.collect(late, Time::ZERO + Span::from_secs(31), 1, 2), None);
        let lost = mail.post(A, B, "y", 2);
        mail.discard(lost);
        assert_eq!(mail.collect(lost, Time::ZERO, 1, 2), None);
        assert!(mail.letters.is_empty());
    }

    #[test]
    fn a_flight_lands_in_order_of_time_and_sequence() {
        let mut mail = Mail::new();
        let hop = |ns, sequence| Hop { at: Time::from_nanos(ns), sequence, to: NodeId(sequence) };
        let mut hops = mail.hop_list();
        hops.extend([hop(5, 0), hop(3, 1), hop(3, 2), hop(4, 3)]);
        let slot = mail.launch(A, "x", hops);
        let mut order = Vec::new();
        loop {
            let (landed, _, next) = mail.land(slot);
            order.extend(landed.map(|hop| hop.to.0));
            if next.is_none() {
                break;
            }
        }
        assert_eq!(order, [1, 2, 3, 0]);
        assert!(mail.flights.is_empty());
    }
}
