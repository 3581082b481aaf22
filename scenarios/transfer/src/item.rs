//! What is sent.

use astrarium_node::Wire;

/// One message of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    /// Number of its flow.
    pub(crate) flow: u32,
    /// Number within the flow, from 0.
    pub(crate) number: u32,
    /// Length in bytes.
    pub(crate) bytes: u32,
}

impl Wire for Item {
    fn wire_len(&self) -> u32 {
        self.bytes
    }

    fn kind(&self) -> &'static str {
        "item"
    }
}
