//! What a scenario of system `canary` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

use crate::election::Plant;

const RAFT: &str = "Ongaro & Ousterhout 2014";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        "canary",
        "Replicas elect a leader per term by majority vote, with a fault planted into them: do the alarms ring?",
    );
    spec.params = params();
    spec.metrics = vec![
        MetricSpec::event("disagreement", "1 when some term had two leaders"),
        MetricSpec::quantity("disagreements", "", "terms with two leaders"),
        MetricSpec::quantity("elections", "", "terms with a leader"),
        MetricSpec::quantity("contested_terms", "", "terms in which two or more replicas stood"),
        MetricSpec::quantity(
            "heal_time_s",
            "s",
            "from the end of the last fault to the next election; absent when there was none",
        ),
    ];
    spec.network = true;
    spec
}

fn params() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ms", "365 d"),
            "the run ends at this virtual time",
            "scenario",
        )
        .default("\"60 s\""),
        ParamSpec::new(
            "protocol.plant",
            Kind::Choice(Plant::WORDS),
            "which fault is planted",
            "design §12.6",
        )
        .default("\"none\""),
        ParamSpec::new(
            "protocol.patience",
            Kind::span("1 us", "1 d"),
            "a replica stands when it has had no leader for one to two times this, drawn at random",
            RAFT,
        )
        .default("\"150 ms\""),
        ParamSpec::new(
            "oracle.heal_within",
            Kind::span("1 ms", "365 d"),
            "a leader must be elected so soon after the last fault has ended",
            "scenario",
        )
        .default("\"10 s\""),
    ]
}
