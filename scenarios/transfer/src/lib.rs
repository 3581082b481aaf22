//! One or many messages between nodes over a chosen transport and path; transports beside each other.
