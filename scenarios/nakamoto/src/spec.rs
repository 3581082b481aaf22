//! What a scenario of system `nakamoto` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SeriesSpec, SystemSpec, Variant};

use crate::attacks;

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "nakamoto";
/// Name of the series with the spread of blocks.
pub(crate) const PROPAGATION: &str = "propagation";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Proof-of-work nodes in a modelled network: miners race, blocks and transactions spread, attackers try their luck",
    );
    spec.params =
        [stop(), protocol(), nodes(), workload(), adversary(), attacks::params(), oracle()].concat();
    spec.metrics = [chain_metrics(), propagation_metrics(), traffic_metrics(), attacks::metrics()].concat();
    spec.series = vec![SeriesSpec {
        name: PROPAGATION,
        x: "time since the block was found (ms)",
        y: "share of nodes that know it",
        about: "how long it takes until 1 %, 2 % … 100 % of the nodes that are up know a block; mean over blocks",
    }];
    spec.network = true;
    spec
}

fn stop() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ns", "36500 d"),
            "the run ends at this virtual time",
            "scenario",
        )
        .optional(),
        ParamSpec::new(
            "stop.blocks",
            Kind::integer(1, 10_000_000),
            "the run ends when the chain grows beyond this height, so the last block has had a block interval to spread",
            "scenario",
        )
        .optional(),
    ]
}

fn protocol() -> Vec<ParamSpec> {
    let window = ParamSpec::new(
        "window",
        Kind::integer(1, 1_000_000),
        "blocks between two adjustments",
        "Bitcoin Core",
    )
    .default("2016");
    vec![
        ParamSpec::new(
            "protocol.block_interval",
            Kind::span("1 ms", "1000 d"),
            "mean time between blocks of the whole hash power at the initial difficulty",
            "Nakamoto 2008 §4",
        )
        .default("\"600 s\""),
        ParamSpec::new(
            "protocol.block_size",
            Kind::Bytes,
            "length of a block on the wire; what transactions leave free is padding (no padding below their length)",
            "Bitcoin 2009",
        )
        .default("\"1 MB\""),
        ParamSpec::new(
            "protocol.relay",
            Kind::Choice(&["inventory", "push", "compact"]),
            "how blocks travel: announced and fetched, sent unasked, or without what the receiver has",
            "network specification §6.13; BIP 152",
        )
        .default("\"inventory\""),
        ParamSpec::new(
            "protocol.retarget",
            Kind::Variants(vec![
                Variant::new("never", "the difficulty stays", vec![]),
                Variant::new("window", "the difficulty follows the pace of the last blocks", vec![window]),
            ]),
            "when the difficulty is adapted",
            "Nakamoto 2008 §4",
        )
        .default("{ kind = \"window\", window = 2016 }"),
        ParamSpec::new(
            "protocol.inv_timeout",
            Kind::span("1 ms", "1000 d"),
            "after how long a request goes to the next announcer (twice the block interval, at least 5 s, unless given)",
            "network specification §6.13",
        )
        .optional(),
        ParamSpec::new(
            "protocol.trickle",
            Kind::span("0 s", "1 d"),
            "mean of the exponential delay before a transaction is announced to a peer",
            "network specification §6.13",
        )
        .default("\"0 s\""),
        ParamSpec::new("protocol.mempool", Kind::Bytes, "capacity of the pool of waiting transactions", "Bitcoin Core")
            .default("\"300 MB\""),
        ParamSpec::new(
            "protocol.compact_failure",
            Kind::Share,
            "probability that a receiver of a compact block lacks transactions of the padding and fetches it in full",
            "SimBlock",
        )
        .default("0.13"),
        ParamSpec::new(
            "protocol.max_time_ahead",
            Kind::span("0 s", "1000 d"),
            "how far ahead of the local clock the time of a block may be",
            "Bitcoin Core, MAX_FUTURE_BLOCK_TIME",
        )
        .default("\"2 h\""),
        ParamSpec::new(
            "protocol.miners",
            Kind::integer(0, 10_000_000),
            "honest nodes that mine, the last ones by number; 0: all. Node 0, the merchant, mines only when all do",
            "scenario",
        )
        .default("0"),
        ParamSpec::new("protocol.hash_distribution", hash_distribution(), "how honest miners share their hash power", "scenario")
            .default("{ kind = \"equal\" }"),
    ]
}

fn hash_distribution() -> Kind {
    let exponent =
        ParamSpec::new("exponent", Kind::number(0.0, 10.0), "0 is equal, 1 is harmonic", "Zipf 1949")
            .default("1.0");
    let weights = Kind::list(Kind::number(0.0, 1e12), 1, 1_000_000);
    Kind::Variants(vec![
        Variant::new("equal", "every miner has the same", vec![]),
        Variant::new(
            "zipf",
            "the k-th miner has a share proportional to k^-exponent, as pools do",
            vec![exponent],
        ),
        Variant::new(
            "weights",
            "in proportion to these weights, one for each honest miner",
            vec![ParamSpec::new("weights", weights, "weights in order of node numbers", "scenario")],
        ),
    ])
}

fn nodes() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "node.costs",
            Kind::Choice(&["free", "reference"]),
            "processor time of checking blocks and transactions: none, or that of a 3 GHz core",
            "network specification §4, cpu_cost",
        )
        .default("\"free\""),
        ParamSpec::new("node.cores", Kind::integer(1, 128), "processor cores of a node", "scenario")
            .default("1"),
    ]
}

fn workload() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "workload.rate",
            Kind::PerSecond,
            "transactions submitted to random honest nodes, as a Poisson process; what padding stands for is not among them",
            "scenario",
        )
        .default("\"0 tx/s\""),
        ParamSpec::new("workload.tx_size", Kind::Bytes, "length of a transaction", "a one-input payment is 226 B")
            .default("\"250 B\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(attacks::STRATEGIES),
            "what the coalition tries",
            "scenario",
        )
        .default("\"none\""),
        ParamSpec::new(
            "adversary.share",
            Kind::Share,
            "share of the hash power that the coalition has",
            "scenario",
        )
        .default("0.0"),
        ParamSpec::new(
            "adversary.nodes",
            Kind::integer(1, 1_000_000),
            "nodes that the coalition has, the last ones by number (none without a strategy)",
            "scenario",
        )
        .default("1"),
    ]
}

fn oracle() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "oracle.agreement_depth",
            Kind::integer(1, 1_000_000),
            "in an honest run no node gives up a block that lies so deep",
            "Bitcoin Core, COINBASE_MATURITY",
        )
        .default("100"),
        ParamSpec::new(
            "oracle.heal_within",
            Kind::span("1 ns", "36500 d"),
            "how long after the last fault all nodes that are up have one tip (20 block intervals unless given)",
            "all 20 intervals are blockless once in 5e8",
        )
        .optional(),
        ParamSpec::new(
            "oracle.forks",
            Kind::Bool,
            "whether a run without a fork proves nothing: the oracle `forked` must have seen one",
            "scenario",
        )
        .default("false"),
    ]
}

fn chain_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("blocks", "", "height of the best chain at the end of the run"),
        MetricSpec::quantity(
            "stale_rate",
            "",
            "stale blocks per mined block, network-wide, among heights at least 10 below the end",
        ),
        MetricSpec::quantity("reorg_depth_max", "", "most blocks that an honest node gave up at once"),
        MetricSpec::quantity("reorg_count", "", "reorganisations per honest node"),
        MetricSpec::quantity(
            "throughput_tps",
            "1/s",
            "transactions on the best chain per second, those included that padding stands for",
        ),
        MetricSpec::quantity(
            "confirmation_latency_s",
            "s",
            "from submission of a transaction to the first block with it on the merchant's best chain, median over the workload",
        ),
        MetricSpec::quantity(
            "heal_ms",
            "ms",
            "from the end of the last fault until all honest nodes that are up have the same tip",
        ),
    ]
}

fn propagation_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "propagation_p50_ms",
            "ms",
            "from the first block found at a height until half of the honest nodes that are up know a block at it; mean over heights",
        ),
        MetricSpec::quantity("propagation_p90_ms", "ms", "the same for 90 % of the nodes"),
        MetricSpec::quantity("propagation_p99_ms", "ms", "the same for 99 % of the nodes"),
        MetricSpec::quantity(
            "propagation_mean_ms",
            "ms",
            "from the first block found at a height until a miner knows a block at it: mean over honest hash power (the finder counts as zero) and over heights that all of them came to know",
        ),
        MetricSpec::quantity(
            "propagation_max_ms",
            "ms",
            "the same until the last honest miner knows one: root mean square over heights, as the lower bound of the stale rate needs it",
        ),
        MetricSpec::quantity(
            "coverage",
            "",
            "share of the honest nodes that are up which know a height one block interval after it was first found; mean over heights",
        ),
    ]
}

fn traffic_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "bytes_inv",
            "B",
            "bytes of INV messages sent, per node and block found (headers of datagrams not included)",
        ),
        MetricSpec::quantity(
            "bytes_getdata",
            "B",
            "bytes of GETDATA messages sent, per node and block found",
        ),
        MetricSpec::quantity(
            "bytes_block",
            "B",
            "bytes of messages that carry blocks (BLOCK, CMPCTBLOCK, BLOCKTXN) sent, per node and block found",
        ),
        MetricSpec::quantity("bytes_tx", "B", "bytes of TX messages sent, per node and block found"),
        MetricSpec::quantity("bytes_total", "B", "bytes of all messages sent, per node and block found"),
        MetricSpec::quantity(
            "duplicates",
            "",
            "block bodies sent beyond the one that each node needs, per node and block found",
        ),
    ]
}
