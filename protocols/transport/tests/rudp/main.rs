//! Reliable UDP through the layer contract, in virtual time.
#![allow(missing_docs, reason = "tests")]

mod comparators;
mod correction;
mod golden;
mod pair;
mod properties;
mod reference;
mod rules;
mod script;
mod sessions;
