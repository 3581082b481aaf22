//! Middleboxes: address translators, firewalls, carrier-grade nesting; addresses, and hops to live.
//!
//! | what | where |
//! |---|---|
//! | what a device does, the populations of the literature, what can be configured | `config.rs` |
//! | who has which address, who stands behind which device | `plan.rs` |
//! | one device: mapping, filtering, allocation of ports | `device.rs` |
//! | its bounded tables | `table.rs` |
//! | the way of a packet through the devices of both ends | `boxes.rs` |
//!
//! Only *addressed* messages ([`Wire::header`](astrarium_node::Wire::header)) meet middleboxes. All others name nodes, as if every
//! node were reachable: what a protocol gains or loses by traversal is seen by putting the traversal layer under it.
//!
//! A device is state of its site. What it draws (its kind, random ports) is named by the site and the sockets, so one
//! mapping more leaves the others as they were. Entries expire lazily: a table of packets that nobody sends needs no events.
//!
//! Rejected: addresses as the engine's node ids (every protocol would have to live behind the traversal layer), and NAT as a
//! node of its own (its processor and access links would cost two events per packet and device).

mod boxes;
mod config;
mod device;
mod plan;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use boxes::Boxes;
pub use boxes::TableLoad;
pub use config::{
    Allocation, Carrier, Filtering, Fragments, Mapping, NatConfig, NatDevice, NatKind, Pooling, Population,
    Site,
};
