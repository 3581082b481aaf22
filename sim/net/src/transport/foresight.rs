//! A machine with foresight: when a message sent now will have arrived.
//!
//! A machine works out its events in order. A message that loses nothing, or only what is repaired before its last segment leaves, is
//! settled when that segment leaves. Otherwise its arrival depends on what comes later: acknowledgements of later messages
//! reveal losses, and their segments fill the window. Where messages are far apart the machine just goes on until all has arrived; it
//! has then come to the moment when the repair was sent, which no later message can overtake. Where they come in a stream a copy goes on, and
//! is given messages like this one at the usual gap. What the copy has seen of the path – which packets pass – is noted and met
//! again by the machine itself, so that in a steady stream both do the same.

use std::collections::VecDeque;

use super::gap::Gap;
use super::path::{Carried, Line, Outlet, Path};

/// A gap of so many timeouts is long: everything is settled before the next message.
const LONG: u64 = 4;
/// A copy is given so many messages at most.
const MOST: u32 = 4_096;

/// A transport for one direction.
pub(crate) trait Machine: Clone {
    type Rules;

    fn new(rules: &Self::Rules) -> Self;

    /// Every message has a connection of its own.
    fn is_fresh(rules: &Self::Rules) -> bool;

    /// Works out the next event if it comes at `limit` or before; false when there is none.
    fn step(&mut self, limit: u64, rules: &Self::Rules, line: &Line, path: &mut impl Path) -> bool;

    /// Takes a message in at `now`, when everything before is worked out; false when there is no connection.
    fn send(&mut self, now: u64, bytes: u64, rules: &Self::Rules, line: &Line, path: &mut impl Path) -> bool;

    /// Segments taken in since the connection began, sent or not.
    fn taken(&self, rules: &Self::Rules) -> u64;

    /// Whether so many segments have arrived in order.
    fn has(&self, segments: u64) -> bool;

    /// Nothing waits for the window.
    fn is_sent(&self) -> bool;

    /// The connection is over.
    fn is_dead(&self) -> bool;

    /// When the last segment in order so far arrived.
    fn latest(&mut self) -> &mut u64;

    /// The present timeout.
    fn timeout(&self, rules: &Self::Rules) -> u64;

    fn outlet(&mut self) -> &mut Outlet;

    /// Takes over what outlives a connection: what it has in the queue and, unless the new one is independent (`fresh`), the order of its messages.
    fn inherit(&mut self, old: Self, fresh: bool);
}

/// What a copy has seen of the path, in order of direction: delays, or that a packet is lost.
type Seen = [VecDeque<Option<u64>>; 2];

/// A machine, and what is needed to look ahead.
#[derive(Debug, Clone)]
pub(crate) struct Foresight<M> {
    machine: M,
    gap: Gap,
    seen: Seen,
}

/// The path as the machine meets it: first what a copy has seen.
struct Again<'a, P> {
    path: &'a mut P,
    seen: &'a mut Seen,
}

impl<P: Path> Path for Again<'_, P> {
    #[inline]
    fn forward(&mut self) -> Option<u64> {
        if self.seen[0].is_empty() { self.path.forward() } else { self.seen[0].pop_front().flatten() }
    }

    #[inline]
    fn backward(&mut self) -> Option<u64> {
        if self.seen[1].is_empty() { self.path.backward() } else { self.seen[1].pop_front().flatten() }
    }
}

/// The path as a copy meets it.
struct Ahead<'a, P> {
    path: &'a mut P,
    seen: &'a mut Seen,
    at: [usize; 2],
}

impl<P: Path> Ahead<'_, P> {
    fn packet(&mut self, way: usize) -> Option<u64> {
        if self.at[way] == self.seen[way].len() {
            let fate = if way == 0 { self.path.forward() } else { self.path.backward() };
            self.seen[way].push_back(fate);
        }
        self.at[way] += 1;
        self.seen[way][self.at[way] - 1]
    }
}

impl<P: Path> Path for Ahead<'_, P> {
    fn forward(&mut self) -> Option<u64> {
        self.packet(0)
    }

    fn backward(&mut self) -> Option<u64> {
        self.packet(1)
    }
}

impl<M: Machine> Foresight<M> {
    pub(super) fn new(rules: &M::Rules) -> Self {
        Self { machine: M::new(rules), gap: Gap::default(), seen: Seen::default() }
    }

    /// Sends a message of so many bytes now.
    pub(super) fn carry(
        &mut self,
        rules: &M::Rules,
        now: u64,
        bytes: u64,
        line: &Line,
        path: &mut impl Path,
    ) -> Carried {
        let (fresh, machine) = (M::is_fresh(rules), &mut self.machine);
        machine.outlet().begin(line);
        let mut again = Again { path, seen: &mut self.seen };
        if !fresh {
            while machine.step(now, rules, line, &mut again) {}
        }
        if fresh || machine.is_dead() {
            renew(machine, fresh, rules);
        }
        self.gap.message(now);
        if !machine.send(now, bytes, rules, line, &mut again) {
            let carried = machine.outlet().carried(None);
            renew(machine, fresh, rules);
            return carried;
        }
        let end = machine.taken(rules);
        while !machine.is_sent() && machine.step(u64::MAX, rules, line, &mut again) {}
        if !machine.has(end) && !machine.is_dead() {
            let stream = self.gap.usual().filter(|&gap| !fresh && gap < LONG * machine.timeout(rules));
            if let Some(gap) = stream {
                let at = self.ahead(end, (now, gap), bytes, rules, line, path);
                return self.machine.outlet().carried(at);
            }
            while !machine.has(end) && machine.step(u64::MAX, rules, line, &mut again) {}
        }
        let at = machine.has(end).then_some(*machine.latest());
        machine.outlet().carried(at)
    }

    /// When a copy that is given further messages at the usual gap has delivered segment `end`.
    fn ahead(
        &mut self,
        end: u64,
        (now, gap): (u64, u64),
        bytes: u64,
        rules: &M::Rules,
        line: &Line,
        path: &mut impl Path,
    ) -> Option<u64> {
        let mut copy = self.machine.clone();
        let mut ahead = Ahead { path, seen: &mut self.seen, at: [0, 0] };
        let (mut next, mut given) = (now.saturating_add(gap), 0);
        while !copy.has(end) && !copy.is_dead() {
            let more = given < MOST;
            if copy.step(if more { next } else { u64::MAX }, rules, line, &mut ahead) {
                continue;
            }
            if more && copy.is_sent() {
                copy.send(next, bytes, rules, line, &mut ahead);
                (next, given) = (next.saturating_add(gap), given + 1);
            } else if !copy.step(u64::MAX, rules, line, &mut ahead) {
                break;
            }
        }
        let at = copy.has(end).then(|| *copy.latest());
        let at_front = ahead.at;
        if given == 0 {
            // Nothing was assumed.
            for (seen, at) in self.seen.iter_mut().zip(at_front) {
                seen.drain(..at);
            }
            self.machine = copy;
        }
        at
    }
}

/// Begins a connection anew.
fn renew<M: Machine>(machine: &mut M, fresh: bool, rules: &M::Rules) {
    let old = std::mem::replace(machine, M::new(rules));
    machine.inherit(old, fresh);
}
