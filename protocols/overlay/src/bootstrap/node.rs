//! The machine of joiner, seed and member: whoever has joined answers others.

use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId, Op, Span, Time};
use astrarium_protocol_transport::{Event as Below, Request as Down};

use super::message::{ChainSpace, Message};
use super::vote::{Answer, Verdict, judge};

/// Parameters of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Names the chain: only who has the same genesis block answers, and only such answers count.
    pub genesis: u64,
    /// Answers that are compared at least. 1 believes a single seed.
    pub quorum: usize,
    /// After this time answers are judged as they are.
    pub timeout: Span,
    /// Time between attempts.
    pub retry: Span,
    /// Attempts before giving up.
    pub attempts: u32,
    /// Whether the own segment is asked when no seed answers.
    pub probe: bool,
}

impl Config {
    /// Most contacts in an answer that are read.
    pub const MAX_CONTACTS: usize = 64;
    /// Most answers of one attempt that are kept.
    pub const MAX_ANSWERS: usize = 256;
}

/// What a member knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Other members.
    pub contacts: Arc<[NodeId]>,
    /// The chain space it follows.
    pub space: ChainSpace,
}

/// How a node got in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// By seeds.
    Seeds,
    /// By its segment.
    Segment,
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Too few answered.
    NoAnswer,
    /// Answers contradict each other, and none has a majority.
    Contradiction,
}

/// Indications to the layer above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// In.
    Joined {
        /// Whom it may talk to.
        contacts: Arc<[NodeId]>,
        /// What it will follow.
        space: ChainSpace,
        /// How.
        way: Way,
        /// Time since the first attempt.
        took: Span,
    },
    /// An attempt failed; `last` when there will be no other.
    Failed {
        /// Why.
        why: Failure,
        /// Whether it was the last.
        last: bool,
    },
}

/// Timers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Answers are judged.
    Judge,
    /// The next attempt.
    Retry,
}

/// Whom a joiner is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Seeds,
    Segment,
}

/// A node that joins, or has joined.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    config: Arc<Config>,
    seeds: Arc<[NodeId]>,
    /// Whom a broadcast in the own segment reaches: one message each, as the switch would copy it. The node learns of them only by
    /// their answers.
    segment: Arc<[NodeId]>,
    membership: Option<Membership>,
    phase: Phase,
    answers: Vec<Answer>,
    attempts: u32,
    began: Time,
    /// Answers that were not asked for, came twice or are about another chain.
    dropped: u32,
}

impl Bootstrap {
    /// A node that will ask these seeds, and its segment; with a membership it is in already.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        seeds: Arc<[NodeId]>,
        segment: Arc<[NodeId]>,
        membership: Option<Membership>,
    ) -> Self {
        Self {
            config,
            seeds,
            segment,
            membership,
            phase: Phase::Idle,
            answers: Vec::new(),
            attempts: 0,
            began: Time::ZERO,
            dropped: 0,
        }
    }

    /// What it knows, once it is in.
    #[must_use]
    pub fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }

    /// Answers it dropped.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    fn attempt(&mut self, cx: &mut Cx<'_, Self>) {
        if self.attempts == 0 {
            self.began = cx.now();
        }
        self.attempts += 1;
        let seeds = Arc::clone(&self.seeds);
        self.ask(Phase::Seeds, &seeds, cx);
    }

    fn ask(&mut self, phase: Phase, whom: &[NodeId], cx: &mut Cx<'_, Self>) {
        self.phase = phase;
        self.answers.clear();
        for &node in whom {
            cx.send(Down::send(node, Message::Request { genesis: self.config.genesis }));
        }
        cx.set_timer(Timer::Judge, self.config.timeout);
    }

    fn on_response(&mut self, answer: Answer, genesis: u64, cx: &mut Cx<'_, Self>) {
        let asked = match self.phase {
            Phase::Idle => &[][..],
            Phase::Seeds => &self.seeds,
            Phase::Segment => &self.segment,
        };
        let wanted = asked.contains(&answer.from)
            && genesis == self.config.genesis
            && self.answers.len() < Config::MAX_ANSWERS
            && self.answers.iter().all(|known| known.from != answer.from);
        if !wanted {
            self.dropped += 1;
            return;
        }
        let all = asked.len();
        self.answers.push(answer);
        if self.answers.len() == all {
            cx.cancel_timer(Timer::Judge);
            self.judge(cx);
        }
    }

    fn judge(&mut self, cx: &mut Cx<'_, Self>) {
        let (phase, silent) = (self.phase, self.answers.is_empty());
        // In a segment one member is enough: there may be no other.
        let (quorum, way) =
            if phase == Phase::Seeds { (self.config.quorum, Way::Seeds) } else { (1, Way::Segment) };
        let verdict = judge(&self.answers, quorum);
        self.phase = Phase::Idle;
        self.answers = Vec::new();
        match verdict {
            Verdict::Kept { space, contacts } => {
                let contacts: Arc<[NodeId]> = contacts.into();
                self.membership = Some(Membership { contacts: Arc::clone(&contacts), space });
                cx.indicate(Event::Joined { contacts, space, way, took: cx.now().since(self.began) });
            }
            Verdict::TooFew if phase == Phase::Seeds && silent && self.config.probe => {
                let segment = Arc::clone(&self.segment);
                self.ask(Phase::Segment, &segment, cx);
            }
            Verdict::TooFew => self.fail(Failure::NoAnswer, cx),
            Verdict::Tie => self.fail(Failure::Contradiction, cx),
        }
    }

    fn fail(&mut self, why: Failure, cx: &mut Cx<'_, Self>) {
        let last = self.attempts >= self.config.attempts;
        cx.indicate(Event::Failed { why, last });
        if !last {
            cx.set_timer(Timer::Retry, self.config.retry);
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Cx<'_, Self>) {
        cx.charge(Op::Parse);
        match message {
            Message::Request { genesis } => {
                if let Some(Membership { contacts, space }) = &self.membership
                    && genesis == self.config.genesis
                {
                    // The answering node is a member itself.
                    let others = contacts.iter().copied().filter(|&c| c != from && c != cx.me());
                    let contacts =
                        std::iter::once(cx.me()).chain(others).take(Config::MAX_CONTACTS).collect();
                    cx.send(Down::send(from, Message::Response { genesis, contacts, space: *space }));
                }
            }
            Message::Response { genesis, contacts, space } => {
                let contacts = if contacts.len() > Config::MAX_CONTACTS {
                    contacts[..Config::MAX_CONTACTS].into()
                } else {
                    contacts
                };
                self.on_response(Answer { from, space, contacts }, genesis, cx);
            }
        }
    }
}

impl Layer for Bootstrap {
    /// Nothing is asked of it: it begins by itself.
    type Above = ();
    type Up = Event;
    type Down = Down<Message>;
    type Below = Below<Message>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        if self.membership.is_none() {
            // Who starts together does not ask together.
            let phase = cx.rng().below(self.config.retry.as_nanos().max(1));
            cx.set_timer(Timer::Retry, Span::from_nanos(phase));
        }
    }

    /// What it follows is on disk; an attempt under way is forgotten.
    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.phase = Phase::Idle;
        self.answers.clear();
        self.attempts = 0;
        self.on_start(cx);
    }

    fn on_request(&mut self, (): (), _cx: &mut Cx<'_, Self>) {}

    fn on_indication(&mut self, indication: Below<Message>, cx: &mut Cx<'_, Self>) {
        // Sessions that fail show as missing answers when time is up.
        if let Below::Delivered { from, message } = indication {
            self.on_message(from, message, cx);
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Judge => self.judge(cx),
            Timer::Retry => self.attempt(cx),
        }
    }
}
