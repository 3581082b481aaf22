//! Disturbances that the fault plan imposes on the network while they last.

use std::sync::Arc;

use astrarium_node::{NodeId, Probability, Span};

/// A disturbance begins or ends. Each is known by the id of its fault, so they may overlap.
#[derive(Debug, Clone, PartialEq)]
pub enum NetChange {
    /// The disturbance begins.
    Impose {
        /// The fault's id.
        id: u32,
        /// What it does.
        disturbance: Disturbance,
    },
    /// The disturbance ends.
    Lift {
        /// The fault's id.
        id: u32,
    },
}

/// What a disturbance does while it lasts.
#[derive(Debug, Clone, PartialEq)]
pub enum Disturbance {
    /// Nodes with different marks cannot reach each other (`marks[node]`).
    Partition {
        /// Side of each node.
        marks: Arc<[u8]>,
    },
    /// Packets from marked senders to marked recipients vanish; the other direction works.
    OneWay {
        /// Senders that are cut.
        from: Arc<[NodeId]>,
        /// Recipients they cannot reach.
        to: Arc<[NodeId]>,
    },
    /// A gray link: everything from and to these nodes suffers extra loss and delay.
    Gray {
        /// The sick nodes.
        nodes: Arc<[NodeId]>,
        /// Extra loss per packet.
        loss: Probability,
        /// Extra one-way delay.
        delay: Span,
    },
    /// Extra loss per packet everywhere.
    LossBurst {
        /// Probability.
        loss: Probability,
    },
    /// The access links of these nodes slow down to a fraction of their rate.
    Bandwidth {
        /// The affected nodes.
        nodes: Arc<[NodeId]>,
        /// Remaining share of the rate, in (0, 1].
        factor: f64,
    },
    /// The middleboxes of these nodes lose their tables, at once, as after a reboot. Lifting it changes nothing.
    Rebind {
        /// The nodes; those behind no device have nothing to lose.
        nodes: Arc<[NodeId]>,
        /// The carrier's device in front of them instead of their own.
        carrier: bool,
        /// Whether the devices also get another outer address.
        moved: bool,
    },
}
