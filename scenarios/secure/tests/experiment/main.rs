//! Systems `secure` and `circuit`, run through the scenario language.

mod channel;
mod circuits;
mod complaints;
mod determinism;
mod support;
