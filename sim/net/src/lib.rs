//! The modelled network: topology, latency, loss, bandwidth, middleboxes, partitions, churn, clocks.
//!
//! [`NetConfig`] describes a network as plain data; [`NetConfig::build`] makes the [`Modelled`] network, which the engine
//! drives through [`Network`], and the [`Topology`], from which an experiment takes each node's neighbours.
//!
//! | what | where |
//! |---|---|
//! | graphs, generated and from files | `topology/` |
//! | propagation delay, jitter, region and matrix tables | `latency/`, `region.rs` |
//! | regions and rates of the nodes | `placement.rs` |
//! | packets of a message, loss | `link/` |
//! | access links: rates, queues | `access.rs`, `slots.rs` |
//! | addresses, translators, firewalls, hops to live | `nat/` |
//! | reliable transports in closed form | `transport/` |
//! | partitions, cuts, gray nodes, bursts | `change.rs`, `disturbance.rs` |
//! | counts and causes of drops | `traffic.rs` |
//! | local clocks, churn | `clock.rs`, `churn.rs` |
//!
//! What is charged: every packet carries IPv4 and UDP headers (28 bytes, 20 for further fragments) in both fidelities. The
//! propagation delay is drawn once per parcel; loss, jitter, duplication and reordering once per packet. Plain datagrams are
//! the only service here, with one exception: in `message` fidelity a reliable transport may be had in closed form. Transports
//! packet by packet and overlays are layers of their own and not modelled by this crate.
//!
//! *Architecture invariant:* state is per node or per directed link in use, and every draw is named by the identity of what it
//! is for; nothing depends on the order in which unrelated parcels are asked about.

mod access;
mod aws21;
mod change;
mod churn;
mod clock;
mod config;
mod contract;
mod device;
mod disturbance;
mod error;
mod fair;
mod latency;
mod link;
mod modelled;
mod nat;
mod placement;
mod region;
mod slots;
mod text;
mod topology;
mod traffic;
mod transport;

pub use change::{Disturbance, NetChange};
pub use churn::{ChurnModel, SpanDistribution};
pub use clock::{Clock, ClockModel};
pub use config::{Bandwidth, Discipline, Fidelity, NetConfig, Oversize};
pub use contract::{Arrival, Fate, Landing, Move, Network, Parcel, Side, Transit};
pub use device::{DeviceClass, Devices};
pub use error::NetError;
pub use latency::{Jitter, LatencyModel, Reorder, Spread};
pub use link::{LossModel, wire_bytes};
pub use modelled::Modelled;
pub use nat::{
    Allocation, Carrier, Filtering, Fragments, Mapping, NatConfig, NatDevice, NatKind, Pooling, Population,
    Site, TableLoad,
};
pub use region::Regions;
pub use topology::{DegreeBin, EdgeAttributes, FileGraph, NodeAttributes, Topology, TopologyKind};
pub use traffic::{Drops, Traffic};
pub use transport::{Backoff, RudpModel, SliceModel, SlowStart, TcpModel, TransportModel};
