//! The modelled network: topology, latency, loss, bandwidth, partitions, churn, clocks.

mod change;
mod contract;

pub use change::{Disturbance, NetChange};
pub use contract::{Arrival, Landing, Network, Parcel, Transit};
