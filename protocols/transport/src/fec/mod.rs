//! Forward error correction: groups of data datagrams with Reed–Solomon parity (network specification §6.8, N26).
//!
//! A layer below a transport. Datagrams to a peer are numbered into groups of k; with the k-th go r parity datagrams, each as long as
//! the longest of the group. Any k of the k + r restore the group. Rules as in kcp-go: parity of a group is left out (but counted) when the
//! group's last datagram came too long after the one before, and a completed group makes older incomplete ones worthless.
//!
//! The code is symbolic: a parity shard refers to the datagrams of its group, and a receiver looks at them only when k shards of the group
//! have arrived. That this is what Reed–Solomon does to real bytes is tested with the `reed-solomon-erasure` crate. (Rejected:
//! coding bytes in the simulation; messages have none.)

mod layer;
mod receiver;
mod sender;
mod shard;

pub use layer::{Config, Counters, Fec, Timer};
pub use shard::{HEADER_BYTES, Parity, Shard};
