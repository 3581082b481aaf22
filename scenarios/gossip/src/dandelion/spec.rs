//! What a scenario of system `dandelion` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "dandelion";

const BIP: &str = "BIP 156";
const SPEC: &str = "network specification §9";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Every honest node makes one transaction known to all, by stem and fluff or by plain diffusion, and spies guess who it was",
    );
    spec.params = [protocol(), adversary()].concat();
    spec.metrics = metrics();
    spec.network = true;
    spec.examples = &[
        ("stop.time", "\"10 min\""),
        ("network.nodes", "100"),
        ("network.topology", "{ kind = \"random\", degree = 8 }"),
    ];
    spec
}

fn span(key: &'static str, least: &str, about: &'static str, source: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::span(least, "1 d"), about, source)
}

fn protocol() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("stop.time", Kind::span("1 s", "365 d"), "the run ends at this virtual time", "scenario"),
        ParamSpec::new(
            "protocol.scheme",
            Kind::Choice(&["dandelion", "diffusion"]),
            "whether transactions walk along a stem first",
            "network specification §6.15",
        )
        .default("\"dandelion\""),
        ParamSpec::new("protocol.stem_p", Kind::Share, "probability that a relay keeps a transaction on the stem", BIP)
            .default("0.9"),
        ParamSpec::new("protocol.destinations", Kind::integer(1, 1_000), "stem destinations of an epoch", BIP).default("2"),
        span("protocol.epoch", "1 ms", "length of an epoch", BIP).default("\"600 s\""),
        span("protocol.embargo_min", "1 ms", "least time before a transaction is made public all the same", "reference implementation")
            .default("\"10 s\""),
        span("protocol.embargo_mean", "0 s", "mean of the exponential time added to it", "reference implementation").default("\"20 s\""),
        ParamSpec::new(
            "protocol.routing",
            Kind::Choice(&["per-inbound", "per-hop"]),
            "whether all that comes from one neighbour goes the same way for an epoch, or each transaction its own",
            BIP,
        )
        .default("\"per-inbound\""),
        span("protocol.trickle", "0 s", "mean of the exponential delay before each neighbour is sent a public transaction", "Bitcoin's diffusion")
            .default("\"2 s\""),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of a transaction", "scenario").default("\"250 B\""),
        span("workload.gap", "1 us", "time between two transactions", "scenario").default("\"100 ms\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    let about = "`spy`: nodes of the coalition follow the protocol and note who sent them what; `stem-drop`: they also swallow what comes along the stem; `supernode`: outsiders linked to every honest node";
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "spy", "stem-drop", "supernode"]),
            about,
            SPEC,
        )
        .default("\"spy\""),
        ParamSpec::new(
            "adversary.share",
            Kind::Share,
            "share of the nodes that spy, to the nearest whole node",
            SPEC,
        )
        .default("0.1"),
        ParamSpec::new(
            "adversary.theta",
            Kind::integer(0, 100),
            "links of the supernode to each honest node",
            SPEC,
        )
        .default("1"),
    ]
}

fn metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("recall", "", "honest nodes whose transaction is blamed on them"),
        MetricSpec::quantity(
            "precision",
            "",
            "the same, each divided by the number of transactions blamed on that node",
        ),
        MetricSpec::quantity(
            "intercepted",
            "",
            "honest transactions that the coalition met on the stem before they were public",
        ),
        MetricSpec::quantity("public_ms", "ms", "time until a transaction was made public, mean"),
        MetricSpec::quantity("stem_hops", "", "stem messages per transaction"),
        MetricSpec::quantity("embargo_share", "", "transactions that were first made public by an embargo"),
        MetricSpec::quantity(
            "cover_t95_ms",
            "ms",
            "time until 95 % of the honest nodes had a transaction, mean",
        ),
        MetricSpec::quantity("coverage", "", "honest nodes that had a transaction at the end, mean"),
    ]
}
