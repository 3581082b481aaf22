//! Reliable UDP through the layer contract, in virtual time.
#![allow(missing_docs, reason = "tests")]

mod pair;
mod smoke;
