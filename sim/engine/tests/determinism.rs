//! One input, one digest: whatever the queue, the snapshots and the clones; another branch or order, another one.

mod common;

use astrarium_engine::{
    Builder, CpuModel, Digest, Fault, FaultAction, Pause, QueueKind, RunOptions, Simulation, common_prefix,
    first_difference,
};
use astrarium_net::{Disturbance, LatencyModel, LossModel, Modelled, NetConfig};
use astrarium_node::{CostTable, NodeId, Seed, Span, Time};
use common::gossip::Gossip;
use common::{Plan, built, ms};
use proptest::prelude::*;

const NODES: usize = 12;
const END: Time = Time::from_nanos(400_000_000);

type Run = Simulation<Gossip, Modelled, astrarium_engine::Honest, (), Plan<Gossip>>;

/// Twelve gossips with crashes, a loss burst, busy processors; delays are whole milliseconds, so instants are crowded.
fn run_with(seed: u64, options: RunOptions, latency: LatencyModel) -> Run {
    let config = NetConfig {
        latency,
        loss: LossModel::Bernoulli { p: 0.05 },
        duplicate: 0.02,
        ..NetConfig::new(NODES)
    };
    let fault =
        |id: &str, at, until, action| Fault { id: id.into(), at: ms(at), until: Some(ms(until)), action };
    let faults = vec![
        fault(
            "crash",
            90,
            130,
            FaultAction::Crash { nodes: [NodeId(1), NodeId(2)].into(), keep_state: true },
        ),
        fault("wipe", 150, 200, FaultAction::Crash { nodes: [NodeId(3)].into(), keep_state: false }),
        fault(
            "split",
            210,
            260,
            FaultAction::Disturb(Disturbance::Partition {
                marks: (0..NODES as u8).map(|node| node % 2).collect(),
            }),
        ),
    ];
    Builder::new(NODES, Seed(seed), built(config, Seed(seed)), |_| Gossip::new(NODES))
        .workload(Plan::new((1..30).map(|i| (ms(10 * i), (i % 12) as u32, i))))
        .faults(faults)
        .cpu(CpuModel { costs: CostTable::REFERENCE, speed: 0.1, ..CpuModel::default() })
        .options(options)
        .build()
}

fn run(seed: u64, options: RunOptions) -> Run {
    run_with(seed, options, LatencyModel::Constant(Span::from_millis(5)))
}

/// Digest, events, and state of the nodes at the end.
fn outcome(run: &Run) -> (Digest, u64, Vec<String>) {
    (run.digest(), run.events(), run.sight().ids().map(|id| format!("{:?}", run.node(id))).collect())
}

fn finished(mut run: Run) -> (Digest, u64, Vec<String>) {
    assert_eq!(run.run_until(END), Pause::Limit);
    outcome(&run)
}

#[test]
fn every_queue_gives_the_same_run() {
    let baseline = finished(run(1, RunOptions::default()));
    assert!(baseline.1 > 3_000, "{} events are no test", baseline.1);
    for queue in QueueKind::CONCRETE {
        assert_eq!(
            finished(run(1, RunOptions { queue, ..RunOptions::default() })),
            baseline,
            "{}",
            queue.name()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Snapshot and restore anywhere, stop and go on anywhere, on any queue: the same run.
    #[test]
    fn snapshots_and_pauses_change_nothing(
        seed in 0_u64..1_000,
        snapshot in 0_u64..4_000,
        pause in 0_u64..4_000,
        queue in prop::sample::select(&QueueKind::CONCRETE[..]),
    ) {
        let baseline = finished(run(seed, RunOptions::default()));
        let options = RunOptions { queue, snapshot_at: Some(snapshot), ..RunOptions::default() };
        let mut original = run(seed, options);
        original.run_events(END, pause);
        let copy = original.clone();
        prop_assert_eq!(&finished(original), &baseline);
        prop_assert_eq!(&finished(copy), &baseline);
    }
}

#[test]
fn the_seed_and_one_request_count() {
    let baseline = finished(run(1, RunOptions::default())).0;
    assert_ne!(finished(run(2, RunOptions::default())).0, baseline);
    let other = |id| {
        let network = common::constant(2);
        let mut run = Builder::new(2, Seed(1), network, |_| Gossip::new(2))
            .workload(Plan::new([(ms(1), 0, id)]))
            .build();
        run.run_until(ms(2));
        run.digest()
    };
    // Only the content of one input differs.
    assert_ne!(other(5), other(6));
    assert_eq!(other(5), other(5));
}

#[test]
fn another_order_of_ties_is_another_run_but_a_reproducible_one() {
    let ordered = |order_seed| finished(run(1, RunOptions { order_seed, ..RunOptions::default() }));
    assert_eq!(ordered(7), ordered(7));
    assert_ne!(ordered(7).2, ordered(0).2, "instants are crowded, so their order must matter");
    for queue in QueueKind::CONCRETE {
        let options = RunOptions { queue, order_seed: 7, ..RunOptions::default() };
        assert_eq!(finished(run(1, options)), ordered(7));
    }
}

#[test]
fn branches_share_their_past_and_part_in_the_future() {
    let mut trunk = run(1, RunOptions { checkpoint_every: 50, ..RunOptions::default() });
    trunk.run_until(ms(150));
    let past = trunk.events();
    let grown = |branch: Option<u64>| {
        let mut run = branch.map_or_else(|| trunk.clone(), |branch| trunk.fork(branch));
        run.run_until(END);
        run
    };
    let (one, again, two, straight) = (grown(Some(1)), grown(Some(1)), grown(Some(2)), grown(None));
    assert_eq!(outcome(&one), outcome(&again));
    assert_ne!(one.digest(), two.digest());
    assert_ne!(one.digest(), straight.digest());
    for branch in [&one, &two] {
        let agreed = common_prefix(branch.checkpoints(), straight.checkpoints());
        assert!(agreed >= past / 50 * 50, "branches part at {agreed}, before the fork at {past}");
        assert!(agreed < branch.events().min(straight.events()) / 50 * 50);
    }
    assert_eq!(outcome(&straight), finished(run(1, RunOptions::default())));
}

/// Two runs that differ in one late request are bisected to that request.
#[test]
fn checkpoints_and_records_find_the_first_difference() {
    let simulate = |late: u64, options| {
        let network = common::constant(NODES);
        let requests = (1..20).map(|i| (ms(20 * i), 0, if i == 11 { late } else { i }));
        let mut run = Builder::new(NODES, Seed(4), network, |_| Gossip::new(NODES))
            .workload(Plan::new(requests))
            .options(options)
            .build();
        run.run_until(END);
        run
    };
    let checked = |late| simulate(late, RunOptions { checkpoint_every: 64, ..RunOptions::default() });
    let (a, b) = (checked(11), checked(99));
    let agreed = common_prefix(a.checkpoints(), b.checkpoints());
    assert!(agreed > 0 && agreed < a.events());
    let recorded = |late| {
        let window = RunOptions { record: agreed..agreed + 65, ..RunOptions::default() };
        simulate(late, window).records().to_vec()
    };
    let (left, right) = (recorded(11), recorded(99));
    assert_eq!((left.len(), left[0].index), (65, agreed));
    let found = first_difference(&left, &right).expect("the window holds the difference");
    let (left, right) = (found.left.expect("left"), found.right.expect("right"));
    assert_eq!((left.time_ns, left.input.as_str()), (220_000_000, "request 11"));
    assert_eq!((right.time_ns, right.input.as_str()), (220_000_000, "request 99"));
    assert_eq!((left.source.as_str(), left.node.as_str()), ("workload (its event 10)", "node 0"));
    assert_eq!(first_difference(&recorded(11), &recorded(11)), None);
}

/// The digest is the sum of the terms of all recorded events, so nothing that happened is left out.
#[test]
fn the_digest_is_the_sum_of_the_recorded_terms() {
    let mut all = run(1, RunOptions { record: 0..u64::MAX, ..RunOptions::default() });
    all.run_until(END);
    let mut sum = Digest::default();
    all.records().iter().for_each(|record| sum.add(record.hash));
    assert_eq!((sum, all.records().len() as u64), (all.digest(), all.events()));
    let mut terms: Vec<u128> = all.records().iter().map(|record| record.hash).collect();
    terms.sort_unstable();
    terms.dedup();
    assert_eq!(terms.len() as u64, all.events(), "no two events have the same term");
}

/// What a tape takes is what is kept without one, in small pieces; a tape that is full ends the run.
#[test]
fn a_tape_takes_the_recorded_events_as_they_come() {
    let options = RunOptions { record: 100..3_000, snapshot_at: Some(1_000), ..RunOptions::default() };
    let mut kept = run(1, options.clone());
    kept.run_until(END);
    let (mut taken, mut largest) = (Vec::new(), 0);
    let mut taped = run(1, options.clone());
    let pause = taped.run_recording(
        END,
        || false,
        |events| {
            largest = largest.max(events.len());
            taken.extend_from_slice(events);
            true
        },
    );
    assert_eq!((pause, outcome(&taped)), (Pause::Limit, outcome(&kept)));
    assert_eq!((taken.as_slice(), taped.records()), (kept.records(), &[][..]));
    assert!(largest <= 256, "{largest} at once");
    let mut pieces = 0;
    let mut full = run(1, options);
    let pause = full.run_recording(
        END,
        || false,
        |_| {
            pieces += 1;
            pieces < 3
        },
    );
    assert_eq!((pause, pieces), (Pause::Interrupted, 3));
}
