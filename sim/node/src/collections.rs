//! Hash maps whose iteration order is a function of one process-wide seed.
//!
//! `std`'s maps are banned because their order differs between processes. These differ only when told to: `verify` runs a
//! scenario under another map seed, so code that lets iteration order leak into results is caught. Protocols should still
//! prefer `BTreeMap`; these are for the places where a profile says so.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::hash::StableHasher;

static MAP_SEED: AtomicU64 = AtomicU64::new(0);

/// Sets the seed that maps created from now on are built with. For `verify` only: results must not depend on it.
pub fn set_map_seed(seed: u64) {
    MAP_SEED.store(seed, Ordering::Relaxed);
}

/// Builds [`StableHasher`]s from the seed that was in force when the map was created.
#[derive(Debug, Clone, Copy)]
pub struct MapState(u64);

impl Default for MapState {
    fn default() -> Self {
        Self(MAP_SEED.load(Ordering::Relaxed))
    }
}

impl BuildHasher for MapState {
    type Hasher = StableHasher;

    fn build_hasher(&self) -> StableHasher {
        StableHasher::new(self.0)
    }
}

/// Hash map with a deterministic order; create with `Map::default()`.
#[allow(clippy::disallowed_types, reason = "this is the replacement: the hasher is ours")]
pub type Map<K, V> = std::collections::HashMap<K, V, MapState>;

/// Hash set with a deterministic order; create with `Set::default()`.
#[allow(clippy::disallowed_types, reason = "this is the replacement: the hasher is ours")]
pub type Set<T> = std::collections::HashSet<T, MapState>;
