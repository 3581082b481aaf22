//! Users among honest and adversarial nodes: the law of victims, what they confirm, and that a run is a function of its input.

mod complaints;
mod determinism;
mod eclipse;
mod shares;
mod support;
