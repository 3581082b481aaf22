//! What is sent.

use astrarium_node::Wire;

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Item {
    /// Number of its sender.
    pub(crate) sender: u32,
    /// Number among those of its sender, from 0.
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
