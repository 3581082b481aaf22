//! Identities made to measure: keys are hashed until enough of them stand nearest to a point (AD-IDGRIND).
//!
//! Identities are free here, as they are in the protocol: nothing but the work of hashing stands between an adversary and the
//! neighbourhood of a key.

use astrarium_node::{Domain, Seed};
use astrarium_protocol_overlay::kademlia::Id;

/// Purpose of the draws of ground identities among those of the adversary.
const GRIND: u64 = 1;
/// Most identities that are tried: about 10 s of hashing.
const LIMIT: u64 = 20_000_000;

/// Why a run ends without an attack.
pub(crate) const HOPELESS: &str = "20 million identities were hashed and too few of them are near the key; use fewer nodes or a smaller protocol.k";

/// What grinding found.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    /// The key of the attack.
    pub(crate) key: Id,
    /// Names of identities nearer to it than any honest one.
    pub(crate) names: Vec<Id>,
    /// Identities hashed.
    pub(crate) trials: u64,
    /// Expected number of trials: `k` over the share of the space that is nearer than the nearest honest node.
    pub(crate) expected: f64,
}

/// Looks for `k` identities nearer to a random key than all those `honest` names; `None` when it takes too long.
pub(crate) fn grind(seed: Seed, honest: &[Id], k: usize) -> Option<Ground> {
    let mut luck = seed.stream(Domain::ADVERSARY, GRIND, 0);
    let key = Id::random(&mut luck);
    let nearest = honest.iter().map(|name| name.hashed().distance(key)).min()?;
    let mut names = Vec::with_capacity(k);
    for trial in 1..=LIMIT {
        let name = Id::random(&mut luck);
        if name.hashed().distance(key) < nearest {
            names.push(name);
        }
        if names.len() == k {
            return Some(Ground { key, names, trials: trial, expected: k as f64 / nearest.as_share() });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ground_identities_are_nearer_than_any_honest_one() {
        let honest: Vec<Id> = (0..200_u64).map(|i| Id::hash(&i.to_le_bytes())).collect();
        let ground = grind(Seed(3), &honest, 5).unwrap();
        let distance = |name: &Id| name.hashed().distance(ground.key);
        let nearest = honest.iter().map(distance).min().unwrap();
        assert!(ground.names.len() == 5 && ground.names.iter().all(|name| distance(name) < nearest));
        // A sum of five geometric variables: within a factor of five of its mean but for one seed in 2,000.
        let ratio = ground.trials as f64 / ground.expected;
        assert!((0.2..5.0).contains(&ratio), "{ratio}");
    }
}
