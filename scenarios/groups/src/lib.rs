//! Delivery inside groups, and floods of traffic against them.
