//! `[[fault]]`: the kinds of faults, and what they mean to the engine.
//!
//! Declarations are here, the translation is in `plan.rs`. Which nodes a fault hits is drawn per node from the fault's own
//! name ([`Domain::FAULT`](astrarium_node::Domain::FAULT)): adding a fault, or a node, leaves the other choices as they were.

mod plan;

pub use plan::{check, plan};

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
    vec![
        Variant::new("crash", "nodes stop, and come back when the fault ends", {
            let about = "do they find their disk again; otherwise they start from nothing";
            with(chosen(), [ParamSpec::new("keep_state", Kind::Bool, about, "scenario").default("true")])
        }),
        Variant::new(
            "restart",
            "nodes lose their memory, keep their disk, and are back after `for` (or at once)",
            chosen(),
        ),
        Variant::new("stop", "nodes stop for good", chosen()),
        Variant::new("partition", "the network falls apart into groups that cannot reach each other", {
            let about = "shares of the groups, summing to 1; who is in which is drawn at random";
            vec![ParamSpec::new("split", Kind::list(Kind::Share, 2, 100), about, "scenario")]
        }),
        Variant::new(
            "one-way",
            "what one group sends does not reach the other; the way back works",
            vec![
                nodes("from", "senders").optional(),
                nodes("to", "recipients").optional(),
                ParamSpec::new(
                    "split",
                    Kind::list(Kind::Share, 2, 2),
                    "or: shares of senders and recipients, summing to 1; who is which is drawn at random",
                    "scenario",
                )
                .optional(),
            ],
        ),
        Variant::new(
            "gray",
            "nodes that are slow and lossy but alive",
            with(
                chosen(),
                [
                    share("loss", "extra loss per packet, from and to them").default("0.0"),
                    ParamSpec::new("delay", Kind::span("0 s", "1 d"), "extra one-way delay", "scenario")
                        .default("\"0 s\""),
                ],
            ),
        ),
        Variant::new(
            "loss-burst",
            "extra loss everywhere",
            vec![share("p", "probability of loss per packet")],
        ),
        Variant::new("bandwidth", "access links slow down (of every node, unless some are chosen)", {
            let kind = Kind::number(0.000_001, 1.0);
            with(chosen(), [ParamSpec::new("factor", kind, "what remains of the rates", "scenario")])
        }),
        Variant::new(
            "nat-rebind",
            "middleboxes in front of nodes lose their tables, as after a reboot",
            with(
                chosen(),
                [
                    ParamSpec::new("moved", Kind::Bool, "do they get another outer address too", "scenario")
                        .default("false"),
                    ParamSpec::new(
                        "device",
                        Kind::Choice(&["own", "carrier"]),
                        "the nodes' own devices, or those of their carriers",
                        "scenario",
                    )
                    .default("\"own\""),
                ],
            ),
        ),
        Variant::new("clock-step", "local clocks jump", {
            let by = Kind::span("0 s", "36500 d");
            let direction = Kind::Choice(&["ahead", "back"]);
            with(
                chosen(),
                [
                    ParamSpec::new("by", by, "how far", "scenario"),
                    ParamSpec::new("direction", direction, "which way", "scenario").default("\"ahead\""),
                ],
            )
        }),
    ]
}

/// The two ways to say which nodes a fault hits.
fn chosen() -> Vec<ParamSpec> {
    vec![
        nodes("nodes", "which nodes, by number from 0").optional(),
        share("share", "or: which share of the nodes, drawn at random").optional(),
    ]
}

fn nodes(key: &'static str, about: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::list(Kind::integer(0, 9_999_999), 1, 1_000_000), about, "scenario")
}

fn share(key: &'static str, about: &'static str) -> ParamSpec {
    ParamSpec::new(key, Kind::Share, about, "scenario")
}

fn with<const N: usize>(mut fields: Vec<ParamSpec>, more: [ParamSpec; N]) -> Vec<ParamSpec> {
    fields.extend(more);
    fields
}
