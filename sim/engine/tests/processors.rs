//! Processors: first come first served, symbolic costs, outputs at completion, against queueing theory.

mod common;

use astrarium_engine::{Builder, CpuModel, Fault, FaultAction, Honest, Processor, Simulation, Workload};
use astrarium_net::Modelled;
use astrarium_node::{Class, CostTable, Domain, NodeId, Seed, Span, Time};
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

/// Work of 10 ms in service; then come low, medium, high, low, high, in this order. The job in service is not interrupted.
#[test]
fn where_classes_are_heeded_the_urgent_go_first_and_in_order() {
    use Class::{High, Low, Medium};
    let jobs = [(1, Medium, 10), (2, Low, 1), (3, Medium, 1), (4, High, 1), (5, Low, 1), (6, High, 1)];
    let requests = || {
        jobs.map(|(tag, class, blocks)| {
            let job = Note { class, answer: false, ..work(blocks, tag) };
            orders(ms(u64::from(tag)), 1, [Order::Send(0, job)])
        })
    };
    let served = |classes| {
        let run = {
            let mut run =
                build(CpuModel { classes, ..processors(1, 100) }, Plan::new(requests()), Vec::new());
            run.run_until(ms(100));
            run
        };
        run.observer().notes(0)
    };
    let at = [21, 22, 23, 24, 25, 26].map(ms);
    assert_eq!(served(true), at.into_iter().zip([1, 4, 6, 3, 2, 5]).collect::<Vec<_>>());
    assert_eq!(served(false), at.into_iter().zip([1, 2, 3, 4, 5, 6]).collect::<Vec<_>>());
}

/// Room for two: low ones fill it; a high one takes the place of the newest, a further low one finds none, a second high one takes the
/// last place of a low one, and a third has nobody to displace.
#[test]
fn a_full_queue_drops_the_newest_of_the_least_urgent() {
    use Class::{High, Low};
    let jobs = [(1, Low), (2, Low), (3, Low), (4, High), (5, Low), (6, High), (7, High)];
    let requests = jobs.map(|(tag, class)| {
        let job = Note { class, answer: false, ..work(100, tag) };
        orders(ms(u64::from(tag)), 1, [Order::Send(0, job)])
    });
    let mut run = build(CpuModel { classes: true, ..processors(1, 2) }, Plan::new(requests), Vec::new());
    run.run_until(ms(10_000));
    assert_eq!(run.observer().notes(0), [(ms(111), 1), (ms(211), 4), (ms(311), 6)]);
    assert_eq!(run.drops().cpu_full, 4);
}

#[test]
fn nodes_can_have_processors_of_their_own() {
    let usual = Processor { cores: 1, speed: 1.0 };
    let nodes = [Processor { speed: 0.25, ..usual }, usual, usual, Processor { cores: 2, speed: 2.0 }];
    let cpu = CpuModel { nodes: nodes.into(), ..processors(1, 100) };
    let requests = [0, 1, 3].map(|node| orders(ms(1), node, [Order::Work(4)]));
    let mut run = build(cpu, Plan::new(requests), Vec::new());
    run.run_until(ms(100));
    let done =
        |node: u32| run.observer().seen.iter().filter(|(_, id, _)| id.0 == node).map(|&(at, ..)| at).max();
    let nanos = Span::from_nanos;
    assert_eq!([0, 1, 3].map(done), [Some(ms(17)), Some(ms(5) + nanos(1)), Some(ms(3) + nanos(2))]);
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

/// Poisson arrivals of messages of three classes at node 0, each with a millisecond of work; the senders are nodes 1 to 3.
#[derive(Debug, Clone)]
struct Classes {
    rates_per_ms: [f64; 3],
    at: Time,
    number: u64,
}

impl Workload<Puppet> for Classes {
    fn next(&mut self) -> Option<astrarium_engine::Arrival<Puppet>> {
        let total: f64 = self.rates_per_ms.iter().sum();
        let mut luck = Seed(6).stream(Domain::WORKLOAD, 0, self.number);
        self.at += Span::from_secs_f64(luck.exponential() / total * 1e-3);
        let (pick, [high, medium, _]) = (luck.unit() * total, self.rates_per_ms);
        let (node, class) = match pick {
            p if p < high => (1, Class::High),
            p if p < high + medium => (2, Class::Medium),
            _ => (3, Class::Low),
        };
        let tag = self.number as u32;
        self.number += 1;
        let job = Note { class, answer: false, ..work(1, tag) };
        let request = vec![Order::Send(0, job)];
        Some(astrarium_engine::Arrival { at: self.at, node: NodeId(node), request })
    }
}

/// Cobham (1954), fixed service times, no interruption: the mean wait of class k is (rho/2)/((1 - s_(k-1))(1 - s_k)) services, s_k the
/// load of classes 1 to k. With loads 0.2, 0.3 and 0.3: 0.4/0.8 = 0.5, 0.4/(0.8·0.5) = 1, 0.4/(0.5·0.2) = 4. Batch means as below, 40 of
/// 10,000 jobs of all classes; five standard errors by Student's law with 39 degrees of freedom, three times: a sound queue
/// fails for 4 seeds in 100,000.
#[test]
fn waiting_times_by_class_follow_cobham() {
    let mut arrivals = Classes { rates_per_ms: [0.2, 0.3, 0.3], at: Time::ZERO, number: 0 };
    let cpu = CpuModel { classes: true, ..processors(1, usize::MAX) };
    let mut run = build(cpu, arrivals.clone(), Vec::new());
    let (jobs, batch) = (410_000_u32, 10_000_usize);
    run.run_events(Time::MAX, u64::from(jobs) * 5);
    let sent: Vec<(Time, NodeId)> =
        (0..jobs).filter_map(|_| arrivals.next()).map(|a| (a.at, a.node)).collect();
    // The sum of waits and their number, by class and batch.
    let mut waits = vec![[(0.0, 0.0); 3]; 40];
    for (done, tag) in run.observer().notes(0) {
        let (at, node) = sent[(tag as usize).min(sent.len() - 1)];
        let Some(batch) = (tag as usize).checked_sub(batch).and_then(|t| waits.get_mut(t / batch)) else {
            continue;
        };
        let (sum, count) = &mut batch[node.index() - 1];
        // The way takes 10 ms, the service 1 ms.
        *sum += done.since(at).as_millis_f64() - 11.0;
        *count += 1.0;
    }
    for (class, theory) in [0.5, 1.0, 4.0].into_iter().enumerate() {
        let means: Vec<f64> = waits.iter().map(|batch| batch[class].0 / batch[class].1).collect();
        let mean = means.iter().sum::<f64>() / 40.0;
        let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / 39.0;
        let error = (variance / 40.0).sqrt();
        assert!((mean - theory).abs() < 5.0 * error, "class {class}: waits {mean} ± {error}, not {theory}");
        assert!(error < 0.03 * theory, "the test is sharp: ± {error}");
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
