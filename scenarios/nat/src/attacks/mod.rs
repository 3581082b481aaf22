//! What attackers do to traversal.
//!
//! | strategy | file | source |
//! |---|---|---|
//! | forged packets plant records that spoil predicted ports | `poison.rs` | network specification §9, AD-POISON |
//! | the rendezvous falls silent | `outage.rs` | §9, AD-RDV |
//! | all circuits of the relays are taken | `hog.rs` | §9, AD-RELAYHOG |

mod hog;
mod outage;
mod poison;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::NodeId;
use astrarium_runner::Params;

use crate::world::{Node, World};
use hog::Hog;
use outage::Outage;
use poison::Poison;

/// The attack of a run.
#[derive(Debug, Clone)]
pub(crate) enum Attack {
    None,
    Poison(Poison),
    Outage(Outage),
    Hog(Hog),
}

impl Attack {
    /// As the scenario wants it.
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        match params.text("adversary.strategy") {
            "record-poisoning" => Self::Poison(Poison::new(params, world)),
            "rendezvous-outage" => Self::Outage(Outage::new(params, world)),
            "relay-hog" => Self::Hog(Hog::new(world)),
            _ => Self::None,
        }
    }
}

impl Adversary<Node> for Attack {
    fn nodes(&self) -> Vec<NodeId> {
        match self {
            Self::None => Vec::new(),
            Self::Poison(poison) => poison.nodes(),
            Self::Outage(outage) => outage.nodes(),
            Self::Hog(hog) => hog.nodes(),
        }
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Node>) {
        match self {
            Self::None | Self::Outage(_) => {}
            Self::Poison(poison) => poison.begin(hands),
            Self::Hog(hog) => hog.strike(hands),
        }
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        if let Self::Outage(outage) = self {
            outage.on_input(node, input, hands);
        }
        // Machines of the other attacks run no honest program, and ignore what they hear.
    }

    fn on_wake(&mut self, _: u32, hands: &mut Hands<'_, Node>) {
        match self {
            Self::None | Self::Outage(_) => {}
            Self::Poison(poison) => poison.strike(hands),
            Self::Hog(hog) => hog.strike(hands),
        }
    }
}
