//! Double spend behind a merchant's back (Nakamoto 2008 §11), in Rosenfeld's convention (2014 §5).
//!
//! The coalition mines in secret on the end of the public chain, and starts afresh whenever that chain grows, until it has the
//! blocks that it wants in advance. Then it pays the merchant and mines on; its secret chain holds, from its first
//! block, a transaction that spends the same coin otherwise. When the merchant has seen the confirmations that it demands, it
//! hands over the goods. As soon thereafter as the secret chain is strictly longer, it is published.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input, Observer, Sight};
use astrarium_node::{NodeId, Span};
use astrarium_protocol_nakamoto::{Indication, OutPoint, Participant, Request, Tx};
use astrarium_runner::Params;

use super::Strategy;
use super::race::Race;
use crate::world::World;

/// The coin spent twice; the workload's coins have higher numbers.
const COIN: OutPoint = OutPoint::genesis(0);
/// Length of either transaction, bytes: a one-input, two-output payment.
const TX_BYTES: u32 = 226;
/// Pays so well that the next block takes it, whatever else waits.
const FEE: u64 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Mining in advance.
    Premining,
    /// The payment is out, the merchant is waiting for confirmations.
    Waiting,
    /// The merchant seems to have them; the secret stays one for a little while more.
    Lingering,
    /// The goods are here: publish when longer.
    Striking,
}

/// The strategy.
#[derive(Debug, Clone)]
pub(crate) struct DoubleSpend {
    race: Race,
    phase: Phase,
    payment: Arc<Tx>,
    conflict: Arc<Tx>,
    premined: usize,
    confirmations: u32,
    patience: Span,
    merchant: NodeId,
}

impl DoubleSpend {
    const PAY: u32 = 0;
    const STRIKE: u32 = 1;

    /// As the scenario wants it.
    pub(crate) fn from_params(params: &Params, world: &World) -> Self {
        let spend = |memo| Arc::new(Tx::new(vec![COIN], 2, memo, FEE, TX_BYTES));
        Self {
            race: Race::from_params(params, world),
            phase: Phase::Premining,
            payment: spend(1),
            conflict: spend(2),
            premined: params.count("adversary.premined"),
            // The range ends far below 2^32.
            confirmations: params.count("adversary.confirmations") as u32,
            patience: params.span("adversary.patience"),
            merchant: world.merchant,
        }
    }

    fn pay(&mut self, hands: &mut Hands<'_, Participant>) {
        self.phase = Phase::Waiting;
        if let Some(speaker) = self.race.coalition.speaker() {
            self.race.hear(speaker, Input::Request(Request::SubmitTx(Arc::clone(&self.payment))), hands);
        }
    }

    fn on_found(&mut self, hands: &mut Hands<'_, Participant>) {
        let (branch, coalition) = (&mut self.race.branch, &mut self.race.coalition);
        let conflict = std::slice::from_ref(&self.conflict);
        let transactions = if branch.len() == 0 { conflict } else { &[] };
        if let Some(block) = coalition.mine(branch.tip(), transactions, hands.now()) {
            branch.push(block);
        }
        if self.phase == Phase::Premining && self.race.branch.len() >= self.premined {
            self.pay(hands);
        }
    }

    /// What follows from all that is known now.
    fn review(&mut self, acting: NodeId, hands: &mut Hands<'_, Participant>) {
        if self.phase == Phase::Premining {
            return self.race.coalition.arm(self.race.branch.tip(), hands);
        }
        if self.phase == Phase::Waiting
            && self.race.coalition.confirmations(&self.payment, hands) >= self.confirmations
        {
            self.phase = Phase::Striking;
            if !self.patience.is_zero() {
                self.phase = Phase::Lingering;
                Race::alarm(self.patience, Self::STRIKE, hands);
            }
        }
        self.race.review(self.phase == Phase::Striking, acting, hands);
    }
}

impl Adversary<Participant> for DoubleSpend {
    fn nodes(&self) -> Vec<NodeId> {
        self.race.coalition.nodes().to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Participant>) {
        self.race.begin(hands);
        if self.premined == 0 {
            // Its nodes are not up yet.
            Race::alarm(Span::from_nanos(1), Self::PAY, hands);
        }
    }

    fn on_input(&mut self, node: NodeId, input: Input<Participant>, hands: &mut Hands<'_, Participant>) {
        if self.race.hear(node, input, hands) {
            if self.phase == Phase::Premining {
                self.race.restart(hands);
            } else {
                self.review(node, hands);
            }
        }
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Participant>) {
        if token == Race::ALARM + Self::PAY {
            self.pay(hands);
        } else if token == Race::ALARM + Self::STRIKE {
            self.phase = Phase::Striking;
        } else if self.race.coalition.finds(token) {
            self.on_found(hands);
        } else {
            return;
        }
        if let Some(speaker) = self.race.coalition.speaker() {
            self.review(speaker, hands);
        }
    }

    fn finished(&self) -> bool {
        self.race.is_over()
    }
}

/// Looks over the merchant's shoulder.
#[derive(Debug, Clone)]
pub(crate) struct MerchantWatch {
    merchant: NodeId,
    payment: Arc<Tx>,
    conflict: Arc<Tx>,
    confirmations: u32,
    released: bool,
    cheated: bool,
}

impl Observer<Participant> for MerchantWatch {
    fn on_indication(&mut self, node: NodeId, indication: &Indication, sight: &Sight<'_, Participant>) {
        if node != self.merchant || !matches!(indication, Indication::TipChanged { .. }) {
            return;
        }
        let Some(merchant) = sight.node(node).full() else { return };
        self.released |= merchant.confirmations(&self.payment.id()) >= self.confirmations;
        self.cheated |= self.released && merchant.confirmations(&self.conflict.id()) > 0;
    }

    fn finished(&self) -> bool {
        self.cheated
    }

    fn merge(&mut self, other: Self) {
        self.released |= other.released;
        self.cheated |= other.cheated;
    }
}

impl Strategy for DoubleSpend {
    type Watch = MerchantWatch;

    fn watch(&self) -> MerchantWatch {
        MerchantWatch {
            merchant: self.merchant,
            payment: Arc::clone(&self.payment),
            conflict: Arc::clone(&self.conflict),
            confirmations: self.confirmations,
            released: false,
            cheated: false,
        }
    }

    fn report(&self, watch: &MerchantWatch, _: &Sight<'_, Participant>, out: &mut Vec<(&'static str, f64)>) {
        let undecided = !watch.cheated && !self.race.is_over();
        out.push(("attack_success", f64::from(u8::from(watch.cheated))));
        out.push(("attack_undecided", f64::from(u8::from(undecided))));
        out.push(("goods_released", f64::from(u8::from(watch.released))));
    }
}
