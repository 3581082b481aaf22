//! Parameters, with units, defaults and sources.

use astrarium_node::{Probability, Span};

/// How a stem goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// All that comes from one neighbour goes to the same destination for a whole epoch (BIP 156).
    PerInbound,
    /// Each transaction goes to a destination of its own choice. Simple, and it lets spies compare paths.
    PerHop,
}

/// Parameters of Dandelion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Probability that a relay keeps a transaction on the stem (0.9; BIP 156).
    pub stem: Probability,
    /// Destinations of an epoch (2; BIP 156). Zero makes every transaction public at once: plain diffusion.
    pub destinations: u32,
    /// Length of an epoch (600 s; BIP 156).
    pub epoch: Span,
    /// Least time before a transaction that did not become public is made so (10 s; reference implementation).
    pub embargo_min: Span,
    /// Mean of the exponential time added to it (20 s; reference implementation).
    pub embargo_mean: Span,
    /// How a stem goes on.
    pub routing: Routing,
    /// Most transactions on the stem remembered here; further ones are made public at once.
    pub stempool: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stem: Probability::new(0.9),
            destinations: 2,
            epoch: Span::from_secs(600),
            embargo_min: Span::from_secs(10),
            embargo_mean: Span::from_secs(20),
            routing: Routing::PerInbound,
            stempool: 10_000,
        }
    }
}

/// A parameter out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// Which one.
    pub parameter: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl Config {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.epoch.is_zero() {
            return Err(ConfigError { parameter: "epoch", expected: "a time above zero" });
        }
        if self.embargo_min.is_zero() && self.embargo_mean.is_zero() {
            return Err(ConfigError {
                parameter: "embargo_min",
                expected: "above zero, or `embargo_mean` is",
            });
        }
        Ok(())
    }
}
