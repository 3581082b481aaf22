//! The upper boundary: what is asked of a node of the hash table, and what it reports.

use std::sync::Arc;

use astrarium_node::{NodeId, Span};

use super::id::Id;
use super::record::Record;

/// What a lookup is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A node, by its public name.
    Node(NodeId),
    /// A point of the identity space.
    Key(Id),
}

/// Requests of the layer above.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Find the `k` nodes nearest to a target; answered by [`Event::Found`] with the same `query`.
    Lookup {
        /// The asker's name for it.
        query: u64,
        /// Nearest to what.
        target: Target,
    },
    /// Join by these contacts, as bootstrapping found them; answered by [`Event::Joined`].
    Join {
        /// Whom to ask first.
        contacts: Arc<[NodeId]>,
    },
    /// Keep this record at the `k` nodes nearest to its key; answered by [`Event::Stored`].
    Put {
        /// The asker's name for it.
        query: u64,
        /// The record.
        record: Record,
    },
    /// Find the record of this key; answered by [`Event::Got`].
    Get {
        /// The asker's name for it.
        query: u64,
        /// Of what.
        key: Id,
    },
}

/// What a lookup found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The asker's name for it.
    pub query: u64,
    /// Nearest to what.
    pub target: Target,
    /// The nearest nodes that answered, nearest first; at most `k`.
    pub contacts: Vec<NodeId>,
    /// Rounds of questions until the first of `contacts` was heard of: 0 when it was in the own table. Asking it is one hop more.
    pub rounds: u16,
    /// FINDNODE requests made.
    pub rpcs: u32,
    /// Of those, not answered in time.
    pub failures: u32,
    /// Time since the request.
    pub took: Span,
}

/// What a search for a record found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// The asker's name for it.
    pub query: u64,
    /// Its key.
    pub key: Id,
    /// The record, if anybody had it.
    pub record: Option<Record>,
    /// Rounds of questions until its holder was heard of: 0 when the holder was in the own table, or was the node itself.
    pub rounds: u16,
    /// FIND_VALUE requests made.
    pub rpcs: u32,
    /// Of those, not answered in time, or answered with a forgery.
    pub failures: u32,
    /// Time since the request.
    pub took: Span,
}

/// Indications to the layer above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A lookup ended.
    Found(Found),
    /// Putting a record ended.
    Stored {
        /// The asker's name for it.
        query: u64,
        /// Holders that say that they keep it.
        holders: u32,
        /// Rounds until the nearest node was heard of.
        rounds: u16,
        /// FINDNODE requests made to find them.
        rpcs: u32,
        /// Time since the request.
        took: Span,
    },
    /// A search for a record ended.
    Got(Got),
    /// Too many lookups are under way.
    Refused {
        /// Which one was not begun.
        query: u64,
    },
    /// Joining ended.
    Joined {
        /// Contacts in the table; 0: nobody answered, and it will be tried again.
        contacts: usize,
    },
    /// A neighbour came or went.
    Neighbour {
        /// Who.
        peer: NodeId,
        /// Whether it came.
        up: bool,
    },
}
