//! Nodes that note who told them what first (AD-SPY, AD-SUPER, AD-STEMDROP).

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::collections::Map;
use astrarium_node::{NodeId, Received, Time};
use astrarium_protocol_overlay::dandelion::Message;
use astrarium_protocol_overlay::gossip::{self, ItemId};

use crate::dandelion::Node;

/// What spies do besides taking notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// They follow the protocol.
    Honest,
    /// They follow it, but swallow what comes along the stem.
    DropStem,
    /// They say nothing at all.
    Silent,
}

/// The first time that the coalition heard of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) from: NodeId,
    pub(crate) at: Time,
    /// Along the stem.
    pub(crate) stem: bool,
}

/// All that the coalition has noted; a note of the same moment does not replace one that is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Map<ItemId, First>);

impl Notes {
    /// The first word of a transaction.
    pub(crate) fn first(&self, id: ItemId) -> Option<First> {
        self.0.get(&id).copied()
    }
}

/// The coalition.
#[derive(Debug, Clone)]
pub(crate) struct Spies {
    nodes: Arc<[NodeId]>,
    conduct: Conduct,
    notes: Notes,
}

impl Spies {
    pub(crate) fn new(nodes: &Arc<[NodeId]>, conduct: Conduct) -> Self {
        Self { nodes: Arc::clone(nodes), conduct, notes: Notes::default() }
    }

    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    fn note(&mut self, id: ItemId, first: First) {
        self.notes.0.entry(id).or_insert(first);
    }
}

impl Adversary<Node> for Spies {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        let at = hands.now();
        let mut stem = false;
        if let Input::Message(Received { from, message }) = &input {
            let from = *from;
            match message {
                Message::Stem(item) => {
                    stem = true;
                    self.note(item.id, First { from, at, stem });
                }
                Message::Fluff(gossip::Message::Body(item)) => self.note(item.id, First { from, at, stem }),
                Message::Fluff(gossip::Message::Inv(ids)) => {
                    ids.as_slice().iter().for_each(|id| self.note(*id, First { from, at, stem }));
                }
                Message::Fluff(_) => {}
            }
        }
        match self.conduct {
            Conduct::Silent => {}
            Conduct::DropStem if stem => {}
            Conduct::Honest | Conduct::DropStem => hands.honest(node, input),
        }
    }
}
