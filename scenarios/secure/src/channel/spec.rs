//! What a scenario of system `secure` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "secure";

const SPEC: &str = "network specification §6.9";
const ATTACKS: &str = "network specification §9.1";

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Clients send to a server (node 0) through the secure channel and one router, where somebody may sit who records, steals keys, replaces keys, or floods the server with handshakes",
    );
    spec.params = [channel(), machines(), load(), adversary()].concat();
    spec.metrics = [traffic_metrics(), attack_metrics()].concat();
    spec.network = true;
    spec.examples = &[("network.nodes", "21"), ("stop.time", "\"30 s\"")];
    spec
}

fn channel() -> Vec<ParamSpec> {
    let flag = |key, about| ParamSpec::new(key, Kind::Bool, about, SPEC).default("true");
    let count = |key, min, max, about| ParamSpec::new(key, Kind::integer(min, max), about, SPEC);
    vec![
        ParamSpec::new(
            "stop.time",
            Kind::span("1 s", "365 d"),
            "the run ends at this virtual time",
            "scenario",
        ),
        ParamSpec::new(
            "protocol.transport",
            Kind::Choice(&["udp", "rudp"]),
            "what runs above the channel: bare datagrams, or reliable UDP in profile kcp_turbo",
            "network specification §6.7",
        )
        .default("\"udp\""),
        flag("protocol.encryption", "whether there is a channel at all"),
        flag("protocol.handshake_auth", "whether both sides sign the handshake with their static keys"),
        ParamSpec::new("protocol.rekey_after", Kind::span("1 s", "36500 d"), "lifetime of one key", SPEC)
            .default("\"3600 s\""),
        count("protocol.rekey_records", 65, 1 << 62, "records under one key").default("1048576"),
        count(
            "protocol.cookie_after",
            1,
            10_000_000,
            "half-open handshakes above which a newcomer must echo a cookie",
        )
        .default("1024"),
        count(
            "protocol.tries",
            1,
            32,
            "tries of the first message, the pauses 200 ms and each half as long again",
        )
        .default("5"),
    ]
}

fn machines() -> Vec<ParamSpec> {
    const COSTS: &str = "network specification §4, cpu_cost";
    vec![
        ParamSpec::new(
            "protocol.processor",
            Kind::Choice(&["reference", "free"]),
            "what cryptography costs: the reference table (signature 50 us, agreement 60 us, verification 120 us), or nothing",
            COSTS,
        )
        .default("\"reference\""),
        ParamSpec::new("protocol.cores", Kind::integer(1, 64), "cores of every machine", COSTS).default("1"),
        ParamSpec::new(
            "protocol.backlog",
            Kind::integer(1, 1_000_000),
            "inputs that may wait for a processor; further ones are lost",
            "network specification §4",
        )
        .default("10000"),
    ]
}

fn load() -> Vec<ParamSpec> {
    let span = |key, about| ParamSpec::new(key, Kind::span("1 us", "365 d"), about, "scenario");
    vec![
        span("workload.start", "the first client's first message at the earliest").default("\"1 s\""),
        span(
            "workload.spacing",
            "time between two messages of a client; clients begin at random moments within one such time",
        )
        .default("\"1 s\""),
        ParamSpec::new(
            "workload.messages",
            Kind::integer(1, 100_000_000),
            "messages of each client",
            "scenario",
        )
        .default("10"),
        ParamSpec::new("workload.bytes", Kind::Bytes, "length of a message", "scenario").default("\"100 B\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "tap", "mitm", "hs-flood"]),
            "`tap`: the router records everything, and seizes the server once; `mitm`: the router replaces the keys of handshakes by its own; `hs-flood`: a machine begins handshakes with forged addresses and never ends them",
            ATTACKS,
        )
        .default("\"none\""),
        ParamSpec::new(
            "adversary.loot",
            Kind::Choice(&["nothing", "static", "memory"]),
            "`tap`: what is stolen from the server: nothing, its static key, or all keys that it holds at that moment",
            ATTACKS,
        )
        .default("\"static\""),
        ParamSpec::new("adversary.at", Kind::span("1 ms", "365 d"), "`tap`: the theft, at the earliest", "scenario")
            .default("\"30 s\""),
        ParamSpec::new("adversary.spread", Kind::span("0 s", "365 d"), "`tap`: the theft is uniform within this time after it", "scenario")
            .default("\"0 s\""),
        ParamSpec::new(
            "adversary.signature",
            Kind::Choice(&["theirs", "own", "stolen"]),
            "`mitm`: passes the server's signature on, signs with the router's static key, or with that of the server, stolen beforehand",
            ATTACKS,
        )
        .default("\"theirs\""),
        ParamSpec::new("adversary.rate", Kind::PerSecond, "rate of forged first messages", ATTACKS)
            .default("\"8000 tx/s\""),
    ]
}

fn traffic_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity("delivered", "", "messages delivered, of those sent"),
        MetricSpec::quantity(
            "first_ms",
            "ms",
            "time from asking to delivery of a client's first message, mean",
        ),
        MetricSpec::quantity("later_ms", "ms", "the same of its further messages"),
        MetricSpec::quantity(
            "first_over_later",
            "",
            "ratio of the two: how many one-way delays the first message takes",
        ),
        MetricSpec::quantity(
            "overhead_bytes",
            "B",
            "bytes that the channel adds to a datagram (bare datagrams)",
        ),
        MetricSpec::quantity(
            "handshake_bytes",
            "B",
            "bytes of handshakes that hosts sent, per client (wire lengths, without IP headers)",
        ),
        MetricSpec::quantity("rekeys", "", "changes of keys, per client"),
    ]
}

fn attack_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "handshake_failed",
            "",
            "clients with whom the server has no session at the end, of those that asked",
        ),
        MetricSpec::event(
            "attack_success",
            "the attacker has read something; with hs-flood: more than 10 % of the clients have no session",
        ),
        MetricSpec::quantity("read_share", "", "messages that the attacker has read, of those sent"),
        MetricSpec::quantity(
            "read_before",
            "",
            "records with content made before the theft that the thief can read, of those recorded",
        ),
        MetricSpec::quantity("read_after", "", "the same of records made after the theft"),
        MetricSpec::quantity(
            "exposed_s",
            "s",
            "traffic before the theft that the thief can read: records read × spacing / clients",
        ),
        MetricSpec::quantity(
            "auth_fail",
            "",
            "handshake messages with a wrong signature that hosts counted, per client",
        ),
        MetricSpec::quantity("cookies", "", "cookies that the server sent"),
        MetricSpec::quantity("half_open", "", "half-open handshakes at the server at the end"),
        MetricSpec::quantity("strays", "", "datagrams for nobody that the router dropped"),
        MetricSpec::quantity("cpu_lost", "", "inputs lost because a processor's backlog was full"),
    ]
}
