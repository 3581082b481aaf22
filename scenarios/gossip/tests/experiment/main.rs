//! Systems `gossip` and `dandelion`, run through the scenario language.

mod complaints;
mod determinism;
mod shares;
mod support;
