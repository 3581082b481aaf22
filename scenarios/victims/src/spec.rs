//! What a scenario of system `victims` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "victims";

const PAPER: &str = "ZV Chain whitepaper §2.1.7";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Users who ask a few random nodes about the chain, and an adversary who holds a share of the nodes: who sees what, and who is deceived",
    );
    spec.params = [stop(), workload(), adversary()].concat();
    spec.metrics = [share_metrics(), payment_metrics(), chain_metrics()].concat();
    spec.network = true;
    spec.examples = &[("stop.time", "\"10 min\"")];
    spec
}

fn stop() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 ns", "36500 d"),
            "the run ends at this virtual time; users have asked everybody after one `workload.poll` and two delays",
            "scenario",
        ),
        ParamSpec::new(
            "protocol.block_interval",
            Kind::span("1 ms", "1000 d"),
            "mean time between blocks of the whole hash power; the difficulty stays",
            "Nakamoto 2008 §4",
        )
        .default("\"600 s\""),
    ]
}

fn workload() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("workload.users", Kind::integer(1, 1_000_000), "number of users, besides `network.nodes`", "scenario")
            .default("1000"),
        ParamSpec::new(
            "workload.neighbours",
            Kind::integer(1, 1_000),
            "number of nodes that each user picks at random and asks",
            PAPER,
        )
        .default("10"),
        ParamSpec::new(
            "workload.threshold",
            Kind::Share,
            "a user is a victim when at least this share of the neighbours reports the adversary's branch; what so many report is what rule `majority` believes",
            PAPER,
        )
        .default("0.9"),
        ParamSpec::new(
            "workload.rule",
            Kind::Choice(&["majority", "heaviest"]),
            "which chain a user believes: the heaviest that at least `threshold` of the neighbours share, or the heaviest that any reports",
            "whitepaper's victim model; Nakamoto 2008 §8",
        )
        .default("\"majority\""),
        ParamSpec::new("workload.poll", Kind::span("1 ms", "1000 d"), "time between two questions of a user", "scenario")
            .default("\"60 s\""),
        ParamSpec::new(
            "workload.watch",
            Kind::Bool,
            "whether users wait for confirmations of two payments of one coin: one of the honest chain, one that only the adversary's branch holds",
            "scenario",
        )
        .default("true"),
        ParamSpec::new(
            "workload.confirmations",
            Kind::integer(1, 1_000),
            "number of confirmations that users wait for",
            "Nakamoto 2008 §11",
        )
        .default("6"),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.share",
            Kind::Share,
            "share of the nodes that the adversary has (to the nearest whole node), and of the hash power where blocks are backed",
            PAPER,
        )
        .default("0.5"),
        ParamSpec::new(
            "adversary.backing",
            Kind::Choice(&["none", "nakamoto"]),
            "where the adversary has its blocks from: they cost nothing and it has `workload.confirmations` of them from the start, or they are mined with `adversary.share` of the hash power. The rest of the hash power (all of it, with \"none\") is honest",
            "whitepaper's victim model; Nakamoto 2008 §4",
        )
        .default("\"none\""),
    ]
}

fn share_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "victim_share",
            "",
            "users of whose neighbours at least `workload.threshold` reported a chain that no honest node knows",
        ),
        MetricSpec::quantity("eclipsed_share", "", "users all of whose neighbours reported such a chain"),
        MetricSpec::quantity(
            "adversarial_neighbours",
            "",
            "share of all users' neighbours that reported such a chain",
        ),
    ]
}

fn payment_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "confirmed_fake_share",
            "",
            "users who saw the confirmations of a payment that never reached the honest chain",
        ),
        MetricSpec::quantity(
            "victims_deceived",
            "",
            "share of the victims who saw the confirmations of that payment; not observed in a run without victims",
        ),
        MetricSpec::quantity(
            "confirmed_honest_share",
            "",
            "users who saw the confirmations of the payment in the honest chain",
        ),
        MetricSpec::quantity("stalled_share", "", "users who saw the confirmations of neither payment"),
        MetricSpec::quantity(
            "confirm_latency",
            "",
            "time until users confirmed the fake payment, mean over those who did, divided by `confirmations` times `block_interval`: what an honest payment takes without an attack",
        ),
        MetricSpec::quantity("honest_latency", "", "the same for the honest payment"),
    ]
}

fn chain_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("branch_blocks", "", "length of the adversary's branch at the end of the run"),
        MetricSpec::quantity("honest_blocks", "", "length of the honest chain at the end of the run"),
    ]
}
