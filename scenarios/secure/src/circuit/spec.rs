//! What a scenario of system `circuit` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "circuit";

const N31: &str = "network specification N31";
const TOR: &str = "Tor";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Users send to each other through circuits of relays (the first nodes), some of which compare what enters circuits with what leaves them",
    );
    spec.params = [circuits(), load(), adversary()].concat();
    spec.metrics = metrics();
    spec.network = true;
    spec.examples = &[("network.nodes", "100"), ("stop.time", "\"60 s\"")];
    spec
}

fn circuits() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 s", "365 d"),
            "the run ends at this virtual time",
            "scenario",
        ),
        ParamSpec::new(
            "protocol.relays",
            Kind::integer(1, 1_000_000),
            "nodes that are relays; all others are users",
            N31,
        )
        .default("50"),
        ParamSpec::new(
            "protocol.hops",
            Kind::integer(0, 6),
            "relays of a circuit; 0: users send directly",
            "Tor, I2P: 3",
        )
        .default("3"),
        ParamSpec::new(
            "protocol.guards",
            Kind::integer(0, 1_000),
            "first relays that a user chose once and keeps; 0: any relay may be first",
            TOR,
        )
        .default("0"),
        ParamSpec::new(
            "protocol.patience",
            Kind::span("1 ms", "1 d"),
            "time to wait for the answer to a new circuit",
            "chosen",
        )
        .default("\"10 s\""),
        ParamSpec::new("protocol.tries", Kind::integer(1, 100), "circuits tried for a message", "chosen")
            .default("3"),
    ]
}

fn load() -> Vec<ParamSpec> {
    let span = |key, about| ParamSpec::new(key, Kind::span("1 ms", "365 d"), about, "scenario");
    vec![
        ParamSpec::new(
            "workload.circuits",
            Kind::integer(1, 1_000_000),
            "circuits of each user, one after the other",
            "scenario",
        )
        .default("1"),
        span(
            "workload.gap",
            "time between two circuits of a user; users begin at random moments within one such time",
        )
        .default("\"20 s\""),
        ParamSpec::new(
            "workload.messages",
            Kind::integer(1, 10_000),
            "messages through each circuit, to one random user",
            "scenario",
        )
        .default("3"),
        span("workload.spacing", "mean of the exponential time between two of them").default("\"1 s\""),
        ParamSpec::new(
            "workload.bytes",
            Kind::Bytes,
            "length of a message; it must fit into a cell",
            "scenario",
        )
        .default("\"200 B\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    const CORR: &str = "network specification §9.1 AD-CORR";
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "correlate"]),
            "`correlate`: relays of the coalition follow the protocol, note times and neighbours, and match what left with what entered",
            CORR,
        )
        .default("\"none\""),
        ParamSpec::new("adversary.share", Kind::Share, "share of the relays that the coalition runs, to the nearest whole one", CORR)
            .default("0.1"),
        ParamSpec::new(
            "adversary.leg",
            Kind::span("1 us", "1 h"),
            "what the coalition takes for the mean delay of a leg; circuits of its own would tell it",
            "scenario",
        )
        .default("\"50 ms\""),
        ParamSpec::new("adversary.window", Kind::span("1 us", "1 h"), "greatest distance of a time from where it is expected", "scenario")
            .default("\"60 ms\""),
    ]
}

fn metrics() -> Vec<MetricSpec> {
    let quantity = MetricSpec::quantity;
    vec![
        quantity("circuits", "", "circuits that were opened"),
        quantity("both_ends", "", "of those, with a first and a last relay of the coalition"),
        quantity("correlated", "", "of those, whose source the coalition names and is right"),
        quantity("precision", "", "sources that it names rightly, of those that it names"),
        quantity("exposed_users", "", "users of whom the coalition has named some circuit rightly"),
        quantity(
            "latency_ms",
            "ms",
            "time from asking to delivery, mean, of messages that find the circuit open",
        ),
        quantity("first_ms", "ms", "the same of messages for which a circuit is made"),
        quantity("delivered", "", "messages delivered, of those sent"),
        quantity(
            "wire_bytes",
            "B",
            "bytes sent per message delivered, by users and relays, circuits made for it included",
        ),
    ]
}
