//! What a scenario of system `nat` can set, and what a run of it measures.

use astrarium_runner::{Kind, MetricSpec, ParamSpec, SystemSpec};

/// Name of the system in scenario files.
pub(crate) const NAME: &str = "nat";

const SPEC: &str = "network specification §6.5";
const PAPER: &str = "ZV Chain whitepaper §3.4.1";
const LIBP2P: &str = "libp2p circuit relay v2";

/// Names of the success of calls from device d1 … d6 (rows) to device d1 … d6 (columns).
pub(crate) const PAIRS: [[&str; 6]; 6] = [
    ["success_d1_d1", "success_d1_d2", "success_d1_d3", "success_d1_d4", "success_d1_d5", "success_d1_d6"],
    ["success_d2_d1", "success_d2_d2", "success_d2_d3", "success_d2_d4", "success_d2_d5", "success_d2_d6"],
    ["success_d3_d1", "success_d3_d2", "success_d3_d3", "success_d3_d4", "success_d3_d5", "success_d3_d6"],
    ["success_d4_d1", "success_d4_d2", "success_d4_d3", "success_d4_d4", "success_d4_d5", "success_d4_d6"],
    ["success_d5_d1", "success_d5_d2", "success_d5_d3", "success_d5_d4", "success_d5_d5", "success_d5_d6"],
    ["success_d6_d1", "success_d6_d2", "success_d6_d3", "success_d6_d4", "success_d6_d5", "success_d6_d6"],
];

/// The declaration of the system.
pub(crate) fn spec() -> SystemSpec {
    let mut spec = SystemSpec::new(
        NAME,
        "Hosts behind address translators that classify themselves, log in at a rendezvous and try to reach random others: who succeeds, by which way of punching",
    );
    spec.params = [stop(), protocol(), guessing(), relays(), workload(), adversary()].concat();
    spec.metrics = [success_metrics(), class_metrics(), pair_metrics(), attack_metrics()].concat();
    (spec.network, spec.addressed) = (true, true);
    spec
}

fn stop() -> Vec<ParamSpec> {
    let about = "the run ends at this virtual time, or when all calls have ended";
    vec![ParamSpec::new("stop.time", Kind::span("1 ns", "365 d"), about, "scenario").default("\"1 d\"")]
}

fn protocol() -> Vec<ParamSpec> {
    let flag = |key, about, source| ParamSpec::new(key, Kind::Bool, about, source);
    vec![
        ParamSpec::new(
            "protocol.mode",
            Kind::Choice(&["none", "sequential", "simultaneous", "ttl", "birthday"]),
            "how paths are opened: not at all; both sides fire, the called one later; both fire at once; the called one fires a packet that dies on the way, then the caller fires; the same with guesses where ports cannot be predicted",
            SPEC,
        )
        .default("\"ttl\""),
        ParamSpec::new(
            "protocol.call_delay",
            Kind::span("1 ns", "3 s"),
            "mode `sequential`: how long the rendezvous waits before it tells the called one",
            "scenario",
        )
        .default("\"1 s\""),
        ParamSpec::new(
            "protocol.policy",
            Kind::Choice(&["port-rule", "rfc-3489"]),
            "who tries: hosts that the port rule can predict, or pairs but those of a symmetric host with a port-restricted or symmetric one, as RFC 3489 reads them",
            PAPER,
        )
        .default("\"port-rule\""),
        flag(
            "protocol.attempt_symmetric",
            "policy `port-rule`: whether hosts whose ports cannot be predicted try at all; the whitepaper's do not",
            PAPER,
        )
        .default("false"),
        flag("protocol.fresh_sockets", "whether modes with a limited time to live punch from a fresh socket, or from the listening one", SPEC)
            .default("true"),
        flag("protocol.classify_rfc3489", "whether hosts also classify themselves by RFC 3489 where policy `rfc-3489` does not ask for it", "RFC 3489 §10.1").default("false"),
        flag("protocol.address_book", "whether public hosts are known beforehand and dialled without the rendezvous", "scenario")
            .default("false"),
        ParamSpec::new("protocol.ttl_probe_max", Kind::integer(1, 64), "bound of the search for the time to live", SPEC).default("16"),
        ParamSpec::new("protocol.ttl_margin", Kind::integer(0, 64), "added to the least time to live that opens the own middlebox", SPEC)
            .default("1"),
        ParamSpec::new("protocol.rendezvous", Kind::integer(1, 8), "number of rendezvous servers; hosts log in at each and ask them in turn", PAPER)
            .default("1"),
    ]
}

fn guessing() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.birthday_probes",
            Kind::integer(1, 65_536),
            "mode `birthday`: guesses, 10 ms apart, at one of 256 open ports",
            SPEC,
        )
        .default("1024"),
    ]
}

fn relays() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.relay_fallback",
            Kind::Bool,
            "whether a relay is asked when punching fails",
            LIBP2P,
        )
        .default("false"),
        ParamSpec::new(
            "protocol.relays",
            Kind::integer(0, 10_000),
            "number of relays; a host has a slot at one of them",
            LIBP2P,
        )
        .default("0"),
        ParamSpec::new(
            "protocol.relay_slots",
            Kind::integer(0, 1_000_000),
            "hosts with a slot per relay (0: no limit)",
            LIBP2P,
        )
        .default("128"),
        ParamSpec::new(
            "protocol.relay_circuits",
            Kind::integer(0, 1_000_000),
            "circuits per relay (0: no limit)",
            LIBP2P,
        )
        .default("16"),
        ParamSpec::new("protocol.relay_bytes", Kind::Bytes, "bytes per circuit (0: no limit)", LIBP2P)
            .default("\"128 KiB\""),
        ParamSpec::new(
            "protocol.relay_time",
            Kind::span("0 s", "365 d"),
            "life of a circuit (0: no limit)",
            LIBP2P,
        )
        .default("\"120 s\""),
    ]
}

fn workload() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "workload.pairs",
            Kind::integer(1, 10_000_000),
            "random pairs of hosts, one of which calls the other",
            "network specification §14",
        ),
        ParamSpec::new(
            "workload.both_ways",
            Kind::Bool,
            "whether the called one calls back later, `patience` and 2 s after",
            "scenario",
        )
        .default("false"),
        ParamSpec::new(
            "workload.warmup",
            Kind::span("1 ms", "365 d"),
            "the first call; hosts classify themselves and log in before",
            "scenario",
        )
        .default("\"20 s\""),
        ParamSpec::new("workload.spacing", Kind::span("1 ns", "1 d"), "time between two calls", "scenario")
            .default("\"20 ms\""),
        ParamSpec::new(
            "workload.patience",
            Kind::span("1 s", "1 d"),
            "a call without an answer by then has failed",
            "scenario",
        )
        .default("\"10 s\""),
    ]
}

fn adversary() -> Vec<ParamSpec> {
    const SOURCE: &str = "network specification §9";
    vec![
        ParamSpec::new(
            "adversary.strategy",
            Kind::Choice(&["none", "record-poisoning", "rendezvous-outage", "relay-hog"]),
            "nothing; forged packets plant records at victims' devices; the rendezvous falls silent; all circuits of the relays are taken",
            SOURCE,
        )
        .default("\"none\""),
        ParamSpec::new("adversary.share", Kind::Share, "share of the hosts that are victims of `record-poisoning`", SOURCE).default("0.0"),
        ParamSpec::new("adversary.every", Kind::span("1 ms", "1 d"), "`record-poisoning`: time between two forged packets of one pair", SOURCE)
            .default("\"10 s\""),
        ParamSpec::new("adversary.from", Kind::span("0 s", "365 d"), "beginning of a `rendezvous-outage`, and of the window of `window_…` metrics", SOURCE)
            .default("\"0 s\""),
        ParamSpec::new("adversary.until", Kind::span("0 s", "365 d"), "its end", SOURCE).default("\"0 s\""),
    ]
}

fn success_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "punch_success",
            "",
            "calls between hosts behind devices that were answered over a direct path",
        ),
        MetricSpec::quantity("reach_success", "", "calls of all hosts that were answered, by any way"),
        MetricSpec::quantity(
            "reachable_pairs",
            "",
            "pairs of which at least one call, there or back, was answered (`both_ways`)",
        ),
        MetricSpec::quantity("relayed_share", "", "calls that were answered over a relay"),
        MetricSpec::quantity(
            "possible_success",
            "",
            "calls answered over a direct path, of those whose devices allow one by RFC 4787: not a mapping per peer against a filter per peer socket",
        ),
        MetricSpec::quantity("excluded_success", "", "the same of those whose devices do not"),
        MetricSpec::quantity(
            "punch_time_ms",
            "ms",
            "time from the wish to the open direct path at the caller, mean, both behind devices",
        ),
        MetricSpec::quantity("punch_time_p95_ms", "ms", "its 95th percentile"),
        MetricSpec::quantity(
            "direct_rtt_ms",
            "ms",
            "time from the open direct path to the answer, median, both behind devices",
        ),
        MetricSpec::quantity(
            "relay_time_ms",
            "ms",
            "time from the wish to the open path over a relay at the caller, mean",
        ),
        MetricSpec::quantity(
            "relay_rtt_ms",
            "ms",
            "time from the open path over a relay to the answer, median",
        ),
        MetricSpec::quantity("relay_stretch", "", "relay_rtt_ms over direct_rtt_ms"),
        MetricSpec::quantity(
            "relay_bytes_per_call",
            "B",
            "bytes of messages that relays forwarded, per call answered over one",
        ),
        MetricSpec::quantity("relay_bytes", "B", "bytes of messages that relays forwarded"),
        MetricSpec::quantity("relay_refused", "", "slots and circuits that relays refused"),
    ]
}

fn class_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "rule_host",
            "",
            "hosts behind devices that the port rule reads as `host`: ports are kept",
        ),
        MetricSpec::quantity("rule_fixed", "", "likewise `fixed`: one port for all peers"),
        MetricSpec::quantity("rule_symmetric", "", "likewise `symmetric`: a port per peer"),
        MetricSpec::quantity("rule_other", "", "likewise several addresses, or no answer"),
        MetricSpec::quantity("rule_full", "", "likewise hosts that strangers reach"),
        MetricSpec::quantity("rfc_full_cone", "", "hosts behind devices that RFC 3489 reads as full cone"),
        MetricSpec::quantity("rfc_restricted", "", "likewise as restricted cone"),
        MetricSpec::quantity("rfc_port_restricted", "", "likewise as port-restricted cone"),
        MetricSpec::quantity("rfc_symmetric", "", "likewise as symmetric"),
        MetricSpec::quantity(
            "success_rule_predictable",
            "",
            "calls of hosts that the port rule reads as host or fixed, to hosts behind devices, that were answered over a direct path",
        ),
        MetricSpec::quantity(
            "success_rfc_port_restricted",
            "",
            "the same of hosts that RFC 3489 reads as port-restricted",
        ),
        MetricSpec::quantity("success_rfc_symmetric", "", "the same of hosts that it reads as symmetric"),
    ]
}

fn pair_metrics() -> Vec<MetricSpec> {
    let about = "calls between hosts behind the first and the second kind of device that were answered over a direct path";
    PAIRS.iter().flatten().map(|name| MetricSpec::quantity(name, "", about)).collect()
}

fn attack_metrics() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "victim_failure",
            "",
            "calls that were not answered, of those to victims whose devices let records move a punch, from hosts whose sockets can be foreseen; whether there was an attack or not",
        ),
        MetricSpec::quantity(
            "excluded_failure",
            "",
            "calls whose devices exclude a direct path that were not answered",
        ),
        MetricSpec::quantity(
            "window_dial_success",
            "",
            "calls begun after `adversary.from`, and `patience` or more before `adversary.until`, that were answered, whether there was an outage or not",
        ),
        MetricSpec::quantity(
            "window_pair_success",
            "",
            "the same of pairs, both of whose calls were begun then",
        ),
    ]
}
