//! The modelled network: topology, latency, loss, bandwidth, partitions, churn, clocks.
