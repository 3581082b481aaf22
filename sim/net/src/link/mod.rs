//! What happens to packets between the access links: how parcels become packets, and which of them are lost.

mod loss;
mod packets;

pub use loss::LossModel;
pub(crate) use loss::{LossState, any};
pub use packets::wire_bytes;
pub(crate) use packets::{Packets, Stretch};
