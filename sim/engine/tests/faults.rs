//! Faults are data: crashes with and without disk, partitions, clock steps; and churn, and how they overlap.

mod common;

use std::sync::Arc;

use astrarium_engine::{Builder, Fault, FaultAction, Honest, Simulation};
use astrarium_net::{ChurnModel, Disturbance, Modelled, SpanDistribution};
use astrarium_node::{NodeId, Seed, Span, Time};
use common::puppet::{Journal, Order, Puppet, Seen, note, orders};
use common::{Plan, constant, ms};

type Run = Simulation<Puppet, Modelled, Honest, Journal, Plan<Puppet>>;

/// Every node of four sends to the next every 10 ms; the tag is the time in milliseconds.
fn run(faults: Vec<Fault>, churn: ChurnModel, end: u64) -> Run {
    let beat = |at: u64| {
        (0..4_u32).map(move |node| orders(ms(at), node, [Order::Send((node + 1) % 4, note(at as u32))]))
    };
    let mut run = Builder::new(4, Seed(3), constant(4), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new((1..end / 10).flat_map(|i| beat(10 * i))))
        .faults(faults)
        .churn(churn)
        .build();
    // Before the last arrivals.
    run.run_until(ms(end - 1));
    run
}

fn fault(id: &str, at: u64, until: Option<u64>, action: FaultAction) -> Fault {
    Fault { id: id.into(), at: ms(at), until: until.map(ms), action }
}

fn crash(nodes: &[u32], keep_state: bool) -> FaultAction {
    FaultAction::Crash { nodes: nodes.iter().copied().map(NodeId).collect(), keep_state }
}

/// Times and directions of a node's ups and downs.
fn lives(run: &Run, node: u32) -> Vec<(Time, bool)> {
    run.observer().lives.iter().filter(|(_, id, _)| id.0 == node).map(|&(at, _, up)| (at, up)).collect()
}

#[test]
fn a_crashed_node_is_deaf_and_dumb_and_comes_back() {
    for (keep_state, back) in [(true, Seen::Restart), (false, Seen::Start)] {
        let run = run(vec![fault("c", 105, Some(205), crash(&[1], keep_state))], ChurnModel::default(), 400);
        let journal = run.observer();
        assert_eq!(lives(&run, 1), [(ms(105), false), (ms(205), true)]);
        assert_eq!(journal.faults, [(ms(105), "c".to_owned(), true), (ms(205), "c".to_owned(), false)]);
        let gap =
            |node: u32| journal.notes(node).iter().filter(|(at, _)| (ms(106)..ms(204)).contains(at)).count();
        assert_eq!((gap(0), gap(1), gap(3)), (10, 0, 10));
        // Its last messages before the crash still arrive.
        assert_eq!(gap(2), 1);
        assert!(journal.at(1).contains(&(ms(205), back)));
        // The requests at 110 … 200 ms and the messages of 100 … 190 ms.
        assert_eq!(run.drops().down, 20);
        // A disk that was kept counts on from 20 inputs before the crash.
        let after = if keep_state { 21 } else { 1 };
        assert_eq!(run.node(NodeId(1)).handled, after + 38);
    }
}

/// Two reasons to be down: the node is back when both are gone, without its disk if either took it.
#[test]
fn overlapping_crashes_end_with_the_last() {
    let plan = vec![
        fault("a", 100, Some(200), crash(&[0, 1], true)),
        fault("b", 150, Some(300), crash(&[1, 2], false)),
    ];
    let run = run(plan, ChurnModel::default(), 400);
    assert_eq!(lives(&run, 0), [(ms(100), false), (ms(200), true)]);
    assert_eq!(lives(&run, 1), [(ms(100), false), (ms(300), true)]);
    assert_eq!(lives(&run, 2), [(ms(150), false), (ms(300), true)]);
    assert!(run.observer().at(0).contains(&(ms(200), Seen::Restart)));
    assert!(run.observer().at(1).contains(&(ms(300), Seen::Start)));
}

/// A node that churns does not come back from a crash that has no end, nor before the end of one that has.
#[test]
fn churn_does_not_undo_a_crash() {
    let short = SpanDistribution::Exponential { mean: Span::from_millis(20) };
    let churn = ChurnModel { share: 1.0, session: short, absence: short, ..ChurnModel::default() };
    let plan = vec![fault("a", 200, None, crash(&[0], true)), fault("b", 200, Some(400), crash(&[1], true))];
    let run = run(plan, churn, 2_000);
    assert!(lives(&run, 2).len() > 40, "churn goes on: {}", lives(&run, 2).len());
    assert!(lives(&run, 0).iter().all(|&(at, _)| at <= ms(200)));
    assert!(lives(&run, 1).iter().all(|&(at, _)| at <= ms(200) || at >= ms(400)));
    assert!(lives(&run, 1).iter().filter(|(at, _)| *at >= ms(400)).count() > 20);
}

/// Sessions and absences are those of the model, to the nanosecond.
#[test]
fn churn_follows_the_model() {
    let model = |mean| SpanDistribution::Weibull { shape: 0.7, mean: Span::from_millis(mean) };
    let churn = ChurnModel { share: 0.9, session: model(80), absence: model(30), ..ChurnModel::default() };
    let run = run(Vec::new(), churn, 3_000);
    let mut churning = 0;
    for node in 0..4 {
        let id = NodeId(node);
        let mut at = Time::ZERO;
        let mut expected = Vec::new();
        for k in 0.. {
            if !churn.churns(Seed(3), id) {
                break;
            }
            at += churn.session(Seed(3), id, k);
            expected.push((at, false));
            at += churn.absence(Seed(3), id, k);
            expected.push((at, true));
            if at > ms(2_999) {
                break;
            }
        }
        expected.retain(|&(at, _)| at <= ms(2_999));
        churning += u32::from(!expected.is_empty());
        assert_eq!(lives(&run, node), expected);
        assert!(
            run.observer().at(node).iter().skip(1).all(|&(_, seen)| seen != Seen::Start),
            "disks are kept"
        );
    }
    assert!((1..4).contains(&churning), "{churning} of 4 churn: the test needs both kinds");
}

#[test]
fn a_partition_cuts_what_is_under_way_and_heals() {
    let marks: Arc<[u8]> = [0, 0, 1, 1].into();
    let plan = vec![fault("split", 105, Some(205), FaultAction::Disturb(Disturbance::Partition { marks }))];
    let run = run(plan, ChurnModel::default(), 400);
    let got = |node: u32| run.observer().notes(node).into_iter().map(|(_, tag)| tag).collect::<Vec<_>>();
    // 10 ms under way: what left at 100 was cut at 110; what left at 200 arrives at 210, but was cut at departure.
    let cut: Vec<u32> = (1..39).map(|i| 10 * i).filter(|tag| !(100..=200).contains(tag)).collect();
    let all: Vec<u32> = (1..39).map(|i| 10 * i).collect();
    assert_eq!((got(1), got(3)), (all.clone(), all));
    assert_eq!((got(2), got(0)), (cut.clone(), cut));
    assert_eq!(run.network().traffic().drops.partition, 22);
}

#[test]
fn a_clock_step_moves_readings_and_not_timers() {
    let step = |id: &str, at, by_ns| {
        fault(id, at, None, FaultAction::ClockStep { nodes: [NodeId(0)].into(), by_ns })
    };
    let timer = |timer| [Order::Set(timer, Span::from_millis(100))];
    let mut run = Builder::new(2, Seed(3), constant(2), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new([
            orders(ms(10), 0, timer(1)),
            orders(ms(60), 0, timer(2)),
            orders(ms(80), 1, timer(3)),
        ]))
        .faults(vec![step("ahead", 50, 5_000_000_000), step("back", 70, -4_000_000_000)])
        .build();
    run.run_until(ms(400));
    // Set before the step, between the steps, and by somebody else: each after 100 ms of its own.
    assert_eq!(run.observer().timers(0), [(ms(110), 1), (ms(160), 2)]);
    let local: Vec<Time> =
        run.observer().seen.iter().filter(|(_, id, _)| id.0 == 0).map(|(_, _, entry)| entry.local).collect();
    assert_eq!(local, [ms(0), ms(10), ms(5_060), ms(1_110), ms(1_160)]);
    assert!(run.observer().seen.iter().all(|(at, id, entry)| id.0 == 0 || entry.local == *at));
}
