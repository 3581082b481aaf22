//! What must hold in every run: promises about what honest nodes believe.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `valid-chain` | always | a chain that an honest node takes up consists of valid links, and spends no coin twice |
//! | `agreement` | always | in an honest run no node gives up a block that lies `oracle.agreement_depth` deep |
//! | `mined` | sometimes | a block was found |
//! | `forked` | sometimes | two blocks of one height were found (when `oracle.forks` asks for it) |
//! | `sides-grew` | sometimes | during a partition every side found a block (when the plan has one) |
//! | `convergence` | after heal | all honest nodes that are up have one tip (when the plan has faults) |

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_engine::{AfterHeal, Always, Fault, FaultAction, Finding, Sometimes};
use astrarium_net::Disturbance;
use astrarium_node::{NodeId, Time};
use astrarium_protocol_nakamoto::OutPoint;
use astrarium_runner::Params;

use crate::blocks::{Blocks, Number};
use crate::world::{self, World};

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    valid: Always,
    /// Blocks already examined, by number.
    examined: Vec<bool>,
    /// Who spends a coin, among examined blocks.
    spenders: BTreeMap<OutPoint, Vec<Number>>,
    agreement: Option<(Always, u32)>,
    mined: Sometimes,
    forked: Option<Sometimes>,
    partitions: Partitions,
    convergence: Option<Convergence>,
}

impl Oracles {
    /// For a run with this fault plan.
    pub(crate) fn new(params: &Params, world: &World, plan: &[Fault]) -> Self {
        let within = params.opt_span("oracle.heal_within").unwrap_or(world.config.block_interval * 20);
        let honest = world.honest().len();
        Self {
            valid: Always::new("valid-chain"),
            examined: vec![true],
            spenders: BTreeMap::new(),
            agreement: (!world::is_attacked(params))
                // At most a million by its declaration.
                .then(|| (Always::new("agreement"), params.count("oracle.agreement_depth") as u32)),
            mined: Sometimes::new("mined"),
            forked: params.flag("oracle.forks").then(|| Sometimes::new("forked")),
            partitions: Partitions::new(plan),
            convergence: (!plan.is_empty())
                .then(|| Convergence::new(AfterHeal::new("convergence", within), plan, honest)),
        }
    }

    /// An honest node found a block; `rivals` others of its height were found before.
    pub(crate) fn mined(&mut self, node: NodeId, rivals: u32, now: Time) {
        self.mined.saw(now);
        if let Some(forked) = self.forked.as_mut().filter(|_| rivals > 0) {
            forked.saw(now);
        }
        self.partitions.mined(node, now);
    }

    /// An honest node has a new tip, having given up `depth` blocks. It says that the tip has this height.
    pub(crate) fn tip(
        &mut self,
        node: NodeId,
        tip: Number,
        height: u32,
        depth: u32,
        blocks: &Blocks,
        now: Time,
    ) {
        self.examine(node, tip, blocks, now);
        let actual = blocks.get(tip).height;
        self.valid
            .check(now, height == actual, || format!("{node} puts its tip at height {height}, not {actual}"));
        if let Some((oracle, bound)) = &mut self.agreement {
            oracle.check(now, depth < *bound, || {
                format!("{node} gave up {depth} blocks; fewer than {bound} are allowed")
            });
            oracle.approach((f64::from(depth) / f64::from(*bound)).min(1.0));
        }
        if let Some(convergence) = &mut self.convergence {
            convergence.tip(node, tip, now);
        }
    }

    /// A node went down, or came up with this tip.
    pub(crate) fn life(&mut self, node: NodeId, up: bool, tip: Number, now: Time) {
        if let Some(convergence) = &mut self.convergence {
            convergence.life(node, up, tip, now);
        }
    }

    /// A fault of the plan began or ended.
    pub(crate) fn fault(&mut self, id: &str, begins: bool, now: Time) {
        self.partitions.fault(id, begins);
        if let Some(convergence) = &mut self.convergence {
            convergence.fault(id, begins, now);
        }
    }

    /// Time from the end of the last fault to agreement, in nanoseconds.
    pub(crate) fn heal_ns(&self) -> Option<u64> {
        self.convergence.as_ref()?.oracle.took().map(|span| span.as_nanos())
    }

    /// The verdicts of a run that ended at `end`.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.valid.finding(), self.mined.finding()];
        findings.extend(self.agreement.as_ref().map(|(oracle, _)| oracle.finding()));
        findings.extend(self.forked.as_ref().map(Sometimes::finding));
        findings.extend(self.partitions.finding());
        findings.extend(self.convergence.as_ref().map(|c| c.oracle.finding(end)));
        findings
    }

    /// Adds what another part of the same run has seen. Agreement of all nodes is seen by nobody's part alone: a run split
    /// over threads must keep its tips in one part.
    pub(crate) fn merge(&mut self, other: Self) {
        self.valid.merge(other.valid);
        self.mined.merge(other.mined);
        if let (Some((mine, _)), Some((theirs, _))) = (&mut self.agreement, other.agreement) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.forked, other.forked) {
            mine.merge(theirs);
        }
        self.partitions.grew.merge(other.partitions.grew);
        if let (Some(mine), Some(theirs)) = (&mut self.convergence, other.convergence) {
            mine.oracle.merge(theirs.oracle);
        }
    }

    /// Examines a block and those before it that no honest node has taken up yet; each block of the run once.
    fn examine(&mut self, node: NodeId, tip: Number, blocks: &Blocks, now: Time) {
        self.examined.resize(blocks.len(), false);
        let mut fresh = Vec::new();
        let mut at = tip;
        while !self.examined[at as usize] {
            self.examined[at as usize] = true;
            fresh.push(at);
            at = blocks.get(at).parent;
        }
        for number in fresh.into_iter().rev() {
            let problem = self.problem(number, blocks);
            self.valid.check(now, problem.is_none(), || {
                let (entry, problem) = (blocks.get(number), problem.unwrap_or_default());
                format!("{node} took up {:?} at height {}: {problem}", entry.block, entry.height)
            });
        }
    }

    /// What is wrong with a block, if anything, given that those before it have been examined.
    fn problem(&mut self, number: Number, blocks: &Blocks) -> Option<String> {
        let block = &blocks.get(number).block;
        if !block.root_matches() {
            return Some("its header does not commit to its body".to_owned());
        }
        if block.header().bits.work().is_none() {
            return Some(format!("its target {:#x} is no target", block.header().bits.0));
        }
        for coin in block.transactions().iter().flat_map(|tx| tx.spends()) {
            let earlier = self.spenders.entry(*coin).or_default();
            if earlier.iter().any(|&spender| blocks.is_ancestor(spender, number)) {
                return Some(format!("it spends coin {} of transaction {} again", coin.index, coin.tx));
            }
            earlier.push(number);
        }
        None
    }
}

/// Whether every side of a partition found blocks while it lasted.
#[derive(Debug, Clone)]
struct Partitions {
    /// Side of each node, by id of the fault.
    plan: Vec<(String, Arc<[u8]>)>,
    /// Partitions under way: index into `plan`, and which sides have found a block.
    active: Vec<(usize, [bool; 256])>,
    grew: Sometimes,
}

impl Partitions {
    fn new(plan: &[Fault]) -> Self {
        let partition = |fault: &Fault| match &fault.action {
            FaultAction::Disturb(Disturbance::Partition { marks }) => {
                Some((fault.id.clone(), Arc::clone(marks)))
            }
            _ => None,
        };
        let plan = plan.iter().filter_map(partition).collect();
        Self { plan, active: Vec::new(), grew: Sometimes::new("sides-grew") }
    }

    fn fault(&mut self, id: &str, begins: bool) {
        let Some(index) = self.plan.iter().position(|(name, _)| name == id) else { return };
        self.active.retain(|&(other, _)| other != index);
        if begins {
            self.active.push((index, [false; 256]));
        }
    }

    fn mined(&mut self, node: NodeId, now: Time) {
        for (index, sides) in &mut self.active {
            let marks = &self.plan[*index].1;
            if let Some(&side) = marks.get(node.index()) {
                sides[usize::from(side)] = true;
                if marks.iter().all(|&side| sides[usize::from(side)]) {
                    self.grew.saw(now);
                }
            }
        }
    }

    fn finding(&self) -> Option<Finding> {
        (!self.plan.is_empty()).then(|| self.grew.finding())
    }
}

/// Whether all honest nodes that are up have the same tip.
#[derive(Debug, Clone)]
struct Convergence {
    oracle: AfterHeal,
    /// Faults that are not over yet: id, and whether its beginning is all there is of it.
    pending: Vec<(String, bool)>,
    /// Tip of each honest node, whether it is up, and how many nodes that are up have each tip.
    tips: Vec<Number>,
    up: Vec<bool>,
    live: u32,
    holders: Vec<u32>,
}

impl Convergence {
    fn new(oracle: AfterHeal, plan: &[Fault], honest: usize) -> Self {
        // A node that stays down and a clock that was set keep nobody else from agreeing; an endless disturbance may.
        let momentary = |fault: &Fault| match fault.action {
            FaultAction::ClockStep { .. } => true,
            FaultAction::Crash { .. } => fault.until.is_none(),
            FaultAction::Disturb(_) => false,
        };
        Self {
            oracle,
            pending: plan.iter().map(|fault| (fault.id.clone(), momentary(fault))).collect(),
            tips: vec![0; honest],
            up: vec![true; honest],
            // Node numbers are u32.
            live: honest as u32,
            holders: vec![honest as u32],
        }
    }

    fn tip(&mut self, node: NodeId, tip: Number, now: Time) {
        let Some(old) = self.tips.get(node.index()).copied() else { return };
        self.count(old, false);
        self.count(tip, true);
        self.tips[node.index()] = tip;
        self.judge(tip, now);
    }

    fn life(&mut self, node: NodeId, up: bool, tip: Number, now: Time) {
        let Some(was_up) = self.up.get_mut(node.index()) else { return };
        if std::mem::replace(was_up, up) == up {
            return;
        }
        let tip = if up { tip } else { self.tips[node.index()] };
        self.live = if up { self.live + 1 } else { self.live - 1 };
        self.count(tip, up);
        self.tips[node.index()] = tip;
        // Who went down may have been the last that differed.
        if let Some(tip) = self.up.iter().position(|&up| up).map(|other| self.tips[other]) {
            self.judge(tip, now);
        }
    }

    fn fault(&mut self, id: &str, begins: bool, now: Time) {
        let before = self.pending.len();
        self.pending.retain(|(name, momentary)| name != id || begins != *momentary);
        if self.pending.is_empty() && before > 0 {
            self.oracle.healed(now);
            if let Some(tip) = self.up.iter().position(|&up| up).map(|node| self.tips[node]) {
                self.judge(tip, now);
            }
        }
    }

    fn count(&mut self, tip: Number, more: bool) {
        let at = tip as usize;
        if at >= self.holders.len() {
            self.holders.resize(at + 1, 0);
        }
        self.holders[at] = if more { self.holders[at] + 1 } else { self.holders[at].saturating_sub(1) };
    }

    fn judge(&mut self, tip: Number, now: Time) {
        if self.holders.get(tip as usize) == Some(&self.live) {
            self.oracle.reached(now);
        }
    }
}

#[cfg(test)]
mod tests;
