//! What coalitions do.
//!
//! | strategy | file | source |
//! |---|---|---|
//! | record everything at the router, later steal keys, read | `tap.rs` | network specification §9.1 AD-TAP |
//! | replace the keys of handshakes at the router | `mitm.rs` | AD-MITM |
//! | begin handshakes with forged addresses | `flood.rs` | AD-HS-FLOOD |
//! | compare what enters circuits with what leaves them | `correlator.rs` | AD-CORR |

mod correlator;
mod flood;
mod mitm;
mod tap;

use std::collections::BTreeSet;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{NodeId, Time};
use astrarium_runner::Params;

use crate::channel::{Carrier, Node, World};
use crate::item::Item;

pub(crate) use correlator::{Correlator, Craft, Verdicts};
use flood::Flood;
use mitm::Mitm;
use tap::Tap;

/// What the attacker has to show at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spoils {
    /// Messages read.
    pub(crate) items: BTreeSet<Item>,
    /// Records with content that were recorded before and after the theft, and those of them that the thief can read.
    pub(crate) before: (u64, u64),
    /// The same after it.
    pub(crate) after: (u64, u64),
    /// When the attack first met somebody.
    pub(crate) struck: Option<Time>,
}

/// The attack of a run of system `secure`.
#[derive(Debug, Clone)]
pub(crate) enum Attack<T: Carrier> {
    None,
    Tap(Tap<T>),
    Mitm(Mitm),
    Flood(Flood),
}

impl<T: Carrier> Attack<T> {
    /// As the scenario wants it.
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        match params.text("adversary.strategy") {
            "tap" => Self::Tap(Tap::new(params, world)),
            "mitm" => Self::Mitm(Mitm::new(params, world)),
            "hs-flood" => Self::Flood(Flood::new(params, world)),
            _ => Self::None,
        }
    }

    /// What it has to show.
    pub(crate) fn spoils(&self) -> Spoils {
        match self {
            Self::None => Spoils::default(),
            Self::Tap(tap) => tap.spoils(),
            Self::Mitm(mitm) => mitm.spoils(),
            Self::Flood(flood) => Spoils { struck: flood.struck(), ..Spoils::default() },
        }
    }
}

impl<T: Carrier> Adversary<Node<T>> for Attack<T> {
    fn nodes(&self) -> Vec<NodeId> {
        match self {
            Self::None => Vec::new(),
            Self::Tap(tap) => vec![tap.router()],
            Self::Mitm(mitm) => vec![mitm.router()],
            Self::Flood(flood) => vec![flood.machine()],
        }
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Node<T>>) {
        match self {
            Self::None => {}
            Self::Mitm(mitm) => mitm.begin(hands),
            Self::Tap(tap) => tap.begin(hands),
            Self::Flood(flood) => flood.begin(hands),
        }
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node<T>>, hands: &mut Hands<'_, Node<T>>) {
        match self {
            // The flood's machine runs no honest program, and ignores what it hears.
            Self::None | Self::Flood(_) => {}
            Self::Tap(tap) => tap.on_input(node, input, hands),
            Self::Mitm(mitm) => mitm.on_input(node, input, hands),
        }
    }

    fn on_wake(&mut self, _: u32, hands: &mut Hands<'_, Node<T>>) {
        match self {
            Self::None | Self::Mitm(_) => {}
            Self::Tap(tap) => tap.steal(hands),
            Self::Flood(flood) => flood.strike(hands),
        }
    }
}
