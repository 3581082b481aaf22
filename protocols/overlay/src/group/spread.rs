//! Spreading: what a member does with a message, by the part that it plays.

use std::ops::Range;

use astrarium_node::{Cx, NodeId};

use super::config::Overlay;
use super::grid::Grid;
use super::layer::{Event, Group, Membership};
use super::message::{Body, Data, GroupId, Kind};
use super::roster::Roster;
use super::seen::Duties;

/// Copies to be sent: to whom, and which part the recipient plays.
pub(super) type Copies = Vec<(NodeId, Kind)>;

impl<B: Body> Group<B> {
    /// A message of this node to a group that it is in.
    pub(super) fn cast(&mut self, group: GroupId, body: B, cx: &mut Cx<'_, Self>) {
        let Some(membership) = self.groups.get(&group) else {
            self.counters.unknown_group += 1;
            return;
        };
        let mut copies = std::mem::take(&mut self.copies);
        match self.config.overlay {
            Overlay::Tree { .. } => self.below(membership, cx.me(), &mut copies),
            overlay => originate(membership, overlay, cx, &mut copies),
        }
        let data = self.fresh(group, body, cx);
        let duties = self.seen.duties(data.identity(), cx.now());
        *duties = Duties::ALL;
        self.deliver(&data, cx);
        self.send_copies(&data, copies, cx);
    }

    /// A message of this node to a group that it is not in.
    pub(super) fn enter(
        &mut self,
        group: GroupId,
        roster: &Roster,
        connected: Option<NodeId>,
        body: B,
        cx: &mut Cx<'_, Self>,
    ) {
        let row_min = match self.config.overlay {
            Overlay::Grid { row_min } => row_min as usize,
            _ => 4,
        };
        let grid = Grid::new(roster.len(), row_min);
        let wanted = self.config.entrances.map_or(grid.row_size().div_ceil(2), |n| n as usize);
        let connected = connected.and_then(|member| roster.rank(member));
        let mut copies = std::mem::take(&mut self.copies);
        let entrances = grid.entrances(wanted, connected, cx.rng());
        copies.extend(entrances.into_iter().map(|rank| (roster.ranked(rank), Kind::Enter)));
        let data = self.fresh(group, body, cx);
        self.send_copies(&data, copies, cx);
    }

    /// A message arrived.
    pub(super) fn on_data(&mut self, from: NodeId, mut data: Data<B>, cx: &mut Cx<'_, Self>) {
        let Some(membership) = self.groups.get(&data.group) else {
            self.counters.unknown_group += 1;
            return;
        };
        if data.expiry < cx.now() {
            self.counters.expired += 1;
            return;
        }
        if data.kind != Kind::Enter && !membership.roster.contains(from) {
            self.counters.foreign += 1;
            return;
        }
        data.hops = data.hops.saturating_add(1);
        if let Kind::Up { contributors } = data.kind {
            self.on_contribution(from, contributors, data, cx);
            return;
        }
        if !self.seen.knows(data.identity()) && !self.check(&data, cx) {
            return;
        }
        self.play(from, data, cx);
    }

    /// Checks who made a message, at the price of that; counts what was forged.
    pub(super) fn check(&mut self, data: &Data<B>, cx: &mut Cx<'_, Self>) -> bool {
        if let Some(op) = data.body.check_cost() {
            cx.charge(op);
        }
        let authentic = data.body.is_authentic(data.source);
        self.counters.forged += u64::from(!authentic);
        authentic
    }

    /// Does what a message asks for, as far as it has not been done.
    fn play(&mut self, from: NodeId, data: Data<B>, cx: &mut Cx<'_, Self>) {
        let mut duties = *self.seen.duties(data.identity(), cx.now());
        if duties.take(Duties::DELIVERED) {
            self.deliver(&data, cx);
        } else {
            self.counters.duplicates += 1;
        }
        let mut copies = std::mem::take(&mut self.copies);
        if let Some(membership) = self.groups.get(&data.group) {
            match data.kind {
                Kind::Row | Kind::Up { .. } => {}
                Kind::Column => {
                    if duties.take(Duties::ROW) {
                        membership.along_row(Kind::Row, &mut copies);
                    }
                }
                Kind::Group => membership.both_ways(&mut duties, &mut copies),
                Kind::Bucket { height } => {
                    let new = duties.take_buckets(height);
                    into_buckets(membership, self.config.overlay, new, cx, &mut copies);
                }
                Kind::Down => {
                    if duties.take(Duties::ROW) {
                        self.below(membership, data.source, &mut copies);
                    }
                }
                Kind::Flood => {
                    if duties.take(Duties::ROW) {
                        let others =
                            membership.roster.members().iter().filter(|&&m| m != from && m != cx.me());
                        copies.extend(others.map(|&member| (member, Kind::Flood)));
                    }
                }
                Kind::Enter => self.let_in(membership, data.source, &mut duties, cx, &mut copies),
            }
        }
        *self.seen.duties(data.identity(), cx.now()) = duties;
        self.send_copies(&data, copies, cx);
    }

    /// An entrance member spreads a message of an outsider.
    fn let_in(
        &self,
        membership: &Membership,
        source: NodeId,
        duties: &mut Duties,
        cx: &mut Cx<'_, Self>,
        copies: &mut Copies,
    ) {
        match self.config.overlay {
            Overlay::Grid { .. } => membership.both_ways(duties, copies),
            // Only the first of the list knows whom an outsider's message goes to.
            Overlay::Tree { .. } if membership.place != 0 => {
                if duties.take(Duties::COLUMN) {
                    copies.push((membership.roster.placed(0), Kind::Enter));
                }
            }
            Overlay::Tree { .. } => {
                if duties.take(Duties::ROW) {
                    self.below(membership, source, copies);
                }
            }
            overlay @ Overlay::Kad2 { .. } => {
                into_buckets(membership, overlay, duties.take_buckets(0), cx, copies);
            }
            overlay => {
                if duties.take(Duties::ROW) {
                    originate(membership, overlay, cx, copies);
                }
            }
        }
    }

    /// To the children in the tree; where one is suspected, to its children instead.
    fn below(&self, membership: &Membership, source: NodeId, copies: &mut Copies) {
        let tree = membership.tree(self.config.overlay, source);
        for child in tree.children(membership.place) {
            let to = membership.roster.placed(child);
            if self.monitor.suspects(to) {
                copies.extend(tree.children(child).map(|c| (membership.roster.placed(c), Kind::Down)));
            } else {
                copies.push((to, Kind::Down));
            }
        }
    }

    fn deliver(&mut self, data: &Data<B>, cx: &mut Cx<'_, Self>) {
        self.counters.delivered += 1;
        let Data { group, source, id, hops, .. } = *data;
        cx.indicate(Event::Delivered { group, source, id, hops, body: data.body.clone() });
    }

    /// Sends the copies and keeps the empty list for the next time.
    fn send_copies(&mut self, data: &Data<B>, mut copies: Copies, cx: &mut Cx<'_, Self>) {
        for (to, kind) in copies.drain(..) {
            self.send(to, Data { kind, ..data.clone() }, cx);
        }
        self.copies = copies;
    }
}

/// To whom the origin of a message sends it, in all overlays but the tree.
fn originate<B: Body>(
    membership: &Membership,
    overlay: Overlay,
    cx: &mut Cx<'_, Group<B>>,
    copies: &mut Copies,
) {
    let roster = &membership.roster;
    match overlay {
        Overlay::Grid { .. } => {
            membership.along_column(copies);
            let heads = membership.grid.heads(membership.rank, cx.rng());
            for mate in membership.grid.row_mates(membership.rank) {
                let head = heads.binary_search(&membership.grid.column(mate)).is_ok();
                copies.push((roster.ranked(mate), if head { Kind::Group } else { Kind::Row }));
            }
        }
        Overlay::Kad2 { .. } => into_buckets(membership, overlay, 0..u8::MAX, cx, copies),
        Overlay::Mesh | Overlay::Star | Overlay::Flood => {
            let kind = if overlay == Overlay::Flood { Kind::Flood } else { Kind::Row };
            let others = roster.members().iter().filter(|&&member| member != cx.me());
            copies.extend(others.map(|&member| (member, kind)));
        }
        // See `below`, which knows who is suspected.
        Overlay::Tree { .. } => {}
    }
}

fn into_buckets<B: Body>(
    membership: &Membership,
    overlay: Overlay,
    buckets: Range<u8>,
    cx: &mut Cx<'_, Group<B>>,
    copies: &mut Copies,
) {
    let (Some(table), Overlay::Kad2 { redundancy }) = (&membership.table, overlay) else { return };
    table.broadcast(buckets, redundancy as usize, cx.rng(), |to, height| {
        copies.push((to, Kind::Bucket { height }));
    });
}

impl Membership {
    fn along_row(&self, kind: Kind, copies: &mut Copies) {
        copies.extend(self.grid.row_mates(self.rank).map(|mate| (self.roster.ranked(mate), kind)));
    }

    fn along_column(&self, copies: &mut Copies) {
        let mates = self.grid.column_mates(self.rank);
        copies.extend(mates.map(|mate| (self.roster.ranked(mate), Kind::Column)));
    }

    /// Forward to column and row, each once.
    fn both_ways(&self, duties: &mut Duties, copies: &mut Copies) {
        if duties.take(Duties::COLUMN) {
            self.along_column(copies);
        }
        if duties.take(Duties::ROW) {
            self.along_row(Kind::Row, copies);
        }
    }
}
