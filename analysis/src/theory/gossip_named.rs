//! The closed forms of dissemination and of its anonymity under their names in scenario files.

use super::registry::{PLAIN, Theory};
use super::{dandelion, gossip};

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
