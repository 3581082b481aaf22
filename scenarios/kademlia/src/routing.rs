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

/// Mean success and mean rounds of the greedy paths of all lookups for nodes.
pub(crate) fn honest_paths(
    world: &World,
    lookups: &Lookups,
    count: u64,
    sight: &Sight<'_, Node>,
) -> Vec<(&'static str, f64)> {
    // The corrupt share of what a path meets: the origin is honest, and so is the target.
    let share = world.coalition.len() as f64 / world.nodes().saturating_sub(2).max(1) as f64;
    let (mut success, mut rounds, mut paths) = (0.0, 0_u64, 0_u64);
    for query in 0..count {
        let (origin, Target::Node(target)) = lookups.lookup(query) else { continue };
        let lengths = path_lengths(world, sight, origin, target);
        let Some(&first) = lengths.first() else { continue };
        let lost: f64 = lengths.iter().map(|&r| 1.0 - libm::pow(1.0 - share, f64::from(r))).product();
        success += 1.0 - lost;
        rounds += u64::from(first);
        paths += 1;
    }
    if paths == 0 {
        return Vec::new();
    }
    let paths = paths as f64;
    vec![("honest_path_share", success / paths), ("honest_path_rounds", rounds as f64 / paths)]
}

/// Rounds of each path from its starting contact on: the d nearest contacts of the origin, nearest first.
fn path_lengths(world: &World, sight: &Sight<'_, Node>, origin: NodeId, target: NodeId) -> Vec<u32> {
    let Some(key) = world.directory.key(target) else { return Vec::new() };
    let contacts = sight.node(origin).upper.table().contacts().iter();
    let mut start: Vec<_> =
        contacts.filter_map(|c| Some((world.directory.key(c.node)?.distance(key), c.node))).collect();
    start.sort_unstable();
    start.truncate(world.config.paths);
    start.iter().filter_map(|&(_, first)| greedy_rounds(world, sight, key, first, target)).collect()
}

/// Questions until the target is known, when first this contact and then always the nearest known node is asked; `None` when that
/// leads nowhere.
fn greedy_rounds(
    world: &World,
    sight: &Sight<'_, Node>,
    key: Id,
    first: NodeId,
    target: NodeId,
) -> Option<u32> {
    let mut at = first;
    for rounds in 0..Id::BITS as u32 {
        if at == target {
            return Some(rounds);
        }
        let known = sight.node(at).upper.table().contacts().iter();
        let next = known.min_by_key(|c| world.directory.key(c.node).map(|id| id.distance(key)))?.node;
        if next == at {
            return None;
        }
        at = next;
    }
    None
}
