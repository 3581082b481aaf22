//! Honest runs: how blocks travel, what is measured, what must hold, and that a run is a function of its input.

mod complaints;
mod determinism;
mod shipped;
mod stale;
mod store_and_forward;
mod support;
mod waves;
