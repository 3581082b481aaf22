//! What neighbours claim, and how they keep their word (ZV Chain's `peer_manager.go`).

use std::collections::BTreeMap;

use astrarium_node::{NodeId, Stream, Time};

use super::config::Config;
use super::message::Top;

/// Blocks by which a request shrinks when its predecessor failed.
const SHRINK: u32 = 4;

/// One neighbour.
#[derive(Debug, Clone)]
struct Candidate {
    /// Its last TOP; `None` when it has been found to be empty.
    claim: Option<Top>,
    /// Blocks that it is asked for at a time.
    batch: u32,
    /// Failures in a row.
    failures: u32,
    /// How often it has been ignored.
    penalties: u32,
    /// Ignored until then.
    ignored_until: Time,
    /// Passed over until the next look.
    passed: bool,
}

/// The neighbours that have made themselves heard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Candidates {
    known: BTreeMap<NodeId, Candidate>,
}

impl Candidates {
    /// A neighbour told its top; false when there is no room for it.
    pub(crate) fn claims(&mut self, peer: NodeId, top: Top, config: &Config) -> bool {
        if let Some(candidate) = self.known.get_mut(&peer) {
            candidate.claim = Some(top);
            return true;
        }
        let room = self.known.len() < config.candidates;
        if room {
            self.known.insert(
                peer,
                Candidate {
                    claim: Some(top),
                    batch: config.batch,
                    failures: 0,
                    penalties: 0,
                    ignored_until: Time::ZERO,
                    passed: false,
                },
            );
        }
        room
    }

    /// Whether a neighbour is ignored at the moment.
    pub(crate) fn is_ignored(&self, peer: NodeId, now: Time) -> bool {
        self.known.get(&peer).is_some_and(|candidate| candidate.ignored_until > now)
    }

    /// The neighbour with the heaviest claim above this weight, among equals one at random; with its claim and its batch.
    pub(crate) fn heaviest(&self, above: u64, now: Time, luck: &mut Stream) -> Option<(NodeId, Top, u32)> {
        let eligible = || {
            self.known.iter().filter_map(|(&peer, candidate)| {
                let claim = candidate.claim.filter(|claim| claim.weight > above && claim.height > 0)?;
                (!candidate.passed && candidate.ignored_until <= now).then_some((
                    peer,
                    claim,
                    candidate.batch,
                ))
            })
        };
        let most = eligible().map(|(_, claim, _)| claim.weight).max()?;
        let mut best = eligible().filter(|(_, claim, _)| claim.weight == most);
        let n = eligible().filter(|(_, claim, _)| claim.weight == most).count() as u64;
        best.nth(luck.below(n) as usize)
    }

    /// It delivered what it was asked for.
    pub(crate) fn delivered(&mut self, peer: NodeId, config: &Config) {
        if let Some(candidate) = self.known.get_mut(&peer) {
            candidate.failures = 0;
            candidate.batch = (candidate.batch + 1).min(config.batch);
        }
    }

    /// It did not, or delivered what it should not have; true when it is ignored from now on.
    pub(crate) fn failed(&mut self, peer: NodeId, now: Time, config: &Config) -> bool {
        let Some(candidate) = self.known.get_mut(&peer) else { return false };
        candidate.passed = true;
        candidate.batch = candidate.batch.saturating_sub(SHRINK).max(1);
        candidate.failures = candidate.failures.saturating_add(1);
        let ignored = config.patience.is_some_and(|patience| candidate.failures > patience);
        if ignored {
            candidate.failures = 0;
            candidate.penalties = candidate.penalties.saturating_add(1);
            candidate.ignored_until = now + config.penalty * u64::from(candidate.penalties);
        }
        ignored
    }

    /// It lies: ignored at once, where anybody is ever ignored.
    pub(crate) fn lied(&mut self, peer: NodeId, now: Time, config: &Config) {
        if let (Some(candidate), Some(patience)) = (self.known.get_mut(&peer), config.patience) {
            candidate.failures = patience;
        }
        self.failed(peer, now, config);
    }

    /// A new look: nobody is passed over any more.
    pub(crate) fn look_again(&mut self) {
        self.known.values_mut().for_each(|candidate| candidate.passed = false);
    }

    /// A session ended: its claim is void. How it kept its word is remembered.
    pub(crate) fn lost(&mut self, peer: NodeId) {
        if let Some(candidate) = self.known.get_mut(&peer) {
            candidate.claim = None;
        }
    }

    /// Keeps only these.
    pub(crate) fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        self.known.retain(|&peer, _| keep(peer));
    }

    /// Number of neighbours heard of.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }
}
