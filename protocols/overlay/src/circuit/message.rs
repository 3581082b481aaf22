//! Cells, and messages outside of circuits.

use astrarium_node::{NodeId, Wire};

use super::onion::{Onion, Parcel, Wrapped};

/// Bytes of every cell.
pub const CELL: u32 = 512;
/// Most relays of a circuit: as many layers of a Build fit into a cell.
pub const MAX_HOPS: usize = 6;

/// Number of the circuit 4, command 1.
const HEAD: u32 = 5;
/// Number of a data cell.
const NUMBER: u32 = 8;
/// What authenticates one layer.
const TAG: u32 = 16;
/// Destination 32, length 2.
const ADDRESS: u32 = 34;
/// One layer of a Build: ephemeral key 32, next relay 32, its number of the circuit 4, tag.
const BUILD_LAYER: u32 = 32 + 32 + 4 + TAG;
/// Command 1 before a message outside of a circuit.
const PLAIN: u32 = 1;

const _: () = assert!(HEAD + MAX_HOPS as u32 * BUILD_LAYER <= CELL);

/// Bytes of a message that fit into a cell behind so many layers.
#[must_use]
pub const fn capacity(hops: usize) -> u32 {
    CELL - HEAD - NUMBER - ADDRESS - TAG * hops as u32
}

/// A cell of a circuit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cell<M> {
    /// Number of the circuit between sender and recipient of the cell; another one on each leg.
    pub circuit: u32,
    /// What it is.
    pub body: Body<M>,
}

/// What a cell is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Body<M> {
    /// A circuit begins.
    Build(Onion),
    /// The last relay has it; on the way back.
    Built(Wrapped<()>),
    /// A message.
    Data {
        /// Counts up in each circuit, from 1.
        number: u64,
        /// The message in its layers.
        wrapped: Wrapped<Parcel<M>>,
    },
    /// The circuit ends.
    Destroy,
}

/// What nodes say to each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message<M> {
    /// Part of a circuit.
    Cell(Cell<M>),
    /// From a last relay, or from a source that uses none.
    Plain(M),
}

impl<M> Message<M> {
    /// A cell.
    pub(super) const fn cell(circuit: u32, body: Body<M>) -> Self {
        Self::Cell(Cell { circuit, body })
    }
}

impl<M: Wire> Wire for Message<M> {
    /// Of a cell always 512: padding hides what it is.
    fn wire_len(&self) -> u32 {
        match self {
            Self::Cell(_) => CELL,
            Self::Plain(message) => message.wire_len().saturating_add(PLAIN),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Cell(_) => "cell",
            Self::Plain(_) => "plain",
        }
    }
}

/// One leg of a circuit: the neighbour, and the circuit's number between us.
pub(super) type Leg = (NodeId, u32);

#[cfg(test)]
mod tests {
    use super::*;

    /// 512 − 5 − 8 − 34 = 465, less 16 for each layer.
    #[test]
    fn layers_take_from_the_room_of_the_message() {
        assert_eq!([0, 1, 3, 6].map(capacity), [465, 449, 417, 369]);
    }
}
