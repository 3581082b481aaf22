//! What a routing attack has to beat: the rounds that lookups take along one greedy path, read off the tables.
//!
//! The closed form of the attack, 1 − (1 − (1−m)^h)^d, speaks of paths of exactly h nodes. Real paths differ in length, and a mean of
//! powers is not the power of a mean; so the same lookups are walked through the tables as an undisturbed network would have
//! them, and the mean of (1−m)^r is reported beside the measured success.

use astrarium_engine::Sight;
use astrarium_node::NodeId;
use astrarium_protocol_overlay::kademlia::{Id, Target};

use crate::workload::Lookups;
use crate::world::{Node, World};

/// Mean survival and mean rounds of the greedy paths of all lookups for nodes.
pub(crate) fn honest_paths(
    world: &World,
    lookups: &Lookups,
    count: u64,
    sight: &Sight<'_, Node>,
) -> Vec<(&'static str, f64)> {
    let share = world.coalition.len() as f64 / (world.nodes() - 1).max(1) as f64;
    let (mut survival, mut rounds, mut paths) = (0.0, 0_u64, 0_u64);
    for query in 0..count {
        let (origin, Target::Node(target)) = lookups.lookup(query) else { continue };
        let Some(r) = greedy_rounds(world, sight, origin, target) else { continue };
        survival += libm::pow(1.0 - share, f64::from(r));
        rounds += u64::from(r);
        paths += 1;
    }
    if paths == 0 {
        return Vec::new();
    }
    let paths = paths as f64;
    vec![("honest_path_share", survival / paths), ("honest_path_rounds", rounds as f64 / paths)]
}

/// Questions until the target is known, when always the nearest known node is asked; `None` when that leads nowhere.
fn greedy_rounds(world: &World, sight: &Sight<'_, Node>, origin: NodeId, target: NodeId) -> Option<u32> {
    let key = world.directory.key(target)?;
    let mut at = origin;
    for rounds in 0..Id::BITS as u32 {
        let known = sight.node(at).upper.table().contacts().iter();
        let next = known.min_by_key(|c| world.directory.key(c.node).map(|id| id.distance(key)))?.node;
        if next == target {
            return Some(rounds);
        }
        if next == at {
            return None;
        }
        at = next;
    }
    None
}
