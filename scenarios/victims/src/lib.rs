//! ZV Chain's victimised-user model on a simulated overlay, and what eclipsed users actually confirm.
//!
//! The whitepaper (§2.1.7, "51 % attack", Table 2.2) calls a user a victim when the adversary controls 90 % of the n nodes that
//! she happens to be connected to, and counts victims by the hypergeometric law. Here users draw their neighbours and ask them
//! over the network; the coalition's nodes answer with a branch of their own.
//!
//! * `victims.toml` measures the share of victims against the share x of adversarial nodes (claims chiron/CL-57 to CL-59). As
//!   in the paper, the adversary's blocks cost nothing.
//! * `victims-eclipse.toml` asks what the model leaves out: blocks must be found. Both chains are real Nakamoto chains that race
//!   with hash shares x and 1 − x, and users wait for z confirmations of a payment that only the adversary's branch holds.
//!
//! Closed forms beside the second part, with T the block interval of the whole hash power and no retarget:
//!
//! * A user who believes what ceil(0.9 n) neighbours report confirms the fake payment if and only if she is a victim, but after
//!   z·T/x instead of z·T on average: the branch grows by the adversary's hash power alone.
//! * A user who believes the heaviest chain confirms it when all her neighbours are adversarial (probability about x^n), or when
//!   at least one is and the branch is ever z blocks long and longer than the honest chain: 1 for x ≥ 1/2, else
//!   1 − Σ_{k ≥ z} C(k+z−1, k) (1−x)^k x^z (1 − (x/(1−x))^(k−z+1)).
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec.rs` |
//! | one run, from parameters to outcome | `experiment.rs` |
//! | who takes part: nodes, coalition, users, network | `world.rs` |
//! | payments, and who waits for which | `workload.rs` |
//! | the coalition's own branch | `attacks/branch.rs` |
//! | what is measured | `metrics.rs` |
//! | what must hold | `oracles.rs` |
//!
//! *Architecture invariant:* who is a victim is read off what the users were told and what honest nodes know, never out of the
//! coalition's books.

mod attacks;
mod experiment;
mod metrics;
mod oracles;
mod spec;
mod workload;
mod world;

pub use experiment::{Victims, experiment};
