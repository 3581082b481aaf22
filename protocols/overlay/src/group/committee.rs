//! Rounds of a committee on top of a group: a leader casts, members check and answer, a quorum of answers begins the next phase.
//!
//! This is what committee protocols have in common (Cypherium Fig. 3A and 3B; ZV Chain's verification groups) and what their
//! network costs: one phase is one way down and one way up. What the phases decide is not the business of this layer.

use std::collections::VecDeque;

use astrarium_node::{Class, Cx, Layer, NodeId, Op, Wire};

use super::layer::{Event as Below, Request as Down};
use super::message::{Body, GroupId, MessageId};

/// A proposal of a leader, or answers to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ballot {
    /// Do you agree?
    Proposal {
        /// Round, unique within the group.
        round: u64,
        /// Phase within the round, from 0.
        phase: u8,
        /// Who signed it.
        signer: NodeId,
        /// Length of what is proposed.
        bytes: u32,
    },
    /// We do. An aggregated signature and who is in it: 96 + 16 bytes.
    Answer {
        /// Round.
        round: u64,
        /// Phase.
        phase: u8,
    },
    /// A request of a client to the committee.
    Petition {
        /// Its number.
        number: u64,
        /// Who signed it.
        signer: NodeId,
        /// Its length.
        bytes: u32,
    },
}

impl Ballot {
    /// Round 8, phase 1, signer 32, signature 65.
    const PROPOSAL: u32 = 106;
    /// Round 8, phase 1, aggregated signature 96, members 16.
    const ANSWER: u32 = 121;
    /// Number 8, signer 32, signature 65.
    const PETITION: u32 = 105;
}

impl Wire for Ballot {
    fn wire_len(&self) -> u32 {
        match self {
            Self::Proposal { bytes, .. } => Self::PROPOSAL + bytes,
            Self::Answer { .. } => Self::ANSWER,
            Self::Petition { bytes, .. } => Self::PETITION + bytes,
        }
    }

    /// What the committee says to itself is urgent, what anybody may ask of it is not (network specification N33).
    fn class(&self) -> Class {
        match self {
            Self::Proposal { .. } | Self::Answer { .. } => Class::High,
            Self::Petition { .. } => Class::Low,
        }
    }
}

impl Body for Ballot {
    fn check_cost(&self) -> Option<Op> {
        Some(Op::Verify)
    }

    /// A signature cannot be made without the key: who signed is what the check finds out.
    fn is_authentic(&self, source: NodeId) -> bool {
        match self {
            Self::Proposal { signer, .. } | Self::Petition { signer, .. } => *signer == source,
            // Counted by who sent it.
            Self::Answer { .. } => true,
        }
    }

    fn merge(&mut self, _other: &Self) {
        // Signatures add up to one signature; how many are in it stands in the message around it.
    }
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Of the group below.
    Group(Down<Ballot>),
    /// Lead a round.
    Lead {
        /// In which group.
        group: GroupId,
        /// Which round.
        round: u64,
        /// Phases, at least 1.
        phases: u8,
        /// Answers that end a phase, one's own included.
        quorum: u32,
        /// Length of what is proposed; the proposals of further phases carry 32 bytes, its digest.
        bytes: u32,
    },
    /// Ask a committee for something, as a client.
    Petition {
        /// Which group.
        group: GroupId,
        /// Its members.
        roster: std::sync::Arc<super::Roster>,
        /// Number of the petition.
        number: u64,
        /// Its length.
        bytes: u32,
    },
}

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// Of the group below.
    Group(Below<Ballot>),
    /// To the leader: a phase has its quorum.
    Passed {
        /// Which round.
        round: u64,
        /// Which phase; the last one decides.
        phase: u8,
    },
}

/// A round that this node leads.
#[derive(Debug, Clone, Copy)]
struct Round {
    group: GroupId,
    round: u64,
    phase: u8,
    phases: u8,
    quorum: u32,
    /// The cast of the present phase, once the group has named it.
    cast: Option<MessageId>,
}

/// Rounds that a node leads at the same time, at most; the oldest is given up.
const MOST_ROUNDS: usize = 16;
/// A further phase speaks of the proposal by its digest.
const DIGEST: u32 = 32;

/// The layer.
#[derive(Debug, Clone, Default)]
pub struct Committee {
    rounds: VecDeque<Round>,
}

/// The layer needs no timers: a round that fails is somebody else's to notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoTimer {}

impl Committee {
    /// Leading nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn propose(round: &Round, bytes: u32, cx: &mut Cx<'_, Self>) {
        cx.charge(Op::Sign);
        let body = Ballot::Proposal { round: round.round, phase: round.phase, signer: cx.me(), bytes };
        cx.send(Down::Cast { group: round.group, body });
    }

    /// A proposal reached this node, perhaps its own.
    fn on_proposal(&mut self, at: &Below<Ballot>, cx: &mut Cx<'_, Self>) {
        let &Below::Delivered { group, source, id, body: Ballot::Proposal { round, phase, .. }, .. } = at
        else {
            return;
        };
        if source == cx.me()
            && let Some(own) = self.rounds.iter_mut().find(|r| (r.group, r.round) == (group, round))
        {
            own.cast = Some(id);
        }
        cx.charge(Op::Sign);
        cx.send(Down::Contribute { group, source, id, body: Ballot::Answer { round, phase } });
    }

    /// Answers have come in.
    fn on_answers(&mut self, cast: MessageId, contributors: u32, cx: &mut Cx<'_, Self>) {
        let Some(at) = self.rounds.iter().position(|r| r.cast == Some(cast)) else { return };
        let round = &mut self.rounds[at];
        if contributors < round.quorum {
            return;
        }
        cx.indicate(Event::Passed { round: round.round, phase: round.phase });
        round.cast = None;
        round.phase += 1;
        if round.phase < round.phases {
            Self::propose(&round.clone(), DIGEST, cx);
        } else {
            self.rounds.remove(at);
        }
    }
}

impl Layer for Committee {
    type Above = Request;
    type Up = Event;
    type Down = Down<Ballot>;
    type Below = Below<Ballot>;
    type Timer = NoTimer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.rounds.clear();
    }

    fn on_request(&mut self, request: Request, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Group(request) => cx.send(request),
            Request::Lead { group, round, phases, quorum, bytes } => {
                // A round that is led again begins again.
                self.rounds.retain(|r| (r.group, r.round) != (group, round));
                if self.rounds.len() >= MOST_ROUNDS {
                    self.rounds.pop_front();
                }
                let round = Round { group, round, phase: 0, phases: phases.max(1), quorum, cast: None };
                self.rounds.push_back(round);
                Self::propose(&round, bytes, cx);
            }
            Request::Petition { group, roster, number, bytes } => {
                cx.charge(Op::Sign);
                let body = Ballot::Petition { number, signer: cx.me(), bytes };
                cx.send(Down::Enter { group, roster, connected: None, body });
            }
        }
    }

    fn on_indication(&mut self, indication: Below<Ballot>, cx: &mut Cx<'_, Self>) {
        match &indication {
            Below::Delivered { .. } => self.on_proposal(&indication, cx),
            Below::Reduced { id, contributors, .. } => self.on_answers(*id, *contributors, cx),
            _ => {}
        }
        cx.indicate(Event::Group(indication));
    }

    fn on_timer(&mut self, timer: NoTimer, _cx: &mut Cx<'_, Self>) {
        match timer {}
    }
}
