//! A protocol with planted faults: proof that the alarms ring (design §12.6).
//!
//! The replicas elect a leader per term, as in Raft (Ongaro & Ousterhout 2014, §5.2): correct, small, and busy enough that
//! every planted fault shows within seconds of virtual time. `protocol.plant` chooses the fault, and each has its alarm:
//!
//! | plant | what is wrong | which alarm |
//! |---|---|---|
//! | `none` | nothing | silence |
//! | `safety` | elected with one vote too few | oracle `agreement` |
//! | `liveness` | nobody watches an election that comes to nothing | oracle `elects-again` |
//! | `nondeterminism` | the order of a hash map becomes the order of messages | `verify`, another hash seed |
//! | `panic` | about one run in eight panics | failed run; the others finish |
//!
//! `election.rs` is the protocol, `oracles.rs` watches it, `experiment.rs` runs it, `spec.rs` declares it.

mod election;
mod experiment;
mod oracles;
mod spec;

pub use experiment::Canary;
