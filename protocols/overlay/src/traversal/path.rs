//! Paths to peers: opened by the first message, kept alive while used, gone when nothing is heard.

use std::collections::{BTreeMap, VecDeque};

use astrarium_node::collections::Map;
use astrarium_node::{Endpoint, NodeId, Time};
use smallvec::SmallVec;

use super::acceptor::Reply;
use super::connector::Dial;
use super::message::Token;

/// How packets to a peer travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// Straight, between two sockets.
    Direct {
        /// Own port.
        port: u16,
        /// The peer's socket, as seen from here.
        remote: Endpoint,
    },
    /// Over a relay.
    Relayed {
        /// The relay.
        relay: Endpoint,
        /// Number of the circuit there.
        circuit: u32,
    },
}

/// A way, and the proof by which it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) token: Token,
    pub(super) way: Way,
}

/// Ways kept per peer: when both sides call each other, each may have opened one.
const ROUTES: usize = 2;

/// All about one peer.
#[derive(Debug, Clone)]
pub(super) struct Path<M> {
    /// Ways that work; the first is used for sending.
    pub(super) routes: SmallVec<[Route; ROUTES]>,
    /// Messages that wait for a way.
    pub(super) queue: VecDeque<M>,
    /// The own attempt under way.
    pub(super) dial: Option<Dial>,
    /// The peer's attempt under way.
    pub(super) reply: Option<Reply>,
    /// Secret of the attempt that a rendezvous announced last, and until when it is remembered: a relay may come after punching.
    pub(super) called: Option<(u64, Time)>,
    /// When the last unannounced call of the peer was signed: an older one is a replay.
    pub(super) knocked: Time,
    /// Whether the layer above ever wanted it.
    pub(super) wanted: bool,
    /// No new attempt before this time.
    pub(super) shut_until: Time,
    /// When the layer above first wanted it.
    pub(super) asked: Time,
    /// When the first way was open.
    pub(super) opened: Option<Time>,
    /// When the peer was last heard of.
    pub(super) heard: Time,
    /// When the layer above last used it, in either direction.
    pub(super) used: Time,
}

impl<M> Path<M> {
    fn new(now: Time) -> Self {
        Self {
            routes: SmallVec::new(),
            queue: VecDeque::new(),
            dial: None,
            reply: None,
            called: None,
            knocked: Time::ZERO,
            wanted: false,
            shut_until: Time::ZERO,
            asked: now,
            opened: None,
            heard: now,
            used: now,
        }
    }

    /// Whether nothing is open and nothing under way.
    pub(super) fn is_dead(&self) -> bool {
        self.routes.is_empty() && self.dial.is_none() && self.reply.is_none()
    }

    /// Until when a dead path is remembered.
    pub(super) fn kept_until(&self) -> Time {
        self.called.map_or(self.shut_until, |(_, until)| until.max(self.shut_until))
    }

    /// The secret of the attempt that a rendezvous announced, if it is remembered.
    pub(super) fn announced(&self, now: Time) -> Option<u64> {
        self.called.filter(|(_, until)| now < *until).map(|(nonce, _)| nonce)
    }

    /// Whether this secret is the one of an attempt or a way of this path.
    pub(super) fn knows(&self, token: Token) -> bool {
        self.dial.as_ref().is_some_and(|dial| dial.nonce == token.nonce)
            || self.reply.as_ref().is_some_and(|reply| reply.intro.nonce == token.nonce)
            || self.routes.iter().any(|route| route.token.nonce == token.nonce)
    }
}

/// What can be seen of a path from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathView {
    /// The way used for sending; `None` while there is none.
    pub way: Option<Way>,
    /// When the layer above first wanted it, or the peer first called.
    pub asked: Time,
    /// When its first way was open.
    pub opened: Option<Time>,
}

/// All paths of a host.
#[derive(Debug, Clone)]
pub(super) struct Paths<M> {
    table: BTreeMap<NodeId, Path<M>>,
    /// Whose packets come from a remote socket to an own port. Only looked up, never walked.
    index: Map<(u16, Endpoint), NodeId>,
}

impl<M> Paths<M> {
    pub(super) fn new() -> Self {
        Self { table: BTreeMap::new(), index: Map::default() }
    }

    pub(super) fn get(&self, peer: NodeId) -> Option<&Path<M>> {
        self.table.get(&peer)
    }

    pub(super) fn get_mut(&mut self, peer: NodeId) -> Option<&mut Path<M>> {
        self.table.get_mut(&peer)
    }

    /// The path to a peer, made when there is none and there are fewer than `limit` that live.
    pub(super) fn entry(&mut self, peer: NodeId, now: Time, limit: usize) -> Option<&mut Path<M>> {
        if !self.table.contains_key(&peer) && self.table.len() >= limit {
            let dead = self.table.iter().find(|(_, path)| path.is_dead()).map(|(peer, _)| *peer)?;
            self.table.remove(&dead);
        }
        Some(self.table.entry(peer).or_insert_with(|| Path::new(now)))
    }

    /// Whose packets come from there to here.
    #[inline]
    pub(super) fn whose(&self, port: u16, remote: Endpoint) -> Option<NodeId> {
        self.index.get(&(port, remote)).copied()
    }

    /// Peers in order, of paths that satisfy a condition.
    pub(super) fn peers(&self, wanted: impl Fn(&Path<M>) -> bool) -> Vec<NodeId> {
        self.table.iter().filter(|(_, path)| wanted(path)).map(|(peer, _)| *peer).collect()
    }

    /// Adds a way, or moves the one with this token. Returns a port that is no longer used by it, and whether it is the first.
    pub(super) fn adopt(&mut self, peer: NodeId, route: Route, now: Time) -> (Option<u16>, bool) {
        let Some(path) = self.table.get_mut(&peer) else { return (None, false) };
        path.heard = now;
        let first = path.routes.is_empty();
        let same = path.routes.iter().position(|old| old.token.nonce == route.token.nonce);
        let at = same.or_else(|| (path.routes.len() == ROUTES).then_some(ROUTES - 1));
        let mut freed = None;
        match at {
            Some(at) => {
                let old = std::mem::replace(&mut path.routes[at], route);
                if let Way::Direct { port, remote } = old.way {
                    self.index.remove(&(port, remote));
                    let kept = |r: &Route| matches!(r.way, Way::Direct { port: used, .. } if used == port);
                    freed = (!path.routes.iter().any(kept)).then_some(port);
                }
            }
            None => path.routes.push(route),
        }
        if path.opened.is_none() {
            path.opened = Some(now);
        }
        if let Way::Direct { port, remote } = route.way {
            self.index.insert((port, remote), peer);
        }
        (freed, first)
    }

    /// Removes ways that satisfy a condition; returns the ports they used.
    pub(super) fn cut(&mut self, peer: NodeId, cut: impl Fn(&Route) -> bool) -> SmallVec<[u16; ROUTES]> {
        let mut ports = SmallVec::new();
        let Some(path) = self.table.get_mut(&peer) else { return ports };
        for route in path.routes.iter().filter(|route| cut(route)) {
            if let Way::Direct { port, remote } = route.way {
                self.index.remove(&(port, remote));
                ports.push(port);
            }
        }
        path.routes.retain(|route| !cut(route));
        ports
    }

    /// Forgets a peer.
    pub(super) fn remove(&mut self, peer: NodeId) {
        let _ports = self.cut(peer, |_| true);
        self.table.remove(&peer);
    }

    /// Number of peers with a path or an attempt.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }
}

#[cfg(test)]
mod tests {
    use astrarium_node::Ip;

    use super::*;

    fn route(nonce: u64, port: u16) -> Route {
        let remote = Endpoint::new(Ip(9), port);
        Route { token: Token { session: 1, nonce }, way: Way::Direct { port: 7, remote } }
    }

    #[test]
    fn a_moved_way_is_found_at_its_new_place_only() {
        let mut paths: Paths<u8> = Paths::new();
        let peer = NodeId(3);
        assert!(paths.entry(peer, Time::ZERO, 1).is_some());
        assert_eq!(paths.adopt(peer, route(1, 10), Time::ZERO), (None, true));
        assert_eq!(paths.adopt(peer, route(1, 11), Time::ZERO), (None, false));
        let at = |port| Endpoint::new(Ip(9), port);
        assert_eq!((paths.whose(7, at(10)), paths.whose(7, at(11))), (None, Some(peer)));
        paths.adopt(peer, route(2, 12), Time::ZERO);
        paths.adopt(peer, route(3, 13), Time::ZERO);
        assert_eq!((paths.whose(7, at(12)), paths.whose(7, at(13))), (None, Some(peer)));
        assert_eq!(paths.cut(peer, |r| r.token.nonce == 1).as_slice(), [7]);
        paths.remove(peer);
        assert_eq!((paths.whose(7, at(13)), paths.len()), (None, 0));
    }

    #[test]
    fn the_table_is_bounded_and_gives_up_the_dead_first() {
        let mut paths: Paths<u8> = Paths::new();
        for peer in 0..3 {
            assert!(paths.entry(NodeId(peer), Time::ZERO, 3).is_some());
            if peer != 1 {
                paths.adopt(NodeId(peer), route(u64::from(peer), peer as u16), Time::ZERO);
            }
        }
        assert!(paths.entry(NodeId(7), Time::ZERO, 3).is_some());
        assert!(paths.get(NodeId(1)).is_none());
        paths.adopt(NodeId(7), route(7, 7), Time::ZERO);
        assert!(paths.entry(NodeId(8), Time::ZERO, 3).is_none());
    }
}
