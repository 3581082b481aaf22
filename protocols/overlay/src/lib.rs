//! Overlays: who knows whom, and how a message reaches one, some or all.
//!
//! Everything here stands on the boundary of the transports ([`Request`](astrarium_protocol_transport::Request),
//! [`Event`](astrarium_protocol_transport::Event)), so an overlay runs over bare datagrams, reliable UDP or TCP alike. The
//! exception is [`traversal`], which stands below the transports and gives them paths through middleboxes.

pub mod block_sync;
pub mod bootstrap;
pub mod circuit;
pub mod dandelion;
pub mod gossip;
pub mod group;
pub mod kademlia;
pub mod liveness;
pub mod priority;
pub mod relaying;
pub mod traversal;
