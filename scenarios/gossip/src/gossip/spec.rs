//! What a scenario of system `gossip` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec, Variant};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "gossip";

const SPEC: &str = "network specification §6.13";
const MESH: &str = "rust-libp2p gossipsub";
const SYNC: &str = "ZV Chain tx_sync.go";
const SIMBLOCK: &str = "SimBlock (Nagayama et al. 2020)";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Items published at random nodes spread to all: how fast, how often twice, at what cost",
    );
    spec.params = [stop(), protocol(), workload(), adversary()].concat();
    spec.metrics = [coverage_metrics(), cost_metrics(), special_metrics()].concat();
    spec.network = true;
    spec.examples = &[
        ("stop.time", "\"60 s\""),
        ("network.nodes", "100"),
        ("network.topology", "{ kind = \"random\", degree = 8 }"),
    ];
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
            "stop.covered",
            Kind::Bool,
            "whether it ends earlier, as soon as every item has reached every node that is up",
            "scenario",
        )
        .default("false"),
    ]
}

fn span(key: &'static str, about: &'static str, source: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::span("1 ms", "1 d"), about, source)
}

fn count(key: &'static str, about: &'static str, source: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::integer(1, 1_000_000), about, source)
}

fn share(key: &'static str, about: &'static str, source: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::Share, about, source)
}

fn protocol() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("protocol.mode", Kind::Variants(modes()), "how items spread", SPEC),
        ParamSpec::new(
            "protocol.membership",
            Kind::Choice(&["topology", "full"]),
            "whether a node knows its neighbours in the topology, or everybody",
            "scenario",
        )
        .default("\"topology\""),
        // Less than ten seconds, and a flood meets nodes that have forgotten it.
        ParamSpec::new(
            "protocol.seen_ttl",
            Kind::span("10 s", "1 d"),
            "how long a seen item is remembered",
            SPEC,
        )
        .default("\"5 min\""),
        count("protocol.seen_capacity", "most items remembered at a time", SPEC).default("100000"),
    ]
}

fn modes() -> Vec<Variant> {
    let fanout = || {
        let about = "recipients of a relay, chosen at random: at most so many; 0: the square root of the degree; left out: all";
        ParamSpec::new("fanout", Kind::integer(0, 1_000_000), about, "network specification §4").optional()
    };
    vec![
        Variant::new("flood", "whoever receives an item first passes it on", {
            let about = "hops that an item travels; -1: without limit";
            vec![
                fanout(),
                ParamSpec::new("relay_count", Kind::integer(-1, 1_000_000), about, SPEC).default("-1"),
            ]
        }),
        Variant::new("inventory", "announce, ask, send", inventory()),
        Variant::new("epidemic", "rounds with random partners", epidemic()),
        Variant::new("mesh", "eager push along a sparse mesh, lazy announcements beside it", mesh()),
        Variant::new("sync", "transactions are announced and requested in batches", {
            let mut fields = sync();
            fields.push(fanout());
            fields
        }),
        Variant::new(
            "holders",
            "digests are flooded, bodies come from a few holders",
            vec![
                count("holders", "number of nodes that hold bodies, drawn at random", "IPS whitepaper §I.D")
                    .default("20"),
                ParamSpec::new(
                    "cached",
                    Kind::Bool,
                    "whether every node that has a body serves it",
                    "scenario",
                )
                .default("false"),
                span("timeout", "time after which another holder is asked", SPEC).default("\"30 s\""),
            ],
        ),
    ]
}

fn inventory() -> Vec<ParamSpec> {
    let about = "what a neighbour that lacks an item is sent first; `compact`: an announcement, and who asks gets the item without the transactions that it probably has";
    vec![
        ParamSpec::new("relay", Kind::Choice(&["inventory", "push", "compact"]), about, SPEC)
            .default("\"inventory\""),
        ParamSpec::new(
            "trickle",
            Kind::span("0 s", "1 h"),
            "mean of the exponential delay before a neighbour is told (2 s: Bitcoin's outbound links)",
            SPEC,
        )
        .default("\"0 s\""),
        span("inv_timeout", "time after which the next announcer is asked", "Bitcoin-Simulator")
            .default("\"20 min\""),
        ParamSpec::new("compact_bytes", Kind::Bytes, "length of a compact item", SIMBLOCK)
            .default("\"18 kB\""),
        share(
            "compact_failure",
            "probability that transactions are missing all the same (0.27 with churn)",
            SIMBLOCK,
        )
        .default("0.13"),
        share("compact_missing", "share of the item that is fetched then", SIMBLOCK).default("0.1"),
    ]
}

fn epidemic() -> Vec<ParamSpec> {
    const DEMERS: &str = "Demers et al. 1987";
    let lives = "`rounds`: an item is pushed for `rounds` rounds; `infect-and-die`: once, at once; `balls-and-bins`: every copy, known or not, until it has lived for `rounds` rounds";
    vec![
        ParamSpec::new(
            "exchange",
            Kind::Choice(&["push", "pull", "push-pull"]),
            "which way items go",
            DEMERS,
        )
        .default("\"push\""),
        count("fanout", "partners in a round", DEMERS).default("1"),
        span("interval", "length of a round", "scenario").default("\"1 s\""),
        ParamSpec::new("life", Kind::Choice(&["rounds", "infect-and-die", "balls-and-bins"]), lives, DEMERS)
            .default("\"rounds\""),
        count("rounds", "rounds of an item's life", DEMERS).default("1000000"),
    ]
}

fn mesh() -> Vec<ParamSpec> {
    vec![
        count("degree", "wanted number of links (D)", MESH).default("6"),
        count("low", "fewer links are filled up (D_low)", MESH).default("5"),
        count("high", "more links are cut (D_high)", MESH).default("12"),
        ParamSpec::new(
            "outbound",
            Kind::integer(0, 1_000),
            "own links kept when links are cut (D_out)",
            MESH,
        )
        .default("2"),
        count("lazy", "least number of neighbours outside the mesh that hear announcements (D_lazy)", MESH)
            .default("6"),
        share("factor", "the same as a share of the neighbours outside the mesh", MESH).default("0.25"),
        span("heartbeat", "time between heartbeats", MESH).default("\"1 s\""),
        count("history", "heartbeats for which an item can be asked for", MESH).default("5"),
        ParamSpec::new(
            "history_gossip",
            Kind::integer(0, 1_000),
            "heartbeats for which an item is announced; 0: no announcements",
            MESH,
        )
        .default("3"),
        span("backoff", "how long a pruned neighbour stays away", MESH).default("\"60 s\""),
        ParamSpec::new(
            "idontwant_min",
            Kind::Bytes,
            "least length of an item that is refused once it is here",
            MESH,
        )
        .default("\"1 kB\""),
        ParamSpec::new("flood_publish", Kind::Bool, "whether own items go to all neighbours", MESH)
            .default("true"),
    ]
}

fn sync() -> Vec<ParamSpec> {
    vec![
        span("notify_interval", "time between two announcements", SYNC).default("\"5 s\""),
        count("notify_max", "most transactions in one announcement", SYNC).default("50"),
        span("notify_gap", "a transaction is not announced again before", SYNC).default("\"60 s\""),
        span("request_interval", "time between two rounds of requests", SYNC).default("\"5 s\""),
        span("response_timeout", "a request is unanswered after", SYNC).default("\"5 s\""),
        count("peer_cache", "announced transactions remembered of one neighbour", SYNC).default("3000"),
    ]
}

fn workload() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("workload.items", Kind::integer(1, 10_000_000), "number of items", "scenario")
            .default("1"),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of an item", "scenario").default("\"1024 B\""),
        ParamSpec::new(
            "workload.start",
            Kind::span("0 s", "365 d"),
            "when the first item is published",
            "scenario",
        )
        .default("\"100 ms\""),
        ParamSpec::new(
            "workload.rate",
            Kind::PerSecond,
            "items published per second, at even distances",
            "scenario",
        )
        .default("\"1 tx/s\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    let about = "`withhold`: announce every item at once and never send it; `sync-spam`: announce transactions that do not exist";
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "withhold", "sync-spam"]),
            about,
            "network specification §9",
        )
        .default("\"none\""),
        share(
            "adversary.share",
            "share of the nodes that the adversary has, to the nearest whole node",
            "scenario",
        )
        .default("0.0"),
    ]
}

fn coverage_metrics() -> Vec<MetricSpec> {
    const ABOUT: &str = "time from publication until this share of the honest nodes up at that time has the item, mean over the items that got so far";
    vec![
        MetricSpec::quantity("cover_t50_ms", "ms", ABOUT),
        MetricSpec::quantity("cover_t90_ms", "ms", ABOUT),
        MetricSpec::quantity("cover_t95_ms", "ms", ABOUT),
        MetricSpec::quantity("cover_t99_ms", "ms", ABOUT),
        MetricSpec::quantity("cover_t100_ms", "ms", ABOUT),
        MetricSpec::quantity(
            "delay_mean_ms",
            "ms",
            "time from publication to delivery, mean over all deliveries but the source's own",
        ),
        MetricSpec::quantity(
            "coverage",
            "",
            "share of the honest nodes, up when an item was published, that got it; mean over items",
        ),
        MetricSpec::quantity(
            "coverage_major",
            "",
            "the same over those items only that reached at least half: a source that is cut off says nothing about the rest",
        ),
        MetricSpec::event(
            "reached_all",
            "every item reached every honest node that was up when it was published",
        ),
    ]
}

fn cost_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "dup_factor",
            "",
            "whole items received over items received for the first time, honest nodes",
        ),
        MetricSpec::quantity("msgs_per_node", "", "messages sent per node and item"),
        MetricSpec::quantity(
            "bytes_per_node",
            "B",
            "bytes sent per node and item, with transport and network headers",
        ),
        MetricSpec::quantity(
            "mean_degree",
            "",
            "neighbours per node that relays eagerly: links of the mesh in mesh mode, of the topology otherwise",
        ),
        MetricSpec::quantity(
            "sent_bps",
            "bit/s",
            "all bytes sent, with headers, per node and over the time of the load; where nothing is lost, what a node receives",
        ),
        MetricSpec::quantity(
            "body_bps",
            "bit/s",
            "bytes of items, without headers, that a node gets from others for the first time in the second half of the load",
        ),
        MetricSpec::quantity(
            "busiest_upload_bps",
            "bit/s",
            "bytes sent by the busiest node, over the time of the load",
        ),
        MetricSpec::quantity(
            "holder_upload_bps",
            "bit/s",
            "bytes sent per holder, over the time of the load (bodies from holders)",
        ),
    ]
}

fn special_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "rounds",
            "",
            "rounds from publication until every node has the item, mean over items (epidemics)",
        ),
        MetricSpec::quantity(
            "hash_t95_ms",
            "ms",
            "time until 95 % of the honest nodes have heard of an item (bodies from holders)",
        ),
        MetricSpec::quantity(
            "isolated_share",
            "",
            "share of the nodes that are up at the end and have no neighbour that is up",
        ),
        MetricSpec::quantity(
            "learned_tps",
            "1/s",
            "items per second that a node learns from others, mean over nodes, second half of the load",
        ),
        MetricSpec::quantity(
            "waited_ms",
            "ms",
            "time lost waiting for announcers that did not deliver, per node and item: repeated requests times the timeout",
        ),
        MetricSpec::quantity(
            "distrusted",
            "",
            "announcements dropped because their sender did not deliver before, per node (transaction sync)",
        ),
        MetricSpec::quantity(
            "junk_requests",
            "",
            "items requested that the answer did not bring, per node (transaction sync)",
        ),
    ]
}
