//! Access links that serve their peers in turns.
//!
//! A first-come-first-served link knows when a piece leaves as soon as it comes. Here that depends on who comes later, so pieces wait in the
//! network ([`FairQueue`]) until the link takes them up, and the engine is told what became of them by [`Move`]s. A piece that finds the
//! link idle is taken up at once and costs no event more than elsewhere.
//!
//! A piece is a packet at packet fidelity, where the guarantees of fair queueing are those of the literature. At message fidelity it is a whole
//! message, which is sent in one go once its peer has the credit for all of it. Peers are recipients on the uplink and senders on
//! the downlink. Rates of single links of the topology have no fair order: they stay first come, first served. What a middlebox of the
//! sender has passed may still be dropped from the uplink's queue when a shorter one needs the room.

use astrarium_node::{NodeId, Span, Time};

use super::{Fidelity, Luck, Modelled};
use crate::config::{Discipline, NetConfig, Oversize};
use crate::contract::{Arrival, Landing, Move, Parcel, Side, Transit};
use crate::fair::{FairQueue, Item, Limit};
use crate::link::{Packets, Stretch};

/// What waits for the links of all nodes.
#[derive(Debug, Clone)]
pub(super) struct FairLinks {
    /// Credit of a turn in bytes.
    quantum: u64,
    limit_up: Limit,
    limit_down: Limit,
    /// By node; made when something waits for the first time.
    up: Vec<Option<Box<Link<Sending>>>>,
    down: Vec<Option<Box<Link<Receiving>>>>,
}

/// One link.
#[derive(Debug, Clone)]
struct Link<T> {
    queue: FairQueue<T>,
    /// The engine will say when the link is free.
    alarmed: bool,
}

/// A piece before the uplink.
#[derive(Debug, Clone, Copy)]
struct Sending {
    parcel: Parcel,
    slot: u32,
    piece: u16,
    pieces: u16,
    /// When the parcel was handed over: what its pieces share is drawn by it.
    offered: Time,
    linger: Span,
}

/// A piece before the downlink.
#[derive(Debug, Clone, Copy)]
struct Receiving {
    landing: Landing,
    slot: u32,
}

impl FairLinks {
    /// `None` where links are first come, first served.
    pub(super) fn new(config: &NetConfig) -> Option<Self> {
        let (up, down) = config.buffers();
        let made = |bytes, packets| Limit { bytes, packets };
        (config.discipline == Discipline::Fair).then(|| Self {
            quantum: u64::from(config.mtu),
            limit_up: made(up, config.packets_up),
            limit_down: made(down, config.packets_down),
            up: Vec::new(),
            down: Vec::new(),
        })
    }
}

/// The link of a node, made if need be.
fn link<T>(links: &mut Vec<Option<Box<Link<T>>>>, node: NodeId) -> &mut Link<T> {
    if links.len() <= node.index() {
        links.resize_with(node.index() + 1, || None);
    }
    links[node.index()].get_or_insert_with(|| Box::new(Link { queue: FairQueue::new(), alarmed: false }))
}

/// Whether something waits for the link of a node.
fn waits<T>(links: &[Option<Box<Link<T>>>], node: NodeId) -> bool {
    links.get(node.index()).and_then(Option::as_ref).is_some_and(|link| !link.queue.is_empty())
}

/// What a link still has to send of what it has taken up, in bytes.
fn rest(until: u64, now: u64, bps: u64) -> u64 {
    let bits = u128::from(until.saturating_sub(now)) * u128::from(bps) / 1_000_000_000;
    u64::try_from(bits / 8).unwrap_or(u64::MAX)
}

fn item<T>(stretch: &Stretch, what: T) -> Item<T> {
    Item { bytes: stretch.total, packets: stretch.count, what }
}

impl<T> Link<T> {
    /// Asks to be woken, unless that has been done or nothing waits.
    fn alarm(&mut self, (node, side): (NodeId, Side), until: u64, moves: &mut Vec<Move>) {
        if !self.alarmed && !self.queue.is_empty() {
            self.alarmed = true;
            moves.push(Move::Wake { node, side, at: Time::from_nanos(until) });
        }
    }
}

impl Modelled {
    /// The number of pieces of a parcel that cannot all go onto the uplink now; `None` when it is idle and one piece is all there is, or when
    /// there is no queue.
    pub(super) fn must_wait(&self, now: Time, parcel: &Parcel) -> Option<u16> {
        let fair = self.fair.as_ref()?;
        let access = self.access.get(parcel.from.index()).filter(|access| access.up_bps > 0)?;
        let packets = Packets::of(parcel.bytes, self.mtu);
        if self.oversize == Oversize::Drop && packets.count > 1 {
            return None;
        }
        let pieces = match self.fidelity {
            Fidelity::Message => 1,
            Fidelity::Packet => packets.pieces(),
        };
        let idle = access.busy_until() <= now.as_nanos() && !waits(&fair.up, parcel.from);
        (pieces > 1 || !idle).then_some(pieces)
    }

    /// [`Network::wait_up`](crate::Network::wait_up).
    pub(super) fn queue_up(
        &mut self,
        now: Time,
        parcel: &Parcel,
        (slot, linger): (u32, Span),
        moves: &mut Vec<Move>,
    ) {
        let Some(pieces) = self.must_wait(now, parcel) else {
            debug_assert!(false, "nothing has to wait for this uplink");
            return moves.push(Move::Gone { slot });
        };
        self.traffic.offered += u64::from(pieces);
        let (node, packets) = (parcel.from, Packets::of(parcel.bytes, self.mtu));
        for piece in 0..pieces {
            let stretch = packets.piece(piece, pieces);
            let sending = Sending { parcel: *parcel, slot, piece, pieces, offered: now, linger };
            let (Some(fair), Some(access)) = (&mut self.fair, self.access.get(node.index())) else { return };
            let in_service = rest(access.busy_until(), now.as_nanos(), access.up_bps);
            let (link, drops) = (link(&mut fair.up, node), &mut self.traffic.drops);
            let limit = (fair.limit_up, in_service);
            link.queue.push(parcel.to.0, item(&stretch, sending), limit, |lost| {
                drops.uplink_full += 1;
                moves.push(Move::Gone { slot: lost.slot });
            });
            // The first piece may find the link idle.
            self.serve_up(now, node, moves);
        }
    }

    /// Takes up what the uplink is free for.
    fn serve_up(&mut self, now: Time, node: NodeId, moves: &mut Vec<Move>) {
        loop {
            let (Some(fair), Some(access)) = (&mut self.fair, self.access.get_mut(node.index())) else {
                return;
            };
            let link = link(&mut fair.up, node);
            if access.busy_until() > now.as_nanos() {
                return link.alarm((node, Side::Up), access.busy_until(), moves);
            }
            let Some(Item { what: sending, .. }) = link.queue.pop(fair.quantum) else { return };
            let Sending { parcel, slot, piece, pieces, offered, linger } = sending;
            let stretch = Packets::of(parcel.bytes, self.mtu).piece(piece, pieces);
            if let Some(train) = access.send(now.as_nanos(), &stretch, None) {
                let mut path = self.path(offered, &parcel);
                path.luck = Luck { seed: self.seed, now, parcel, stream: None };
                self.send_on(&parcel, &stretch, train, &mut path, |at| {
                    moves.push(Move::Sent { slot, transit: Transit { at: at + linger, piece, pieces } });
                });
            }
            moves.push(Move::Gone { slot });
        }
    }

    /// What the downlink does with a piece that has come.
    pub(super) fn downlink_in_turns(&mut self, now: Time, landing: &Landing) -> Arrival {
        let (Some(fair), Some(access)) = (&self.fair, self.access.get_mut(landing.to.index())) else {
            return Arrival::Deliver;
        };
        if access.down_bps == 0 {
            self.traffic.delivered += 1;
            return Arrival::Deliver;
        }
        if access.served_until() > now.as_nanos() || waits(&fair.down, landing.to) {
            return Arrival::Wait;
        }
        let stretch = Packets::of(landing.bytes, self.mtu).piece(landing.piece, landing.pieces);
        if fair.limit_down.bytes.is_some_and(|most| stretch.total > most) {
            self.traffic.drops.downlink_full += 1;
            return Arrival::Drop;
        }
        self.traffic.delivered += 1;
        Arrival::Later(Time::from_nanos(access.serve(now.as_nanos(), stretch.total)))
    }

    /// [`Network::wait_down`](crate::Network::wait_down).
    pub(super) fn queue_down(&mut self, now: Time, landing: &Landing, slot: u32, moves: &mut Vec<Move>) {
        let node = landing.to;
        let (Some(fair), Some(access)) = (&mut self.fair, self.access.get(node.index())) else {
            return moves.push(Move::Gone { slot });
        };
        let stretch = Packets::of(landing.bytes, self.mtu).piece(landing.piece, landing.pieces);
        let in_service = rest(access.served_until(), now.as_nanos(), access.down_bps);
        let (link, drops) = (link(&mut fair.down, node), &mut self.traffic.drops);
        let receiving = item(&stretch, Receiving { landing: *landing, slot });
        link.queue.push(landing.from.0, receiving, (fair.limit_down, in_service), |lost| {
            drops.downlink_full += 1;
            moves.push(Move::Gone { slot: lost.slot });
        });
        self.serve_down(now, node, moves);
    }

    /// Takes up what the downlink is free for.
    fn serve_down(&mut self, now: Time, node: NodeId, moves: &mut Vec<Move>) {
        let (Some(fair), Some(access)) = (&mut self.fair, self.access.get_mut(node.index())) else { return };
        let link = link(&mut fair.down, node);
        while access.served_until() <= now.as_nanos() {
            let Some(Item { bytes, what, .. }) = link.queue.pop(fair.quantum) else { return };
            let (Receiving { landing, slot }, done) = (what, access.serve(now.as_nanos(), bytes));
            self.traffic.delivered += 1;
            let (piece, pieces) = (landing.piece, landing.pieces);
            moves.push(Move::Landed { slot, piece, pieces, at: Time::from_nanos(done) });
        }
        link.alarm((node, Side::Down), access.served_until(), moves);
    }

    /// [`Network::link_free`](crate::Network::link_free).
    pub(super) fn serve_waiting(&mut self, now: Time, node: NodeId, side: Side, moves: &mut Vec<Move>) {
        let Some(fair) = &mut self.fair else { return };
        match side {
            Side::Up => {
                link(&mut fair.up, node).alarmed = false;
                self.serve_up(now, node, moves);
            }
            Side::Down => {
                link(&mut fair.down, node).alarmed = false;
                self.serve_down(now, node, moves);
            }
        }
    }
}
