//! Joining: seeds, what they answer, and whom to believe (network specification N42, §6.11; Paralism whitepaper §4.1.1).
//!
//! A joiner asks some seeds. An answer counts when it knows the joiner's genesis block; it brings contacts and a summary of the chain
//! space that they follow. Answers are compared once all are in or time is up: the chain space that most of them name is kept,
//! with the contacts of those who named it; a tie or too few answers decide nothing, and the joiner asks again. Where no seed answers,
//! a broadcast in the own network segment may find a member there – and nowhere else.
//!
//! | network specification | file |
//! |---|---|
//! | §5 BOOT_REQ, BOOT_RESP | `message.rs` |
//! | §6.11 comparison of answers, as a pure function | `vote.rs` |
//! | §6.11 joiner, seed and member | `node.rs` |

mod message;
mod node;
mod vote;

#[cfg(test)]
mod tests;

pub use message::{ChainSpace, Message};
pub use node::{Bootstrap, Config, Event, Failure, Membership, Timer, Way};
pub use vote::{Answer, Verdict, judge};
