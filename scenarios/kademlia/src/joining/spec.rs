//! What a scenario of system `bootstrap` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

const SPEC: &str = "network specification §6.11";
const ATTACK: &str = "network specification §9, AD-BOOT";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        "bootstrap",
        "Nodes join by asking seeds, of which some lie, or by a broadcast in their network segment",
    );
    spec.params = [protocol(), load()].concat();
    spec.metrics = metrics();
    spec.network = true;
    spec.examples = &[("stop.time", "\"10 min\""), ("network.nodes", "300")];
    spec
}

fn protocol() -> Vec<ParamSpec> {
    let span = |key, default, about| {
        ParamSpec::new(key, Kind::span("1 ms", "1 d"), about, "scenario").default(default)
    };
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ms", "365 d"),
            "the run ends at this virtual time, or when every joiner is in or has given up",
            "scenario",
        ),
        ParamSpec::new("protocol.seeds", Kind::integer(1, 100_000), "seeds that exist (the first nodes)", "scenario")
            .default("100"),
        ParamSpec::new("protocol.ask", Kind::integer(1, 100), "seeds that a joiner picks and asks", SPEC).default("3"),
        ParamSpec::new("protocol.quorum", Kind::integer(1, 100), "answers of seeds that are compared at least", SPEC)
            .default("2"),
        span("protocol.timeout", "\"2 s\"", "after this time answers are judged as they are"),
        span("protocol.retry", "\"10 s\"", "time between attempts"),
        ParamSpec::new("protocol.attempts", Kind::integer(1, 1_000), "attempts before giving up", "scenario").default("3"),
        ParamSpec::new(
            "protocol.probe",
            Kind::Bool,
            "whether the segment is asked when no seed answers",
            "Paralism whitepaper §4.1.1",
        )
        .default("true"),
        ParamSpec::new(
            "protocol.segment",
            Kind::integer(1, 256),
            "nodes of one segment, which a broadcast reaches; members and joiners are put into segments at random",
            "scenario",
        )
        .default("1"),
    ]
}

fn load() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("workload.members", Kind::integer(1, 1_000_000), "nodes that are in already; all others but the seeds join", "scenario")
            .default("100"),
        ParamSpec::new("workload.seeds_up", Kind::Bool, "whether the seeds can be reached", "scenario").default("true"),
        ParamSpec::new(
            "adversary.lie",
            Kind::Choice(&["none", "space", "contacts"]),
            "what corrupt seeds say: the truth; an invented chain space and only each other; the true chain space and only each other",
            ATTACK,
        )
        .default("\"none\""),
        ParamSpec::new("adversary.share", Kind::Share, "share of the seeds that are corrupt", ATTACK).default("0.0"),
    ]
}

fn metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("joined_share", "", "joiners that are in at the end"),
        MetricSpec::quantity(
            "deceived_share",
            "",
            "joiners that follow a chain space that no honest node follows",
        ),
        MetricSpec::quantity("captured_share", "", "joiners that are in and know only corrupt nodes"),
        MetricSpec::quantity("by_segment_share", "", "joiners that got in by their segment"),
        MetricSpec::quantity(
            "contradicted_share",
            "",
            "joiners that met a tie between answers at least once",
        ),
        MetricSpec::quantity(
            "join_time_ms",
            "ms",
            "from the first request to being in, mean over joiners that are in",
        ),
        MetricSpec::quantity("requests_mean", "", "requests per joiner"),
    ]
}
