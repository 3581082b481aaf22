//! What a scenario of system `priorities` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "priorities";

const LIST: &str = "ZV Chain send_list.go; network specification N33";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Messages of three classes for a link that carries fewer: which are dropped, and how long the others wait",
    );
    spec.params = [protocol(), workload()].concat();
    spec.metrics = metrics();
    spec.network = true;
    spec.examples = &[("stop.time", "\"2 min\""), ("network.nodes", "8"), ("workload.load", "2.0")];
    spec
}

fn protocol() -> Vec<ParamSpec> {
    let places =
        |key, default, about| ParamSpec::new(key, Kind::integer(1, 1_000), about, LIST).default(default);
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 s", "365 d"),
            "the run, and the load, end at this virtual time",
            "scenario",
        ),
        ParamSpec::new(
            "protocol.scheme",
            Kind::Choice(&["priority", "fifo"]),
            "priority: a queue for each class, served by quotas; fifo: one queue as long as the three for all, the baseline",
            LIST,
        )
        .default("\"priority\""),
        ParamSpec::new(
            "protocol.capacity",
            Kind::integer(1, 1_000_000),
            "most messages that wait in the queue of a class",
            LIST,
        )
        .default("256"),
        ParamSpec::new(
            "protocol.pending",
            Kind::integer(1, 10_000),
            "most messages on their way to a peer, which later ones cannot overtake",
            LIST,
        )
        .default("10"),
        places("protocol.quota_high", "5", "places of the high class in a round"),
        places("protocol.quota_medium", "3", "places of the medium class in a round"),
        places("protocol.quota_low", "2", "places of the low class in a round"),
        ParamSpec::new(
            "protocol.rate",
            Kind::BitRate,
            "rate at which messages are taken to leave, and by which the load is measured",
            "scenario",
        )
        .default("\"1 Mbit/s\""),
    ]
}

fn workload() -> Vec<ParamSpec> {
    let share = |key, default, about| ParamSpec::new(key, Kind::Share, about, "scenario").default(default);
    vec![
        ParamSpec::new(
            "workload.load",
            Kind::number(0.001, 1000.0),
            "bits offered per second, headers included, over protocol.rate; Poisson",
            "scenario",
        ),
        share("workload.high", "0.2", "share of the messages that are of the high class"),
        share("workload.medium", "0.3", "share that is of the medium class; the rest is low"),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of a message without headers", "scenario")
            .default("\"972 B\""),
        ParamSpec::new(
            "workload.warmup",
            Kind::span("0 s", "365 d"),
            "what happens before this time is not counted",
            "scenario",
        )
        .default("\"20 s\""),
    ]
}

fn metrics() -> Vec<MetricSpec> {
    const DROP: &str = "share of the messages of this class that were refused because its queue was full";
    const DELAY: &str = "time from the offer of a message of this class to its delivery, mean";
    const SHARE: &str = "share of the delivered messages that are of this class";
    vec![
        MetricSpec::quantity("drop_high", "", DROP),
        MetricSpec::quantity("drop_medium", "", DROP),
        MetricSpec::quantity("drop_low", "", DROP),
        MetricSpec::quantity("delay_high_ms", "ms", DELAY),
        MetricSpec::quantity("delay_medium_ms", "ms", DELAY),
        MetricSpec::quantity("delay_low_ms", "ms", DELAY),
        MetricSpec::quantity("share_high", "", SHARE),
        MetricSpec::quantity("share_medium", "", SHARE),
        MetricSpec::quantity("share_low", "", SHARE),
        MetricSpec::quantity(
            "utilisation",
            "",
            "bits delivered per second, headers included, over protocol.rate",
        ),
    ]
}
