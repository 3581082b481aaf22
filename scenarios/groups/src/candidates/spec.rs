//! What a scenario of system `candidates` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

pub(crate) const NAME: &str = "candidates";

const N48: &str = "network specification N48 (Cypherium Fig. 2)";
const N53: &str = "network specification N53 (Cypherium, after step 840)";
const SCENARIO: &str = "scenario";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Clients send candidates for each round to a committee, over relays that may drop them; the committee waits, then chooses the least ticket it has",
    );
    spec.params = [protocol(), load(), adversary()].concat();
    spec.metrics = metrics();
    spec.network = true;
    spec.examples = &[("network.nodes", "200")];
    spec
}

fn protocol() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.tries",
            Kind::integer(1, 100),
            "relays that a client tries, each once; without relays: times that it sends",
            N48,
        )
        .default("3"),
        ParamSpec::new(
            "protocol.retry",
            Kind::span("1 ms", "1 h"),
            "a client that has no receipt by then tries the next relay",
            SCENARIO,
        )
        .default("\"1 s\""),
        ParamSpec::new(
            "protocol.window",
            Kind::span("0 s", "1 h"),
            "how long the committee waits for candidates",
            N53,
        )
        .default("\"1 s\""),
        ParamSpec::new(
            "protocol.window_from",
            Kind::Choice(&["start", "first"]),
            "whether the window begins with the round or with the first candidate",
            N53,
        )
        .default("\"start\""),
        ParamSpec::new(
            "protocol.candidates_max",
            Kind::integer(1, 1_000_000),
            "candidates of a round that the committee takes at most",
            SCENARIO,
        )
        .default("10000"),
    ]
}

fn load() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "workload.committee",
            Kind::integer(1, 10_000),
            "members of the committee, which collect in turn",
            SCENARIO,
        )
        .default("10"),
        ParamSpec::new(
            "workload.relays",
            Kind::integer(0, 100_000),
            "common nodes that relay; with none, clients send to the committee themselves",
            N48,
        )
        .default("100"),
        ParamSpec::new(
            "workload.clients",
            Kind::integer(1, 100_000),
            "nodes with a candidate for each round",
            SCENARIO,
        )
        .default("50"),
        ParamSpec::new("workload.rounds", Kind::integer(1, 100_000), "number of rounds", SCENARIO)
            .default("20"),
        ParamSpec::new(
            "workload.interval",
            Kind::span("1 ms", "1 d"),
            "time between the beginnings of two rounds; the run ends one after the last",
            SCENARIO,
        )
        .default("\"10 s\""),
        ParamSpec::new(
            "workload.bytes",
            Kind::Bytes,
            "length of what a candidate proposes, at most 60 kB",
            SCENARIO,
        )
        .default("\"600 B\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "drop"]),
            "nothing; or relays drop what they are given to pass on",
            N48,
        )
        .default("\"none\""),
        ParamSpec::new(
            "adversary.share",
            Kind::Share,
            "share of the relays that drop, rounded to whole ones",
            N48,
        )
        .default("0.3"),
    ]
}

fn metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "delivery_share",
            "",
            "share of the candidates that reached their collector within the round",
        ),
        MetricSpec::quantity("tries_mean", "", "relays tried by clients that were confirmed, mean"),
        MetricSpec::quantity("confirm_ms", "ms", "from the beginning of a round to a client's receipt, mean"),
        MetricSpec::quantity(
            "best_share",
            "",
            "share of the rounds in which the committee chose the best of all candidates that were made",
        ),
        MetricSpec::quantity(
            "late_share",
            "",
            "share of the candidates delivered that came after the choice",
        ),
        MetricSpec::quantity("choice_ms", "ms", "from the beginning of a round to the choice, mean"),
        MetricSpec::quantity("unchosen", "", "rounds without a choice"),
        MetricSpec::quantity("dropped", "", "candidates that hostile relays dropped"),
    ]
}
