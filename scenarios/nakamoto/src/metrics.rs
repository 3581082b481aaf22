//! What a run measures, watched event by event: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Fault, Finding, Observer, Sight};
use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_nakamoto::{Block, Body, Indication, Message, Node, Participant, Tx};
use astrarium_runner::{Params, Sample};

use crate::blocks::Blocks;
use crate::oracles::Oracles;
use crate::waves::Waves;
use crate::workload;
use crate::world::{self, World};

/// Heights this near to the end may still gain stale blocks, or lose their place on the best chain.
const SETTLED: u32 = 10;

/// Bytes sent, by what they carry.
#[derive(Debug, Clone, Copy, Default)]
struct Traffic {
    inv: u64,
    getdata: u64,
    block: u64,
    tx: u64,
    total: u64,
    /// Messages that carry most of a block.
    bodies: u64,
}

/// The observer of every run: metrics and oracles over the honest nodes.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    blocks: Blocks,
    waves: Waves,
    oracles: Oracles,
    /// Blocks found at each height by honest nodes.
    found: Vec<u32>,
    mined: u64,
    accepted: u64,
    traffic: Traffic,
    reorgs: u64,
    deepest: u32,
    merchant: Merchant,
    honest: usize,
    attacked: bool,
    nodes: usize,
    /// The run ends when the chain grows beyond this height.
    last: Option<u32>,
    padding_tx_bytes: u32,
}

impl Metrics {
    /// For one run in this world, with this fault plan.
    pub(crate) fn new(params: &Params, world: &World, plan: &[Fault]) -> Self {
        let honest = world.honest().len();
        // At most ten million by its declaration.
        let last = params.opt_integer("stop.blocks").map(|blocks| blocks as u32);
        let interval = world.config.block_interval;
        Self {
            blocks: Blocks::new(Arc::clone(&world.genesis)),
            waves: Waves::new(&world.shares[..honest], interval, last.unwrap_or(u32::MAX)),
            oracles: Oracles::new(params, world, plan),
            found: vec![0],
            mined: 0,
            accepted: 0,
            traffic: Traffic::default(),
            reorgs: 0,
            deepest: 0,
            merchant: Merchant::new(world.merchant),
            honest,
            attacked: world::is_attacked(params),
            nodes: world.nodes(),
            last,
            padding_tx_bytes: world.config.padding_tx_bytes,
        }
    }

    /// Ends the measurement.
    pub(crate) fn finish(&mut self, now: Time) {
        self.waves.finish(now);
    }

    /// The measurements of a run that looks like this now, by name; what was not observed is absent.
    pub(crate) fn metrics(&self, sight: &Sight<'_, Participant>) -> Vec<(&'static str, f64)> {
        let mut out = Vec::with_capacity(24);
        self.waves.metrics(&mut out);
        self.chain_metrics(sight, &mut out);
        self.traffic_metrics(&mut out);
        out
    }

    /// Verdicts of a run that ended at `end`.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        self.oracles.findings(end)
    }

    /// The spread of blocks as a curve.
    pub(crate) fn series(&self) -> Vec<Sample> {
        self.waves.series()
    }

    fn chain_metrics(&self, sight: &Sight<'_, Participant>, out: &mut Vec<(&'static str, f64)>) {
        let height = self.best(sight).map_or(0, Node::height);
        out.push(("blocks", f64::from(height)));
        out.extend(self.stale_rate(height).map(|rate| ("stale_rate", rate)));
        out.push(("reorg_depth_max", f64::from(self.deepest)));
        out.push(("reorg_count", self.reorgs as f64 / self.honest as f64));
        out.extend(self.throughput(sight).map(|tps| ("throughput_tps", tps)));
        out.extend(self.merchant.median_latency().map(|s| ("confirmation_latency_s", s)));
        out.extend(self.oracles.heal_ns().map(|ns| ("heal_ms", ns as f64 / 1e6)));
    }

    fn traffic_metrics(&self, out: &mut Vec<(&'static str, f64)>) {
        if self.mined == 0 {
            return;
        }
        let per = |sum: u64| sum as f64 / (self.nodes as f64 * self.mined as f64);
        let Traffic { inv, getdata, block, tx, total, bodies } = self.traffic;
        let values = [
            ("bytes_inv", per(inv)),
            ("bytes_getdata", per(getdata)),
            ("bytes_block", per(block)),
            ("bytes_tx", per(tx)),
            ("bytes_total", per(total)),
            ("duplicates", per(bodies.saturating_sub(self.accepted))),
        ];
        out.extend(values);
    }

    /// The honest node with the highest chain among those that are up.
    fn best<'a>(&self, sight: &Sight<'a, Participant>) -> Option<&'a Node> {
        let up = (0..self.honest).map(NodeId::from).filter(|&id| sight.is_up(id));
        // The first among equals.
        up.filter_map(|id| sight.node(id).full()).reduce(|a, b| if b.height() > a.height() { b } else { a })
    }

    /// Only without a coalition: its blocks are found unseen, and strategies measure for themselves.
    fn stale_rate(&self, height: u32) -> Option<f64> {
        if self.attacked {
            return None;
        }
        let settled = height.checked_sub(SETTLED).filter(|&settled| settled > 0)?;
        let found: u64 = self.found.iter().take(settled as usize + 1).map(|&n| u64::from(n)).sum();
        (found >= u64::from(settled)).then(|| 1.0 - f64::from(settled) / found as f64)
    }

    fn throughput(&self, sight: &Sight<'_, Participant>) -> Option<f64> {
        let seconds = sight.now().as_secs_f64();
        let count = |body: &Body| {
            body.transactions.len() as u64 + u64::from(body.padding / self.padding_tx_bytes.max(1))
        };
        let total: u64 = self.best(sight)?.chain().blocks_above(0).map(|block| count(block.body())).sum();
        (seconds > 0.0).then(|| total as f64 / seconds)
    }

    /// A node reports a tip. One input may move it several times, so its state may be further on than the report.
    fn on_tip(
        &mut self,
        node: NodeId,
        (tip, height): (&Arc<Block>, u32),
        depth: u32,
        sight: &Sight<'_, Participant>,
    ) {
        let now = sight.now();
        self.waves.reached(node, height, now);
        if depth > 0 {
            self.reorgs += 1;
            self.deepest = self.deepest.max(depth);
        }
        let Some(full) = sight.node(node).full() else { return };
        if let Some(tip) = self.blocks.add_branch(tip, full) {
            self.oracles.tip(node, tip, height, depth, &self.blocks, now);
        }
        if node == self.merchant.node {
            self.merchant.on_tip(full, depth, now);
        }
    }

    fn is_honest(&self, node: NodeId) -> bool {
        node.index() < self.honest
    }
}

impl Observer<Participant> for Metrics {
    fn on_indication(&mut self, node: NodeId, indication: &Indication, sight: &Sight<'_, Participant>) {
        if !self.is_honest(node) {
            return;
        }
        match indication {
            Indication::Accepted { .. } => self.accepted += 1,
            Indication::TipChanged { tip, height, reorg_depth } => {
                self.on_tip(node, (tip, *height), *reorg_depth, sight);
            }
            Indication::Mined { block } => {
                self.mined += 1;
                if let Some(number) = self.blocks.add(block) {
                    let height = self.blocks.get(number).height as usize;
                    if height >= self.found.len() {
                        self.found.resize(height + 1, 0);
                    }
                    self.oracles.mined(node, self.found[height], sight.now());
                    self.found[height] += 1;
                }
            }
            Indication::TxSeen { tx } => self.merchant.submitted(tx, sight.now()),
            Indication::Followed { .. } | Indication::Confirmed { .. } => {}
        }
    }

    #[inline]
    fn on_send(&mut self, _: NodeId, message: &Message, copies: usize, _: Time) {
        let bytes = u64::from(message.wire_len()) * copies as u64;
        let traffic = &mut self.traffic;
        traffic.total += bytes;
        match message {
            Message::Inv(_) => traffic.inv += bytes,
            Message::GetData(_) => traffic.getdata += bytes,
            Message::Block(_) | Message::CompactBlock(_) => {
                traffic.block += bytes;
                traffic.bodies += copies as u64;
            }
            Message::BlockTxns(_) => traffic.block += bytes,
            Message::Tx(_) => traffic.tx += bytes,
            _ => {}
        }
    }

    fn on_life(&mut self, node: NodeId, up: bool, sight: &Sight<'_, Participant>) {
        let Some(full) = sight.node(node).full().filter(|_| self.is_honest(node)) else { return };
        self.waves.life(node, up, full.height(), sight.now());
        // A node has its own tip, so the branch is always found.
        let tip = self.blocks.add_branch(full.tip(), full).unwrap_or(0);
        self.oracles.life(node, up, tip, sight.now());
    }

    fn on_fault(&mut self, id: &str, begins: bool, sight: &Sight<'_, Participant>) {
        self.oracles.fault(id, begins, sight.now());
    }

    fn finished(&self) -> bool {
        self.last.is_some_and(|last| self.waves.top() > last)
    }

    fn merge(&mut self, other: Self) {
        self.waves.merge(&other.waves);
        self.oracles.merge(other.oracles);
        self.found.resize(self.found.len().max(other.found.len()), 0);
        self.found.iter_mut().zip(&other.found).for_each(|(mine, theirs)| *mine += theirs);
        self.mined += other.mined;
        self.accepted += other.accepted;
        self.reorgs += other.reorgs;
        self.deepest = self.deepest.max(other.deepest);
        let (mine, theirs) = (&mut self.traffic, other.traffic);
        mine.inv += theirs.inv;
        mine.getdata += theirs.getdata;
        mine.block += theirs.block;
        mine.tx += theirs.tx;
        mine.total += theirs.total;
        mine.bodies += theirs.bodies;
        self.merchant.merge(other.merchant);
    }
}

/// How long payments of the workload take until the merchant sees them in a block.
#[derive(Debug, Clone)]
struct Merchant {
    node: NodeId,
    height: u32,
    /// By number of the payment: when it was submitted, and whether it was in a block of the merchant's chain since.
    submitted: Vec<Option<Time>>,
    latencies: Vec<Span>,
}

impl Merchant {
    fn new(node: NodeId) -> Self {
        Self { node, height: 0, submitted: Vec::new(), latencies: Vec::new() }
    }

    /// A transaction entered somebody's mempool; the first time is that of its submission.
    fn submitted(&mut self, tx: &Tx, now: Time) {
        let Some(number) = workload::number(tx) else { return };
        if number == self.submitted.len() {
            self.submitted.push(Some(now));
        }
    }

    fn on_tip(&mut self, node: &Node, depth: u32, now: Time) {
        let fork = self.height.saturating_sub(depth);
        self.height = node.height();
        for tx in node.chain().blocks_above(fork).flat_map(|block| block.transactions()) {
            let Some(number) = workload::number(tx) else { continue };
            // Taken out: a transaction that is confirmed again after a reorganisation does not count twice.
            if let Some(submitted) = self.submitted.get_mut(number).and_then(Option::take) {
                self.latencies.push(now.since(submitted));
            }
        }
    }

    fn median_latency(&self) -> Option<f64> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let (low, high) = (sorted.get((sorted.len().max(1) - 1) / 2)?, sorted.get(sorted.len() / 2)?);
        Some((low.as_secs_f64() + high.as_secs_f64()) / 2.0)
    }

    fn merge(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
    }
}
