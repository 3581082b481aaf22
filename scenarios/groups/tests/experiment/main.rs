//! The systems of groups: what runs measure, what is rejected, and that a run is a function of its input.

mod complaints;
mod determinism;
mod relayed;
mod support;
mod under_attack;
mod whole;
