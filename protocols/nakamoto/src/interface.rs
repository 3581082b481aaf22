//! What a node and its user say to each other, and the node's timers.

use std::sync::Arc;

use astrarium_node::NodeId;

use crate::block::{Block, BlockId};
use crate::transaction::{Tx, TxId};

/// Requests to a node from above: from its user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Put this transaction into the world.
    SubmitTx(Arc<Tx>),
    /// From now on these are your peers (of a light client: its neighbours).
    SetPeers(Arc<[NodeId]>),
    /// Tell me when this transaction is buried; light clients only, a full node is asked by
    /// [`Node::confirmations`](crate::Node::confirmations).
    Watch(TxId),
}

/// What a node tells above: to its user, or to observers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indication {
    /// This node found a block (which it thereby accepts).
    Mined {
        /// The block.
        block: Arc<Block>,
    },
    /// A block of somebody else is known and, as far as it was checked, valid, for the first time here.
    Accepted {
        /// The block.
        block: Arc<Block>,
    },
    /// The best chain of a full node ends elsewhere.
    TipChanged {
        /// Its new end.
        tip: Arc<Block>,
        /// Height of the new end.
        height: u32,
        /// Number of blocks of the old chain that are no longer part of it; 0 for plain growth.
        reorg_depth: u32,
    },
    /// A transaction entered the mempool for the first time.
    TxSeen {
        /// The transaction.
        tx: Arc<Tx>,
    },
    /// The chain that a light client follows ends elsewhere.
    Followed {
        /// Its end.
        tip: BlockId,
        /// Height of the end.
        height: u32,
        /// Number of blocks of the old chain that are no longer part of it.
        reorg_depth: u32,
    },
    /// A watched transaction is as deep in the followed chain as the light client demands.
    Confirmed {
        /// The transaction.
        tx: TxId,
        /// The block that holds it.
        block: BlockId,
        /// Number of blocks from that one to the tip, both included.
        depth: u32,
    },
}

/// Timers of full nodes and light clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A block is found.
    Mine,
    /// The earliest open request may be overdue.
    Requests,
    /// The transactions collected for this peer are announced.
    Trickle(NodeId),
    /// A light client asks its neighbours.
    Poll,
}
