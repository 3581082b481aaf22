//! The systems that scenario files can name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostics::nearest;
use crate::experiment::Experiment;

/// Experiments by the name of their system.
#[derive(Clone, Default)]
pub struct Registry {
    systems: BTreeMap<&'static str, Arc<dyn Experiment>>,
}

impl Registry {
    /// No systems yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a system; one of the same name is replaced.
    pub fn register(&mut self, experiment: impl Experiment + 'static) -> &mut Self {
        self.systems.insert(experiment.spec().name, Arc::new(experiment));
        self
    }

    /// The system of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<dyn Experiment>> {
        self.systems.get(name).cloned()
    }

    /// All systems by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Experiment>> {
        self.systems.values()
    }

    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.systems.keys().copied()
    }

    /// The name that a misspelt one probably meant.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.names())
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
