//! What a scenario of system `records` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

use crate::spec::{searching, tables, upkeep};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "records";

const PAPER: &str = "Maymounkov & Mazières 2002";
const ATTACKS: &str = "network specification §9";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Records put into a Kademlia network and got from it: rounds, holders, and what is left under churn or among hostile holders",
    );
    spec.params = [run(), tables(), searching(), upkeep(), keeping(), workload(), adversary()].concat();
    spec.metrics = [put_metrics(), get_metrics(), holder_metrics()].concat();
    spec.network = true;
    spec.examples = &[("stop.time", "\"10 min\""), ("network.nodes", "200")];
    spec
}

fn run() -> Vec<ParamSpec> {
    let about = "the run ends at this virtual time, or as soon as every get has ended";
    vec![ParamSpec::new("stop.time", Kind::span("1 ms", "3650 d"), about, "scenario")]
}

fn keeping() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.republish",
            Kind::span("0 s", "365 d"),
            "time after which a holder puts a record again, unless another has done so meanwhile; 0: never",
            PAPER,
        )
        .default("\"1 h\""),
        ParamSpec::new("protocol.record_life", Kind::span("1 ms", "3650 d"), "how long a record lives", PAPER)
            .default("\"24 h\""),
        ParamSpec::new(
            "protocol.records",
            Kind::integer(1, 10_000_000),
            "most records that a node holds",
            "scenario",
        )
        .default("10000"),
        ParamSpec::new(
            "protocol.certified",
            Kind::Bool,
            "whether the key of a record is the digest of its value; otherwise whoever answers first is believed",
            "scenario",
        )
        .default("true"),
    ]
}

fn workload() -> Vec<ParamSpec> {
    let time = |key, default, about| {
        ParamSpec::new(key, Kind::span("1 ns", "365 d"), about, "scenario").default(default)
    };
    vec![
        ParamSpec::new(
            "workload.puts",
            Kind::integer(1, 1_000_000),
            "number of records, each put once by a random honest node",
            "scenario",
        )
        .default("100"),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of a record", "scenario").default("\"1 kB\""),
        time("workload.begin", "\"1 s\"", "time of the first put"),
        time("workload.spacing", "\"100 ms\"", "time between puts"),
        ParamSpec::new(
            "workload.gets",
            Kind::integer(1, 10_000_000),
            "number of gets, by random honest nodes, of random records",
            "scenario",
        )
        .default("1000"),
        time("workload.gets_begin", "\"60 s\"", "time of the first get"),
        time("workload.gets_spacing", "\"10 ms\"", "time between gets"),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "hide", "forge"]),
            "none: corrupt nodes, if any, are honest; hide: they take records and answer FIND_VALUE with the corrupt contacts nearest to the key; forge: they answer every FIND_VALUE with another value",
            ATTACKS,
        )
        .default("\"none\""),
        ParamSpec::new("adversary.share", Kind::Share, "share of the nodes that are corrupt", ATTACKS)
            .default("0.0"),
        ParamSpec::new(
            "adversary.hosts",
            Kind::integer(0, 1_000_000),
            "hosts that the corrupt nodes share, in turn; 0: one each",
            ATTACKS,
        )
        .default("0"),
    ]
}

fn put_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("puts_ended", "", "share of the puts that ended"),
        MetricSpec::quantity("put_holders", "", "holders that acknowledged a record, mean over puts"),
        MetricSpec::quantity(
            "put_rounds_mean",
            "",
            "rounds of questions until the node nearest to the key was heard of (0: it was in the own table), mean over puts",
        ),
        MetricSpec::quantity("put_rpcs_mean", "", "FINDNODE requests per put"),
        MetricSpec::quantity("put_ms", "ms", "from the request to the last acknowledgement or timeout, mean"),
    ]
}

fn get_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("gets_ended", "", "share of the gets that ended"),
        MetricSpec::quantity(
            "get_success",
            "",
            "share of the gets that brought the record that was put, among those of records put before",
        ),
        MetricSpec::quantity("get_forged", "", "share of these gets that brought another value"),
        MetricSpec::quantity(
            "get_rounds_mean",
            "",
            "rounds of questions until the holder that answered was heard of (0: it was in the own table), mean over successful gets",
        ),
        MetricSpec::quantity("get_rpcs_mean", "", "FIND_VALUE requests per get"),
        MetricSpec::quantity("get_p50_ms", "ms", "time of a successful get, median"),
        MetricSpec::quantity("get_p99_ms", "ms", "time of a successful get, 99th percentile"),
    ]
}

fn holder_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "holders_alive",
            "",
            "nodes that are up and hold a record, mean over the records that were put, at the end",
        ),
        MetricSpec::quantity(
            "records_lost",
            "",
            "share of the records that were put and that nobody who is up holds at the end",
        ),
        MetricSpec::quantity(
            "busiest_holder",
            "",
            "records of the node that holds most, over the mean, at the end",
        ),
        MetricSpec::quantity("stores_per_record", "", "STOREs sent per record, republishing included"),
        MetricSpec::quantity(
            "sent_per_node_bps",
            "bit/s",
            "mean rate of all messages per node, headers excluded",
        ),
        MetricSpec::quantity("availability", "", "share of the nodes that are up, at the end"),
    ]
}
