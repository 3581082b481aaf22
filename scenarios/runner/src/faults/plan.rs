//! From the faults of a scenario to the fault plan of the engine.

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::sync::Arc;

use astrarium_engine::{Fault, FaultAction};
use astrarium_net::Disturbance;
use astrarium_node::hash::StableHasher;
use astrarium_node::{Domain, NodeId, Probability, Seed, Span, Time};

use crate::experiment::Complaint;
use crate::params::{FaultParams, Params, Value};

/// A restart (or a rebinding) takes no time that a simulation could see: one nanosecond.
const AT_ONCE: Span = Span::from_nanos(1);

/// Checks the faults of a point against a network of `nodes` nodes, without drawing anything.
///
/// # Errors
/// The first impossible fault, by its key (`fault.<id>.<field>`).
pub fn check(params: &Params, nodes: usize) -> Result<(), Complaint> {
    // Which nodes are hit depends on the seed; whether the fault is possible does not.
    plan(params, nodes, Seed(0)).map(|_| ())
}

/// The fault plan of a run on `nodes` nodes, in the order of the scenario.
///
/// # Errors
/// As [`check`].
pub fn plan(params: &Params, nodes: usize, seed: Seed) -> Result<Vec<Fault>, Complaint> {
    let boxes = params.opt_text("network.nat.kind").is_some_and(|kind| kind != "none");
    params.faults().iter().map(|fault| Translation { fault, nodes, seed, boxes }.fault()).collect()
}

/// One fault on its way.
struct Translation<'a> {
    fault: &'a FaultParams,
    nodes: usize,
    seed: Seed,
    /// Whether there are middleboxes.
    boxes: bool,
}

impl Translation<'_> {
    fn fault(&self) -> Result<Fault, Complaint> {
        let at = Time::ZERO + self.fault.span("at");
        let lasting = self.fault.opt_span("for");
        let mut until = lasting.map(|span| at + span);
        let action = match self.fault.kind.as_str() {
            "crash" => {
                FaultAction::Crash { nodes: self.some_nodes()?, keep_state: self.fault.flag("keep_state") }
            }
            "restart" => {
                until = Some(at + lasting.unwrap_or(AT_ONCE));
                FaultAction::Crash { nodes: self.some_nodes()?, keep_state: true }
            }
            "stop" => {
                self.endless("nodes that stop do not come back", "remove `for`, or take kind = \"crash\"")?;
                FaultAction::Crash { nodes: self.some_nodes()?, keep_state: true }
            }
            "clock-step" => {
                self.endless("a step happens at once", "remove `for`; let a second step undo the first")?;
                FaultAction::ClockStep { nodes: self.some_nodes()?, by_ns: self.step()? }
            }
            "nat-rebind" => {
                self.endless("devices reboot at once", "remove `for`")?;
                if !self.boxes {
                    let problem = "no node is behind a middlebox".to_owned();
                    return Err(self.complaint(
                        "kind",
                        problem,
                        "say in network.nat which are, if the system knows it",
                    ));
                }
                until = Some(at + AT_ONCE);
                FaultAction::Disturb(self.disturbance()?)
            }
            _ => FaultAction::Disturb(self.disturbance()?),
        };
        Ok(Fault { id: self.fault.id.clone(), at, until, action })
    }

    fn disturbance(&self) -> Result<Disturbance, Complaint> {
        let fault = self.fault;
        Ok(match fault.kind.as_str() {
            "partition" => Disturbance::Partition { marks: self.marks()? },
            "one-way" => Disturbance::OneWay { from: self.listed("from")?, to: self.listed("to")? },
            "gray" => Disturbance::Gray {
                nodes: self.some_nodes()?,
                loss: Probability::new(fault.share("loss")),
                delay: fault.span("delay"),
            },
            "loss-burst" => Disturbance::LossBurst { loss: Probability::new(fault.share("p")) },
            "bandwidth" => {
                let everybody = !fault.has("nodes") && !fault.has("share");
                let nodes = if everybody { self.drawn(1.0) } else { self.some_nodes()? };
                Disturbance::Bandwidth { nodes, factor: fault.number("factor") }
            }
            "nat-rebind" => Disturbance::Rebind {
                nodes: self.some_nodes()?,
                carrier: fault.text("device") == "carrier",
                moved: fault.flag("moved"),
            },
            // The kinds are declared next door; a test translates every one of them.
            other => {
                return Err(self.complaint("kind", format!("\"{other}\" is not known here"), "report this"));
            }
        })
    }

    /// The nodes that the fault names or draws.
    fn some_nodes(&self) -> Result<Arc<[NodeId]>, Complaint> {
        match (self.fault.has("nodes"), self.fault.opt_share("share")) {
            (true, None) => self.listed("nodes"),
            (false, Some(share)) => Ok(self.drawn(share)),
            (true, Some(_)) => {
                let problem = "`share` and `nodes` both say which nodes are hit".to_owned();
                Err(self.complaint("share", problem, "keep one of them"))
            }
            (false, None) => {
                let problem = "nothing says which nodes are hit".to_owned();
                Err(self.complaint("nodes", problem, "give `nodes = [0, 7]` or `share = 0.1`"))
            }
        }
    }

    fn listed(&self, field: &str) -> Result<Arc<[NodeId]>, Complaint> {
        let mut seen = BTreeSet::new();
        for value in self.fault.list(field) {
            let Value::Integer(number) = value else { continue };
            let node = usize::try_from(*number).ok().filter(|&node| node < self.nodes).ok_or_else(|| {
                let help =
                    format!("network.nodes = {}: they are numbered 0 to {}", self.nodes, self.nodes - 1);
                self.complaint(field, format!("there is no node {number}"), help)
            })?;
            if !seen.insert(NodeId::from(node)) {
                let problem = format!("node {number} is named twice");
                return Err(self.complaint(field, problem, "name each node once"));
            }
        }
        Ok(seen.into_iter().collect())
    }

    /// This share of the nodes (rounded to whole nodes), in order of their numbers.
    fn drawn(&self, share: f64) -> Arc<[NodeId]> {
        // `share` is within 0..=1.
        let count = libm::round(share * self.nodes as f64) as usize;
        let mut chosen = self.lottery();
        chosen.truncate(count);
        chosen.sort_unstable();
        chosen.into()
    }

    /// All nodes in the random order of this fault.
    fn lottery(&self) -> Vec<NodeId> {
        let mut name = StableHasher::new(0);
        name.write(self.fault.id.as_bytes());
        let name = name.finish();
        let mut tickets: Vec<(u64, NodeId)> = (0..self.nodes as u64)
            .map(|node| (self.seed.stream(Domain::FAULT, name, node).word(), NodeId(node as u32)))
            .collect();
        tickets.sort_unstable();
        tickets.into_iter().map(|(_, node)| node).collect()
    }

    /// The side of each node in a partition.
    fn marks(&self) -> Result<Arc<[u8]>, Complaint> {
        let shares: Vec<f64> = self.fault.list("split").iter().filter_map(Value::as_f64).collect();
        let total: f64 = shares.iter().sum();
        if (total - 1.0).abs() > 1e-9 {
            let problem = format!("the groups are {total} of the network together");
            return Err(self.complaint("split", problem, "make the shares sum to 1, for example [0.6, 0.4]"));
        }
        let mut marks = vec![0_u8; self.nodes];
        let order = self.lottery();
        let (mut begin, mut upto) = (0, 0.0);
        for (side, share) in shares.iter().enumerate() {
            upto += share;
            let end = (libm::round(upto * self.nodes as f64) as usize).min(self.nodes);
            if end <= begin {
                let problem = format!("the group of {share} has no node: network.nodes = {}", self.nodes);
                return Err(self.complaint("split", problem, "raise the share or network.nodes"));
            }
            // At most 100 groups.
            order[begin..end].iter().for_each(|node| marks[node.index()] = side as u8);
            begin = end;
        }
        Ok(marks.into())
    }

    fn step(&self) -> Result<i64, Complaint> {
        let by = self.fault.span("by");
        let ns = i64::try_from(by.as_nanos()).map_err(|_| {
            self.complaint("by", format!("{by} is too far"), "a clock can jump by at most 290 years")
        })?;
        Ok(if self.fault.text("direction") == "back" { -ns } else { ns })
    }

    fn endless(&self, why: &str, help: &str) -> Result<(), Complaint> {
        if self.fault.has("for") {
            return Err(self.complaint("for", format!("`{}` cannot end: {why}", self.fault.kind), help));
        }
        Ok(())
    }

    fn complaint(&self, field: &str, problem: String, help: impl Into<String>) -> Complaint {
        Complaint { key: format!("fault.{}.{field}", self.fault.id), problem, help: help.into() }
    }
}

#[cfg(test)]
mod tests {
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
            crashed(
                &translate(vec![fault(id, "stop", &[("share", Value::Number(share))])], 1_000).unwrap()[0],
            )
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
        let FaultAction::Disturb(Disturbance::Partition { marks }) = split.action else {
            panic!("{split:?}")
        };
        assert_eq!([0, 1, 2].map(|side| marks.iter().filter(|&&mark| mark == side).count()), [6, 3, 1]);
    }

    #[test]
    fn every_declared_kind_is_translated() {
        for kind in super::super::kinds() {
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
            (
                "clock-step",
                vec![("nodes", list(&[1])), ("by", Value::Span(u64::MAX))],
                "fault.f.by",
                "too far",
            ),
        ];
        for (kind, fields, key, words) in cases {
            let why = one(kind, &fields).unwrap_err();
            assert_eq!(why.key, key);
            assert!(why.problem.contains(words), "{kind}: {}", why.problem);
        }
    }
}
