//! Catching up with a chain: headers first, then blocks in batches from whoever has the headers (Bitcoin Core since 0.10).
//!
//! Serves a node that joins or restarts, the healing of a partition, and any block whose parent is unknown.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use astrarium_node::{Cx, Datagram, NodeId, Op, Time};

use crate::block::{BlockId, Header, SealedHeader};
use crate::message::{GetHeaders, Item, Items, MAX_HEADERS, Message};
use crate::node::{Host, Node};
use crate::tree::Position;

/// Blocks asked for at once (Bitcoin Core, `MAX_BLOCKS_IN_TRANSIT_PER_PEER`).
const WINDOW: usize = 16;
/// Most blocks that wait to be asked for; what is beyond is found by the next question.
const QUEUE: usize = 2 * MAX_HEADERS;

/// What is wanted beyond the ordinary announcements.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sync {
    /// Who owes an answer to a question for headers, and until when.
    asked: Option<(NodeId, Time)>,
    /// Blocks known by header, parents first, with who has them.
    queue: VecDeque<(BlockId, NodeId)>,
    /// Whose answer was as long as an answer can be, and where it ended: it has more.
    more: Option<(NodeId, BlockId)>,
}

impl Sync {
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.asked.map(|(_, until)| until)
    }
}

impl Node {
    fn question(&self, from: Position) -> Message {
        let locator = self.chain.tree().locator(from);
        Message::GetHeaders(Arc::new(GetHeaders { locator, stop: BlockId::default() }))
    }

    /// Says hello to all peers: what do you have, and this is what I have.
    pub(crate) fn greet<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        self.broadcast(self.question(self.chain.tip_position()), &[], cx);
        if self.height() > 0 {
            self.broadcast(Message::Inv(Items::one(Item::Block(self.tip().id()))), &[], cx);
        }
    }

    fn ask_headers<H: Host>(&mut self, peer: NodeId, from: Position, cx: &mut Cx<'_, H>) {
        self.sync.asked = Some((peer, cx.now() + self.config.request_timeout()));
        cx.send(Datagram::One(peer, self.question(from)));
        self.arm_requests(cx);
    }

    /// A block waits for its parents: ask its sender for the way there, unless help is on its way already.
    pub(crate) fn sync_for_orphan<H: Host>(&mut self, id: &BlockId, sender: NodeId, cx: &mut Cx<'_, H>) {
        let missing = self.orphans.missing_root(id);
        let coming = self.requests.is_open(&Item::Block(missing))
            || self.sync.asked.is_some_and(|(_, until)| until > cx.now())
            || self.sync.queue.iter().any(|(queued, _)| *queued == missing);
        if !coming {
            self.ask_headers(sender, self.chain.tip_position(), cx);
        }
    }

    /// The question for headers is overdue: ask somebody whose block still waits for its parents.
    pub(crate) fn check_sync<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        if self.sync.deadline().is_some_and(|until| until <= cx.now()) {
            self.sync.asked = None;
            if let Some(sender) = self.orphans.newest_sender() {
                self.ask_headers(sender, self.chain.tip_position(), cx);
            }
        }
        self.continue_sync(cx);
    }

    pub(crate) fn on_headers<H: Host>(&mut self, headers: &[SealedHeader], from: NodeId, cx: &mut Cx<'_, H>) {
        if self.sync.asked.is_some_and(|(peer, _)| peer == from) {
            self.sync.asked = None;
        }
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else { return };
        // At most 2,000 headers of 80 bytes.
        cx.charge(Op::Hash { bytes: (headers.len() * Header::LEN) as u32 });
        let linked = headers.windows(2).all(|pair| pair[1].header().previous == pair[0].id());
        let rooted = self.chain.tree().position(&first.header().previous).is_some();
        if !(linked && rooted) || headers.len() > MAX_HEADERS {
            self.rejected += 1;
            return;
        }
        let queued: BTreeSet<u64> = self.sync.queue.iter().map(|(id, _)| id.prefix()).collect();
        for id in headers.iter().map(SealedHeader::id) {
            if self.has_block(&id) || queued.contains(&id.prefix()) {
                continue;
            }
            if self.requests.is_open(&Item::Block(id)) {
                self.want(Item::Block(id), from, cx);
            } else if self.sync.queue.len() < QUEUE {
                self.sync.queue.push_back((id, from));
            }
        }
        if headers.len() == MAX_HEADERS {
            self.sync.more = Some((from, last.id()));
        }
        self.continue_sync(cx);
    }

    /// Keeps the window of requests full; when nothing is left to ask for, asks for more headers.
    pub(crate) fn continue_sync<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        if self.sync.queue.is_empty() && self.sync.more.is_none() {
            return;
        }
        // In batches: not before half of the last one is here.
        if self.requests.len() <= WINDOW / 2 {
            self.request_batch(cx);
        }
        if !(self.sync.queue.is_empty() && self.requests.is_empty()) {
            return;
        }
        if let Some((peer, last)) = self.sync.more.take() {
            // Unknown when its download failed: then the next announcement starts anew.
            if let Some(position) = self.chain.tree().position(&last) {
                self.ask_headers(peer, position, cx);
            }
        }
    }

    fn request_batch<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        let mut batch: Vec<Item> = Vec::new();
        let mut addressee = None;
        while batch.len() < WINDOW {
            let Some(&(id, peer)) = self.sync.queue.front() else { break };
            if addressee.is_some_and(|first| first != peer) {
                break;
            }
            self.sync.queue.pop_front();
            let item = Item::Block(id);
            let timeout = self.config.request_timeout();
            if !self.has_block(&id) && self.requests.announce(item, peer, cx.now(), timeout) {
                addressee = Some(peer);
                batch.push(item);
            }
        }
        if let Some(peer) = addressee {
            cx.send(Datagram::One(peer, Message::GetData(Items::new(&batch))));
            self.arm_requests(cx);
        }
    }
}
