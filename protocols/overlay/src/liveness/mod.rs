//! Heartbeats: who is suspected, and when.
