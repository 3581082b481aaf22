//! Systems `gossip`, `dandelion`, `block-sync` and `priorities`, run through the scenario language.

mod blocks;
mod complaints;
mod determinism;
mod fidelity;
mod queues;
mod shares;
mod support;
