//! What a run measures, and what must hold.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `minority-harmless` | always | who follows an invented chain space has asked at least as many corrupt seeds as honest ones |
//! | `known-members` | always | contacts of a node that is in are nodes, and not itself |
//! | `joined` | sometimes | somebody got in (where somebody can) |
//! | `gave-up` | sometimes | somebody did not (where nobody can) |
//! | `lied-to` | sometimes | a corrupt seed answered (when there are corrupt seeds) |
//! | `joins-after-heal` | after heal | somebody gets in within ten minutes of the last fault's end (when all faults end) |

use std::sync::Arc;

use astrarium_engine::{AfterHeal, Always, Finding, Observer, Sight, Sometimes};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::bootstrap::{Event, Failure, Message, Way};

use super::world::{Node, TRUE, World};

const RECOVERY: Span = Span::from_secs(600);

/// What became of a joiner.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    joined: Option<Span>,
    gave_up: bool,
    deceived: bool,
    captured: bool,
    by_segment: bool,
    contradicted: bool,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    fates: Vec<Fate>,
    settled: usize,
    requests: u64,
    minority: Always,
    known: Always,
    /// Somebody got in, or, where nobody can, gave up.
    settles: Sometimes,
    hopeless: bool,
    lied: Option<Sometimes>,
    heals: Option<AfterHeal>,
}

impl Metrics {
    /// For one run in this world. `hopeless`: no seed is up, and everybody is alone in a segment. `healed`: when the last fault ends, if there are faults and all end.
    pub(crate) fn new(world: &Arc<World>, hopeless: bool, healed: Option<Time>) -> Self {
        let heals = healed.map(|at| {
            let mut heals = AfterHeal::new("joins-after-heal", RECOVERY);
            heals.healed(at);
            heals
        });
        Self {
            fates: vec![Fate::default(); world.joiners().len()],
            settled: 0,
            requests: 0,
            minority: Always::new("minority-harmless"),
            known: Always::new("known-members"),
            settles: Sometimes::new(if hopeless { "gave-up" } else { "joined" }),
            hopeless,
            lied: (!world.corrupt.is_empty()).then(|| Sometimes::new("lied-to")),
            heals,
            world: Arc::clone(world),
        }
    }

    /// The measurements; what was not observed is absent.
    pub(crate) fn metrics(&self) -> Vec<(&'static str, f64)> {
        let joiners = self.fates.len().max(1) as f64;
        let share = |has: fn(&Fate) -> bool| self.fates.iter().filter(|f| has(f)).count() as f64 / joiners;
        let times: Vec<f64> = self.fates.iter().filter_map(|f| f.joined.map(Span::as_millis_f64)).collect();
        let mut out = vec![
            ("joined_share", share(|f| f.joined.is_some())),
            ("deceived_share", share(|f| f.deceived)),
            ("captured_share", share(|f| f.captured)),
            ("by_segment_share", share(|f| f.by_segment)),
            ("contradicted_share", share(|f| f.contradicted)),
            ("requests_mean", self.requests as f64 / joiners),
        ];
        if !times.is_empty() {
            out.push(("join_time_ms", times.iter().sum::<f64>() / times.len() as f64));
        }
        out
    }

    /// The verdicts of a run that ended at `end`.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.minority.finding(), self.known.finding(), self.settles.finding()];
        findings.extend(self.lied.as_ref().map(Sometimes::finding));
        findings.extend(self.heals.as_ref().map(|heals| heals.finding(end)));
        findings
    }

    fn fate(&mut self, node: NodeId) -> Option<&mut Fate> {
        let at = node.index().checked_sub(self.world.joiners().start)?;
        self.fates.get_mut(at)
    }

    fn on_joined(&mut self, node: NodeId, event: &Event, now: Time) {
        let Event::Joined { contacts, space, way, took } = event else { return };
        let world = Arc::clone(&self.world);
        let deceived = *space != TRUE;
        let captured = contacts.iter().all(|&contact| world.is_corrupt(contact));
        if let Some(fate) = self.fate(node) {
            *fate =
                Fate { joined: Some(*took), deceived, captured, by_segment: *way == Way::Segment, ..*fate };
            self.settled += 1;
        }
        let picks = world.picks(node);
        let corrupt = picks.iter().filter(|&&seed| world.is_corrupt(seed)).count();
        // By the segment a node may have it from a deceived mate.
        let explained = !deceived || *way == Way::Segment || 2 * corrupt >= picks.len();
        self.minority.check(now, explained, || {
            format!(
                "{node} follows {space:?} though {corrupt} of the {} seeds it asked are corrupt",
                picks.len()
            )
        });
        let sound = contacts.iter().all(|&c| c != node && c.index() < world.nodes);
        self.known.check(now, sound, || format!("{node} knows {contacts:?}"));
        if !self.hopeless {
            self.settles.saw(now);
        }
        if let Some(heals) = &mut self.heals {
            heals.reached(now);
        }
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, indication: &Event, sight: &Sight<'_, Node>) {
        match *indication {
            Event::Joined { .. } => self.on_joined(node, indication, sight.now()),
            Event::Failed { why, last } => {
                if let Some(fate) = self.fate(node) {
                    fate.contradicted |= why == Failure::Contradiction;
                    fate.gave_up |= last;
                    self.settled += usize::from(last);
                }
                if last && self.hopeless {
                    self.settles.saw(sight.now());
                }
            }
        }
    }

    fn on_send(&mut self, from: NodeId, message: &Message, copies: usize, now: Time) {
        match message {
            Message::Request { .. } => self.requests += copies as u64,
            Message::Response { .. } if self.world.is_corrupt(from) => {
                if let Some(lied) = &mut self.lied {
                    lied.saw(now);
                }
            }
            Message::Response { .. } => {}
        }
    }

    fn finished(&self) -> bool {
        self.settled >= self.fates.len()
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.fates.iter_mut().zip(other.fates) {
            mine.joined = mine.joined.or(theirs.joined);
            mine.gave_up |= theirs.gave_up;
            mine.deceived |= theirs.deceived;
            mine.captured |= theirs.captured;
            mine.by_segment |= theirs.by_segment;
            mine.contradicted |= theirs.contradicted;
        }
        self.settled += other.settled;
        self.requests += other.requests;
        self.minority.merge(other.minority);
        self.known.merge(other.known);
        self.settles.merge(other.settles);
        if let (Some(mine), Some(theirs)) = (&mut self.lied, other.lied) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.heals, other.heals) {
            mine.merge(theirs);
        }
    }
}
