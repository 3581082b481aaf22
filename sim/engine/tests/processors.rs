//! Processors: first come first served, symbolic costs, outputs at completion, against queueing theory.

mod common;

use astrarium_engine::{Builder, CpuModel, Fault, FaultAction, Honest, Simulation, Workload};
use astrarium_net::Modelled;
use astrarium_node::{CostTable, Domain, NodeId, Seed, Span, Time};
use common::puppet::{Journal, Note, Order, Puppet, note, orders};
use common::{Plan, constant, ms};

/// Hashing a block of 64 bytes takes a millisecond.
fn processors(cores: u8, queue_max: usize) -> CpuModel {
    let costs = CostTable { version: "test", hash_block: Span::from_millis(1), ..CostTable::FREE };
    CpuModel { costs, cores, queue_max, ..CpuModel::default() }
}

fn build<W: Workload<Puppet>>(
    cpu: CpuModel,
    load: W,
    faults: Vec<Fault>,
) -> Simulation<Puppet, Modelled, Honest, Journal, W> {
    Builder::new(4, Seed(1), constant(4), |_| Puppet::default())
        .observer(Journal::default())
        .workload(load)
        .cpu(cpu)
        .faults(faults)
        .build()
}

fn work(blocks: u32, tag: u32) -> Note {
    Note { work: blocks, answer: true, ..note(tag) }
}

/// Node 0 gets work of 10, 2, 5 ms at 11, 12, 13 ms: done at 21, 23, 28 ms; answers travel 10 ms.
#[test]
fn one_core_serves_in_order_and_outputs_leave_at_completion() {
    let requests = [(1, 1, 10), (2, 2, 2), (3, 3, 5)]
        .map(|(at, node, blocks)| orders(ms(at), node, [Order::Send(0, work(blocks, node))]));
    let mut run = build(processors(1, 100), Plan::new(requests), Vec::new());
    run.run_until(ms(100));
    let journal = run.observer();
    // Indications leave at completion, too.
    assert_eq!(journal.notes(0), [(ms(21), 1), (ms(23), 2), (ms(28), 3)]);
    assert_eq!([1, 2, 3].map(|node| journal.notes(node)[0].0), [ms(31), ms(33), ms(38)]);
}

/// Two cores: the third job takes the core that is free first (at 13 ms), and overtakes the first.
#[test]
fn several_cores_work_side_by_side() {
    let requests = [(1, 1, 10), (1, 2, 2), (2, 3, 5)]
        .map(|(at, node, blocks)| orders(ms(at), node, [Order::Send(0, work(blocks, node))]));
    let mut run = build(processors(2, 100), Plan::new(requests), Vec::new());
    run.run_until(ms(100));
    // The second request of an instant comes a nanosecond later.
    let late = |at| ms(at) + Span::from_nanos(1);
    assert_eq!(run.observer().notes(0), [(late(13), 2), (late(18), 3), (ms(21), 1)]);
}

#[test]
fn a_faster_core_takes_proportionally_less() {
    let cpu = CpuModel { speed: 4.0, ..processors(1, 100) };
    let mut run = build(cpu, Plan::new([orders(ms(1), 1, [Order::Send(0, work(10, 1))])]), Vec::new());
    run.run_until(ms(100));
    assert_eq!(run.observer().notes(0), [(ms(11) + Span::from_micros(2_500), 1)]);
}

/// A timer set by a handler does not fire before the handler's work is done, even if it is due earlier.
#[test]
fn timers_of_a_busy_handler_wait_for_it() {
    let requests = [orders(
        ms(1),
        0,
        [Order::Work(10), Order::Set(1, Span::from_millis(3)), Order::Set(2, Span::from_millis(15))],
    )];
    let mut run = build(processors(1, 100), Plan::new(requests), Vec::new());
    run.run_until(ms(100));
    assert_eq!(run.observer().timers(0), [(ms(11) + Span::from_nanos(1), 1), (ms(16), 2)]);
}

#[test]
fn a_full_queue_drops_what_comes() {
    // Ten messages, 1 ms apart from 11 ms on, 100 ms each: one in service, three wait, six are dropped.
    let requests = (1..=10).map(|i| orders(ms(i), 1, [Order::Send(0, work(100, i as u32))]));
    let mut run = build(processors(1, 3), Plan::new(requests), Vec::new());
    run.run_until(ms(10_000));
    assert_eq!(run.drops().cpu_full, 6);
    assert_eq!(run.observer().notes(0), [(ms(111), 1), (ms(211), 2), (ms(311), 3), (ms(411), 4)]);
}

#[test]
fn a_crash_destroys_work_in_progress_and_what_waits() {
    let fault = Fault {
        id: "crash".into(),
        at: ms(15),
        until: Some(ms(16)),
        action: FaultAction::Crash { nodes: [NodeId(0)].into(), keep_state: true },
    };
    let requests = [(1, 1, 10), (2, 2, 2), (30, 3, 5)]
        .map(|(at, node, blocks)| orders(ms(at), node, [Order::Send(0, work(blocks, node))]));
    let mut run = build(processors(1, 100), Plan::new(requests), vec![fault]);
    run.run_until(ms(200));
    // The first was in service, the second waited; the third finds an idle processor.
    assert_eq!(run.observer().notes(0), [(ms(45), 3)]);
    assert!(run.observer().notes(1).is_empty() && run.observer().notes(2).is_empty());
}

/// Poisson arrivals of jobs of 1 ms at node 0.
#[derive(Debug, Clone)]
struct Poisson {
    rate_per_ms: f64,
    at: Time,
    number: u64,
}

impl Workload<Puppet> for Poisson {
    fn next(&mut self) -> Option<astrarium_engine::Arrival<Puppet>> {
        let gap = Seed(5).stream(Domain::WORKLOAD, 0, self.number).exponential() / self.rate_per_ms;
        self.number += 1;
        self.at += Span::from_secs_f64(gap * 1e-3);
        Some(astrarium_engine::Arrival { at: self.at, node: NodeId(0), request: vec![Order::Work(1)] })
    }
}

/// M/D/1: the mean wait is ρ/(2(1 − ρ)) service times (Pollaczek–Khinchine). The standard error is taken from batch means (50
/// batches of 4,000 jobs, far longer than the correlation time of about 2/(1 − ρ)² = 50 services at ρ = 0.8); five of them by Student's
/// law with 49 degrees of freedom: a sound queue fails for 8 seeds in a million.
#[test]
fn waiting_times_follow_pollaczek_and_khinchine() {
    for (load, theory) in [(0.5, 0.5), (0.8, 2.0)] {
        let mut arrivals = Poisson { rate_per_ms: load, at: Time::ZERO, number: 0 };
        let mut run = build(processors(1, usize::MAX), arrivals.clone(), Vec::new());
        let jobs = 204_000;
        run.run_events(Time::MAX, jobs * 4);
        // Completion − arrival − service, in services; FIFO keeps the order of jobs.
        let done = run.observer().seen.iter().filter(|(_, _, e)| e.what == common::puppet::Seen::Orders);
        let waits: Vec<f64> = done
            .map(|&(at, ..)| {
                let arrival = arrivals.next().map_or(Time::ZERO, |a| a.at);
                at.since(arrival).as_millis_f64() - 1.0
            })
            .skip(4_000)
            .take(200_000)
            .collect();
        assert_eq!(waits.len(), 200_000);
        let batches: Vec<f64> =
            waits.chunks(4_000).map(|batch| batch.iter().sum::<f64>() / 4_000.0).collect();
        let mean = batches.iter().sum::<f64>() / 50.0;
        let variance = batches.iter().map(|b| (b - mean) * (b - mean)).sum::<f64>() / 49.0;
        let error = (variance / 50.0).sqrt();
        assert!((mean - theory).abs() < 5.0 * error, "load {load}: waits {mean} ± {error}, not {theory}");
        assert!(error < 0.03 * theory, "the test is sharp: ± {error}");
    }
}
