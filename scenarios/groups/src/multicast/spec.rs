//! What a scenario of system `group-multicast` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

pub(crate) const NAME: &str = "group-multicast";

const GROUP_GO: &str = "ZV Chain, network/group.go";
const SPEC_8: &str = "network specification §8";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "One group in a larger network: what its overlay costs and whom it reaches, with dead members, loss and clocks that disagree",
    );
    spec.params = [protocol(), limits(), workload()].concat();
    spec.metrics = [reach_metrics(), cost_metrics(), delay_metrics(), doubt_metrics()].concat();
    spec.network = true;
    spec.examples = &[("stop.time", "\"60 s\""), ("network.nodes", "300")];
    spec
}

fn protocol() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ms", "3650 d"),
            "the run ends at this virtual time",
            "scenario",
        ),
        ParamSpec::new(
            "protocol.overlay",
            Kind::Choice(&["grid", "kad2", "mesh", "star", "tree", "flood"]),
            "who sends to whom in the group; `flood`: there is no group, all nodes are members and forward to their neighbours in `network.topology`",
            "ZV Chain (grid, kad2); Cypherium Fig. 3 (star, tree)",
        )
        .default("\"grid\""),
        ParamSpec::new(
            "protocol.transport",
            Kind::Choice(&["udp", "rudp"]),
            "what carries the messages: bare datagrams, or reliable UDP on sessions that are kept",
            "network specification §1.1",
        )
        .default("\"udp\""),
        ParamSpec::new(
            "protocol.profile",
            Kind::Choice(&["kcp_default", "kcp_normal", "kcp_turbo", "zv_shipped"]),
            "parameters of reliable UDP",
            "network specification §6.7",
        )
        .default("\"kcp_turbo\""),
        ParamSpec::new("protocol.row_min", Kind::integer(1, 10_000), "least row of the grid", GROUP_GO)
            .default("4"),
        ParamSpec::new("protocol.redundancy", Kind::integer(1, 100), "contacts per bucket of kad2", SPEC_8)
            .default("2"),
        ParamSpec::new(
            "protocol.fanout",
            Kind::integer(1, 10_000),
            "children of a node of the tree",
            "network specification §4; Cypherium Fig. 3B shows 2",
        )
        .default("3"),
        ParamSpec::new(
            "protocol.entrances",
            Kind::integer(1, 10_000),
            "entrance members that an outsider sends to; half of the grid's row unless given",
            GROUP_GO,
        )
        .optional(),
    ]
}

fn limits() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.expiry",
            Kind::span("1 ms", "365 d"),
            "messages expire this long after they were made, by the clock of their origin",
            "ZV Chain, network/net.go",
        )
        .default("\"60 s\""),
        ParamSpec::new(
            "protocol.pulse",
            Kind::span("1 ms", "1 d"),
            "time between pulses to neighbours in the overlay; none are sent unless given (Cypherium: 5 s)",
            "network specification §5",
        )
        .optional(),
        ParamSpec::new(
            "protocol.missed",
            Kind::integer(1, 1_000),
            "missed pulses in a row that make a suspicion",
            "network specification §5",
        )
        .default("3"),
    ]
}

fn workload() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("workload.members", Kind::integer(1, 100_000), "members of the group, drawn among the nodes", SPEC_8)
            .default("100"),
        ParamSpec::new(
            "workload.dead",
            Kind::Share,
            "probability with which each member is dead from the start; the origin never is",
            SPEC_8,
        )
        .default("0.0"),
        ParamSpec::new(
            "workload.origin",
            Kind::Choice(&["one", "each", "outsider"]),
            "who makes the messages: one member drawn per run, another member for each message, or a node outside the group",
            "scenario",
        )
        .default("\"one\""),
        ParamSpec::new("workload.messages", Kind::integer(1, 100_000), "number of messages", "scenario").default("10"),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of a message's body", "scenario").default("\"1 kB\""),
        ParamSpec::new("workload.start", Kind::span("1 ms", "365 d"), "when the first message is made", "scenario")
            .default("\"1 s\""),
        ParamSpec::new("workload.spacing", Kind::span("1 us", "365 d"), "time between two messages", "scenario")
            .default("\"5 s\""),
    ]
}

fn reach_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "coverage",
            "",
            "share of the live members that delivered a message, mean over the messages",
        ),
        MetricSpec::quantity("complete_share", "", "share of the messages that every live member delivered"),
        MetricSpec::quantity(
            "hops_mean",
            "",
            "hops to a member's first copy, mean over all deliveries, the origin's (0) included",
        ),
        MetricSpec::quantity("hops_max", "", "most hops to a first copy, mean over the messages"),
        MetricSpec::quantity(
            "entered_share",
            "",
            "share of the messages from outside that any member delivered",
        ),
    ]
}

fn cost_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("messages", "", "copies sent by all nodes, per message"),
        MetricSpec::quantity(
            "duplicates",
            "",
            "copies of a message that a live member had already, per live member and message",
        ),
        MetricSpec::quantity(
            "origin_bytes",
            "B",
            "bytes that the origin sent, per message, without IP and UDP headers",
        ),
        MetricSpec::quantity("outsider_load", "", "copies handled by nodes that are no members, per message"),
    ]
}

fn delay_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "delay_mean_ms",
            "ms",
            "from the making of a message to its delivery, over all members but the origin",
        ),
        MetricSpec::quantity("delay_p50_ms", "ms", "median of the same"),
        MetricSpec::quantity("delay_p99_ms", "ms", "99 % quantile of the same"),
        MetricSpec::quantity(
            "first_hop_ms",
            "ms",
            "the last member that is reached in one hop, mean over the messages: how long the origin's uplink is busy, and one delay",
        ),
        MetricSpec::quantity("delay_max_ms", "ms", "the last member of a message, mean over the messages"),
    ]
}

fn doubt_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "expired_share",
            "",
            "share of the copies arriving at members that their clock took for expired",
        ),
        MetricSpec::quantity(
            "suspicion_rate",
            "",
            "beginnings of suspicions of live peers, per watching member, watched peer and pulse interval",
        ),
    ]
}
