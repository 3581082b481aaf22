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
            "one-way" => self.one_way()?,
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

    /// Two lists, or the two sides of a split: the first is not heard by the second.
    fn one_way(&self) -> Result<Disturbance, Complaint> {
        let (from, to, split) = (self.fault.has("from"), self.fault.has("to"), self.fault.has("split"));
        match (from, to, split) {
            (true, true, false) => {
                Ok(Disturbance::OneWay { from: self.listed("from")?, to: self.listed("to")? })
            }
            (false, false, true) => {
                let marks = self.marks()?;
                let side = |wanted: u8| {
                    let on = |(node, &mark): (usize, &u8)| (mark == wanted).then(|| NodeId::from(node));
                    marks.iter().enumerate().filter_map(on).collect()
                };
                Ok(Disturbance::OneWay { from: side(0), to: side(1) })
            }
            (_, _, true) => {
                let problem = "`split` and the lists both say who is cut off".to_owned();
                Err(self.complaint("split", problem, "keep either `split`, or `from` and `to`"))
            }
            (from, _, false) => {
                let field = if from { "to" } else { "from" };
                let problem = format!("`{field}` is missing: nothing says who is cut off from whom");
                Err(self.complaint(
                    field,
                    problem,
                    "give `from = [0]` and `to = [1, 2]`, or `split = [0.5, 0.5]`",
                ))
            }
        }
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
mod tests;
