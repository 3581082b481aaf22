//! Who is asked for what, and who is told what (network specification §6.13).

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{Cx, Datagram, Domain, NodeId, Span, Time};

use crate::block::Block;
use crate::config::Relay;
use crate::interface::Timer;
use crate::message::{Item, Items, Message};
use crate::node::{Host, Node};
use crate::transaction::TxId;

/// Tag of the draws of trickle delays: the `k`-th of a node comes from `cx.stream(Domain::protocol(TRICKLE), k)`.
const TRICKLE: u16 = 3;

/// Most items that an INV or GETDATA may hold to be heard; far more than an honest node has to say at once.
pub(crate) const MOST_ITEMS: usize = 1_000;

/// Something asked for and not here yet.
#[derive(Debug, Clone)]
struct OpenRequest {
    // A block is never requested twice, whatever the form: here it is always `Item::Block`.
    item: Item,
    // In order of announcement; the first `asked` of them have been asked.
    announcers: Vec<NodeId>,
    asked: usize,
    deadline: Time,
}

/// What becomes of a request whose current addressee has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Ask this one.
    Ask(Item, NodeId),
    /// Nobody is left.
    GiveUp(Item),
}

/// All open requests of a node.
///
/// One timer serves them all: it is armed when a request opens and none is armed, and when it fires it is armed for the
/// earliest deadline left. So the usual case – requests that are answered – sets no timer per request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    open: Vec<OpenRequest>,
    // Lists of closed requests, kept for the next ones: no allocation once warm.
    spare: Vec<Vec<NodeId>>,
    armed: bool,
}

impl Requests {
    /// Most open requests; further announcements are ignored until some close. Bounds what a flood of announcements of
    /// nothing can take.
    const CAPACITY: usize = 1_024;
    const SPARE: usize = 4;
    /// Most announcers remembered per request.
    const ANNOUNCERS: usize = 1_024;

    /// Notes that `from` has an item too; false when nobody has been asked for it.
    #[inline]
    pub(crate) fn also_has(&mut self, item: &Item, from: NodeId) -> bool {
        let Some(request) = self.open.iter_mut().find(|request| request.item == *item) else { return false };
        if request.announcers.len() < Self::ANNOUNCERS && !request.announcers.contains(&from) {
            request.announcers.push(from);
        }
        true
    }

    /// Notes that `from` has an item that is wanted; true when it must be asked now.
    #[inline]
    pub(crate) fn announce(&mut self, item: Item, from: NodeId, now: Time, timeout: Span) -> bool {
        if self.also_has(&item, from) || self.open.len() >= Self::CAPACITY {
            return false;
        }
        let mut announcers = self.spare.pop().unwrap_or_default();
        announcers.push(from);
        self.open.push(OpenRequest { item, announcers, asked: 1, deadline: now + timeout });
        true
    }

    pub(crate) fn is_open(&self, item: &Item) -> bool {
        self.open.iter().any(|request| request.item == *item)
    }

    /// Closes a request, if there is one; who announced the item. Give the list back with [`Requests::recycle`].
    pub(crate) fn close(&mut self, item: &Item) -> Vec<NodeId> {
        match self.open.iter().position(|request| request.item == *item) {
            Some(at) => self.open.swap_remove(at).announcers,
            None => self.spare.pop().unwrap_or_default(),
        }
    }

    pub(crate) fn recycle(&mut self, mut list: Vec<NodeId>) {
        if self.spare.len() < Self::SPARE && list.capacity() > 0 {
            list.clear();
            self.spare.push(list);
        }
    }

    /// The addressee says that it cannot help.
    pub(crate) fn deny(&mut self, item: &Item, from: NodeId, now: Time, timeout: Span) -> Option<Retry> {
        let at = self.open.iter().position(|request| request.item == *item)?;
        // Only the one asked last can deny.
        let request = &self.open[at];
        (request.announcers.get(request.asked - 1) == Some(&from)).then(|| self.retry(at, now, timeout))
    }

    /// Takes care of one overdue request, if there is one.
    pub(crate) fn overdue(&mut self, now: Time, timeout: Span) -> Option<Retry> {
        let at = self.open.iter().position(|request| request.deadline <= now)?;
        Some(self.retry(at, now, timeout))
    }

    fn retry(&mut self, at: usize, now: Time, timeout: Span) -> Retry {
        let request = &mut self.open[at];
        if let Some(&next) = request.announcers.get(request.asked) {
            request.asked += 1;
            request.deadline = now + timeout;
            return Retry::Ask(request.item, next);
        }
        let closed = self.open.swap_remove(at);
        self.recycle(closed.announcers);
        Retry::GiveUp(closed.item)
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// How long until the timer must fire for these requests and `other` deadline; `None` when it is armed or not needed.
    pub(crate) fn arm(&mut self, now: Time, other: Option<Time>) -> Option<Span> {
        if self.armed {
            return None;
        }
        let earliest = self.open.iter().map(|request| request.deadline).chain(other).min()?;
        self.armed = true;
        Some(earliest.since(now))
    }

    pub(crate) fn fired(&mut self) {
        self.armed = false;
    }
}

/// Transactions that wait to be announced, by peer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trickle {
    outbox: BTreeMap<NodeId, Vec<TxId>>,
    draws: u64,
}

impl Trickle {
    /// Drops what waits. The numbering of draws goes on: a number names one draw of the node's whole life.
    pub(crate) fn forget(&mut self) {
        self.outbox.clear();
    }
}

impl Node {
    /// Asks `to` for an item, in the form that this node's relay mode wants.
    pub(crate) fn ask<H: Host>(&self, item: Item, to: NodeId, cx: &mut Cx<'_, H>) {
        let wanted = match (item, self.config.relay) {
            (Item::Block(id), Relay::Compact) => Item::Compact(id),
            _ => item,
        };
        cx.send(Datagram::One(to, Message::GetData(Items::one(wanted))));
    }

    /// `from` has `item`, which is wanted: ask it, unless somebody else has been asked.
    #[inline]
    pub(crate) fn want<H: Host>(&mut self, item: Item, from: NodeId, cx: &mut Cx<'_, H>) {
        if self.requests.announce(item, from, cx.now(), self.config.request_timeout()) {
            self.ask(item, from, cx);
            self.arm_requests(cx);
        }
    }

    pub(crate) fn arm_requests<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        if let Some(after) = self.requests.arm(cx.now(), self.sync.deadline()) {
            cx.set_timer(Timer::Requests, after);
        }
    }

    pub(crate) fn on_requests_timer<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        self.requests.fired();
        while let Some(retry) = self.requests.overdue(cx.now(), self.config.request_timeout()) {
            self.carry_out(retry, cx);
        }
        self.check_sync(cx);
        self.arm_requests(cx);
    }

    pub(crate) fn carry_out<H: Host>(&mut self, retry: Retry, cx: &mut Cx<'_, H>) {
        match retry {
            Retry::Ask(item, next) => {
                // The rest of a compact block was not sent; the next one is asked from the start.
                self.forget_if_block(item);
                self.ask(item, next, cx);
            }
            Retry::GiveUp(item) => self.forget_if_block(item),
        }
    }

    fn forget_if_block(&mut self, item: Item) {
        if let Item::Block(id) = item {
            self.forget_compact(&id);
        }
    }

    /// Whoever was asked for this item failed: ask the next announcer, if there is one.
    pub(crate) fn ask_another<H: Host>(&mut self, item: Item, failed: NodeId, cx: &mut Cx<'_, H>) {
        let timeout = self.config.request_timeout();
        if let Some(retry) = self.requests.deny(&item, failed, cx.now(), timeout) {
            self.carry_out(retry, cx);
        }
    }

    /// What a block's new place at the tip means for others: tells the peers that are not known to have it.
    ///
    /// As in Bitcoin Core only blocks of the best chain are announced: a block that loses a tie is not passed on. Of a
    /// branch that became best at once, all new blocks are announced if they are few; otherwise its tip, behind
    /// which a peer finds the rest by headers.
    pub(crate) fn announce_blocks<H: Host>(&mut self, fork_height: u32, told: &[NodeId], cx: &mut Cx<'_, H>) {
        const MOST: usize = 8;
        let new = self.chain.blocks_above(fork_height);
        let skip = if new.len() > MOST { new.len() - 1 } else { 0 };
        match self.config.relay {
            Relay::Push => {
                let blocks: Vec<Arc<Block>> = new.skip(skip).cloned().collect();
                blocks.into_iter().for_each(|block| self.broadcast(Message::Block(block), told, cx));
            }
            Relay::Inventory | Relay::Compact => {
                let mut items = [Item::Block(self.chain.tip().id()); MOST];
                let mut count = 0;
                for (slot, block) in items.iter_mut().zip(new.skip(skip)) {
                    *slot = Item::Block(block.id());
                    count += 1;
                }
                self.broadcast(Message::Inv(Items::new(&items[..count])), told, cx);
            }
        }
    }

    /// One message to all peers but `told`: one allocation, or none when nobody is left out.
    pub(crate) fn broadcast<H: Host>(&mut self, message: Message, told: &[NodeId], cx: &mut Cx<'_, H>) {
        if told.is_empty() {
            if !self.peers.is_empty() {
                cx.send(Datagram::Many(self.peers.clone(), message));
            }
            return;
        }
        let mut recipients = self.requests.spare.pop().unwrap_or_default();
        recipients.extend(self.peers.iter().filter(|peer| !told.contains(peer)));
        match recipients.as_slice() {
            [] => {}
            [one] => cx.send(Datagram::One(*one, message)),
            many => cx.send(Datagram::Many(many.into(), message)),
        }
        self.requests.recycle(recipients);
    }

    /// Announces a transaction: at once, or to each peer after its own random delay.
    pub(crate) fn announce_tx<H: Host>(&mut self, id: TxId, told: &[NodeId], cx: &mut Cx<'_, H>) {
        if self.config.trickle.is_zero() {
            self.broadcast(Message::Inv(Items::one(Item::Tx(id))), told, cx);
            return;
        }
        for &peer in self.peers.clone().iter().filter(|peer| !told.contains(peer)) {
            let batch = self.trickle.outbox.entry(peer).or_default();
            batch.push(id);
            // The delay has no memory, so one drawn when the first transaction waits is as good as a clock that ticks at
            // exponential intervals all the time.
            if batch.len() == 1 {
                let mut luck = cx.stream(Domain::protocol(TRICKLE), self.trickle.draws);
                self.trickle.draws += 1;
                cx.set_timer(Timer::Trickle(peer), self.config.trickle.scale(luck.exponential()));
            }
        }
    }

    pub(crate) fn on_trickle_timer<H: Host>(&mut self, peer: NodeId, cx: &mut Cx<'_, H>) {
        let batch = self.trickle.outbox.remove(&peer).unwrap_or_default();
        // What has left the mempool meanwhile is no longer on offer.
        let items: Vec<Item> =
            batch.into_iter().filter(|id| self.mempool.contains(id)).map(Item::Tx).collect();
        for part in items.chunks(MOST_ITEMS) {
            cx.send(Datagram::One(peer, Message::Inv(Items::new(part))));
        }
    }

    /// A peer announced a transaction itself: no need to announce it back.
    pub(crate) fn peer_knows_tx(&mut self, peer: NodeId, id: &TxId) {
        if let Some(batch) = self.trickle.outbox.get_mut(&peer) {
            // An emptied batch keeps its place: its timer is running.
            batch.retain(|waiting| waiting != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockId;

    const ITEM: Item = Item::Block(BlockId([1; 32]));
    const TIMEOUT: Span = Span::from_secs(10);

    #[test]
    fn announcers_are_asked_one_after_the_other() {
        let (mut requests, mut now) = (Requests::default(), Time::ZERO);
        assert!(requests.announce(ITEM, NodeId(1), now, TIMEOUT));
        assert!(!requests.announce(ITEM, NodeId(2), now, TIMEOUT));
        assert!(!requests.announce(ITEM, NodeId(1), now, TIMEOUT), "an announcer counts once");
        assert_eq!(requests.overdue(now, TIMEOUT), None);
        now += TIMEOUT;
        assert_eq!(requests.overdue(now, TIMEOUT), Some(Retry::Ask(ITEM, NodeId(2))));
        assert_eq!(requests.overdue(now, TIMEOUT), None);
        assert_eq!(requests.deny(&ITEM, NodeId(1), now, TIMEOUT), None, "it is no longer asked");
        assert_eq!(requests.deny(&ITEM, NodeId(2), now, TIMEOUT), Some(Retry::GiveUp(ITEM)));
        assert!(!requests.is_open(&ITEM));
        assert!(requests.announce(ITEM, NodeId(1), now, TIMEOUT), "a later announcement starts afresh");
    }

    #[test]
    fn one_timer_serves_all_requests() {
        let (mut requests, now) = (Requests::default(), Time::ZERO);
        assert_eq!(requests.arm(now, None), None);
        requests.announce(ITEM, NodeId(1), now, TIMEOUT);
        assert_eq!(requests.arm(now, None), Some(TIMEOUT));
        requests.announce(Item::Block(BlockId([2; 32])), NodeId(1), now + Span::from_secs(4), TIMEOUT);
        assert_eq!(requests.arm(now, None), None, "armed already");
        requests.close(&ITEM);
        requests.fired();
        assert_eq!(requests.arm(now + TIMEOUT, None), Some(Span::from_secs(4)));
    }

    #[test]
    fn a_flood_of_announcements_is_bounded() {
        let mut requests = Requests::default();
        for n in 0..2_000_u32 {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&n.to_le_bytes());
            requests.announce(Item::Block(BlockId(id)), NodeId(1), Time::ZERO, TIMEOUT);
        }
        assert_eq!(requests.open.len(), Requests::CAPACITY);
    }
}
