//! TCP, the baseline.
