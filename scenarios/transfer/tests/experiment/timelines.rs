//! Figures of single transfers against timelines worked out by hand.

use astrarium_runner::testing::metric;

use crate::support::run;

fn near(sets: &[&str], name: &str, expected: f64) {
    let measured = metric(&run(sets), name);
    assert!(
        measured.is_some_and(|m| (m - expected).abs() < 1e-6 * expected.max(1.0)),
        "{sets:?}: {name} {measured:?}"
    );
}

#[test]
fn bare_datagrams_take_one_way() {
    near(&[], "completion_ms", 50.0);
    near(&[], "overhead_ratio", 1.028);
    near(&[], "goodput_bps", 160_000.0);
    near(&["protocol.messages=5", "protocol.spacing='1 s'"], "completion_ms", 4050.0);
}

/// What a bare datagram loses stays lost: no completion, and the run says so. 1,000 messages at 20 %: 200 ± 12.6, five standard errors.
#[test]
fn what_is_lost_on_bare_datagrams_is_reported() {
    let outcome = run(&[
        "network.loss={ kind = 'bernoulli', p = 0.2 }",
        "protocol.messages=1000",
        "protocol.spacing='1 ms'",
    ]);
    assert_eq!(metric(&outcome, "completion_ms"), None);
    assert_eq!(metric(&outcome, "completed"), Some(0.0));
    let share = metric(&outcome, "delivered_share").unwrap();
    assert!((share - 0.8).abs() < 0.064, "{share}");
}

#[test]
fn tcp_shakes_hands_first_and_reliable_udp_does_not() {
    near(&["protocol.transport='tcp-newreno'"], "completion_ms", 150.0);
    near(&["protocol.transport='rudp'", "protocol.flush_on_io=true"], "completion_ms", 50.0);
    // One segment and its acknowledgement, each with 28 bytes of IP and UDP and 24 of its own.
    near(&["protocol.transport='rudp'", "protocol.flush_on_io=true"], "forward_ratio", 1.052);
}

/// 29 full segments; every segment acknowledged: 10 in the first round trip, 19 of 20 in the second.
#[test]
fn slow_start_doubles() {
    let tcp = ["protocol.transport='tcp-newreno'", "protocol.message_bytes=41992", "protocol.delayed_ack=1"];
    near(&tcp, "completion_ms", 250.0);
    let closed = [&tcp[..], &["network.fidelity='message'"]].concat();
    near(&closed, "completion_ms", 250.0);
}

#[test]
fn the_closed_form_is_exact_without_loss() {
    for (sets, expected) in [
        (&["protocol.transport='rudp'", "protocol.flush_on_io=true"][..], 50.0),
        (&["protocol.transport='tcp-newreno'"], 150.0),
        (&["protocol.transport='tcp-cubic'", "protocol.pooling='per_message'"], 150.0),
    ] {
        near(&[sets, &["network.fidelity='message'"]].concat(), "completion_ms", expected);
    }
}

#[test]
fn a_whole_number_of_bytes_needs_no_unit_where_the_key_names_it() {
    near(&["protocol.message_bytes='1 kB'"], "completion_ms", 50.0);
}

/// A queue of five packets behind the one being sent takes 6 of 10 that come at once.
#[test]
fn queues_can_be_limited_in_packets() {
    let outcome = run(&[
        "network.bandwidth={ kind = 'constant', up = '1 Mbit/s', down = '1 Gbit/s' }",
        "network.buffer.up_packets=5",
        "protocol.messages=10",
    ]);
    assert_eq!(metric(&outcome, "delivered_share"), Some(0.6));
}

/// All transports deliver everything, once and in order, through loss, duplication and reordering; the oracles watch.
#[test]
fn reliable_transports_deliver_everything() {
    for transport in ["tcp-newreno", "tcp-cubic", "rudp"] {
        for fidelity in ["packet", "message"] {
            let outcome = run(&[
                &format!("protocol.transport='{transport}'"),
                &format!("network.fidelity='{fidelity}'"),
                "network.loss={ kind = 'bernoulli', p = 0.05 }",
                "network.duplicate=0.02",
                "network.reorder={ p = 0.05, extra = '30 ms' }",
                "protocol.message_bytes=5000",
                "protocol.messages=200",
                "protocol.spacing='100 ms'",
            ]);
            assert_eq!(metric(&outcome, "delivered_share"), Some(1.0), "{transport} {fidelity}");
            assert!(metric(&outcome, "retransmissions").unwrap() > 20.0, "{transport} {fidelity}");
        }
    }
}

/// Ten clients, one of which is active: 10 × 1 + 9 messages.
#[test]
fn a_server_has_active_and_silent_connections() {
    let outcome = run(&[
        "protocol.transport='rudp'",
        "network.nodes=11",
        "workload.shape='server'",
        "workload.active=0.1",
        "protocol.messages=10",
        "protocol.spacing='100 ms'",
        "stop={ time = '20 s', early = false }",
    ]);
    assert_eq!(metric(&outcome, "delivered_share"), Some(1.0));
    assert!(metric(&outcome, "server_ticks_per_connection").unwrap() > 0.0);
    assert_eq!(outcome.end_ns, 20_000_000_000);
}

/// A round trip of 230 ms outlasts the first timeout (200 ms): all that was sent is sent again. The message has arrived by then, after
/// 115 ms and a flush.
#[test]
fn the_bill_of_a_delivery_comes_after_it() {
    let slow = [
        "network.latency={ kind = 'constant', one_way = '115 ms' }",
        "protocol.transport='rudp'",
        "protocol.profile='kcp_turbo'",
        "protocol.message_bytes=13760",
    ];
    let outcome = run(&slow);
    assert_eq!(metric(&outcome, "retransmissions"), Some(0.0));
    assert_eq!(metric(&outcome, "settled_retransmissions"), Some(10.0));
    let (by_then, at_rest) =
        (metric(&outcome, "overhead_ratio").unwrap(), metric(&outcome, "settled_overhead_ratio").unwrap());
    // Ten segments of 1376 bytes in datagrams of 1400 + 28; at rest twice as many, and as many acknowledgements.
    assert!((by_then - 1428.0 / 1376.0).abs() < 1e-9, "{by_then}");
    assert!(at_rest > 2.0 * by_then && at_rest < 2.3, "{at_rest}");
}

/// A comparison of a transport with itself finds nothing, whatever `[protocol]` says of both.
#[test]
fn a_baseline_has_the_options_of_the_protocol() {
    for sets in
        [&["protocol.delayed_ack_timeout='200 ms'"][..], &["protocol.initial_window=3", "protocol.mss=500"]]
    {
        let both = [
            "protocol.transport='tcp-newreno'",
            "baseline.kind='tcp-newreno'",
            "protocol.message_bytes=30000",
        ];
        near(&[&both[..], sets].concat(), "latency_ratio", 1.0);
    }
}

/// Slices promise no order: message 0 waits ten seconds for its lost slice, later ones overtake it. That is no violation.
#[test]
fn slices_may_overtake_but_not_repeat() {
    let outcome = run(&[
        "protocol.transport='rudp'",
        "protocol.profile='hc_slice'",
        "protocol.messages=200",
        "protocol.spacing='50 ms'",
        "protocol.message_bytes=5000",
        "network.loss={ kind = 'bernoulli', p = 0.02 }",
    ]);
    assert!(metric(&outcome, "message_latency_max_ms").unwrap() > 10_000.0);
}
