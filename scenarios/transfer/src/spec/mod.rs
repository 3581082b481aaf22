//! What a scenario of system `transfer` can set, and what a run of it measures.

mod figures;
mod transport;

#[cfg(test)]
pub(crate) use transport::PROFILES;

use astrarium_runner::{Kind, ParamSpec, SystemSpec, Variant};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "transfer";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "One or many messages from node to node over UDP, TCP or reliable UDP, and the same over a baseline",
    );
    spec.params =
        [stop(), transport::common(), transport::tcp(), transport::rudp(), load(), baseline()].concat();
    spec.metrics = figures::all();
    spec.network = true;
    spec
}

fn stop() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ns", "36500 d"),
            "the run ends at this virtual time, whatever has arrived by then",
            "scenario",
        )
        .default("\"1 h\""),
        ParamSpec::new(
            "stop.early",
            Kind::Bool,
            "the run ends as soon as every message has arrived or was refused; otherwise connections idle on until `stop.time`",
            "scenario",
        )
        .default("true"),
    ]
}

/// The load. The number and size of the messages are part of `[protocol]`, as the interface has them.
fn load() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.message_bytes",
            Kind::Bytes,
            "length of a message: a size with its unit, or a whole number of bytes; at most 1 GB",
            "scenario",
        )
        .default("\"100 kB\""),
        ParamSpec::new(
            "protocol.messages",
            Kind::integer(1, 10_000_000),
            "number of messages that each flow sends",
            "scenario",
        )
        .default("1"),
        ParamSpec::new(
            "protocol.spacing",
            Kind::span("0 s", "1 d"),
            "time between two messages of a flow; without any, all are sent at once",
            "scenario",
        )
        .default("\"0 s\""),
        ParamSpec::new(
            "workload.shape",
            Kind::Choice(&["pairs", "server"]),
            "which flows there are: from node 2k to node 2k + 1, or from every other node to node 0",
            "scenario",
        )
        .default("\"pairs\""),
        ParamSpec::new(
            "workload.active",
            Kind::Share,
            "share of the flows that send all their messages (rounded up, at least one); the others open their connection with one message and fall silent",
            "scenario",
        )
        .default("1.0"),
    ]
}

fn baseline() -> Vec<ParamSpec> {
    let tcp = || {
        vec![
            ParamSpec::new("tlp", Kind::Bool, "tail loss probes", "RFC 8985 §7").default("false"),
            ParamSpec::new("min_rto", Kind::span("1 ms", "60 s"), "least retransmission timeout", "Linux")
                .default("\"200 ms\""),
        ]
    };
    let kinds = vec![
        Variant::new("none", "nothing is compared", vec![]),
        Variant::new("packet", "the same transport, every packet an event", vec![]),
        Variant::new("tcp-newreno", "TCP with NewReno and SACK", tcp()),
        Variant::new("tcp-cubic", "TCP with CUBIC and SACK", tcp()),
        Variant::new("rudp", "reliable UDP", vec![transport::profile("profile")]),
    ];
    vec![
        ParamSpec::new(
            "baseline",
            Kind::Variants(kinds),
            "what the same flows are run over once more, with the same seed, to be compared with",
            "scenario",
        )
        .default("\"none\""),
    ]
}
