//! Every kind of fault translated, and what is impossible refused.

use std::collections::BTreeMap;

use super::*;
use crate::params::{Entry, Origin};

fn fault(id: &str, kind: &str, fields: &[(&str, Value)]) -> FaultParams {
    let entry = |value: &Value| Entry { value: value.clone(), origin: Origin::File };
    let mut all: BTreeMap<String, Entry> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), entry(value))).collect();
    all.entry("at".to_owned()).or_insert(entry(&Value::Span(5)));
    FaultParams { id: id.to_owned(), kind: kind.to_owned(), fields: all }
}

fn translate(faults: Vec<FaultParams>, nodes: usize) -> Result<Vec<Fault>, Complaint> {
    let nat = Entry { value: Value::Text("population".into()), origin: Origin::File };
    let params = BTreeMap::from([("network.nat.kind".to_owned(), nat)]);
    plan(&Params::new(params, faults, Vec::new()), nodes, Seed(1))
}

fn one(kind: &str, fields: &[(&str, Value)]) -> Result<Fault, Complaint> {
    translate(vec![fault("f", kind, fields)], 10).map(|mut plan| plan.remove(0))
}

fn list(numbers: &[i64]) -> Value {
    Value::List(numbers.iter().map(|&n| Value::Integer(n)).collect())
}

fn shares(numbers: &[f64]) -> Value {
    Value::List(numbers.iter().map(|&n| Value::Number(n)).collect())
}

fn crashed(fault: &Fault) -> Vec<u32> {
    match &fault.action {
        FaultAction::Crash { nodes, .. } => nodes.iter().map(|node| node.0).collect(),
        other => panic!("not a crash: {other:?}"),
    }
}

#[test]
fn a_crash_lasts_as_long_as_it_says() {
    let fields = [("nodes", list(&[3, 1])), ("for", Value::Span(7)), ("keep_state", Value::Bool(false))];
    let crash = one("crash", &fields).unwrap();
    assert_eq!((crash.at, crash.until), (Time::from_nanos(5), Some(Time::from_nanos(12))));
    assert_eq!(crashed(&crash), [1, 3]);
    assert!(matches!(crash.action, FaultAction::Crash { keep_state: false, .. }));
    let restart = one("restart", &[("nodes", list(&[2]))]).unwrap();
    assert_eq!(restart.until, Some(Time::from_nanos(6)), "back at once");
    assert_eq!(one("stop", &[("nodes", list(&[2]))]).unwrap().until, None);
}

#[test]
fn shares_hit_whole_nodes_chosen_by_the_faults_own_name() {
    let draw = |id: &str, share| {
        crashed(&translate(vec![fault(id, "stop", &[("share", Value::Number(share))])], 1_000).unwrap()[0])
    };
    let (few, more) = (draw("a", 0.1), draw("a", 0.3));
    assert_eq!((few.len(), more.len()), (100, 300));
    assert!(few.iter().all(|node| more.contains(node)), "a greater share hits the same nodes and more");
    assert_ne!(few, draw("b", 0.1), "another fault hits others");
    let beside = translate(
        vec![
            fault("b", "stop", &[("share", Value::Number(0.5))]),
            fault("a", "stop", &[("share", Value::Number(0.1))]),
        ],
        1_000,
    );
    assert_eq!(crashed(&beside.unwrap()[1]), few, "another fault changes nothing");
    assert_eq!(draw("a", 1.0).len(), 1_000);
    assert_eq!(draw("a", 0.0).len(), 0);
}

#[test]
fn a_partition_splits_exactly() {
    let split = one("partition", &[("split", shares(&[0.6, 0.3, 0.1]))]).unwrap();
    let FaultAction::Disturb(Disturbance::Partition { marks }) = split.action else { panic!("{split:?}") };
    assert_eq!([0, 1, 2].map(|side| marks.iter().filter(|&&mark| mark == side).count()), [6, 3, 1]);
}

#[test]
fn a_one_way_split_cuts_the_sides_of_a_partition_in_one_direction() {
    let fields = [("split", shares(&[0.6, 0.4]))];
    let cut = one("one-way", &fields).unwrap();
    let FaultAction::Disturb(Disturbance::OneWay { from, to }) = cut.action else { panic!("{cut:?}") };
    assert_eq!((from.len(), to.len()), (6, 4));
    let FaultAction::Disturb(Disturbance::Partition { marks }) = one("partition", &fields).unwrap().action
    else {
        panic!("not a partition")
    };
    assert!(
        from.iter().all(|node| marks[node.index()] == 0) && to.iter().all(|node| marks[node.index()] == 1)
    );
}

#[test]
fn every_declared_kind_is_translated() {
    for kind in crate::faults::kinds() {
        let fields: Vec<(&str, Value)> = match kind.name {
            "partition" => vec![("split", shares(&[0.5, 0.5]))],
            "one-way" => vec![("from", list(&[0])), ("to", list(&[1, 2]))],
            "gray" => vec![
                ("share", Value::Number(0.5)),
                ("loss", Value::Number(0.1)),
                ("delay", Value::Span(1_000)),
            ],
            "loss-burst" => vec![("p", Value::Number(0.25))],
            "bandwidth" => vec![("factor", Value::Number(0.1))],
            "clock-step" => vec![
                ("share", Value::Number(0.5)),
                ("by", Value::Span(9)),
                ("direction", Value::Text("back".into())),
            ],
            "nat-rebind" => vec![
                ("share", Value::Number(0.5)),
                ("moved", Value::Bool(true)),
                ("device", Value::Text("carrier".into())),
            ],
            _ => vec![("share", Value::Number(0.5)), ("keep_state", Value::Bool(true))],
        };
        let fault = one(kind.name, &fields).unwrap_or_else(|why| panic!("{}: {why:?}", kind.name));
        match (&fault.action, kind.name) {
            (FaultAction::Crash { nodes, .. }, "crash" | "restart" | "stop") => {
                assert_eq!(nodes.len(), 5)
            }
            (FaultAction::ClockStep { nodes, by_ns }, "clock-step") => {
                assert_eq!((nodes.len(), *by_ns), (5, -9));
            }
            (FaultAction::Disturb(Disturbance::Bandwidth { nodes, .. }), "bandwidth") => {
                assert_eq!(nodes.len(), 10, "everybody unless some are chosen");
            }
            (FaultAction::Disturb(Disturbance::Gray { loss, .. }), "gray") => {
                assert_eq!(*loss, Probability::new(0.1));
            }
            (FaultAction::Disturb(Disturbance::OneWay { from, to }), "one-way") => {
                assert_eq!((from.len(), to.len()), (1, 2));
            }
            (FaultAction::Disturb(Disturbance::Rebind { nodes, carrier, moved }), "nat-rebind") => {
                assert_eq!((nodes.len(), *carrier, *moved), (5, true, true));
                assert!(fault.until.is_some(), "it is over at once: liveness may be demanded after it");
            }
            (FaultAction::Disturb(_), "partition" | "loss-burst") => {}
            (action, name) => panic!("{name} became {action:?}"),
        }
    }
}

#[test]
fn only_middleboxes_can_be_rebound() {
    let rebind = fault("f", "nat-rebind", &[("share", Value::Number(0.5))]);
    let params = Params::new(BTreeMap::new(), vec![rebind], Vec::new());
    let why = plan(&params, 10, Seed(1)).unwrap_err();
    assert!(why.key == "fault.f.kind" && why.problem.contains("no node is behind"), "{why:?}");
}

#[test]
fn impossible_faults_are_blamed_on_their_key() {
    let span = Value::Span(1);
    let cases = [
        ("stop", vec![], "fault.f.nodes", "nothing says which nodes"),
        ("stop", vec![("nodes", list(&[10]))], "fault.f.nodes", "there is no node 10"),
        ("stop", vec![("nodes", list(&[1, 1]))], "fault.f.nodes", "named twice"),
        ("stop", vec![("nodes", list(&[1])), ("share", Value::Number(0.5))], "fault.f.share", "both"),
        ("stop", vec![("nodes", list(&[1])), ("for", span.clone())], "fault.f.for", "cannot end"),
        ("partition", vec![("split", shares(&[0.5, 0.4]))], "fault.f.split", "0.9 of the network"),
        ("partition", vec![("split", shares(&[0.99, 0.01]))], "fault.f.split", "has no node"),
        ("one-way", vec![], "fault.f.from", "`from` is missing"),
        ("one-way", vec![("from", list(&[1]))], "fault.f.to", "`to` is missing"),
        ("one-way", vec![("to", list(&[1]))], "fault.f.from", "`from` is missing"),
        ("one-way", vec![("split", shares(&[0.5, 0.5])), ("to", list(&[1]))], "fault.f.split", "both say"),
        ("one-way", vec![("split", shares(&[0.5, 0.6]))], "fault.f.split", "1.1 of the network"),
        ("clock-step", vec![("nodes", list(&[1])), ("by", Value::Span(u64::MAX))], "fault.f.by", "too far"),
    ];
    for (kind, fields, key, words) in cases {
        let why = one(kind, &fields).unwrap_err();
        assert_eq!(why.key, key);
        assert!(why.problem.contains(words), "{kind}: {}", why.problem);
    }
}
