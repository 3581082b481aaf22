//! Timers: re-armed, cancelled, crashed, by the thousand, and on clocks that are wrong.

mod common;

use astrarium_engine::{Builder, Fault, FaultAction, Honest, Pause, Simulation};
use astrarium_net::{ClockModel, Modelled};
use astrarium_node::{NodeId, Seed, Span, Time};
use common::puppet::{Journal, Order, Puppet, Seen, orders};
use common::{Plan, constant, ms};

type Run = Simulation<Puppet, Modelled, Honest, Journal, Plan<Puppet>>;
type Requests = Vec<(Time, u32, Vec<Order>)>;

fn builder(requests: Requests) -> Builder<Puppet, Modelled, Honest, Journal, Plan<Puppet>> {
    Builder::new(2, Seed(1), constant(2), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new(requests))
}

fn run(requests: Requests) -> Run {
    let mut run = builder(requests).build();
    run.run_until(ms(100_000));
    run
}

fn set(timer: u16, after_ms: u64) -> Order {
    Order::Set(timer, Span::from_millis(after_ms))
}

#[test]
fn a_timer_fires_once_at_its_last_deadline() {
    let run = run(vec![
        orders(ms(1), 0, [set(1, 10), set(2, 10)]),
        orders(ms(5), 0, [set(1, 20)]),
        orders(ms(6), 0, [set(2, 1)]),
        orders(ms(7), 1, [set(1, 0)]),
    ]);
    assert_eq!(run.observer().timers(0), [(ms(7), 2), (ms(25), 1)]);
    let next = ms(7) + Span::from_nanos(1);
    assert_eq!(run.observer().timers(1), [(next, 1)], "no event is without delay");
}

#[test]
fn a_cancelled_timer_stays_silent_until_it_is_set_again() {
    let run = run(vec![
        orders(ms(1), 0, [set(1, 10), set(2, 10), Order::Cancel(2), Order::Cancel(9)]),
        orders(ms(5), 0, [Order::Cancel(1)]),
        orders(ms(6), 0, [set(2, 30), Order::Cancel(1)]),
        orders(ms(20), 0, [set(1, 1)]),
    ]);
    assert_eq!(run.observer().timers(0), [(ms(21), 1), (ms(36), 2)]);
}

/// Later, earlier, cancelled in between: whatever the order of commands, at most two entries per timer wait.
#[test]
fn thousands_of_rearms_do_not_grow_the_queue() {
    // 10,000 re-arms, a millisecond apart, of timers that would fire after a second.
    let later =
        (1..10_000).map(|i| orders(ms(i), 0, [set((i % 3) as u16, 1_000), Order::Cancel((i % 7) as u16)]));
    let mut run = builder(later.collect()).build();
    run.run_until(ms(9_990));
    // Three timers and the next request.
    assert!(run.pending() <= 4, "{} events pending", run.pending());
    assert!(run.observer().timers(0).is_empty(), "a timer that is always moved never fires");
    assert_eq!(run.run_until(ms(100_000)), Pause::Idle);
    // The last orders of timers 1 and 2 were to cancel.
    assert_eq!(run.observer().timers(0), [(ms(10_999), 0)]);
}

/// An acknowledgement timer: set far for idleness, then near, time and again. Near deadlines must not strand far entries.
#[test]
fn a_timer_set_far_and_near_in_turn_strands_no_entries() {
    let turns = (1..5_000).map(|i| orders(ms(10 * i), 0, [set(1, 60_000), set(1, 2)]));
    let mut run = builder(turns.collect()).build();
    run.run_until(ms(49_985));
    assert_eq!(run.observer().timers(0).len(), 4_998);
    assert!(run.pending() <= 4, "{} events pending", run.pending());
}

#[test]
fn many_timers_of_one_node_keep_their_order() {
    let many: Vec<Order> = (0..5_000).map(|i| set(i, 1 + u64::from(i) * 7 % 4_999)).collect();
    let run = run(vec![(ms(1), 0, many)]);
    let fired = run.observer().timers(0);
    assert_eq!(fired.len(), 5_000);
    assert!(fired.iter().all(|&(at, timer)| at == ms(2 + u64::from(timer) * 7 % 4_999)));
}

fn crash(at: u64, until: Option<u64>, keep_state: bool) -> Fault {
    let action = FaultAction::Crash { nodes: [NodeId(0)].into(), keep_state };
    Fault { id: "crash".into(), at: ms(at), until: until.map(ms), action }
}

#[test]
fn a_crash_clears_timers_for_good() {
    for keep_state in [true, false] {
        let requests =
            vec![orders(ms(1), 0, [set(1, 10), set(2, 100), set(3, 5)]), orders(ms(20), 0, [set(2, 5)])];
        let mut run = builder(requests).faults(vec![crash(8, Some(9), keep_state)]).build();
        run.run_until(ms(1_000));
        let back = if keep_state { Seen::Restart } else { Seen::Start };
        let seen = [
            (Time::ZERO, Seen::Start),
            (ms(6), Seen::Timer(3)),
            (ms(9), back),
            // Set in the new life; the entries of the old one are stale.
            (ms(25), Seen::Timer(2)),
        ];
        assert_eq!(run.observer().at(0), seen);
        assert_eq!(run.pending(), 0);
    }
}

/// A clock 100 ppm fast runs through 10 local seconds in 10/1.0001 s; deadlines and readings are local.
#[test]
fn deadlines_are_local_times() {
    let model = ClockModel { offset_sigma: Span::from_millis(20), drift_ppm: 100.0 };
    let requests = vec![orders(ms(1_000), 0, [set(1, 10_000)]), orders(ms(1_000), 1, [set(1, 10_000)])];
    let mut run = builder(requests).clocks(model).build();
    run.run_until(ms(20_000));
    for node in [0, 1] {
        let clock = model.clock(Seed(1), NodeId(node));
        assert_ne!(clock.drift_ppb, 0);
        let entries: Vec<_> = run.observer().seen.iter().filter(|(_, id, _)| id.0 == node).collect();
        let (asked, fired) = (entries[1], entries[2]);
        assert_eq!(asked.2.local, clock.local(asked.0));
        assert_eq!(fired.2.what, Seen::Timer(1));
        // The earliest global nanosecond at which the local clock shows the deadline.
        let deadline = asked.2.local + Span::from_millis(10_000);
        assert!(fired.2.local >= deadline);
        assert!(clock.local(Time::from_nanos(fired.0.as_nanos() - 1)) < deadline);
        // Independently: drift in parts per billion of ten seconds, to the nanosecond of rounding.
        let expected = 10e9 / (1.0 + f64::from(clock.drift_ppb) * 1e-9);
        assert!((fired.0.since(asked.0).as_nanos() as f64 - expected).abs() <= 2.0);
    }
}

/// A timer that is set "never" does not fire, however long the run.
#[test]
fn never_never_comes() {
    let mut run = builder(vec![orders(ms(1), 0, [Order::Set(1, Span::MAX), set(2, 5)])]).build();
    run.run_until(Time::MAX);
    assert_eq!(run.observer().timers(0), [(ms(6), 2)]);
}
