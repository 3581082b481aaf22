//! The closed forms of dissemination and of its anonymity under their names in scenario files.

use super::registry::{PLAIN, Theory};
use super::{Inputs, dandelion, gossip};

const SHARE: &str = "adversary.share";

pub(super) const FIRST_SPY_PRECISION: Theory = Theory {
    name: "first-spy-precision",
    about: "Precision of the first-spy estimator on a stem alone",
    formula: "p (1-s)/s ln(1/(1-s)), s = q(1-p), q = stem probability",
    source: "derived in astrarium_analysis::theory::dandelion",
    needs: &[SHARE, "protocol.stem_p"],
    value: |i| dandelion::first_spy_precision(i.number(SHARE)?, i.number("protocol.stem_p")?),
    ..PLAIN
};

pub(super) const FLOOD_COVERAGE: Theory = Theory {
    name: "flood-coverage",
    about: "Share of the live nodes that a flood reaches on a regular graph with a share of all nodes down",
    formula: "1-u^d, u = f + (1-f)u^(d-1)",
    source: "Callaway et al. 2000",
    needs: &["fault.dead.share", "network.topology.degree"],
    value: |i| gossip::flood_coverage(i.number("fault.dead.share")?, i.count("network.topology.degree")?),
    ..PLAIN
};

pub(super) const FLOOD_DELAY: Theory = Theory {
    name: "flood-delay",
    about: "Mean delay in ms of a flood on a random regular graph with equal link delays",
    formula: "one_way * mean hops, mean field",
    source: "derived in astrarium_analysis::theory::gossip",
    needs: &["network.nodes", "network.topology.degree", "network.latency.one_way"],
    value: |i| {
        let hops = gossip::flood_hops(i.count("network.nodes")?, i.count("network.topology.degree")?)?;
        Some(hops * 1e3 * i.number("network.latency.one_way")?)
    },
    ..PLAIN
};

pub(super) const FLOOD_RECEIPTS: Theory = Theory {
    name: "flood-receipts",
    about: "Times that a node receives an item when everybody relays to all but the sender",
    formula: "d n/(n-1) - 1, d = measured mean degree",
    source: "each link carries it both ways, less a spanning tree",
    needs: &["network.nodes"],
    measured: &["mean_degree"],
    value: |i| gossip::flood_receipts(i.count("network.nodes")?, i.metric("mean_degree")?),
    ..PLAIN
};

pub(super) const INFECT_AND_DIE: Theory = Theory {
    name: "infect-and-die",
    about: "Share reached by an infect-and-die epidemic",
    formula: "x = 1 - exp(-f x)",
    source: "Kermarrec, Massoulie, Ganesh 2003",
    needs: &["protocol.mode.fanout"],
    value: |i| gossip::infect_and_die(i.number("protocol.mode.fanout")?),
    ..PLAIN
};

pub(super) const ISOLATED: Theory = Theory {
    name: "isolated",
    about: "Probability that all neighbours are down",
    formula: "f^d",
    source: "network specification C16",
    needs: &["fault.dead.share", "network.topology.degree"],
    value: |i| gossip::isolated(i.number("fault.dead.share")?, i.count("network.topology.degree")?),
    ..PLAIN
};

pub(super) const PRECISION_BOUND: Theory = Theory {
    name: "precision-bound",
    about: "Upper bound of the precision against Dandelion",
    formula: "2p^2/(1-p) ln(2/p), p = share of spies",
    source: "Venkatakrishnan, Fanti, Viswanath 2017",
    needs: &[SHARE],
    value: |i| dandelion::precision_bound(i.number(SHARE)?),
    ..PLAIN
};

pub(super) const PRECISION_FLOOR: Theory = Theory {
    name: "precision-floor",
    about: "Lower bound of the best precision against any scheme",
    formula: "p^2, p = share of spies",
    source: "Venkatakrishnan, Fanti, Viswanath 2017",
    needs: &[SHARE],
    value: |i| i.number(SHARE).map(|p| p * p),
    ..PLAIN
};

pub(super) const PUSH_PULL_ROUNDS: Theory = Theory {
    name: "push-pull-rounds",
    about: "Rounds of push-pull until all know, to within a constant",
    formula: "log3 n + log2 ln n",
    source: "Karp et al. 2000",
    needs: &["network.nodes"],
    value: |i| gossip::push_pull_rounds(i.count("network.nodes")?),
    ..PLAIN
};

pub(super) const PUSH_ROUNDS: Theory = Theory {
    name: "push-rounds",
    about: "Rounds of push until all know, to within a constant",
    formula: "log2 n + ln n",
    source: "Pittel 1987",
    needs: &["network.nodes"],
    value: |i| gossip::push_rounds(i.count("network.nodes")?),
    ..PLAIN
};

pub(super) const SHARE_ITSELF: Theory = Theory {
    name: "share",
    about: "The share of the adversary itself: lower bound of the best recall against any scheme",
    formula: "p",
    source: "Venkatakrishnan, Fanti, Viswanath 2017",
    needs: &[SHARE],
    value: |i| i.number(SHARE),
    ..PLAIN
};

pub(super) const STEM_INTERCEPTED: Theory = Theory {
    name: "stem-intercepted",
    about: "Probability that a stem meets a spy",
    formula: "p/(1 - q(1-p)), q = stem probability",
    source: "network specification, section 9",
    needs: &[SHARE, "protocol.stem_p"],
    value: |i| dandelion::stem_intercepted(i.number(SHARE)?, i.number("protocol.stem_p")?),
    ..PLAIN
};

pub(super) const SUPERNODE: Theory = Theory {
    name: "supernode",
    about: "Probability that a supernode hears a transaction from its source first, under diffusion",
    formula: "int theta e^(-theta t) h^d dt, h' = -h + e^(-theta t) h^(d-1)",
    source: "derived in astrarium_analysis::theory::dandelion",
    needs: &["adversary.theta", "network.topology.degree"],
    value: |i| dandelion::supernode(i.number("adversary.theta")?, i.count("network.topology.degree")?),
    ..PLAIN
};

pub(super) const SYNC_BOUND: Theory = Theory {
    name: "sync-bound",
    about: "Most transactions per second that a node can learn by announcements",
    formula: "batch/interval * min(degree, fan-out)",
    source: "network specification C18",
    needs: &["protocol.mode.notify_max", "protocol.mode.notify_interval", "network.topology.degree"],
    optional: &["protocol.mode.fanout"],
    value: |i| {
        let (batch, interval) =
            (i.number("protocol.mode.notify_max")?, i.number("protocol.mode.notify_interval")?);
        let degree = i.number("network.topology.degree")?;
        gossip::sync_bound(batch, interval, degree, i.number("protocol.mode.fanout"))
    },
    ..PLAIN
};

pub(super) const TX_BANDWIDTH: Theory = Theory {
    name: "tx-bandwidth",
    about: "Bits per second of the bodies alone that a full node receives when every transaction reaches it once",
    formula: "8 * rate * bytes",
    source: "network specification C19",
    needs: &["workload.rate", "workload.bytes"],
    value: |i| gossip::body_rate(i.number("workload.rate")?, i.number("workload.bytes")?),
    ..PLAIN
};

const QUEUES: &[&str] = &["workload.load", "workload.high", "workload.medium", "protocol.scheme"];
const QUOTAS: [&str; 3] = ["protocol.quota_high", "protocol.quota_medium", "protocol.quota_low"];
const FILLED: &str = "1 - served/offered; the link is filled by quotas, what a class does not need falls to the others; 1 - 1/load in one queue";

/// Share of a class that is dropped; 0 is the high class.
fn drop_of(i: &Inputs, class: usize) -> Option<f64> {
    let load = i.number("workload.load")?;
    if i.text("protocol.scheme")? == "fifo" {
        return Some((1.0 - 1.0 / load).max(0.0));
    }
    let (high, medium) = (i.number("workload.high")?, i.number("workload.medium")?);
    let [a, b, c] = QUOTAS.map(|key| i.number(key));
    let drops = gossip::quota_drops(load, [high, medium, 1.0 - high - medium], [a?, b?, c?])?;
    drops.get(class).copied()
}

pub(super) const PRIORITY_DROP_HIGH: Theory = Theory {
    name: "priority-drop-high",
    about: "Share of the high class that is dropped in front of a link",
    formula: FILLED,
    source: "derived in astrarium_analysis::theory::gossip",
    optional: QUEUES,
    value: |i| drop_of(i, 0),
    ..PLAIN
};

pub(super) const PRIORITY_DROP_LOW: Theory = Theory {
    name: "priority-drop-low",
    about: "Share of the low class that is dropped in front of a link",
    value: |i| drop_of(i, 2),
    ..PRIORITY_DROP_HIGH
};

pub(super) const PRIORITY_DROP_MEDIUM: Theory = Theory {
    name: "priority-drop-medium",
    about: "Share of the medium class that is dropped in front of a link",
    value: |i| drop_of(i, 1),
    ..PRIORITY_DROP_HIGH
};

/// What fetching blocks takes, on a complete topology, one answer a look.
fn fetch(i: &Inputs) -> Option<gossip::BlockFetch> {
    // A forger answers, and loses nobody's time.
    let silent = i.text("adversary.strategy") == Some("claim");
    let share = if silent { i.number(SHARE)? } else { 0.0 };
    Some(gossip::BlockFetch {
        lacking: if i.number("workload.behind").is_some() {
            i.count("workload.behind")?
        } else {
            i.count("workload.height")?
        },
        batch: i.count("protocol.batch")?,
        announce: i.number("protocol.announce_interval")?,
        look: i.number("protocol.sync_interval")?,
        timeout: i.number("protocol.timeout")?,
        round_trip: 2.0 * i.number("network.latency.one_way")?,
        // The share is that of whole nodes.
        liars: libm::round(share * i.number("network.nodes")?) as u64,
        patience: i.number("protocol.patience").filter(|p| *p >= 0.0).map(|p| p as u64),
    })
}

const FETCH: &[&str] = &[
    "workload.height",
    "workload.behind",
    "protocol.batch",
    "protocol.announce_interval",
    "protocol.sync_interval",
    "protocol.timeout",
    "protocol.patience",
    "network.latency.one_way",
    "network.nodes",
    "adversary.strategy",
    SHARE,
];

pub(super) const BLOCK_SYNC_LEAST: Theory = Theory {
    name: "block-sync-least",
    about: "Least time in ms to fetch what is lacking, one answer a look, behind neighbours that claim and do not answer",
    formula: "(answers - 1) looks; a look that c silent claimers come first in lasts ceil((c timeout + round trip)/look) looks",
    source: "derived in astrarium_analysis::theory::gossip",
    optional: FETCH,
    value: |i| fetch(i)?.bounds().map(|(least, _)| 1e3 * least),
    ..PLAIN
};

pub(super) const BLOCK_SYNC_MOST: Theory = Theory {
    name: "block-sync-most",
    about: "Most time in ms for the same",
    formula: "as block-sync-least, and one announcement, one look, the timeouts of one look and two round trips",
    value: |i| fetch(i)?.bounds().map(|(_, most)| 1e3 * most),
    ..BLOCK_SYNC_LEAST
};

pub(super) const BLOCK_SYNC_CAPACITY: Theory = Theory {
    name: "block-sync-capacity",
    about: "Most blocks per second that a node gets by one answer a look",
    formula: "batch/look",
    source: "network specification N23",
    needs: &["protocol.batch", "protocol.sync_interval"],
    value: |i| Some(i.number("protocol.batch")? / i.number("protocol.sync_interval")?),
    ..PLAIN
};
