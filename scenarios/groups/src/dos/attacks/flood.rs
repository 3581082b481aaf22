//! AD-DOS and AD-LEADER-CHASE: flood the committee members that are known (network specification §9.1).
//!
//! The coalition learns of a committee when its members' addresses are exposed to everybody, needs its reaction time, and then
//! floods the leader (and further members) until the next one can be attacked. Its messages are legal datagrams of its own nodes and take the
//! way of all others: through their uplinks, the network, the target's downlink and processor.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{Datagram, NodeId, Span, Time};
use astrarium_protocol_overlay::group::committee::Ballot;
use astrarium_protocol_overlay::group::{Data, GroupId, Kind, Message, MessageId};
use astrarium_runner::Params;

use crate::dos::world::{Node, Round, World};

/// Purpose of the draws of the spacing of messages; the counter is the message's number.
const SPACING: u64 = 20;
/// A group that nobody is in: what is addressed to it is dropped unread.
const NOBODY: GroupId = GroupId(u64::MAX);
/// IPv4, UDP, frame and fields of a petition around its body, as long as it is one packet.
const AROUND: u64 = 28 + 165 + 105;

/// What the flood consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// Bytes.
    Volume,
    /// Signatures to be checked: messages in the name of somebody who never signed them.
    Cpu {
        /// They say that they are urgent.
        disguise: bool,
    },
}

/// The coalition.
#[derive(Debug, Clone)]
pub(crate) struct Flood {
    means: Option<Means>,
    nodes: Arc<[NodeId]>,
    rounds: Arc<[Round]>,
    targets: usize,
    reaction: Span,
    chase: bool,
    mean: Span,
    bytes: u32,
    /// Messages sent.
    sent: u64,
    /// Rounds whose committee was under attack while it worked.
    hit: Vec<bool>,
}

impl Flood {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let means = match params.text("adversary.strategy") {
            "volume" => Some(Means::Volume),
            "cpu" => Some(Means::Cpu { disguise: params.flag("adversary.disguise") }),
            _ => None,
        };
        let bytes = params.bytes("adversary.bytes");
        let per_second = match means {
            Some(Means::Volume) => params.bit_rate("adversary.rate") / ((bytes + AROUND) as f64 * 8.0),
            _ => params.per_second("adversary.messages"),
        };
        Self {
            means,
            nodes: Arc::clone(&world.coalition),
            rounds: Arc::clone(&world.rounds),
            targets: params.count("adversary.targets"),
            reaction: params.span("adversary.reaction"),
            chase: params.text("adversary.aim") == "chase",
            mean: Span::from_secs_f64(1.0 / per_second),
            // At most 100 MB.
            bytes: bytes as u32,
            sent: 0,
            hit: vec![false; world.rounds.len()],
        }
    }

    /// Messages sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Rounds whose leader was attacked from their beginning to their deadline, at least for a moment.
    pub(crate) fn hit(&self) -> &[bool] {
        &self.hit
    }

    /// The round whose committee is under attack now.
    fn under_attack(&self, now: Time) -> Option<usize> {
        let known = |round: &Round| round.exposed + self.reaction <= now;
        if self.chase { self.rounds.iter().rposition(known) } else { known(&self.rounds[0]).then_some(0) }
    }

    fn arm(&self, hands: &mut Hands<'_, Node>) {
        let mut luck = hands.stream(SPACING, self.sent);
        hands.wake(self.mean.scale(luck.exponential()), 0);
    }

    /// One hostile message to a member of that round's committee.
    fn message(&self, means: Means, round: &Round, from: NodeId, now: Time) -> Message<Ballot> {
        let (group, source) = match means {
            Means::Volume => (NOBODY, from),
            Means::Cpu { .. } => (round.group, round.leader()),
        };
        let (number, signer, bytes) = (self.sent, from, self.bytes);
        let body = match means {
            Means::Cpu { disguise: true } => Ballot::Proposal { round: number, phase: 0, signer, bytes },
            _ => Ballot::Petition { number, signer, bytes },
        };
        Message::Data(Data {
            kind: Kind::Enter,
            group,
            source,
            id: MessageId::new(from, self.sent as u32),
            expiry: now + Span::from_secs(60),
            hops: 0,
            body,
        })
    }
}

impl Adversary<Node> for Flood {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Node>) {
        if self.means.is_some() {
            // Nothing can be attacked before the first exposure.
            let first = self.rounds.first().map_or(Time::MAX, |round| round.exposed + self.reaction);
            hands.wake(first.since(hands.now()), 0);
        }
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        hands.honest(node, input);
    }

    fn on_wake(&mut self, _token: u32, hands: &mut Hands<'_, Node>) {
        let now = hands.now();
        if let (Some(means), Some(at)) = (self.means, self.under_attack(now)) {
            let round = &self.rounds[at];
            self.hit[at] |= round.begins <= now && now <= round.deadline;
            let from = self.nodes[self.sent as usize % self.nodes.len()];
            let to = round.roster.placed((self.sent % self.targets as u64) as usize);
            hands.send(from, Datagram::One(to, self.message(means, round, from, now)));
            self.sent += 1;
        }
        self.arm(hands);
    }
}
