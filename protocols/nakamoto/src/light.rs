//! A light client: follows headers and asks for Merkle proofs (Nakamoto 2008 §8, simplified payment verification).
//!
//! It trusts proof of work and the choice of its neighbours, nothing else. Which chain it believes when its neighbours
//! disagree is its [`FollowRule`].

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{Cx, Datagram, Domain, Layer, NodeId, Op, Protocol, Received};

use crate::block::{Block, BlockId, Header, SealedHeader};
use crate::config::{Config, FollowRule, LightConfig};
use crate::interface::{Indication, Request, Timer};
use crate::message::{GetHeaders, Item, MAX_HEADERS, Message, Proof};
use crate::node::Host;
use crate::rules::{self, Refusal};
use crate::transaction::{Tx, TxId};
use crate::tree::{Position, Tree};

/// Tag of the draw of neighbours: `cx.stream(Domain::protocol(NEIGHBOURS), 0).sample(directory, neighbours)`.
pub const NEIGHBOURS: u16 = 4;
/// Tag of the draw of the polling phase.
const PHASE: u16 = 5;

/// A transaction that the client waits for.
#[derive(Debug, Clone, Copy, Default)]
struct Watch {
    /// The block that was proved to hold it.
    proved_in: Option<Position>,
    /// Number of neighbours asked or passed over so far: the next question goes to the next of them.
    asked: usize,
    /// How many of them may still be asked or passed over before the next poll.
    left: usize,
}

/// A client that keeps headers only.
#[derive(Debug, Clone)]
pub struct LightClient {
    config: Arc<LightConfig>,
    rules: Arc<Config>,
    tree: Tree<SealedHeader>,
    neighbours: Arc<[NodeId]>,
    /// End of the chain that each neighbour reported last.
    reported: Vec<Position>,
    followed: Position,
    watched: BTreeMap<TxId, Watch>,
    rejected: u64,
}

impl LightClient {
    /// A client that knows only the genesis block; it picks its neighbours when it starts. `rules` are the network's.
    #[must_use]
    pub fn new(config: Arc<LightConfig>, rules: Arc<Config>, genesis: &Block) -> Self {
        Self {
            config,
            rules,
            tree: Tree::new(*genesis.sealed()),
            neighbours: Arc::new([]),
            reported: Vec::new(),
            followed: Position::GENESIS,
            watched: BTreeMap::new(),
            rejected: 0,
        }
    }

    /// The nodes that it asks; empty before it starts.
    #[must_use]
    pub fn neighbours(&self) -> &Arc<[NodeId]> {
        &self.neighbours
    }

    /// All valid headers that it has seen.
    #[must_use]
    pub fn tree(&self) -> &Tree<SealedHeader> {
        &self.tree
    }

    /// End of the chain that it believes.
    #[must_use]
    pub fn tip(&self) -> BlockId {
        self.tree.id(self.followed)
    }

    /// Height of the chain that it believes.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.tree.height(self.followed)
    }

    /// End of the chain that a neighbour reported last.
    #[must_use]
    pub fn reported_by(&self, neighbour: NodeId) -> Option<BlockId> {
        let at = self.neighbours.iter().position(|n| *n == neighbour)?;
        Some(self.tree.id(self.reported[at]))
    }

    /// Number of messages dropped because they break the rules.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    fn set_neighbours(&mut self, neighbours: Arc<[NodeId]>) {
        self.reported = vec![Position::GENESIS; neighbours.len()];
        self.neighbours = neighbours;
        // A round among the old ones is over.
        self.watched.values_mut().for_each(|watch| watch.left = 0);
    }

    /// Picks the neighbours, itself excluded if it is in the directory.
    fn pick_neighbours<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        let (directory, me) = (u64::from(self.config.directory), cx.me());
        let one_more = u64::from(me.0) < directory;
        let wanted = self.config.neighbours as usize;
        let mut luck = cx.stream(Domain::protocol(NEIGHBOURS), 0);
        let picked = luck.sample(directory, wanted + usize::from(one_more));
        // Ids below the directory's size fit.
        let others = picked.into_iter().map(|id| NodeId(id as u32)).filter(|id| *id != me).take(wanted);
        self.set_neighbours(others.collect());
    }

    pub(crate) fn start<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        if self.neighbours.is_empty() {
            self.pick_neighbours(cx);
        }
        // Clients do not ask in step.
        let phase = cx.stream(Domain::protocol(PHASE), 0).unit();
        cx.set_timer(Timer::Poll, self.config.poll_interval.scale(phase));
    }

    /// Headers, neighbours and watched transactions are on disk.
    pub(crate) fn restart<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        self.start(cx);
    }

    fn question(&self, from: Position) -> Message {
        let locator = self.tree.locator(from);
        Message::GetHeaders(Arc::new(GetHeaders { locator, stop: BlockId::default() }))
    }

    fn poll<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        cx.set_timer(Timer::Poll, self.config.poll_interval);
        let Some(&first) = self.reported.first() else { return };
        if self.reported.iter().all(|tip| *tip == first) {
            cx.send(Datagram::Many(self.neighbours.clone(), self.question(first)));
        } else {
            for (&neighbour, &tip) in self.neighbours.iter().zip(&self.reported) {
                cx.send(Datagram::One(neighbour, self.question(tip)));
            }
        }
        let (mut unproved, all) = (Vec::new(), self.neighbours.len());
        for (tx, watch) in self.watched.iter_mut().filter(|(_, watch)| watch.proved_in.is_none()) {
            watch.left = all;
            unproved.push(*tx);
        }
        unproved.into_iter().for_each(|tx| self.ask_proof(tx, cx));
    }

    /// Asks the next neighbour whose chain contains the believed one. Once around per poll: a transaction that nobody has
    /// confirmed yet is no reason to ask for ever.
    fn ask_proof<H: Host>(&mut self, tx: TxId, cx: &mut Cx<'_, H>) {
        let Some(watch) = self.watched.get_mut(&tx) else { return };
        while watch.left > 0 {
            let at = watch.asked % self.neighbours.len();
            watch.asked += 1;
            watch.left -= 1;
            if self.tree.is_on_chain(self.followed, self.reported[at]) {
                cx.send(Datagram::One(self.neighbours[at], Message::GetProof(tx)));
                return;
            }
        }
    }

    fn on_headers<H: Host>(&mut self, headers: &[SealedHeader], from: NodeId, cx: &mut Cx<'_, H>) {
        let Some(neighbour) = self.neighbours.iter().position(|n| *n == from) else {
            self.rejected += 1;
            return;
        };
        if headers.len() > MAX_HEADERS {
            self.rejected += 1;
            return;
        }
        // At most 2,000 headers of 80 bytes.
        cx.charge(Op::Hash { bytes: (headers.len() * Header::LEN) as u32 });
        let Some(end) = self.take_headers(headers, cx) else { return };
        self.reported[neighbour] = end;
        if headers.len() == MAX_HEADERS {
            cx.send(Datagram::One(from, self.question(end)));
        }
        self.follow(cx);
    }

    /// Takes a chain of headers in, as far as it is valid; its end, or `None` when nothing of it is of use.
    fn take_headers<H: Host>(&mut self, headers: &[SealedHeader], cx: &mut Cx<'_, H>) -> Option<Position> {
        let mut end = None;
        for sealed in headers {
            let linked = end.is_none_or(|before| self.tree.id(before) == sealed.header().previous);
            let taken = match rules::check_header(&self.tree, sealed, &self.rules, cx.now()) {
                _ if !linked => None,
                Ok((parent, work)) => self.tree.insert(*sealed, parent, work),
                Err(Refusal::Known) => self.tree.position(&sealed.id()),
                // It may be right by the sender's clock.
                Err(Refusal::TimeAhead) => return end,
                Err(_) => None,
            };
            if taken.is_none() {
                self.rejected += 1;
                return end;
            }
            end = taken;
        }
        end
    }

    /// Believes what the rule says, and looks what that means for the watched transactions.
    fn follow<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        let choice = match self.config.rule {
            FollowRule::Heaviest => self.heaviest(),
            FollowRule::Majority(share) => self.majority(share),
        };
        if choice != self.followed {
            let fork = self.tree.common_ancestor(choice, self.followed);
            let reorg_depth = self.tree.height(self.followed) - self.tree.height(fork);
            self.followed = choice;
            cx.indicate(Indication::Followed { tip: self.tip(), height: self.height(), reorg_depth });
        }
        self.check_watched(cx);
    }

    /// The end of the heaviest chain ever reported; among equals the believed one stays.
    fn heaviest(&self) -> Position {
        let mut best = self.followed;
        for &tip in &self.reported {
            if self.tree.work(tip) > self.tree.work(best) {
                best = tip;
            }
        }
        best
    }

    /// The heaviest block on the reported chains of more than `share` of the neighbours.
    ///
    /// Walks down from all reported ends at once, heaviest block first. A block is heavier than all before it, so when one
    /// is reached, all walks that lead to it have arrived, and the first that enough walks have reached is the answer.
    fn majority(&self, share: f64) -> Position {
        let all = self.neighbours.len();
        let enough = |count: usize| count == all || count as f64 > share * all as f64;
        let mut walks: BTreeMap<(u128, Position), usize> = BTreeMap::new();
        for &tip in &self.reported {
            *walks.entry((self.tree.work(tip), tip)).or_default() += 1;
        }
        while let Some(((_, at), count)) = walks.pop_last() {
            if enough(count) || at == Position::GENESIS {
                return at;
            }
            let parent = self.tree.parent(at);
            *walks.entry((self.tree.work(parent), parent)).or_default() += count;
        }
        Position::GENESIS
    }

    fn check_watched<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        let (tree, followed, wanted) = (&self.tree, self.followed, self.config.confirmations);
        self.watched.retain(|&tx, watch| {
            let Some(at) = watch.proved_in else { return true };
            if !tree.is_on_chain(at, followed) {
                // The proof is of a chain that is no longer believed: ask again.
                watch.proved_in = None;
                return true;
            }
            let depth = tree.height(followed) - tree.height(at) + 1;
            if depth >= wanted {
                cx.indicate(Indication::Confirmed { tx, block: tree.id(at), depth });
            }
            depth < wanted
        });
    }

    fn on_proof<H: Host>(&mut self, proof: &Proof, cx: &mut Cx<'_, H>) {
        // An answer to a question that is settled is late, not wrong.
        let Some(watch) = self.watched.get_mut(&proof.tx) else { return };
        // A block that is not known yet: the headers come first, then the proof is asked for again.
        let Some(at) = self.tree.position(&proof.block) else { return };
        cx.charge(Op::Hash { bytes: 65 * (1 + proof.proof.path.len() as u32) });
        if proof.proof.proves(&Tx::leaf(&proof.tx), &self.tree.header(at).merkle_root) {
            watch.proved_in = Some(at);
            self.check_watched(cx);
        } else {
            self.rejected += 1;
        }
    }

    fn on_not_found<H: Host>(&mut self, items: &[Item], cx: &mut Cx<'_, H>) {
        for item in items {
            let Item::Tx(tx) = item else { continue };
            if self.watched.get(tx).is_some_and(|watch| watch.proved_in.is_none()) {
                self.ask_proof(*tx, cx);
            }
        }
    }

    pub(crate) fn request<H: Host>(&mut self, request: Request, cx: &mut Cx<'_, H>) {
        match request {
            Request::SubmitTx(tx) => {
                if !self.neighbours.is_empty() {
                    cx.send(Datagram::Many(self.neighbours.clone(), Message::Tx(tx)));
                }
            }
            Request::SetPeers(neighbours) => self.set_neighbours(neighbours),
            Request::Watch(tx) => {
                self.watched.entry(tx).or_default();
            }
        }
    }

    pub(crate) fn indication<H: Host>(&mut self, received: Received<Message>, cx: &mut Cx<'_, H>) {
        let Received { from, message } = received;
        match message {
            Message::Headers(headers) => self.on_headers(&headers, from, cx),
            Message::Proof(proof) => self.on_proof(&proof, cx),
            Message::NotFound(items) => self.on_not_found(items.as_slice(), cx),
            // It serves nobody and carries nothing.
            _ => self.rejected += 1,
        }
    }

    pub(crate) fn timer<H: Host>(&mut self, timer: Timer, cx: &mut Cx<'_, H>) {
        if timer == Timer::Poll {
            self.poll(cx);
        }
    }
}

impl Layer for LightClient {
    type Above = Request;
    type Up = Indication;
    type Down = Datagram<Message>;
    type Below = Received<Message>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        self.start(cx);
    }

    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.restart(cx);
    }

    fn on_request(&mut self, request: Request, cx: &mut Cx<'_, Self>) {
        self.request(request, cx);
    }

    fn on_indication(&mut self, received: Received<Message>, cx: &mut Cx<'_, Self>) {
        self.indication(received, cx);
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        self.timer(timer, cx);
    }
}

impl Protocol for LightClient {
    type Msg = Message;
}
