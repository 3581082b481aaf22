//! Up the tree: contributions to a cast travel to its origin, merged at inner nodes (network specification §6.16).
//!
//! An inner node sends on what it has when all below it have contributed, or when they have had their time: `level_timeout` for
//! each level below. What comes later goes up by itself. Where the parent is suspected, the grandparent gets it, and where that is
//! suspected too, the origin. Overlays without a tree send straight to the origin.

use astrarium_node::{Cx, NodeId};

use super::layer::{Event, Group, Timer};
use super::message::{Body, Data, GroupId, Kind, MessageId};
use super::reduce::{Contribution, Taken};

impl<B: Body> Group<B> {
    /// This node's own contribution.
    pub(super) fn contribute(
        &mut self,
        group: GroupId,
        source: NodeId,
        id: MessageId,
        body: B,
        cx: &mut Cx<'_, Self>,
    ) {
        let contribution = Contribution { group, source, id, from: cx.me(), contributors: 1, most: 1, body };
        self.add(contribution, cx);
    }

    /// A contribution from below.
    pub(super) fn on_contribution(
        &mut self,
        from: NodeId,
        contributors: u32,
        data: Data<B>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(membership) = self.groups.get(&data.group) else { return };
        let Some(place) = membership.roster.place(from) else { return };
        let tree = membership.tree(self.config.overlay, data.source);
        // At most a whole group, which has fewer than 2^32 members.
        let most = tree.subtree(place) as u32;
        if !self.check(&data, cx) {
            return;
        }
        let Data { group, source, id, body, .. } = data;
        self.add(Contribution { group, source, id, from, contributors, most, body }, cx);
    }

    fn add(&mut self, contribution: Contribution<B>, cx: &mut Cx<'_, Self>) {
        let Some(membership) = self.groups.get(&contribution.group) else {
            self.counters.unknown_group += 1;
            return;
        };
        let tree = membership.tree(self.config.overlay, contribution.source);
        let (place, me) = (membership.place, cx.me());
        let taken = self.reductions.take(&contribution);
        if taken == Taken::Excess {
            self.counters.malformed += 1;
            return;
        }
        if contribution.source == me {
            self.report(contribution.id, cx);
            return;
        }
        if taken == Taken::Late {
            self.counters.late += 1;
            let Contribution { group, source, id, contributors, body, .. } = contribution;
            self.send_up(group, source, id, contributors, body, cx);
            return;
        }
        let all = tree.subtree(place) as u32;
        let complete = self.reductions.get_mut(contribution.id).is_some_and(|r| r.contributors >= all);
        if complete {
            cx.cancel_timer(Timer::Level(contribution.id));
            self.on_level(contribution.id, cx);
        } else if taken == Taken::First {
            let patience = self.config.level_timeout * u64::from(tree.height(place).max(1));
            cx.set_timer(Timer::Level(contribution.id), patience);
        }
    }

    /// Tells the layer above how many have contributed.
    fn report(&mut self, id: MessageId, cx: &mut Cx<'_, Self>) {
        let Some(reduction) = self.reductions.get_mut(id) else { return };
        let (group, contributors, body) = (reduction.group, reduction.contributors, reduction.body.clone());
        cx.indicate(Event::Reduced { group, id, contributors, body });
    }

    /// Sends on what has come in for a cast.
    pub(super) fn on_level(&mut self, id: MessageId, cx: &mut Cx<'_, Self>) {
        let Some(reduction) = self.reductions.get_mut(id).filter(|r| !r.sent) else { return };
        reduction.sent = true;
        let (group, source) = (reduction.group, reduction.source);
        let (contributors, body) = (reduction.contributors, reduction.body.clone());
        self.send_up(group, source, id, contributors, body, cx);
    }

    fn send_up(
        &mut self,
        group: GroupId,
        source: NodeId,
        id: MessageId,
        contributors: u32,
        body: B,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(to) = self.superior(group, source) else { return };
        let expiry = cx.now() + self.config.expiry;
        let kind = Kind::Up { contributors };
        self.send(to, Data { kind, group, source, id, expiry, hops: 0, body }, cx);
    }

    /// Whom contributions to a cast of `source` are sent to; `None` when there is nobody above.
    fn superior(&self, group: GroupId, source: NodeId) -> Option<NodeId> {
        let membership = self.groups.get(&group)?;
        let tree = membership.tree(self.config.overlay, source);
        let at = |place| membership.roster.placed(place);
        let parent = tree.parent(membership.place)?;
        if !self.monitor.suspects(at(parent)) {
            return Some(at(parent));
        }
        let grandparent = tree.parent(parent).map(at);
        grandparent.filter(|&node| !self.monitor.suspects(node)).or(Some(source))
    }
}
