//! `[[fault]]`: the kinds of faults, and what they mean to the engine.

use crate::spec::{Kind, ParamSpec, Variant};

/// Fields every fault has besides `kind`.
#[must_use]
pub fn params() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "id",
            Kind::Text,
            "name for sweeps, `--set` and reports (`fault-N` unless given)",
            "scenario",
        )
        .optional(),
        ParamSpec::new("at", Kind::span("0 s", "36500 d"), "when it begins", "scenario"),
        ParamSpec::new(
            "for",
            Kind::span("1 ns", "36500 d"),
            "how long it lasts (to the end unless given)",
            "scenario",
        )
        .optional(),
    ]
}

/// The kinds of faults with their own fields.
#[must_use]
pub fn kinds() -> Vec<Variant> {
    let nodes = |key, about| {
        ParamSpec::new(key, Kind::list(Kind::integer(0, 10_000_000), 1, 1_000_000), about, "scenario")
    };
    let share = |key, about| ParamSpec::new(key, Kind::Share, about, "scenario");
    let who = || {
        vec![
            nodes("nodes", "which nodes").optional(),
            share("share", "or: which share of the nodes, drawn at random").optional(),
        ]
    };
    let mut crash = who();
    crash.push(
        ParamSpec::new("keep_state", Kind::Bool, "does stored state survive", "scenario").default("true"),
    );
    let mut gray = who();
    gray.push(share("loss", "loss at these nodes").default("0.0"));
    gray.push(
        ParamSpec::new("delay", Kind::span("0 s", "1 d"), "extra delay", "scenario").default("\"0 s\""),
    );
    let mut clock = who();
    clock.push(ParamSpec::new("by", Kind::span("0 s", "36500 d"), "how far clocks jump ahead", "scenario"));
    vec![
        Variant::new("crash", "nodes stop, and come back when the fault ends", crash),
        Variant::new("restart", "nodes restart at once", who()),
        Variant::new("stop", "nodes stop for good", who()),
        Variant::new(
            "partition",
            "the network falls apart into groups",
            vec![ParamSpec::new(
                "split",
                Kind::list(Kind::Share, 2, 100),
                "shares of the groups",
                "scenario",
            )],
        ),
        Variant::new(
            "one-way",
            "what one group sends does not reach the other",
            vec![nodes("from", "senders"), nodes("to", "receivers")],
        ),
        Variant::new("gray", "nodes that are slow and lossy but alive", gray),
        Variant::new("loss-burst", "extra loss everywhere", vec![share("p", "probability of loss")]),
        Variant::new(
            "bandwidth",
            "access links change their rate",
            vec![ParamSpec::new(
                "factor",
                Kind::number(0.000_001, 1_000_000.0),
                "multiplies the rates",
                "scenario",
            )],
        ),
        Variant::new("clock-step", "clocks jump", clock),
    ]
}
