//! The stem graph as one node sees it: a few destinations for an epoch, and which of them serves which inbound neighbour.

use std::collections::BTreeMap;

use astrarium_node::{NodeId, Stream};

/// Routes of one epoch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Routes {
    destinations: Vec<NodeId>,
    /// Number of inbound neighbours mapped to each destination.
    uses: Vec<u32>,
    /// By inbound neighbour; `None` is the node itself. At most as many as there are neighbours.
    map: BTreeMap<Option<NodeId>, usize>,
}

impl Routes {
    /// A new epoch: `count` destinations at random.
    pub(crate) fn choose(outbound: &[NodeId], count: u32, luck: &mut Stream) -> Self {
        let picks = luck.sample(outbound.len() as u64, count as usize);
        let destinations: Vec<NodeId> = picks.into_iter().map(|i| outbound[i as usize]).collect();
        Self { uses: vec![0; destinations.len()], destinations, map: BTreeMap::new() }
    }

    /// The destination for what comes from `inbound`: as before in this epoch, or one of the least used at random.
    /// Never back to where it came from while there is another.
    pub(crate) fn route(&mut self, inbound: Option<NodeId>, luck: &mut Stream) -> Option<NodeId> {
        if let Some(&at) = self.map.get(&inbound) {
            return Some(self.destinations[at]);
        }
        let fits = |at: &usize| self.destinations.len() == 1 || Some(self.destinations[*at]) != inbound;
        let least = (0..self.destinations.len()).filter(fits).map(|at| self.uses[at]).min()?;
        let least_used: Vec<usize> =
            (0..self.destinations.len()).filter(fits).filter(|at| self.uses[*at] == least).collect();
        let at = least_used[luck.below(least_used.len() as u64) as usize];
        self.uses[at] += 1;
        self.map.insert(inbound, at);
        Some(self.destinations[at])
    }

    /// Any destination, whatever came before.
    pub(crate) fn any(&self, luck: &mut Stream) -> Option<NodeId> {
        let n = self.destinations.len() as u64;
        (n > 0).then(|| self.destinations[luck.below(n) as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};

    #[test]
    fn inbound_neighbours_are_spread_evenly_and_stay() {
        let mut luck = Seed(1).stream(Domain::HANDLER, 0, 0);
        let outbound: Vec<NodeId> = (100..108).map(NodeId).collect();
        let mut routes = Routes::choose(&outbound, 2, &mut luck);
        let inbound = || std::iter::once(None).chain((0..9).map(|i| Some(NodeId(i))));
        let first: Vec<_> = inbound().map(|i| routes.route(i, &mut luck).unwrap()).collect();
        let second: Vec<_> = inbound().map(|i| routes.route(i, &mut luck).unwrap()).collect();
        assert_eq!(first, second);
        let to_first = first.iter().filter(|to| **to == first[0]).count();
        assert_eq!((to_first, first.len()), (5, 10));
    }

    #[test]
    fn a_stem_is_not_sent_back_and_ends_without_destinations() {
        let mut luck = Seed(1).stream(Domain::HANDLER, 0, 0);
        for _ in 0..50 {
            let mut routes = Routes::choose(&[NodeId(1), NodeId(2)], 2, &mut luck);
            assert_eq!(routes.route(Some(NodeId(1)), &mut luck), Some(NodeId(2)));
        }
        assert_eq!(Routes::choose(&[], 2, &mut luck).route(None, &mut luck), None);
    }
}
