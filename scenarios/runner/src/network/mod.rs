//! `[network]`: its parameters, and what they mean to the engine.
//!
//! Declarations are here, the translation into a [`NetConfig`](astrarium_net::NetConfig) is in `build.rs`. Sources: "design"
//! is this project's choice; papers and standards are named.

mod build;
mod nat;
pub(crate) mod presets;
mod transport;

pub use build::{check_bare, complaint_of, net_config, processors};

use crate::spec::{Kind, ParamSpec, Variant};

const REGION_TABLES: &[&str] = &["bitcoin-2019", "bitcoin-2015", "aws-2019", "aws21"];
const SPREADS: &[&str] = &["fixed", "pareto"];
const DESIGN: &str = "design §4";
const SIMBLOCK: &str = "SimBlock (Aoki et al. 2019)";
const GILBERT: &str = "Gilbert 1960, Elliott 1963";

/// The parameters of `[network]` but for [`middleboxes`].
#[must_use]
pub fn params() -> Vec<ParamSpec> {
    let mut all = vec![
        ParamSpec::new("network.nodes", Kind::integer(2, 10_000_000), "number of nodes", "scenario"),
        presets::param(),
        ParamSpec::new("network.topology", topology(), "who is connected to whom", "scenario")
            .default("{ kind = \"complete\" }"),
        ParamSpec::new(
            "network.allow_disconnected",
            Kind::Bool,
            "whether the topology may fall into parts",
            DESIGN,
        )
        .default("false"),
        ParamSpec::new("network.latency", latency(), "one-way propagation delay, drawn per message", DESIGN)
            .default("{ kind = \"constant\", one_way = \"50 ms\" }"),
        ParamSpec::new("network.jitter", jitter(), "delay added to each packet", DESIGN)
            .default("{ kind = \"none\" }"),
        ParamSpec::new("network.bandwidth", bandwidth(), "rates of the access links", "scenario")
            .default("{ kind = \"unlimited\" }"),
        ParamSpec::new("network.loss", loss(), "loss of packets", "scenario").default("{ kind = \"none\" }"),
        ParamSpec::new("network.churn", churn(), "nodes that come and go", "scenario")
            .default("{ kind = \"none\" }"),
    ];
    all.extend(devices());
    all.extend(packet_params());
    all.extend(transport::params());
    all
}

/// `network.nat`, for systems whose packets name sockets.
#[must_use]
pub fn middleboxes() -> ParamSpec {
    nat::param()
}

/// Shares of the device classes; what is left is as the other parameters say.
fn devices() -> Vec<ParamSpec> {
    const SPEC: &str = "network specification §4, device classes";
    let class = |key, about| share(key, about, SPEC).default("0.0");
    vec![
        class(
            "network.devices.light",
            "share of the nodes that are phones or PCs at home: 5 Mbit/s up, 20 down, 1 core of speed 0.3, behind a middlebox where there are any; alone with churn, of the nodes with a class",
        ),
        class(
            "network.devices.heavy",
            "share of the nodes that are desktops or small servers: rates as `bandwidth` says, 4 cores",
        ),
        class(
            "network.devices.super",
            "share of the nodes that are servers in data centres: 1 Gbit/s, 16 cores of speed 2, public",
        ),
        class("network.devices.storage", "share of the nodes that are stores: 100 Mbit/s, 4 cores, public"),
        class("network.devices.gateway", "share of the nodes that are entrances: 1 Gbit/s, 4 cores, public"),
    ]
}

fn packet_params() -> Vec<ParamSpec> {
    let buffer = |key, about| ParamSpec::new(key, Kind::Bytes, about, DESIGN).optional();
    vec![
        share("network.duplicate", "probability that a packet arrives twice", DESIGN).default("0.0"),
        share("network.reorder.p", "probability that a packet is held back", DESIGN).default("0.0"),
        ParamSpec::new(
            "network.reorder.extra",
            Kind::span("1 ns", "30 s"),
            "how long it is held back",
            DESIGN,
        )
        .default("\"20 ms\""),
        ParamSpec::new(
            "network.fifo",
            Kind::Bool,
            "packets of one pair keep their order, unless held back (needs a table of all pairs in use)",
            DESIGN,
        )
        .default("false"),
        buffer(
            "network.buffer.up",
            "limit of the uplink queue (256 KiB for packet, none for message fidelity unless given)",
        ),
        buffer("network.buffer.down", "limit of the downlink queue (likewise)"),
        ParamSpec::new(
            "network.queue_disc",
            Kind::Choice(&["fifo", "drr"]),
            "order of the access links' queues: first come, first served; or peers in turns (deficit round robin, quantum = mtu; a full queue drops the last packet of the longest peer's queue)",
            "Shreedhar & Varghese 1995; network specification §4",
        )
        .default("\"fifo\""),
        ParamSpec::new(
            "network.mtu",
            Kind::integer(68, 65_535),
            "largest packet in bytes",
            "Ethernet; RFC 791",
        )
        .default("1500"),
        ParamSpec::new(
            "network.fragment",
            Kind::Bool,
            "larger datagrams are fragmented; otherwise they are dropped",
            "RFC 791",
        )
        .default("true"),
        ParamSpec::new(
            "network.fidelity",
            Kind::Choice(&["message", "packet"]),
            "one event per message, or one per packet",
            DESIGN,
        )
        .default("\"message\""),
        ParamSpec::new(
            "network.clock.offset",
            Kind::span("0 s", "3650 d"),
            "standard deviation of the clocks' offsets (20 ms: a PC under NTP)",
            DESIGN,
        )
        .default("\"0 s\""),
        ParamSpec::new(
            "network.clock.drift",
            Kind::number(0.0, 100_000.0),
            "clocks drift by up to this many parts per million either way (50: uncorrected quartz)",
            DESIGN,
        )
        .default("0.0"),
    ]
}

fn share(key: &'static str, about: &'static str, source: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::Share, about, source)
}

fn span(key: &'static str, about: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::span("1 ns", "1 d"), about, DESIGN)
}

fn file(about: &'static str) -> ParamSpec {
    ParamSpec::new("file", Kind::File, about, "scenario")
}

fn topology() -> Kind {
    let count = |key, about, source| ParamSpec::new(key, Kind::integer(1, 100_000), about, source);
    const WATTS: &str = "Watts & Strogatz 1998";
    const ZV_KAD: &str = "ZV Chain's kad.go";
    Kind::Variants(vec![
        Variant::new("complete", "every node is linked to every other", vec![]),
        Variant::new("star", "every node is linked to node 0 only", vec![]),
        Variant::new("line", "node i is linked to node i + 1", vec![]),
        Variant::new("ring", "a line whose ends are linked", vec![]),
        Variant::new(
            "random",
            "every node dials this many others; mean degree is about twice that",
            vec![count("degree", "links that a node dials", "Bitcoin dials 8").default("8")],
        ),
        Variant::new(
            "regular",
            "random graph in which all nodes have the same degree",
            vec![count("degree", "links of each node; nodes × degree must be even", "Steger & Wormald 1999")],
        ),
        Variant::new(
            "erdos-renyi",
            "every pair is linked with probability p",
            vec![share("p", "link probability; (ln nodes + 5)/nodes connects 99 %", "Erdős & Rényi 1959")],
        ),
        Variant::new(
            "watts-strogatz",
            "ring of k nearest neighbours, each link rewired with probability beta",
            vec![count("k", "ring neighbours (even)", WATTS), share("beta", "rewiring probability", WATTS)],
        ),
        Variant::new(
            "barabasi-albert",
            "preferential attachment",
            vec![count("m", "links of a new node", "Barabási & Albert 1999")],
        ),
        Variant::new(
            "tiers",
            "the first nodes are linked to one another; every other node dials some, whoever they are",
            vec![
                count("core", "nodes of the upper tier, at most 5000", DESIGN).default("100"),
                count("degree", "links that each other node dials", "Bitcoin dials 8").default("8"),
            ],
        ),
        Variant::new("degree-list", "degrees from a histogram, paired at random", degree_list()),
        Variant::new(
            "kademlia",
            "who is in whose converged Kademlia table",
            vec![
                count("bucket", "contacts of a bucket (20 in libp2p)", ZV_KAD).default("16"),
                ParamSpec::new(
                    "buckets",
                    Kind::integer(1, 64),
                    "buckets of a table; the nearest one takes all that remain",
                    ZV_KAD,
                )
                .default("17"),
            ],
        ),
        Variant::new(
            "graphml",
            "a GraphML file; node attributes region, up_bps, down_bps; edge attributes latency_ms, loss, bps",
            vec![file("the graph; its nodes are numbered in file order")],
        ),
        Variant::new(
            "edges",
            "a text file with lines `u v [latency_ms [loss [bps]]]`",
            vec![file("the edge list; nodes are numbered from 0")],
        ),
    ])
}

fn degree_list() -> Vec<ParamSpec> {
    const GERVAIS: &str = "Gervais et al. 2016";
    vec![
        ParamSpec::new(
            "degrees",
            Kind::list(Kind::integer(1, 100_000), 1, 1_000),
            "upper ends of the bars, ascending; each bar begins above the one before",
            GERVAIS,
        )
        .default("[5, 10, 15, 20, 30, 125]"),
        ParamSpec::new(
            "shares",
            Kind::list(Kind::Share, 1, 1_000),
            "share of the nodes in each bar, summing to 1",
            GERVAIS,
        )
        .default("[0.10, 0.40, 0.30, 0.13, 0.06, 0.01]"),
    ]
}

fn region_table() -> ParamSpec {
    ParamSpec::new(
        "table",
        Kind::Choice(REGION_TABLES),
        "measured region table",
        "SimBlock; Gervais et al. 2016; cloudping January 2019 and 2021",
    )
    .default("\"bitcoin-2019\"")
}

fn latency() -> Kind {
    let sigma = Kind::number(0.0, 10.0);
    let spread = |source| {
        ParamSpec::new("spread", Kind::Choice(SPREADS), "how delays scatter around the table", source)
    };
    Kind::Variants(vec![
        Variant::new(
            "constant",
            "the same for every message",
            vec![span("one_way", "one-way delay").default("\"50 ms\"")],
        ),
        Variant::new(
            "uniform",
            "uniform between two bounds",
            vec![span("min", "least delay"), span("max", "greatest delay")],
        ),
        Variant::new(
            "log-normal",
            "log-normal",
            vec![
                span("median", "median delay"),
                ParamSpec::new(
                    "sigma",
                    sigma,
                    "standard deviation of the logarithm (0.5: p99 is 3.2 medians)",
                    DESIGN,
                ),
            ],
        ),
        Variant::new(
            "exponential",
            "a minimum plus an exponential; the hold model PHOLD with 1 ms and 50 ms",
            vec![span("min", "least delay"), span("mean", "mean delay, minimum included")],
        ),
        Variant::new(
            "pareto",
            "Pareto with scale mean − 5 ms and shape 0.2 · mean in ms",
            vec![ParamSpec::new("mean", Kind::span("1 ns", "1 d"), "mean delay", SIMBLOCK)],
        ),
        Variant::new(
            "regions",
            "by the regions of sender and recipient",
            vec![
                region_table(),
                spread("pareto for the Bitcoin tables (SimBlock), fixed for AWS").optional(),
            ],
        ),
        Variant::new(
            "matrix",
            "a CSV file of milliseconds, by region (head `region,share,…`) or by node",
            vec![file("the table"), spread(DESIGN).default("\"fixed\"")],
        ),
    ])
}

fn jitter() -> Kind {
    const WITTGENSTEIN: &str = "Wittgenstein NetworkLatency";
    Kind::Variants(vec![
        Variant::new("none", "no jitter", vec![]),
        Variant::new("uniform", "uniform from zero", vec![span("max", "greatest jitter")]),
        Variant::new(
            "half-normal",
            "absolute value of a normal variable",
            vec![span("sigma", "its standard deviation")],
        ),
        Variant::new(
            "gpd",
            "generalised Pareto, cut to [0, cap]",
            vec![
                ParamSpec::new("mu", Kind::number(-1e6, 1e6), "location in ms", WITTGENSTEIN).default("-0.3"),
                ParamSpec::new("sigma", Kind::span("1 ns", "1 d"), "scale", WITTGENSTEIN)
                    .default("\"350 us\""),
                ParamSpec::new("xi", Kind::number(-10.0, 10.0), "shape", WITTGENSTEIN).default("1.4"),
                span("cap", "greatest jitter").default("\"50 ms\""),
            ],
        ),
    ])
}

fn bandwidth() -> Kind {
    let rate = |key, about| ParamSpec::new(key, Kind::BitRate, about, "scenario");
    Kind::Variants(vec![
        Variant::new("unlimited", "access links take no time", vec![]),
        Variant::new(
            "constant",
            "the same for every node",
            vec![rate("up", "uplink"), rate("down", "downlink")],
        ),
        Variant::new("regions", "by the region of the node", vec![region_table()]),
    ])
}

fn loss() -> Kind {
    Kind::Variants(vec![
        Variant::new("none", "no loss", vec![]),
        Variant::new(
            "bernoulli",
            "each packet independently",
            vec![share("p", "probability that a packet is lost", DESIGN)],
        ),
        Variant::new(
            "gilbert-elliott",
            "bursts: each directed link is good or bad (defaults: 2.44 % loss, bursts of 5)",
            vec![
                share("p", "good → bad, per packet", GILBERT).default("0.005"),
                share("r", "bad → good, per packet", GILBERT).default("0.2"),
                share("k", "delivery probability in the good state", GILBERT).default("1.0"),
                share("h", "delivery probability in the bad state", GILBERT).default("0.0"),
            ],
        ),
    ])
}

fn churn() -> Kind {
    const STUTZBACH: &str = "Stutzbach & Rejaie 2006";
    let length = |key, about| ParamSpec::new(key, Kind::span("1 ns", "36500 d"), about, DESIGN);
    let with = |shape: Option<ParamSpec>| {
        let mut fields = vec![
            share("share", "share of the nodes that churn (0.976 in Bitcoin)", SIMBLOCK).default("1.0"),
            length("session", "mean length of a session").default("\"2 h\""),
            length("absence", "mean length of an absence").default("\"1 h\""),
        ];
        fields.extend(shape);
        fields
    };
    let shape = |least, about, source| ParamSpec::new("shape", Kind::number(least, 1e3), about, source);
    Kind::Variants(vec![
        Variant::new("none", "all nodes stay", vec![]),
        Variant::new("exponential", "exponential sessions and absences", with(None)),
        Variant::new(
            "weibull",
            "Weibull sessions and absences",
            with(Some(shape(0.1, "shape; below 1 heavy-tailed", STUTZBACH).default("0.5"))),
        ),
        Variant::new(
            "pareto",
            "Pareto sessions and absences",
            with(Some(shape(1.0, "shape, above 1", DESIGN).default("2.0"))),
        ),
    ])
}

#[cfg(test)]
mod tests;
