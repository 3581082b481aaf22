//! Reliable UDP: one machine, many profiles.
