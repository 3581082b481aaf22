//! The load: two payments of one coin, of which only one can be in a chain, and users who wait for them.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_nakamoto::{OutPoint, Participant, Request, Tx, TxId};

use crate::world::World;

/// Length of a payment: one input, two outputs.
const TX_BYTES: u32 = 226;

/// The two payments.
#[derive(Debug, Clone)]
pub(crate) struct Payments {
    /// To be in the honest chain.
    pub(crate) honest: Arc<Tx>,
    /// Only ever in the adversary's branch.
    pub(crate) fake: Arc<Tx>,
}

impl Payments {
    /// Both spend the first coin of the genesis allocation.
    pub(crate) fn new() -> Self {
        let spend = |memo| Arc::new(Tx::new(vec![OutPoint::genesis(0)], 2, memo, 226, TX_BYTES));
        Self { honest: spend(1), fake: spend(2) }
    }
}

/// What is asked of the nodes at the very beginning.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    payment: Arc<Tx>,
    fake: TxId,
    /// The honest miner, and to whom it sends its blocks.
    miner: Option<(NodeId, Arc<[NodeId]>)>,
    /// Users that wait for the payments.
    watchers: std::ops::Range<u32>,
    step: u32,
}

impl Opening {
    /// The miner is handed the honest payment; if `watch`, all users are told to wait for both.
    pub(crate) fn new(world: &World, payments: &Payments, watch: bool) -> Self {
        let users = world.users();
        Self {
            payment: Arc::clone(&payments.honest),
            fake: payments.fake.id(),
            miner: world.miner.map(|miner| (miner, world.audience(miner))),
            watchers: if watch { users } else { 0..0 },
            step: 0,
        }
    }

    fn to_miner(&self) -> Option<(NodeId, Request)> {
        let (miner, audience) = self.miner.as_ref()?;
        let request = match self.step {
            // Before the miner knows anybody, so that the payment is not announced: nobody else mines, and an inventory to
            // ten thousand nodes would be most of the run.
            0 => Request::SubmitTx(Arc::clone(&self.payment)),
            1 => Request::SetPeers(Arc::clone(audience)),
            _ => return None,
        };
        Some((*miner, request))
    }

    fn to_user(&self) -> Option<(NodeId, Request)> {
        let at = self.step.checked_sub(2)?;
        let user = self.watchers.start + at / 2;
        let tx = if at % 2 == 0 { self.payment.id() } else { self.fake };
        (user < self.watchers.end).then_some((NodeId(user), Request::Watch(tx)))
    }
}

impl Workload<Participant> for Opening {
    fn next(&mut self) -> Option<Arrival<Participant>> {
        if self.miner.is_none() {
            self.step = self.step.max(2);
        }
        let (node, request) = self.to_miner().or_else(|| self.to_user())?;
        // One after the other, at most two million of them: two milliseconds.
        let at = Time::ZERO + Span::from_nanos(u64::from(self.step) + 1);
        self.step += 1;
        Some(Arrival { at, node, request })
    }
}
