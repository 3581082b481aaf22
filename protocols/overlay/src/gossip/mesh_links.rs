//! The links of the mesh: who is in it, who made the link, who must stay away for a while.

use std::collections::BTreeMap;

use astrarium_node::{NodeId, Span, Stream, Time};

use super::config::MeshConfig;

/// Longest back-off that is believed.
const LONGEST_BACKOFF: Span = Span::from_secs(3600);
/// Most neighbours that are kept away at a time; beyond, the earliest to return is forgotten.
const MOST_AWAY: usize = 10_000;

/// Links of one node, and the neighbours that must not be linked now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    /// In order.
    all: Vec<NodeId>,
    /// Those that this node asked for ("outbound"): whoever is linked by others alone can be surrounded.
    mine: Vec<NodeId>,
    away: BTreeMap<NodeId, Time>,
}

impl Links {
    pub(crate) fn all(&self) -> &[NodeId] {
        &self.all
    }

    pub(crate) fn contains(&self, peer: NodeId) -> bool {
        self.all.binary_search(&peer).is_ok()
    }

    /// Adds a link; `mine`: this node asked for it.
    pub(crate) fn add(&mut self, peer: NodeId, mine: bool) {
        if let Err(at) = self.all.binary_search(&peer) {
            self.all.insert(at, peer);
            if mine {
                self.mine.push(peer);
            }
        }
    }

    /// Takes a link away.
    pub(crate) fn remove(&mut self, peer: NodeId) {
        if let Ok(at) = self.all.binary_search(&peer) {
            self.all.remove(at);
        }
        self.mine.retain(|p| *p != peer);
    }

    /// Keeps a neighbour away until then.
    pub(crate) fn keep_away(&mut self, peer: NodeId, now: Time, backoff: Span) {
        let until = now + backoff.min(LONGEST_BACKOFF);
        let known = self.away.get(&peer).copied();
        if known.is_none() && self.away.len() >= MOST_AWAY {
            let next = self.away.iter().min_by_key(|(_, at)| **at).map(|(peer, _)| *peer);
            next.map(|peer| self.away.remove(&peer));
        }
        self.away.insert(peer, known.map_or(until, |at| at.max(until)));
    }

    /// Whether a neighbour must stay away.
    pub(crate) fn is_away(&self, peer: NodeId, now: Time) -> bool {
        self.away.get(&peer).is_some_and(|until| *until > now)
    }

    /// Forgets those who may return.
    pub(crate) fn forgive(&mut self, now: Time) {
        self.away.retain(|_, until| *until > now);
    }

    /// The links to be cut when there are too many: all but `degree` random ones, of which at least `outbound` are of one's own
    /// making if there are so many.
    pub(crate) fn surplus(&self, config: &MeshConfig, luck: &mut Stream) -> Vec<NodeId> {
        if self.all.len() <= config.high as usize {
            return Vec::new();
        }
        let mut order = self.all.clone();
        luck.shuffle(&mut order);
        let mut own = self.mine.clone();
        own.sort_unstable();
        // The first so many of one's own come to the front; the order is random otherwise. Each key is computed once, in order.
        let mut kept = 0;
        order.sort_by_cached_key(|peer| {
            let first = kept < config.outbound && own.binary_search(peer).is_ok();
            kept += u32::from(first);
            !first
        });
        order.split_off(config.degree as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};

    #[test]
    fn cutting_keeps_the_degree_and_links_of_ones_own() {
        let config = MeshConfig { degree: 6, high: 12, outbound: 2, ..MeshConfig::default() };
        let mut links = Links::default();
        for peer in 0..20 {
            links.add(NodeId(peer), peer >= 17);
        }
        for counter in 0..50 {
            let cut = links.surplus(&config, &mut Seed(1).stream(Domain::HANDLER, 0, counter));
            assert_eq!(cut.len(), 14);
            let own_cut = cut.iter().filter(|p| p.0 >= 17).count();
            assert!(own_cut <= 1, "two of the three stay: {cut:?}");
        }
        (0..8).for_each(|p| links.remove(NodeId(p)));
        let luck = &mut Seed(1).stream(Domain::HANDLER, 0, 0);
        assert!(links.surplus(&config, luck).is_empty(), "twelve are not too many");
    }

    #[test]
    fn a_pruned_neighbour_stays_away_for_its_time_and_no_longer_than_an_hour() {
        let mut links = Links::default();
        let at = |s| Time::ZERO + Span::from_secs(s);
        links.keep_away(NodeId(1), at(0), Span::from_secs(60));
        links.keep_away(NodeId(1), at(0), Span::from_secs(10));
        assert!(links.is_away(NodeId(1), at(59)) && !links.is_away(NodeId(1), at(60)));
        links.keep_away(NodeId(2), at(0), Span::MAX);
        assert!(!links.is_away(NodeId(2), at(3600)));
    }
}
