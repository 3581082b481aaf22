//! The load: random pairs of hosts, one attempt each, or one each way.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Seed, Span, Time};

use astrarium_runner::{Complaint, Params};

use crate::caller::Call;
use crate::world::{Node, World};

/// Pairs up to which all of them may meet; of more, a quarter: they are drawn until they are new.
const FEW: u64 = 10_000;

/// Checks that there are enough pairs.
///
/// # Errors
/// More pairs are wanted than there are, or than can be drawn soon.
pub(crate) fn check(params: &Params) -> Result<(), Complaint> {
    let (hosts, wanted) = (params.count("network.nodes") as u64, params.count("workload.pairs") as u64);
    let all = hosts.saturating_mul(hosts.saturating_sub(1)) / 2;
    let most = if all <= FEW { all } else { FEW.max(all / 4) };
    if wanted <= most {
        return Ok(());
    }
    let problem = format!("= {wanted}, but {hosts} hosts make {all} pairs");
    let help = match most == all {
        true => format!("give at most {most}, or add hosts"),
        false => format!("give at most a quarter of them, {most}, or add hosts"),
    };
    Err(Complaint::new("workload.pairs", problem, help))
}

/// So many pairs of hosts, caller first, no two hosts twice: a pair that has met before has left its marks in the devices. There must
/// be room ([`check`]).
pub(crate) fn draw(seed: Seed, hosts: u32, count: u32) -> Arc<[(NodeId, NodeId)]> {
    let mut met = BTreeSet::new();
    let one = |number: u32| {
        let mut luck = seed.stream(Domain::WORKLOAD, 0, u64::from(number));
        loop {
            // Distinct, both below `hosts`.
            let a = luck.below(u64::from(hosts)) as u32;
            let b = luck.below(u64::from(hosts) - 1) as u32;
            let b = if b >= a { b + 1 } else { b };
            if met.insert((a.min(b), a.max(b))) {
                return (NodeId(a), NodeId(b));
            }
        }
    };
    (0..count).map(one).collect()
}

/// Who calls whom, and when.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    pairs: Arc<[(NodeId, NodeId)]>,
    /// Whether the called one calls back later.
    both_ways: bool,
    first: Time,
    spacing: Span,
    /// How much later.
    back_after: Span,
    /// Calls there, and calls back, handed out so far.
    there: u32,
    back: u32,
}

impl Pairs {
    /// The calls of a run in this world.
    pub(crate) fn new(world: &World) -> Self {
        Self {
            pairs: Arc::clone(&world.pairs),
            both_ways: world.both_ways,
            first: Time::ZERO + world.warmup,
            spacing: world.spacing,
            back_after: world.patience + Span::from_secs(2),
            there: 0,
            back: if world.both_ways { 0 } else { world.pairs.len() as u32 },
        }
    }

    fn due(&self, number: u32) -> Time {
        self.first + self.spacing * u64::from(number)
    }
}

impl Workload<Node> for Pairs {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let all = self.pairs.len() as u32;
        let there = (self.there < all).then(|| self.due(self.there));
        let back = (self.back < all).then(|| self.due(self.back) + self.back_after);
        let forth = match (there, back) {
            (None, None) => return None,
            (Some(there), Some(back)) => there <= back,
            (there, _) => there.is_some(),
        };
        let calls = if self.both_ways { 2 } else { 1 };
        let (at, number, turn) = if forth {
            self.there += 1;
            (there?, self.there - 1, 0)
        } else {
            self.back += 1;
            (back?, self.back - 1, 1)
        };
        let (a, b) = self.pairs[number as usize];
        let (node, peer) = if turn == 0 { (a, b) } else { (b, a) };
        Some(Arrival { at, node, request: Call { attempt: number * calls + turn, peer } })
    }
}
