//! `[network]`: its parameters, and what they mean to the engine.

use crate::spec::{Kind, ParamSpec, Variant};

const REGION_TABLES: &[&str] = &["bitcoin-2019", "bitcoin-2015", "aws-2019"];

/// The parameters of `[network]`.
#[must_use]
pub fn params() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("network.nodes", Kind::integer(2, 10_000_000), "number of nodes", "scenario"),
        ParamSpec::new("network.topology", topology(), "who is connected to whom", "scenario")
            .default("{ kind = \"complete\" }"),
        ParamSpec::new("network.latency", latency(), "one-way propagation delay", "scenario")
            .default("{ kind = \"constant\", one_way = \"50 ms\" }"),
        ParamSpec::new("network.bandwidth", bandwidth(), "rates of the access links", "scenario")
            .default("{ kind = \"unlimited\" }"),
        ParamSpec::new("network.loss", loss(), "loss of datagrams", "scenario")
            .default("{ kind = \"none\" }"),
        ParamSpec::new(
            "network.fidelity",
            Kind::Choice(&["message", "packet"]),
            "one event per message, or one per datagram",
            "design §4",
        )
        .default("\"message\""),
    ]
}

fn probability(key: &'static str, about: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::Share, about, "model")
}

fn topology() -> Kind {
    let degree = || ParamSpec::new("degree", Kind::integer(1, 100_000), "links per node", "model");
    let file = || ParamSpec::new("file", Kind::File, "the graph", "scenario");
    Kind::Variants(vec![
        Variant::new("complete", "every node knows every other", vec![]),
        Variant::new("star", "every node is linked to node 0 only", vec![]),
        Variant::new("random", "every node opens this many links to random others", vec![degree()]),
        Variant::new("regular", "random regular graph", vec![degree()]),
        Variant::new(
            "erdos-renyi",
            "every pair is linked with probability p",
            vec![probability("p", "link probability")],
        ),
        Variant::new(
            "watts-strogatz",
            "ring of k neighbours, rewired with probability beta",
            vec![
                ParamSpec::new(
                    "k",
                    Kind::integer(2, 100_000),
                    "neighbours on the ring (even)",
                    "Watts & Strogatz 1998",
                ),
                probability("beta", "rewiring probability"),
            ],
        ),
        Variant::new(
            "barabasi-albert",
            "preferential attachment",
            vec![ParamSpec::new(
                "m",
                Kind::integer(1, 100_000),
                "links of a new node",
                "Barabási & Albert 1999",
            )],
        ),
        Variant::new("graphml", "read from a GraphML file", vec![file()]),
        Variant::new("edges", "read from an edge list", vec![file()]),
    ])
}

fn region_table() -> ParamSpec {
    ParamSpec::new(
        "table",
        Kind::Choice(REGION_TABLES),
        "measured region table",
        "measurement named in the table",
    )
    .default("\"bitcoin-2019\"")
}

fn latency() -> Kind {
    let span = |key, about| ParamSpec::new(key, Kind::span("1 ns", "1 d"), about, "model");
    Kind::Variants(vec![
        Variant::new(
            "constant",
            "the same for every pair",
            vec![span("one_way", "one-way delay").default("\"50 ms\"")],
        ),
        Variant::new(
            "uniform",
            "uniform between two bounds",
            vec![span("min", "least"), span("max", "greatest")],
        ),
        Variant::new(
            "log-normal",
            "log-normal",
            vec![
                span("median", "median"),
                ParamSpec::new(
                    "sigma",
                    Kind::number(0.0, 10.0),
                    "standard deviation of the logarithm",
                    "model",
                ),
            ],
        ),
        Variant::new("regions", "by the regions of sender and receiver", vec![region_table()]),
        Variant::new(
            "matrix",
            "from a matrix file",
            vec![ParamSpec::new("file", Kind::File, "the matrix", "scenario")],
        ),
    ])
}

fn bandwidth() -> Kind {
    let rate = |key, about| ParamSpec::new(key, Kind::BitRate, about, "model");
    Kind::Variants(vec![
        Variant::new("unlimited", "no access links", vec![]),
        Variant::new(
            "constant",
            "the same for every node",
            vec![rate("up", "uplink"), rate("down", "downlink")],
        ),
        Variant::new("regions", "by region", vec![region_table()]),
    ])
}

fn loss() -> Kind {
    Kind::Variants(vec![
        Variant::new("none", "no loss", vec![]),
        Variant::new(
            "bernoulli",
            "independent loss",
            vec![probability("p", "probability that a datagram is lost")],
        ),
        Variant::new(
            "gilbert-elliott",
            "bursts: a good and a bad state",
            vec![
                probability("p", "good → bad"),
                probability("r", "bad → good"),
                probability("k", "delivery probability in the good state").default("1.0"),
                probability("h", "delivery probability in the bad state").default("0.5"),
            ],
        ),
    ])
}
