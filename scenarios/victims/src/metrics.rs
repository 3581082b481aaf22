//! What a run measures: see `spec.rs` for the meaning of each number.

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_nakamoto::{BlockId, Indication, LightClient, Node, Participant, TxId};

use crate::oracles::{Claimed, Oracles};
use crate::workload::Payments;
use crate::world::World;

/// When a user confirmed which payment.
#[derive(Debug, Clone, Copy, Default)]
struct Confirmed {
    honest: Option<Time>,
    fake: Option<Time>,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    /// Number of the first user.
    first: u32,
    genesis: BlockId,
    miner: Option<NodeId>,
    /// Least number of neighbours that makes a victim.
    least: usize,
    /// The payments, when users wait for them.
    payments: Option<(TxId, TxId)>,
    /// What an honest payment takes without an attack: confirmations × block interval.
    usual: Span,
    confirmed: Vec<Confirmed>,
    oracles: Oracles,
}

impl Metrics {
    /// For one run in this world; `least` adversarial neighbours make a victim.
    pub(crate) fn new(world: &World, least: usize, payments: Option<&Payments>) -> Self {
        Self {
            first: world.full,
            genesis: world.genesis.id(),
            miner: world.miner,
            least,
            payments: payments.map(|p| (p.honest.id(), p.fake.id())),
            usual: world.config.block_interval * u64::from(world.light.confirmations),
            confirmed: vec![Confirmed::default(); world.clients as usize],
            oracles: Oracles::new(world),
        }
    }

    /// The measurements of a run that looks like this now; what was not observed is absent.
    pub(crate) fn metrics(&mut self, sight: &Sight<'_, Participant>) -> Vec<(&'static str, f64)> {
        let mut out = self.shares(sight);
        if let Some((_, fake)) = self.payments {
            self.payment_metrics(fake, sight, &mut out);
        }
        out.extend(self.honest(sight).map(|node| ("honest_blocks", f64::from(node.height()))));
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.oracles.findings()
    }

    /// The honest miner, who knows every honest block.
    fn honest<'a>(&self, sight: &Sight<'a, Participant>) -> Option<&'a Node> {
        sight.node(self.miner?).full()
    }

    /// Who was told what.
    fn shares(&mut self, sight: &Sight<'_, Participant>) -> Vec<(&'static str, f64)> {
        let (mut victims, mut deceived, mut eclipsed) = (0_u32, 0_u32, 0_u32);
        let (mut adversarial, mut asked) = (0, 0);
        let (honest, mut met) = (self.honest(sight), false);
        let clients = self.confirmed.len();
        for at in 0..clients {
            let Some(client) = sight.node(self.user(at)).light() else { continue };
            let foreign = foreign_reports(client, self.genesis, honest);
            let all = client.neighbours().len();
            adversarial += foreign;
            asked += all;
            met |= client.neighbours().iter().any(|&n| sight.is_controlled(n));
            let victim = foreign >= self.least;
            victims += u32::from(victim);
            deceived += u32::from(victim && self.confirmed[at].fake.is_some());
            eclipsed += u32::from(foreign == all && all > 0);
        }
        if met {
            self.oracles.met(sight.now());
        }
        let users = clients.max(1) as f64;
        let mut out = vec![
            ("victim_share", f64::from(victims) / users),
            ("eclipsed_share", f64::from(eclipsed) / users),
            ("adversarial_neighbours", adversarial as f64 / asked.max(1) as f64),
        ];
        if self.payments.is_some() && victims > 0 {
            out.push(("victims_deceived", f64::from(deceived) / f64::from(victims)));
        }
        out
    }

    fn payment_metrics(
        &self,
        fake: TxId,
        sight: &Sight<'_, Participant>,
        out: &mut Vec<(&'static str, f64)>,
    ) {
        let users = self.confirmed.len().max(1) as f64;
        let share = |has: &dyn Fn(&Confirmed) -> bool| {
            self.confirmed.iter().filter(|c| has(c)).count() as f64 / users
        };
        let in_honest_chain = self.honest(sight).is_some_and(|node| node.confirmations(&fake) > 0);
        out.push(("confirmed_fake_share", if in_honest_chain { 0.0 } else { share(&|c| c.fake.is_some()) }));
        out.push(("confirmed_honest_share", share(&|c| c.honest.is_some())));
        out.push(("stalled_share", share(&|c| c.fake.is_none() && c.honest.is_none())));
        out.extend(self.latency(|c| c.fake).map(|ratio| ("confirm_latency", ratio)));
        out.extend(self.latency(|c| c.honest).map(|ratio| ("honest_latency", ratio)));
    }

    /// Mean time to a confirmation, over those who saw one, in units of the usual time.
    fn latency(&self, when: impl Fn(&Confirmed) -> Option<Time>) -> Option<f64> {
        let times: Vec<f64> =
            self.confirmed.iter().filter_map(when).map(|at| at.since(Time::ZERO).as_secs_f64()).collect();
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        (!times.is_empty()).then(|| mean / self.usual.as_secs_f64())
    }

    fn user(&self, at: usize) -> NodeId {
        // Users are at most a million.
        NodeId(self.first + at as u32)
    }

    fn on_confirmed(&mut self, user: NodeId, claimed: Claimed, sight: &Sight<'_, Participant>) {
        self.oracles.confirmed(user, claimed, sight);
        let Some((honest, fake)) = self.payments else { return };
        let Some(record) = self.confirmed.get_mut((user.0 - self.first) as usize) else { return };
        let slot = match claimed.tx {
            tx if tx == honest => &mut record.honest,
            tx if tx == fake => &mut record.fake,
            _ => return,
        };
        slot.get_or_insert(sight.now());
    }
}

/// Number of neighbours that reported a chain whose end no honest node knows. All honest blocks are known to the miner.
fn foreign_reports(client: &LightClient, genesis: BlockId, honest: Option<&Node>) -> usize {
    let foreign = |tip: &BlockId| *tip != genesis && !honest.is_some_and(|node| node.tree().knows(tip));
    client.neighbours().iter().filter_map(|&n| client.reported_by(n)).filter(foreign).count()
}

impl Observer<Participant> for Metrics {
    fn on_indication(&mut self, node: NodeId, indication: &Indication, sight: &Sight<'_, Participant>) {
        match *indication {
            Indication::Followed { .. } => {
                if let Some(client) = sight.node(node).light() {
                    self.oracles.followed(node, client, sight.now());
                }
            }
            Indication::Confirmed { tx, block, depth } => {
                self.on_confirmed(node, Claimed { tx, block, depth }, sight);
            }
            _ => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.oracles.merge(other.oracles);
        for (mine, theirs) in self.confirmed.iter_mut().zip(other.confirmed) {
            mine.honest = mine.honest.or(theirs.honest);
            mine.fake = mine.fake.or(theirs.fake);
        }
    }
}
