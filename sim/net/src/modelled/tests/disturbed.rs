//! Disturbances: they overlap, and lifting one restores exactly what the others leave.

use super::*;
use crate::change::Disturbance;

/// Asks whether a packet from `from` to `to` gets through now.
fn passes(net: &mut Modelled, from: u32, to: u32) -> bool {
    let mut transits = Vec::new();
    net.depart(Time::ZERO, &parcel(from, to, 100), &mut transits);
    let landing = Landing { from: NodeId(from), to: NodeId(to), bytes: 100, piece: 0, pieces: 1 };
    transits.first().is_some_and(|t| net.arrive(t.at, &landing) != Arrival::Drop)
}

fn impose(net: &mut Modelled, id: u32, disturbance: Disturbance) {
    net.change(Time::ZERO, &NetChange::Impose { id, disturbance });
}

fn lift(net: &mut Modelled, id: u32) {
    net.change(Time::ZERO, &NetChange::Lift { id });
}

#[test]
fn cuts_overlap_and_lift_one_by_one() {
    let (mut net, _) = NetConfig::new(4).build(SEED).unwrap();
    impose(&mut net, 1, Disturbance::Partition { marks: [0, 0, 1, 1].into() });
    impose(&mut net, 2, Disturbance::OneWay { from: [NodeId(0)].into(), to: [NodeId(1), NodeId(2)].into() });
    assert!(!passes(&mut net, 0, 2) && !passes(&mut net, 3, 1), "partition");
    assert!(!passes(&mut net, 0, 1) && passes(&mut net, 1, 0), "one way");
    assert_eq!((net.traffic().drops.partition, net.traffic().drops.one_way), (2, 1));
    lift(&mut net, 1);
    assert!(!passes(&mut net, 0, 2) && passes(&mut net, 3, 1));
    lift(&mut net, 2);
    assert!(passes(&mut net, 0, 2) && net.plain.is_some(), "the fast path is back");

    // A packet that is under way when the cut comes does not arrive.
    let mut transits = Vec::new();
    net.depart(Time::ZERO, &parcel(0, 3, 100), &mut transits);
    impose(&mut net, 3, Disturbance::Partition { marks: [0, 0, 1, 1].into() });
    let landing = Landing { from: NodeId(0), to: NodeId(3), bytes: 100, piece: 0, pieces: 1 };
    assert_eq!(net.arrive(transits[0].at, &landing), Arrival::Drop);
    // One that is sent into the cut is lost, even if the cut ends before it could arrive.
    transits.clear();
    net.depart(Time::ZERO, &parcel(0, 3, 100), &mut transits);
    assert!(transits.is_empty());
}

#[test]
fn gray_nodes_and_bursts_add_up_and_lift_exactly() {
    let (mut net, _) = NetConfig::new(4).build(SEED).unwrap();
    let delay = |net: &mut Modelled, from, to| {
        let mut transits = Vec::new();
        net.depart(Time::ZERO, &parcel(from, to, 100), &mut transits);
        transits.first().map(|t| t.at)
    };
    let gray = |loss| Disturbance::Gray {
        nodes: [NodeId(0), NodeId(1)].into(),
        loss: Probability::new(loss),
        delay: Span::from_millis(30),
    };
    impose(&mut net, 1, gray(0.0));
    assert_eq!(delay(&mut net, 0, 2), Some(ms(80)));
    assert_eq!(delay(&mut net, 0, 1), Some(ms(110)), "both ends are sick");
    assert_eq!(delay(&mut net, 2, 3), Some(ms(50)));
    impose(&mut net, 2, Disturbance::LossBurst { loss: Probability::new(0.5) });
    let n = 10_000;
    let survivors = (0..n)
        .filter(|&i| {
            let mut transits = Vec::new();
            net.depart(ms(i), &parcel(2, 3, 100), &mut transits);
            !transits.is_empty()
        })
        .count();
    assert!((survivors as f64 / n as f64 - 0.5).abs() < 0.025, "{survivors} survive");
    impose(&mut net, 1, gray(1.0));
    assert_eq!(delay(&mut net, 2, 0), None);
    // A disturbance that does nothing keeps the slow path in use, where what was lifted must leave no trace.
    impose(&mut net, 2, Disturbance::LossBurst { loss: Probability::ZERO });
    lift(&mut net, 1);
    assert_eq!(delay(&mut net, 0, 1), Some(ms(50)));
    lift(&mut net, 2);
    assert_eq!(delay(&mut net, 0, 1), Some(ms(50)));
}

#[test]
fn collapsed_bandwidth_multiplies_and_comes_back_exactly() {
    let (mut net, _) = rated(3, 8 * MBIT, 1_000_000 * MBIT).build(SEED).unwrap();
    let slow = |factor| Disturbance::Bandwidth { nodes: [NodeId(0)].into(), factor };
    impose(&mut net, 1, slow(0.5));
    impose(&mut net, 2, slow(0.25));
    assert_eq!(net.access[0].up_bps, MBIT);
    assert_eq!(net.access[1].up_bps, 8 * MBIT);
    lift(&mut net, 1);
    assert_eq!(net.access[0].up_bps, 2 * MBIT);
    lift(&mut net, 2);
    assert_eq!(net.access[0].up_bps, 8 * MBIT);
    assert_eq!(net.rates(NodeId(0)), (Some(8 * MBIT), Some(1_000_000 * MBIT)));
}
