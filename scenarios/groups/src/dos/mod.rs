//! System `dos`: committees that work in rounds, and a coalition that floods the members it can find out in time.

mod attacks;
mod experiment;
mod metrics;
mod oracles;
mod spec;
mod workload;
mod world;

pub use experiment::Dos;
