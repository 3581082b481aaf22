//! What a scenario of system `dos` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

pub(crate) const NAME: &str = "dos";

const AD_DOS: &str = "network specification §9.1, AD-DOS";
const SCENARIO: &str = "scenario";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Committees drawn for each round, whose leader must decide before a deadline, and a coalition that floods links or processors of those it knows of",
    );
    spec.params = [committee(), disclosure(), load(), adversary()].concat();
    spec.metrics = metrics();
    spec.network = true;
    spec.examples = &[("stop.time", "\"2 min\""), ("network.nodes", "200")];
    spec
}

fn committee() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ms", "365 d"),
            "the run ends at this virtual time",
            SCENARIO,
        ),
        ParamSpec::new(
            "protocol.members",
            Kind::integer(1, 10_000),
            "members of a committee, drawn anew for each round",
            "network specification §14, S-DOS",
        )
        .default("100"),
        ParamSpec::new(
            "protocol.overlay",
            Kind::Choice(&["star", "tree", "grid"]),
            "how the leader reaches the committee and its answers come back",
            "Cypherium Fig. 3; ZV Chain, network/group.go",
        )
        .default("\"star\""),
        ParamSpec::new(
            "protocol.fanout",
            Kind::integer(1, 10_000),
            "children of a node of the tree",
            "network specification §4",
        )
        .default("3"),
        ParamSpec::new(
            "protocol.phases",
            Kind::integer(1, 100),
            "times that a round goes to the committee and back",
            "Cypherium, C33",
        )
        .default("3"),
        ParamSpec::new(
            "protocol.quorum",
            Kind::Share,
            "share of the committee that must answer, rounded up",
            "Cypherium",
        )
        .default("0.667"),
        ParamSpec::new(
            "protocol.deadline",
            Kind::span("1 ms", "1 d"),
            "a round must be decided this long after it begins",
            SCENARIO,
        )
        .default("\"3 s\""),
        ParamSpec::new(
            "protocol.processor",
            Kind::Choice(&["reference", "free"]),
            "what signatures cost: the reference table (verification 120 us), or nothing",
            "network specification §4, cpu_cost",
        )
        .default("\"reference\""),
        ParamSpec::new(
            "protocol.speed",
            Kind::number(0.001, 1_000.0),
            "speed of every processor relative to the reference core",
            "network specification §4 (light devices: 0.3)",
        )
        .default("1.0"),
        ParamSpec::new(
            "protocol.priorities",
            Kind::Bool,
            "whether processors take up urgent messages first: proposals and answers before petitions, by what the message says it is",
            "network specification N33, §6.1",
        )
        .default("false"),
        ParamSpec::new(
            "protocol.queue",
            Kind::integer(1, 10_000_000),
            "messages that may wait for a processor; of more, the newest of the least urgent is dropped",
            "network specification §4, cpu_queue_max",
        )
        .default("10000"),
    ]
}

fn disclosure() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.disclosure",
            Kind::span("0 s", "1 d"),
            "how long before its round a committee is known, to members and outsiders alike (ZV Chain: with the previous block)",
            "network specification C22",
        )
        .default("\"3 s\""),
        ParamSpec::new(
            "protocol.encrypted",
            Kind::Bool,
            "whether addresses of members are encrypted to the committee until the key of the epoch is shared",
            "Cypherium, step 740; network specification C36",
        )
        .default("false"),
        ParamSpec::new(
            "protocol.key_shared",
            Kind::span("0 s", "1 d"),
            "how long after the committee's disclosure the key is known to outsiders; heeded when addresses are encrypted",
            "network specification C36",
        )
        .default("\"10 s\""),
    ]
}

fn load() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "workload.kind",
            Kind::Choice(&["rounds", "petitions"]),
            "rounds of committees, or petitions of clients to the first committee, which stays",
            SCENARIO,
        )
        .default("\"rounds\""),
        ParamSpec::new("workload.rounds", Kind::integer(1, 2_000), "number of rounds", SCENARIO)
            .default("10"),
        ParamSpec::new(
            "workload.interval",
            Kind::span("1 ms", "1 d"),
            "time between the beginnings of two rounds",
            SCENARIO,
        )
        .default("\"8 s\""),
        ParamSpec::new(
            "workload.start",
            Kind::span("1 ms", "1 d"),
            "beginning of the first round, or of the petitions",
            SCENARIO,
        )
        .default("\"10 s\""),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of a proposal or petition", SCENARIO)
            .default("\"600 B\""),
        ParamSpec::new(
            "workload.rate",
            Kind::PerSecond,
            "petitions of all clients together, at random moments",
            SCENARIO,
        )
        .default("\"10 tx/s\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "volume", "cpu"]),
            "nothing; fill the targets' links; or make the targets check signatures that turn out forged",
            AD_DOS,
        )
        .default("\"none\""),
        ParamSpec::new(
            "adversary.nodes",
            Kind::integer(1, 100_000),
            "nodes of the coalition; their uplinks bound what they can send",
            SCENARIO,
        )
        .default("50"),
        ParamSpec::new("adversary.rate", Kind::BitRate, "what strategy `volume` sends, on the wire", AD_DOS)
            .default("\"20 Mbit/s\""),
        ParamSpec::new("adversary.messages", Kind::PerSecond, "what strategy `cpu` sends", AD_DOS)
            .default("\"1000 tx/s\""),
        ParamSpec::new(
            "adversary.disguise",
            Kind::Bool,
            "whether the messages of strategy `cpu` say that they are proposals, which are urgent, instead of petitions",
            SCENARIO,
        )
        .default("false"),
        ParamSpec::new("adversary.bytes", Kind::Bytes, "length of the body of a hostile message", SCENARIO)
            .default("\"1000 B\""),
        ParamSpec::new(
            "adversary.targets",
            Kind::integer(1, 10_000),
            "members under attack: the leader, and others of the committee",
            AD_DOS,
        )
        .default("1"),
        ParamSpec::new(
            "adversary.aim",
            Kind::Choice(&["chase", "stay"]),
            "chase the newest committee that is known, or stay with the first one",
            "network specification §9.1, AD-LEADER-CHASE",
        )
        .default("\"chase\""),
        ParamSpec::new(
            "adversary.reaction",
            Kind::span("0 s", "1 d"),
            "time from learning of a target to attacking it",
            AD_DOS,
        )
        .default("\"1 s\""),
    ]
}

fn metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "miss_share",
            "",
            "share of the rounds that their leader had not decided at the deadline",
        ),
        MetricSpec::quantity(
            "decide_ms",
            "ms",
            "from the beginning of a round to its decision, mean over those decided",
        ),
        MetricSpec::quantity("decide_p90_ms", "ms", "90 % quantile of the same"),
        MetricSpec::quantity(
            "phase_ms",
            "ms",
            "from the beginning of a round to the quorum of its first phase, mean",
        ),
        MetricSpec::quantity(
            "hit_share",
            "",
            "share of the rounds whose leader was under attack before their deadline",
        ),
        MetricSpec::quantity(
            "goodput_share",
            "",
            "share of the petitions that the committee's first member delivered",
        ),
        MetricSpec::quantity(
            "petition_ms",
            "ms",
            "from the making of a petition to its delivery there, mean",
        ),
        MetricSpec::quantity(
            "cpu_wait",
            "",
            "mean of the same above the least, in service times of one signature check: where the network is even, the wait at the processor",
        ),
        MetricSpec::quantity(
            "cpu_dropped",
            "",
            "messages of anybody to anybody that were dropped because a processor's queue was full",
        ),
        MetricSpec::quantity("attack_messages", "", "messages that the coalition sent"),
        MetricSpec::quantity("forged", "", "messages whose signature honest nodes found forged"),
    ]
}
