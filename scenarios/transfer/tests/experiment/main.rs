//! The system through the scenario language: figures against timelines by hand, complaints, determinism.

mod complaints;
mod fidelity;
mod shipped;
mod support;
mod timelines;
