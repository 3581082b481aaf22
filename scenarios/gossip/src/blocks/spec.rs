//! What a scenario of system `block-sync` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "block-sync";

const SYNC: &str = "ZV Chain block_sync.go; network specification §4";
const PEERS: &str = "ZV Chain peer_manager.go";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Nodes that are behind fetch blocks from their neighbours: how soon they are up to date, how many blocks a second that carries, what false claims cost",
    );
    spec.params = [stop(), protocol(), workload(), adversary()].concat();
    spec.metrics = [joiner_metrics(), block_metrics()].concat();
    spec.network = true;
    spec.examples = &[("stop.time", "\"10 min\""), ("network.nodes", "20")];
    spec
}

fn stop() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ms", "365 d"),
            "the run ends at this virtual time",
            "scenario",
        ),
        ParamSpec::new(
            "stop.synced",
            Kind::Bool,
            "whether it ends earlier, as soon as all blocks are made and every joiner has those that were there at its start",
            "scenario",
        )
        .default("false"),
    ]
}

fn protocol() -> Vec<ParamSpec> {
    let span =
        |key, default, about| ParamSpec::new(key, Kind::span("1 ms", "1 d"), about, SYNC).default(default);
    vec![
        span("protocol.announce_interval", "\"3 s\"", "time between two announcements of the own top"),
        span("protocol.sync_interval", "\"3 s\"", "time between two looks for a heavier neighbour"),
        span("protocol.timeout", "\"5 s\"", "a request is unanswered after this time"),
        ParamSpec::new("protocol.batch", Kind::integer(1, 1_024), "most blocks in an answer", PEERS).default("16"),
        ParamSpec::new(
            "protocol.eager",
            Kind::Bool,
            "whether the next range is asked for as soon as one has come, as shipped, or at the next look, as described",
            SYNC,
        )
        .default("true"),
        ParamSpec::new(
            "protocol.patience",
            Kind::integer(-1, 1_000),
            "failures in a row that a neighbour may have before it is ignored; -1: any number",
            PEERS,
        )
        .default("5"),
        ParamSpec::new(
            "protocol.penalty",
            Kind::span("1 ms", "365 d"),
            "how long it is ignored the first time; n times as long the n-th time",
            PEERS,
        )
        .default("\"10 min\""),
    ]
}

fn workload() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "workload.height",
            Kind::integer(0, 1_000_000),
            "blocks that are there at the start",
            "scenario",
        )
        .default("480"),
        ParamSpec::new(
            "workload.joiners",
            Kind::integer(0, 100_000),
            "nodes that are behind at the start",
            "scenario",
        )
        .default("1"),
        ParamSpec::new(
            "workload.behind",
            Kind::integer(0, 1_000_000),
            "blocks by which they are behind; all unless given",
            "scenario",
        )
        .optional(),
        ParamSpec::new(
            "workload.fork",
            Kind::integer(0, 1_000_000),
            "blocks of another branch that they have on top; fewer than those that they lack",
            "scenario",
        )
        .default("0"),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of a block", "scenario").default("\"10 kB\""),
        ParamSpec::new(
            "workload.blocks",
            Kind::integer(0, 1_000_000),
            "blocks that one node makes during the run; others get them by synchronisation alone",
            "scenario",
        )
        .default("0"),
        ParamSpec::new(
            "workload.rate",
            Kind::PerSecond,
            "blocks made per second, at even distances",
            "scenario",
        )
        .default("\"0.1 /s\""),
        ParamSpec::new(
            "workload.begin",
            Kind::span("1 ns", "365 d"),
            "when the first of them is made",
            "scenario",
        )
        .default("\"10 s\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "claim", "forge"]),
            "claim: announce a chain of immense weight and answer no request; forge: the same, and answer with blocks that are none",
            "network specification §6.13, N23",
        )
        .default("\"none\""),
        ParamSpec::new(
            "adversary.share",
            Kind::Share,
            "share of the nodes that the adversary has, to the nearest whole node",
            "scenario",
        )
        .default("0.0"),
    ]
}

fn joiner_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "sync_ms",
            "ms",
            "time from the start until a joiner has all blocks that were there at the start, mean over those that do",
        ),
        MetricSpec::quantity("sync_max_ms", "ms", "the same of the last of them"),
        MetricSpec::quantity("synced_share", "", "share of the joiners that do by the end"),
        MetricSpec::quantity("requests", "", "requests per joiner"),
        MetricSpec::quantity("unanswered", "", "requests not answered in time, per joiner"),
        MetricSpec::quantity("forged", "", "answers that were part of no chain, per joiner"),
        MetricSpec::quantity("given_up", "", "blocks of another branch given up, per joiner"),
    ]
}

fn block_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "block_t50_ms",
            "ms",
            "time from the making of a block until half of the honest nodes have it, mean over the blocks that got so far",
        ),
        MetricSpec::quantity("block_t95_ms", "ms", "the same for 95 %"),
        MetricSpec::quantity(
            "learned_rate",
            "1/s",
            "blocks per second that a node gets from others in the second half of the time in which blocks are made",
        ),
        MetricSpec::quantity(
            "lag_blocks",
            "",
            "blocks by which an honest node is behind the one that makes them, mean, at the end",
        ),
        MetricSpec::quantity(
            "sent_per_node_bps",
            "bit/s",
            "mean rate of all messages per node, with headers",
        ),
    ]
}
