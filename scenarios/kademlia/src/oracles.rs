//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `exact-buckets` | always | I8: every contact of who asks sits in the bucket of its distance, no bucket holds more than `k` |
//! | `answers-in-order` | always | results are distinct, nearest first, at most `k`, and never the asker |
//! | `static-success` | always | I9: in a static, honest, undisturbed network with hashed keys every lookup finds its target |
//! | `asked-others` | sometimes | a lookup found what was not in the own table (with raw keys: some lookup did not) |
//! | `met-adversary` | sometimes | a corrupt node answered a FINDNODE (when there are corrupt nodes) |
//! | `recovers` | after heal | a lookup that began after the last fault finds its target within ten minutes |

use astrarium_engine::{AfterHeal, Always, Finding, Sight, Sometimes};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::kademlia::{FindNodeKey, Found, Id, Target};

use crate::world::{Node, Tables, World};

/// Time that lookups have to succeed again once faults are over: two refreshes of the default.
const RECOVERY: Span = Span::from_secs(600);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    buckets: Always,
    order: Always,
    fixed: Option<Always>,
    asked: Sometimes,
    met: Option<Sometimes>,
    recovers: Option<AfterHeal>,
    healed: Option<Time>,
}

/// What disturbs a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disturbance {
    /// Nodes churn, packets are lost or may be late, or a strategy is at work.
    pub(crate) any: bool,
    /// The plan has faults, and all end: then the last one's end.
    pub(crate) faults: Option<Option<Time>>,
}

impl Oracles {
    /// For one run in this world.
    pub(crate) fn new(world: &World, disturbance: Disturbance) -> Self {
        let hashed = world.config.find_node_key == FindNodeKey::Hashed;
        let calm = !disturbance.any && disturbance.faults.is_none();
        // Greedy paths end at the first local minimum only in tables with exact buckets; those merge below 2^(257 − buckets).
        let promised = world.tables == Tables::Static && hashed && calm && nearest_fit(world);
        Self {
            buckets: Always::new("exact-buckets"),
            order: Always::new("answers-in-order"),
            fixed: promised.then(|| Always::new("static-success")),
            asked: Sometimes::new("asked-others"),
            met: (!world.coalition.is_empty()).then(|| Sometimes::new("met-adversary")),
            recovers: disturbance.faults.map(|_| AfterHeal::new("recovers", RECOVERY)),
            healed: disturbance.faults.flatten(),
        }
    }

    /// A lookup ended.
    pub(crate) fn found(
        &mut self,
        node: NodeId,
        found: &Found,
        success: bool,
        sight: &Sight<'_, Node>,
        world: &World,
    ) {
        let now = sight.now();
        let table = sight.node(node).upper.table();
        let flaw = table.flaw(node, &world.directory, &world.config);
        self.buckets
            .check(now, flaw.is_none(), || format!("{node} has {flaw:?} in a wrong or too full bucket"));
        let problem = disorder(node, found, world);
        self.order.check(now, problem.is_none(), || {
            format!("lookup {} of {node}: {}", found.query, problem.unwrap_or_default())
        });
        if let Some(fixed) = &mut self.fixed {
            fixed.check(now, success, || {
                format!("lookup {} of {node} found {:?}", found.query, found.contacts.first())
            });
        }
        if found.rounds > 0 || (!success && world.config.find_node_key == FindNodeKey::RawAsShipped) {
            self.asked.saw(now);
        }
        if let (Some(recovers), Some(healed), true) = (&mut self.recovers, self.healed, success)
            && now >= healed + found.took
        {
            recovers.healed(healed);
            recovers.reached(now);
        }
    }

    /// A corrupt node answered a FINDNODE.
    pub(crate) fn met(&mut self, now: Time) {
        if let Some(met) = &mut self.met {
            met.saw(now);
        }
    }

    /// The verdicts of a run that ended at `end`.
    pub(crate) fn findings(&mut self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.buckets.finding(), self.order.finding(), self.asked.finding()];
        findings.extend(self.fixed.as_ref().map(Always::finding));
        findings.extend(self.met.as_ref().map(Sometimes::finding));
        if let Some(recovers) = &mut self.recovers {
            if let Some(healed) = self.healed.filter(|&healed| healed <= end) {
                recovers.healed(healed);
            }
            findings.push(recovers.finding(end));
        }
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.buckets.merge(other.buckets);
        self.order.merge(other.order);
        self.asked.merge(other.asked);
        if let (Some(mine), Some(theirs)) = (&mut self.fixed, other.fixed) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.met, other.met) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.recovers, other.recovers) {
            mine.merge(theirs);
        }
    }
}

/// Whether the shared bucket of the nearest has room for everybody in it, at every node: otherwise the nearest node of a key may be
/// known to nobody who is asked.
fn nearest_fit(world: &World) -> bool {
    let shared = Id::BITS - world.config.buckets + 1;
    shared <= 1 || world.ring.largest_group(shared) <= world.config.k + 1
}

/// What is wrong with the results of a lookup, if anything is.
fn disorder(asker: NodeId, found: &Found, world: &World) -> Option<&'static str> {
    let key = match found.target {
        Target::Node(node) => world.directory.key(node)?,
        Target::Key(key) => key,
    };
    let distances: Vec<_> = found
        .contacts
        .iter()
        .filter_map(|&contact| Some(world.directory.key(contact)?.distance(key)))
        .collect();
    let rules = [
        (distances.len() == found.contacts.len(), "a result is nobody"),
        (found.contacts.len() <= world.config.k, "more than k results"),
        (!found.contacts.contains(&asker), "the asker is among the results"),
        (distances.windows(2).all(|w| w[0] < w[1]), "results are not in order"),
        (found.rpcs >= found.failures + u32::from(!found.contacts.is_empty()), "more answers than questions"),
    ];
    rules.into_iter().find_map(|(ok, problem)| (!ok).then_some(problem))
}
