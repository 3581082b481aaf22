//! Lookups and joining as scenarios: costs against references, attacks against baselines, and that a run is a function of its input.

mod attacks;
mod complaints;
mod determinism;
mod joining;
mod lookups;
mod records;
mod support;
