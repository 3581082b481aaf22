//! A man in the middle at the router (AD-MITM): passes handshakes on with his own ephemeral keys in place of theirs, opens what comes
//! from either side, reads it, seals it again for the other.
//!
//! He cannot sign for either side. So he passes their signatures on, or signs with his own key, and hopes that nobody checks; or he has
//! stolen the server's static key before the run and signs as the server. Then clients believe him, and the server, which
//! wants the clients' signatures over its own key, does not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use astrarium_engine::{Hands, Input};
use astrarium_node::{Datagram, NodeId, Received, Time};
use astrarium_protocol_transport::secure::keys::{
    Ephemeral, EphemeralKey, Identity, Sealed, TrafficKey, transcript,
};
use astrarium_protocol_transport::secure::{Prologue, Proof, Record};
use astrarium_runner::Params;

use super::Spoils;
use crate::channel::{Carrier, Node, Packet, Rec, SERVER, World};
use crate::item::Item;

/// Draws of his keys, among those of the adversary.
const KEYS: u64 = 2;
/// Epochs that a key is followed ahead at once.
const AHEAD: u32 = 1_000;
/// Handshakes of a pair whose keys he keeps.
const HANDSHAKES: usize = 3;

/// A handshake between its first and its second message: initiator, responder, session.
type Handshake = (NodeId, NodeId, u32);

/// His two keys of a handshake, and the initiator's.
#[derive(Debug, Clone)]
struct Between {
    initiator: EphemeralKey,
    to_initiator: Ephemeral,
    to_responder: Ephemeral,
}

/// A key with its predecessor: records overtake each other.
#[derive(Debug, Clone)]
struct Ratchet {
    now: TrafficKey,
    before: Option<TrafficKey>,
}

impl Ratchet {
    fn new(key: TrafficKey) -> Self {
        Self { now: key, before: None }
    }

    /// The key of an epoch, if it is not gone.
    fn key(&self, epoch: u32) -> Option<TrafficKey> {
        if epoch.saturating_sub(self.now.epoch()) > AHEAD {
            return None;
        }
        if epoch < self.now.epoch() {
            return self.before.clone().filter(|key| key.epoch() == epoch);
        }
        let mut key = self.now.clone();
        while key.epoch() < epoch {
            key = key.next();
        }
        Some(key)
    }

    /// A record of this epoch was opened: the present key may go.
    fn follow(&mut self, key: TrafficKey) {
        if key.epoch() > self.now.epoch() {
            self.before = Some(std::mem::replace(&mut self.now, key));
        }
    }
}

/// What he does about the responder's signature.
#[derive(Debug, Clone)]
enum Pen {
    /// Passes it on.
    Theirs,
    /// Signs with the static key of a machine of his.
    Own(NodeId, Option<Identity>),
}

/// One direction: what he opens with, and what he seals with.
#[derive(Debug, Clone)]
struct Direction {
    open: Ratchet,
    seal: Ratchet,
}

/// The attack.
#[derive(Debug, Clone)]
pub(crate) struct Mitm {
    router: NodeId,
    chain: u64,
    nodes: u32,
    pen: Pen,
    between: BTreeMap<Handshake, Between>,
    /// By flow, newest first: what was sealed before a new handshake may come after it.
    directions: BTreeMap<(NodeId, NodeId), VecDeque<Direction>>,
    /// The handshake that made them: session, and time of the answer.
    agreed: BTreeMap<(NodeId, NodeId), (u32, Time)>,
    drawn: u64,
    items: BTreeSet<Item>,
    struck: Option<Time>,
}

impl Mitm {
    pub(super) fn new(params: &Params, world: &World) -> Self {
        let pen = match params.text("adversary.signature") {
            "own" => Pen::Own(world.router(), None),
            "stolen" => Pen::Own(SERVER, None),
            _ => Pen::Theirs,
        };
        Self {
            router: world.router(),
            pen,
            chain: world.config.chain,
            nodes: world.participants(),
            between: BTreeMap::new(),
            directions: BTreeMap::new(),
            agreed: BTreeMap::new(),
            drawn: 0,
            items: BTreeSet::new(),
            struck: None,
        }
    }

    pub(super) fn router(&self) -> NodeId {
        self.router
    }

    pub(super) fn spoils(&self) -> Spoils {
        Spoils { items: self.items.clone(), struck: self.struck, ..Spoils::default() }
    }

    /// Takes the key that he signs with from its machine; seizes the machine for that, if it is not his.
    pub(super) fn begin<T: Carrier>(&mut self, hands: &mut Hands<'_, Node<T>>) {
        if let Pen::Own(machine, identity) = &mut self.pen
            && (hands.controls(*machine) || hands.corrupt(*machine))
        {
            *identity = Some(hands.state(*machine).lower.upper.secrets().identity);
        }
    }

    pub(super) fn on_input<T: Carrier>(
        &mut self,
        node: NodeId,
        input: Input<Node<T>>,
        hands: &mut Hands<'_, Node<T>>,
    ) {
        // A seized server goes on as before.
        if node != self.router {
            return hands.honest(node, input);
        }
        let Input::Message(Received { message: Packet { src, dst, body }, .. }) = input else { return };
        if dst.0 >= self.nodes {
            return;
        }
        let body = self.change::<T>(src, dst, body, hands);
        hands.send(self.router, Datagram::One(dst, Packet { src, dst, body }));
    }

    /// What goes on in place of this.
    fn change<T: Carrier>(
        &mut self,
        src: NodeId,
        dst: NodeId,
        body: Rec<T>,
        hands: &mut Hands<'_, Node<T>>,
    ) -> Rec<T> {
        match body {
            Record::Plain(message) => {
                self.read::<T>(&message, hands.now());
                Record::Plain(message)
            }
            Record::Hello { prologue, key, cookie } => {
                let key = self.on_hello((src, dst, prologue.session), key, hands);
                Record::Hello { prologue, key, cookie }
            }
            Record::Answer { prologue, key, proof } => self.on_answer::<T>(src, dst, prologue, key, proof),
            Record::Data { sealed, overhead } => {
                let sealed = self.on_data::<T>((src, dst), sealed, hands.now());
                Record::Data { sealed, overhead }
            }
            other @ (Record::Cookie { .. } | Record::Finish { .. } | Record::Unknown { .. }) => other,
        }
    }

    fn read<T: Carrier>(&mut self, message: &T::Msg, now: Time) {
        self.struck.get_or_insert(now);
        T::items(message, |item| {
            self.items.insert(*item);
        });
    }

    /// His key in place of the initiator's; the same again for a repeated message.
    fn on_hello<T: Carrier>(
        &mut self,
        handshake: Handshake,
        initiator: EphemeralKey,
        hands: &mut Hands<'_, Node<T>>,
    ) -> EphemeralKey {
        self.struck.get_or_insert(hands.now());
        let known = self.between.get(&handshake).filter(|between| between.initiator == initiator);
        if let Some(between) = known {
            return between.to_responder.public();
        }
        let mut luck = hands.stream(KEYS, self.drawn);
        self.drawn += 1;
        let (to_initiator, to_responder) = (Ephemeral::generate(&mut luck), Ephemeral::generate(&mut luck));
        let key = to_responder.public();
        self.between.insert(handshake, Between { initiator, to_initiator, to_responder });
        key
    }

    /// His key in place of the responder's; from now on he shares keys with both.
    fn on_answer<T: Carrier>(
        &mut self,
        responder: NodeId,
        initiator: NodeId,
        prologue: Prologue,
        key: EphemeralKey,
        proof: Option<Proof>,
    ) -> Rec<T> {
        let Some(between) = self.between.get(&(initiator, responder, prologue.session)) else {
            return Record::Answer { prologue, key, proof };
        };
        let time = prologue.time.as_nanos();
        let (left, right) = (&between.to_initiator, &between.to_responder);
        let signed = |initiator, answer| transcript(self.chain, initiator, answer, responder.0, time);
        let with_initiator = left.agree(between.initiator).traffic(signed(between.initiator, left.public()));
        let with_responder = right.agree(key).traffic(signed(right.public(), key));
        let direction = |open, seal| Direction { open: Ratchet::new(open), seal: Ratchet::new(seal) };
        let there = direction(with_initiator.0, with_responder.0);
        let back = direction(with_responder.1, with_initiator.1);
        // A repeated answer must not set back keys that went on since.
        let session = (prologue.session, prologue.time);
        if self.agreed.insert((initiator, responder), session) != Some(session) {
            for (flow, direction) in [((initiator, responder), there), ((responder, initiator), back)] {
                let held = self.directions.entry(flow).or_default();
                held.push_front(direction);
                held.truncate(HANDSHAKES);
            }
        }
        let proof = match &self.pen {
            Pen::Own(_, Some(identity)) => proof.map(|_| Proof {
                signature: identity.sign(signed(between.initiator, left.public())),
                key: identity.public(),
            }),
            Pen::Own(_, None) | Pen::Theirs => proof,
        };
        Record::Answer { prologue, key: left.public(), proof }
    }

    /// Opens, reads and seals again; passes on unopened what his keys do not open.
    fn on_data<T: Carrier>(
        &mut self,
        flow: (NodeId, NodeId),
        sealed: Sealed<T::Msg>,
        now: Time,
    ) -> Sealed<T::Msg> {
        let (epoch, counter) = (sealed.epoch, sealed.counter);
        for direction in self.directions.get_mut(&flow).into_iter().flatten() {
            let Some((open, seal)) = direction.open.key(epoch).zip(direction.seal.key(epoch)) else {
                continue;
            };
            let Ok(content) = sealed.clone().open(&open) else { continue };
            let again = Sealed::new(&seal, counter, content.clone());
            direction.open.follow(open);
            direction.seal.follow(seal);
            if let Some(message) = &content {
                self.read::<T>(message, now);
            }
            return again;
        }
        sealed
    }
}
