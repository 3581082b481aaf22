//! The contract between a protocol and its world: sans-IO layers, ids, time, randomness, wire sizes.
