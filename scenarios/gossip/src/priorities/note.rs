//! What is sent: a message of a class, of some length.

use astrarium_node::Wire;
use astrarium_protocol_transport::Class;

/// All classes, the most urgent first.
pub(crate) const CLASSES: [Class; 3] = [Class::High, Class::Medium, Class::Low];

/// Position of a class in [`CLASSES`].
pub(crate) fn index(class: Class) -> usize {
    match class {
        Class::High => 0,
        Class::Medium => 1,
        Class::Low => 2,
    }
}

/// One message. On the wire it is `bytes` long, its class, number and time of birth included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Note {
    /// How urgent.
    pub(crate) class: Class,
    /// Number among those of its sender.
    pub(crate) number: u64,
    /// When it was offered, in nanoseconds.
    pub(crate) born: u64,
    /// Length in bytes.
    pub(crate) bytes: u32,
}

impl Wire for Note {
    fn wire_len(&self) -> u32 {
        self.bytes
    }

    fn kind(&self) -> &'static str {
        match self.class {
            Class::High => "high",
            Class::Medium => "medium",
            Class::Low => "low",
        }
    }
}
