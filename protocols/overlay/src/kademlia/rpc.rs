//! Exchanges under way: who was asked what, and until when an answer counts.
//!
//! All exchanges of a node have the same time limit, so they expire in the order in which they began and one timer serves all.

use std::collections::VecDeque;

use astrarium_node::{NodeId, Time};

use super::config::Config;

/// What an exchange is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// FINDNODE of a lookup.
    Find { lookup: u32, path: u8 },
    /// STORE of a put.
    Store { put: u32 },
    /// PING; `auth` when it proves who asks, `dial` when it asks to be a neighbour.
    Ping { auth: bool, dial: bool },
}

/// One exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) number: u32,
    pub(super) to: NodeId,
    pub(super) ask: Ask,
    pub(super) deadline: Time,
}

/// The exchanges under way, at most [`Config::MAX_PENDING`].
#[derive(Debug, Clone, Default)]
pub(super) struct Exchanges {
    open: VecDeque<Exchange>,
    next: u32,
}

impl Exchanges {
    /// Begins one; `None` when there are too many already.
    pub(super) fn begin(&mut self, to: NodeId, ask: Ask, deadline: Time) -> Option<u32> {
        if self.open.len() >= Config::MAX_PENDING {
            return None;
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.open.push_back(Exchange { number, to, ask, deadline });
        Some(number)
    }

    /// Ends the FINDNODE of that number to that node, if there is one.
    pub(super) fn end_find(&mut self, from: NodeId, number: u32) -> Option<Exchange> {
        self.take(|e| e.to == from && e.number == number && matches!(e.ask, Ask::Find { .. }))
    }

    /// Ends the STORE of that number to that node, if there is one.
    pub(super) fn end_store(&mut self, from: NodeId, number: u32) -> Option<Exchange> {
        self.take(|e| e.to == from && e.number == number && matches!(e.ask, Ask::Store { .. }))
    }

    /// Ends the oldest PING to that node, if there is one.
    pub(super) fn end_ping(&mut self, from: NodeId) -> Option<Exchange> {
        self.take(|e| e.to == from && matches!(e.ask, Ask::Ping { .. }))
    }

    /// Ends any exchange with that node.
    pub(super) fn end_any(&mut self, with: NodeId) -> Option<Exchange> {
        self.take(|e| e.to == with)
    }

    /// Whether a PING to that node is under way.
    pub(super) fn pings(&self, to: NodeId) -> bool {
        self.open.iter().any(|e| e.to == to && matches!(e.ask, Ask::Ping { .. }))
    }

    /// Ends the oldest one if its time is over.
    pub(super) fn expire(&mut self, now: Time) -> Option<Exchange> {
        if self.open.front()?.deadline > now {
            return None;
        }
        self.open.pop_front()
    }

    /// When the oldest one expires.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.open.front().map(|e| e.deadline)
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Forgets all; numbers are not used again.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    fn take(&mut self, wanted: impl Fn(&Exchange) -> bool) -> Option<Exchange> {
        let at = self.open.iter().position(wanted)?;
        self.open.remove(at)
    }
}
