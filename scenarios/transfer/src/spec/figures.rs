//! What a run measures.

use astrarium_runner::MetricSpec;

/// All of it.
pub(super) fn all() -> Vec<MetricSpec> {
    [transfer(), latency(), counts(), server(), comparison()].concat()
}

fn transfer() -> Vec<MetricSpec> {
    vec![
        MetricSpec::quantity(
            "completion_ms",
            "ms",
            "from the first send request, connection set-up included, to the delivery of the last byte; not observed unless everything arrived",
        ),
        MetricSpec::event("completed", "every message arrived before the end of the run"),
        MetricSpec::quantity(
            "goodput_bps",
            "bit/s",
            "payload bits that arrived, divided by the time from the first send request to the last arrival",
        ),
        MetricSpec::quantity(
            "retransmissions",
            "",
            "data segments that were sent again, until the last delivery (stop.early) or the end of the run",
        ),
        MetricSpec::quantity("timeouts", "", "those of them that a timeout caused"),
        MetricSpec::quantity(
            "overhead_ratio",
            "",
            "bytes on the wire in both directions, all headers included, until the last delivery (stop.early) or the end of the run, divided by the payload that arrived",
        ),
        MetricSpec::quantity(
            "settled_overhead_ratio",
            "",
            "the same when every sender has come to rest after the last delivery; with stop.early, at packet fidelity",
        ),
        MetricSpec::quantity("settled_retransmissions", "", "data segments sent again by then"),
        MetricSpec::quantity("forward_ratio", "", "the same for the direction of the messages alone"),
    ]
}

fn latency() -> Vec<MetricSpec> {
    let latency = |name, about| MetricSpec::quantity(name, "ms", about);
    vec![
        latency("message_latency_mean_ms", "mean time from a send request to the delivery of its message"),
        latency("message_latency_p50_ms", "median of that time"),
        latency("message_latency_p95_ms", "its 95th percentile"),
        latency("message_latency_p99_ms", "its 99th percentile"),
        latency("message_latency_max_ms", "the longest"),
    ]
}

fn counts() -> Vec<MetricSpec> {
    let count = |name, about| MetricSpec::quantity(name, "", about);
    vec![
        count("delivered_share", "share of the messages that arrived"),
        count("refused_share", "share of the messages that the transport did not take: its queue was full"),
        count("given_up_share", "share of the messages that were given back when a session ended"),
        count("duplicates", "data segments that arrived again"),
        count("rejected", "datagrams dropped as malformed, replayed or of no session"),
        count("datagrams", "datagrams sent by all nodes"),
        count("timer_events", "timers that expired in the transports"),
        count("events", "events of the simulation"),
    ]
}

fn server() -> Vec<MetricSpec> {
    let server = |name, unit, about| MetricSpec::quantity(name, unit, about);
    vec![
        server(
            "server_ticks_per_connection",
            "1/s",
            "timers of node 0 that expired, per second and connection (shape `server`)",
        ),
        server(
            "server_tick_share",
            "",
            "processor time of node 0 for them at 0.3 µs each, as a share of one core (shape `server`)",
        ),
    ]
}

fn comparison() -> Vec<MetricSpec> {
    let ratio = |name, about| MetricSpec::quantity(name, "", about);
    vec![
        ratio("latency_ratio", "mean message latency divided by that over the baseline, same seed"),
        ratio("latency_p95_ratio", "the same of the 95th percentiles"),
        ratio("latency_p99_ratio", "the same of the 99th percentiles"),
        ratio("completion_ratio", "completion time divided by that over the baseline"),
        ratio("events_ratio", "events of the baseline divided by events of the run itself"),
    ]
}
