//! The local ports of a host.

use std::collections::BTreeMap;

use astrarium_node::NodeId;

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Listening, login, simultaneous punching.
    Main,
    /// The survey of the own middlebox.
    Survey,
    /// An own attempt to reach this peer.
    Dial(NodeId),
    /// An attempt of this peer.
    Reply(NodeId),
}

/// First port of the ephemeral range (RFC 6335).
const FIRST: u16 = 49_152;

/// The open sockets: bounded, each with its purpose. Fresh ports are taken in turn from a random start (RFC 6056, algorithm 3).
#[derive(Debug, Clone)]
pub(super) struct Sockets {
    open: BTreeMap<u16, Owner>,
    next: u16,
    limit: usize,
}

impl Sockets {
    /// With the listening socket, and fresh ports from this word on.
    pub(super) fn new(main: u16, word: u64, limit: usize) -> Self {
        // Of 16,384 ephemeral ports.
        let next = FIRST + (word % 16_384) as u16;
        Self { open: BTreeMap::from([(main, Owner::Main)]), next, limit }
    }

    /// A fresh socket; `None` when too many are open.
    pub(super) fn open(&mut self, owner: Owner) -> Option<u16> {
        if self.open.len() >= self.limit {
            return None;
        }
        // The limit is below the number of ephemeral ports, so this ends.
        loop {
            let port = self.next;
            self.next = if port == u16::MAX { FIRST } else { port + 1 };
            if let std::collections::btree_map::Entry::Vacant(free) = self.open.entry(port) {
                free.insert(owner);
                return Some(port);
            }
        }
    }

    /// Closes a socket, but never the listening one.
    pub(super) fn close(&mut self, port: u16) {
        if self.open.get(&port).is_some_and(|owner| *owner != Owner::Main) {
            self.open.remove(&port);
        }
    }

    /// What an open socket is for.
    pub(super) fn owner(&self, port: u16) -> Option<Owner> {
        self.open.get(&port).copied()
    }

    /// Number of open sockets.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_fresh_distinct_and_bounded() {
        let mut sockets = Sockets::new(4001, 16_383, 4);
        let ports: Vec<_> = std::iter::repeat_with(|| sockets.open(Owner::Survey)).take(4).collect();
        assert_eq!(ports, [Some(65_535), Some(49_152), Some(49_153), None]);
        sockets.close(49_152);
        sockets.close(4001);
        assert_eq!((sockets.len(), sockets.owner(4001), sockets.owner(49_152)), (3, Some(Owner::Main), None));
        assert_eq!(sockets.open(Owner::Dial(NodeId(1))), Some(49_154));
    }
}
