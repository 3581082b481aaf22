//! Contributions to a cast on their way up: what has come in, from whom, and whether it went on. Bounded in number.

use std::collections::VecDeque;

use astrarium_node::NodeId;

use super::message::{Body, GroupId, MessageId};

/// What one member has collected for one cast.
#[derive(Debug, Clone)]
pub(super) struct Reduction<B> {
    pub(super) group: GroupId,
    pub(super) source: NodeId,
    pub(super) id: MessageId,
    /// Everything that came in, merged.
    pub(super) body: B,
    /// Members whose contributions are in it.
    pub(super) contributors: u32,
    /// From whom how many came; oneself included.
    from: Vec<(NodeId, u32)>,
    /// It has been sent on; what comes now is late.
    pub(super) sent: bool,
}

/// What came of a contribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The first of its cast.
    First,
    /// One more.
    More,
    /// One more, after everything before has been sent on.
    Late,
    /// More than the sender can have: replayed or made up.
    Excess,
}

/// The reductions of one node.
#[derive(Debug, Clone)]
pub(super) struct Reductions<B> {
    most: usize,
    list: VecDeque<Reduction<B>>,
}

/// A contribution as it came in.
#[derive(Debug, Clone)]
pub(super) struct Contribution<B> {
    pub(super) group: GroupId,
    pub(super) source: NodeId,
    pub(super) id: MessageId,
    pub(super) from: NodeId,
    pub(super) contributors: u32,
    /// The most that can come from this sender.
    pub(super) most: u32,
    pub(super) body: B,
}

impl<B: Body> Reductions<B> {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), list: VecDeque::new() }
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn get_mut(&mut self, id: MessageId) -> Option<&mut Reduction<B>> {
        self.list.iter_mut().rev().find(|r| r.id == id)
    }

    /// Adds a contribution. The oldest reduction makes room for a new one.
    pub(super) fn take(&mut self, contribution: &Contribution<B>) -> Taken {
        let &Contribution { group, source, id, from, contributors, most, ref body } = contribution;
        if contributors == 0 || contributors > most {
            return Taken::Excess;
        }
        if let Some(reduction) = self.get_mut(id).filter(|r| r.group == group && r.source == source) {
            return reduction.add(from, contributors, most, body);
        }
        if self.list.len() >= self.most {
            self.list.pop_front();
        }
        let from = vec![(from, contributors)];
        self.list.push_back(Reduction {
            group,
            source,
            id,
            body: body.clone(),
            contributors,
            from,
            sent: false,
        });
        Taken::First
    }
}

impl<B: Body> Reduction<B> {
    fn add(&mut self, from: NodeId, contributors: u32, most: u32, body: &B) -> Taken {
        match self.from.iter_mut().find(|(sender, _)| *sender == from) {
            Some((_, total)) if total.saturating_add(contributors) > most => return Taken::Excess,
            Some((_, total)) => *total += contributors,
            None => self.from.push((from, contributors)),
        }
        self.contributors = self.contributors.saturating_add(contributors);
        self.body.merge(body);
        if self.sent { Taken::Late } else { Taken::More }
    }
}
