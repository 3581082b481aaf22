//! System `bootstrap`: joiners ask seeds, of which some lie, or their segment.
//!
//! * `bootstrap.toml`: share of joiners that lying seeds deceive, by the number of seeds asked (AD-BOOT).
//! * `bootstrap-segment.toml`: no seed is reachable, and a broadcast stays in the segment (network/C35).
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec.rs` |
//! | one run | `experiment.rs` |
//! | seeds, members, joiners, segments | `world.rs` |
//! | lying seeds | `liars.rs` |
//! | what is measured, what must hold | `metrics.rs` |

mod experiment;
mod liars;
mod metrics;
mod spec;
mod world;

pub use experiment::BootstrapSystem;
