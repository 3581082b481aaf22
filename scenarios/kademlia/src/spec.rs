//! What a scenario of system `kademlia` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "kademlia";

const PAPER: &str = "Maymounkov & Mazières 2002";
const SHIPPED: &str = "ZV Chain's kad.go; network specification §4";
const SKADEMLIA: &str = "Baumgart & Mies 2007 (S/Kademlia)";
const ATTACKS: &str = "network specification §9";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Lookups in a Kademlia network: how far, how dear, how sure – static, under churn and under attack",
    );
    spec.params = [run(), tables(), searching(), upkeep(), workload(), adversary()].concat();
    spec.metrics = [lookup_metrics(), cost_metrics(), table_metrics(), attack_metrics()].concat();
    spec.network = true;
    spec.examples = &[("stop.time", "\"10 min\""), ("network.nodes", "200")];
    spec
}

fn run() -> Vec<ParamSpec> {
    vec![ParamSpec::new(
        "stop.time",
        Kind::span("1 ms", "3650 d"),
        "the run ends at this virtual time, or as soon as every lookup has ended",
        "scenario",
    )]
}

/// Also of system `records`.
pub(crate) fn tables() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.profile",
            Kind::Choice(&["zv", "std"]),
            "zv: 17 buckets of 16, contacts enter by PING and PONG and are never evicted; std: 256 buckets of 20, any message is enough, two failures evict",
            "ZV Chain's kad.go; libp2p",
        )
        .default("\"zv\""),
        ParamSpec::new(
            "protocol.tables",
            Kind::Choice(&["static", "filled", "joined"]),
            "static: every bucket holds random members of its range, and nothing changes; filled: the same at the start, then kept up; joined: empty at the start, nodes join by their seeds",
            "scenario",
        )
        .default("\"static\""),
        ParamSpec::new("protocol.k", Kind::integer(1, 256), "contacts per bucket, and found by a lookup; the profile's unless given", SHIPPED)
            .optional(),
        ParamSpec::new(
            "protocol.buckets",
            Kind::integer(1, 256),
            "number of buckets, the nearest distances sharing one; the profile's unless given",
            SHIPPED,
        )
        .optional(),
        ParamSpec::new(
            "protocol.replacements",
            Kind::integer(0, 256),
            "replacement candidates kept per bucket",
            SHIPPED,
        )
        .default("10"),
        ParamSpec::new(
            "protocol.evict_after",
            Kind::integer(0, 255),
            "failures in a row that evict a contact, 0 for never; the profile's unless given",
            "network specification §6.11",
        )
        .optional(),
        ParamSpec::new(
            "protocol.per_ip_limit",
            Kind::integer(1, 1_000_000),
            "contacts, and neighbours, accepted per host",
            SHIPPED,
        )
        .default("16"),
        ParamSpec::new(
            "protocol.seeds",
            Kind::integer(1, 1_000),
            "number of nodes (the first ones) by which others join, at the start or after a crash",
            "scenario",
        )
        .default("3"),
    ]
}

/// Also of system `records`.
pub(crate) fn searching() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("protocol.alpha", Kind::integer(1, 256), "questions of one path under way at the same time", PAPER)
            .default("3"),
        ParamSpec::new(
            "protocol.paths",
            Kind::integer(1, 32),
            "disjoint paths of a lookup, which share no contact that they ask",
            SKADEMLIA,
        )
        .default("1"),
        ParamSpec::new(
            "protocol.width",
            Kind::integer(1, 256),
            "contacts that a path asks in the end; `k` unless given, and 1 is greedy routing",
            PAPER,
        )
        .optional(),
        ParamSpec::new(
            "protocol.find_node_key",
            Kind::Choice(&["hashed", "raw_as_shipped"]),
            "what FINDNODE carries: the hashed identity that tables compare, or the public name, as shipped, which those asked take for a point of the hashed space",
            "network specification §13 G4",
        )
        .default("\"hashed\""),
    ]
}

/// Also of system `records`.
pub(crate) fn upkeep() -> Vec<ParamSpec> {
    let span = |key, default, about| {
        ParamSpec::new(key, Kind::span("1 ms", "365 d"), about, SHIPPED).default(default)
    };
    let neighbours = |key, about| {
        ParamSpec::new(key, Kind::integer(0, 1_024), about, "ZV Chain whitepaper §3.4.2: 8 to 16")
            .default("0")
    };
    vec![
        span(
            "protocol.refresh",
            "\"300 s\"",
            "time between refreshes: a lookup of the own identity and three random ones",
        ),
        span("protocol.check", "\"12 s\"", "time between checks of a contact, and between attempts to join"),
        span("protocol.rpc_timeout", "\"500 ms\"", "after this time an answer is not expected any more"),
        neighbours("protocol.neighbours_min", "neighbours below which a node dials contacts of its table"),
        neighbours("protocol.neighbours_max", "neighbours from which on it refuses; 0: no neighbours at all"),
    ]
}

fn workload() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "workload.lookups",
            Kind::integer(0, 10_000_000),
            "number of lookups, by random honest nodes",
            "scenario",
        )
        .default("1000"),
        ParamSpec::new("workload.begin", Kind::span("1 ns", "365 d"), "time of the first lookup", "scenario")
            .default("\"1 s\""),
        ParamSpec::new("workload.spacing", Kind::span("1 ns", "1 d"), "time between lookups", "scenario")
            .default("\"10 ms\""),
        ParamSpec::new(
            "workload.target",
            Kind::Choice(&["node", "key"]),
            "a random other honest node, or a random point, of which the nearest node is to be found",
            "scenario",
        )
        .default("\"node\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "route", "eclipse", "grind"]),
            "none: corrupt nodes, if any, are honest; route: they answer FINDNODE with the corrupt contacts nearest to the key; eclipse: likewise, and they dial the victims; grind: identities nearest to one key are searched for, and all lookups are for it",
            ATTACKS,
        )
        .default("\"none\""),
        ParamSpec::new("adversary.share", Kind::Share, "share of the nodes that are corrupt", ATTACKS).default("0.0"),
        ParamSpec::new(
            "adversary.hosts",
            Kind::integer(0, 1_000_000),
            "hosts that the corrupt nodes share, in turn; 0: one each",
            ATTACKS,
        )
        .default("0"),
        ParamSpec::new(
            "adversary.victims",
            Kind::integer(1, 100_000),
            "number of honest nodes that strategy `eclipse` dials",
            ATTACKS,
        )
        .default("10"),
        ParamSpec::new(
            "adversary.restart",
            Kind::span("1 ns", "365 d"),
            "the victims crash at this time and come back a second later without their tables; never unless given",
            ATTACKS,
        )
        .optional(),
        ParamSpec::new(
            "adversary.redial",
            Kind::span("1 ms", "1 d"),
            "time between two rounds of dialling the victims",
            "scenario",
        )
        .default("\"1 s\""),
    ]
}

fn lookup_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "lookup_success",
            "",
            "share of the lookups whose first result is the target (for a key: the nearest node that is up), among those that ended at a node that is up and, for a node, while it was up",
        ),
        MetricSpec::quantity("lookups_ended", "", "share of the lookups that ended"),
        MetricSpec::quantity(
            "rounds_mean",
            "",
            "rounds of questions until the target was heard of (0: it was in the own table), mean over successful lookups",
        ),
        MetricSpec::quantity(
            "hops_mean",
            "",
            "longest chain of sequential questions up to and including the one to the target: rounds + 1",
        ),
        MetricSpec::quantity("rounds_max", "", "greatest number of rounds"),
        MetricSpec::quantity("latency_mean_ms", "ms", "from request to end, mean over successful lookups"),
        MetricSpec::quantity("latency_p50_ms", "ms", "median of the same"),
        MetricSpec::quantity("latency_p90_ms", "ms", "90th percentile of the same"),
        MetricSpec::quantity("latency_p99_ms", "ms", "99th percentile of the same"),
    ]
}

fn cost_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("rpcs_mean", "", "FINDNODE requests per lookup, over all that ended"),
        MetricSpec::quantity("lookup_stale", "", "share of these requests that were not answered in time"),
        MetricSpec::quantity(
            "amplification",
            "",
            "bytes of NEIGHBORS sent per byte of FINDNODE sent, headers excluded: what a forged source would gain on bare datagrams",
        ),
        MetricSpec::quantity(
            "sent_per_node_bps",
            "bit/s",
            "mean rate of all messages per node, headers excluded",
        ),
    ]
}

fn table_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("table_mean", "", "contacts per table of the nodes that are up, at the end"),
        MetricSpec::quantity("table_max", "", "greatest of these"),
        MetricSpec::quantity("table_stale", "", "share of these contacts that are down"),
        MetricSpec::quantity("availability", "", "share of the nodes that are up, at the end"),
        MetricSpec::quantity(
            "joined_share",
            "",
            "nodes with at least one contact among those that are up, at the end",
        ),
        MetricSpec::quantity(
            "neighbours_mean",
            "",
            "neighbours per honest node that is up, at the end; where they are kept",
        ),
    ]
}

fn attack_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "corrupt_contacts",
            "",
            "share of the honest nodes' contacts that are corrupt, at the end",
        ),
        MetricSpec::quantity(
            "corrupt_neighbours",
            "",
            "share of the honest nodes' neighbours that are corrupt, at the end",
        ),
        MetricSpec::quantity(
            "eclipsed_share",
            "",
            "victims (all honest nodes, without strategy `eclipse`) that have neighbours, all of them corrupt, at the end",
        ),
        MetricSpec::quantity(
            "hijacked_share",
            "",
            "lookups that ended with `k` results, all of them corrupt",
        ),
        MetricSpec::quantity(
            "honest_path_share",
            "",
            "mean over lookups of 1 − Π_j (1 − (1 − m)^r_j): r_j the rounds that path j of the same lookup takes greedily without an attack, m the corrupt share; read off the tables",
        ),
        MetricSpec::quantity("honest_path_rounds", "", "mean of r_1"),
        MetricSpec::quantity(
            "grind_trials",
            "",
            "identities hashed until `k` were nearer to the key than any honest one",
        ),
        MetricSpec::quantity("grind_ratio", "", "grind_trials / grind_expected"),
        MetricSpec::quantity(
            "grind_expected",
            "",
            "trials expected for the nearest honest identity as it happens to stand: k·2^256 / its distance",
        ),
    ]
}
