//! Paths through middleboxes: classification, rendezvous, punching, relay.
