//! Leader election by majority vote (Raft, §5.2 of Ongaro & Ousterhout 2014), and the faults planted into it.
//!
//! Term and vote are on disk and survive a crash; everything else is volatile. A replica that loses its disk may vote twice,
//! as in the real protocol. There are no heartbeats: an announcement keeps the others quiet for one patience, so that a run
//! holds many elections.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use astrarium_node::collections::Set;
use astrarium_node::{Cx, Datagram, Domain, Layer, NodeId, Probability, Protocol, Received, Span, Wire};

/// Draws that decide which replica carries the planted panic.
const PANIC: Domain = Domain::protocol(1);
/// Share of the runs that shall panic.
const PANIC_SHARE: f64 = 0.125;

/// What is wrong with a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    None,
    Safety,
    Liveness,
    Nondeterminism,
    Panic,
}

impl Plant {
    /// The words in scenario files, in the order of [`Plant::from_word`].
    pub(crate) const WORDS: &[&str] = &["none", "safety", "liveness", "nondeterminism", "panic"];

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "safety" => Self::Safety,
            "liveness" => Self::Liveness,
            "nondeterminism" => Self::Nondeterminism,
            "panic" => Self::Panic,
            _ => Self::None,
        }
    }
}

/// Parameters of the election.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Number of replicas.
    pub(crate) replicas: usize,
    /// Least time without a leader before a replica stands; drawn between this and twice this.
    pub(crate) patience: Span,
    /// The planted fault.
    pub(crate) plant: Plant,
}

impl Config {
    /// Votes that elect.
    pub(crate) fn quorum(&self) -> usize {
        let majority = self.replicas / 2 + 1;
        if self.plant == Plant::Safety { majority - 1 } else { majority }
    }
}

/// Messages between replicas: one byte of kind, eight of term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Message {
    /// Vote for me.
    Ask { term: u64 },
    /// You have my vote.
    Vote { term: u64 },
    /// I am elected.
    Announce { term: u64 },
}

impl Message {
    fn term(&self) -> u64 {
        let (Self::Ask { term } | Self::Vote { term } | Self::Announce { term }) = self;
        *term
    }
}

impl Wire for Message {
    fn wire_len(&self) -> u32 {
        9
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask",
            Self::Vote { .. } => "vote",
            Self::Announce { .. } => "announce",
        }
    }
}

/// What a replica tells whoever watches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// It stands in this term.
    Stood { term: u64 },
    /// It is elected, with so many votes.
    Elected { term: u64, votes: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Timer {
    /// No leader for too long.
    Patience,
}

/// Nobody asks replicas for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Never {}

impl Hash for Never {
    fn hash<H: Hasher>(&self, _: &mut H) {
        match *self {}
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    Follower,
    Candidate { votes: BTreeSet<NodeId> },
    Leader,
}

/// One replica.
#[derive(Debug, Clone)]
pub(crate) struct Replica {
    config: Arc<Config>,
    peers: Arc<[NodeId]>,
    /// The peers in hash order; only the planted nondeterminism looks at it.
    jumbled: Set<NodeId>,
    term: u64,
    voted: Option<NodeId>,
    role: Role,
}

impl Replica {
    pub(crate) fn new(config: Arc<Config>, id: NodeId) -> Self {
        let peers: Arc<[NodeId]> =
            (0..config.replicas).map(NodeId::from).filter(|&peer| peer != id).collect();
        let jumbled = match config.plant {
            Plant::Nondeterminism => peers.iter().copied().collect(),
            _ => Set::default(),
        };
        Self { config, peers, jumbled, term: 0, voted: None, role: Role::Follower }
    }

    /// Waits for a leader.
    fn wait(&self, cx: &mut Cx<'_, Self>) {
        let patience = self.config.patience;
        let extra = Span::from_nanos(cx.rng().below(patience.as_nanos().max(1)));
        cx.set_timer(Timer::Patience, patience + extra);
    }

    /// Waits for the outcome of an election it takes part in.
    fn wait_for_outcome(&self, cx: &mut Cx<'_, Self>) {
        match self.config.plant {
            Plant::Liveness => cx.cancel_timer(Timer::Patience),
            _ => self.wait(cx),
        }
    }

    fn stand(&mut self, cx: &mut Cx<'_, Self>) {
        self.term += 1;
        self.voted = Some(cx.me());
        self.role = Role::Candidate { votes: BTreeSet::from([cx.me()]) };
        cx.indicate(Event::Stood { term: self.term });
        let ask = Message::Ask { term: self.term };
        match self.config.plant {
            Plant::Nondeterminism => {
                self.jumbled.iter().for_each(|&peer| cx.send(Datagram::One(peer, ask.clone())));
            }
            _ => cx.send(Datagram::Many(Arc::clone(&self.peers), ask)),
        }
        self.wait_for_outcome(cx);
    }

    /// Enters a term that somebody else has begun.
    fn enter(&mut self, term: u64) {
        self.term = term;
        self.voted = None;
        self.role = Role::Follower;
    }

    fn asked(&mut self, candidate: NodeId, cx: &mut Cx<'_, Self>) {
        if self.voted.is_none_or(|voted| voted == candidate) {
            self.voted = Some(candidate);
            cx.send(Datagram::One(candidate, Message::Vote { term: self.term }));
            self.wait_for_outcome(cx);
        }
    }

    fn got_vote(&mut self, voter: NodeId, cx: &mut Cx<'_, Self>) {
        let Role::Candidate { votes } = &mut self.role else { return };
        votes.insert(voter);
        let votes = votes.len();
        if votes >= self.config.quorum() {
            self.win(votes, cx);
        }
    }

    fn win(&mut self, votes: usize, cx: &mut Cx<'_, Self>) {
        let per_replica = Probability::new(PANIC_SHARE / self.config.replicas as f64);
        let is_carrier = self.config.plant == Plant::Panic && cx.stream(PANIC, 0).chance(per_replica);
        assert!(!is_carrier, "planted: {} cannot bear to be elected", cx.me());
        self.role = Role::Leader;
        cx.indicate(Event::Elected { term: self.term, votes });
        cx.send(Datagram::Many(Arc::clone(&self.peers), Message::Announce { term: self.term }));
        self.wait(cx);
    }
}

impl Layer for Replica {
    type Above = Never;
    type Up = Event;
    type Down = Datagram<Message>;
    type Below = Received<Message>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        self.wait(cx);
    }

    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.role = Role::Follower;
        self.wait(cx);
    }

    fn on_request(&mut self, request: Never, _: &mut Cx<'_, Self>) {
        match request {}
    }

    fn on_indication(&mut self, Received { from, message }: Received<Message>, cx: &mut Cx<'_, Self>) {
        if message.term() > self.term {
            self.enter(message.term());
        } else if message.term() < self.term {
            return;
        }
        match message {
            Message::Ask { .. } => self.asked(from, cx),
            Message::Vote { .. } => self.got_vote(from, cx),
            Message::Announce { .. } => self.wait(cx),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Patience => self.stand(cx),
        }
    }
}

impl Protocol for Replica {
    type Msg = Message;
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::driver::Cluster;
    use astrarium_node::{Seed, Time};

    fn cluster(replicas: usize, plant: Plant) -> Cluster<Replica> {
        let config = Arc::new(Config { replicas, patience: Span::from_millis(150), plant });
        let nodes = (0..replicas).map(|id| Replica::new(config.clone(), NodeId::from(id))).collect();
        Cluster::start(nodes, Span::from_millis(1), Seed(1))
    }

    fn leaders(cluster: &Cluster<Replica>) -> Vec<(u64, NodeId, usize)> {
        let elected = |&(_, node, event): &(Time, NodeId, Event)| match event {
            Event::Elected { term, votes } => Some((term, node, votes)),
            Event::Stood { .. } => None,
        };
        cluster.indications.iter().filter_map(elected).collect()
    }

    /// Two votes are no majority of four; with one vote too few they are.
    #[test]
    fn half_of_the_votes_elect_nobody_unless_planted() {
        for (plant, elected) in [(Plant::None, false), (Plant::Safety, true)] {
            let mut cluster = cluster(4, plant);
            cluster.filter(|_, from, to, _| from.0 / 2 == to.0 / 2);
            cluster.run_until(Time::ZERO + Span::from_secs(5));
            assert_eq!(!leaders(&cluster).is_empty(), elected, "{plant:?}");
        }
    }

    #[test]
    fn a_replica_votes_once_per_term_even_across_a_crash() {
        let mut cluster = cluster(3, Plant::None);
        let votes = |cluster: &Cluster<Replica>| {
            cluster.sent.iter().filter(|(_, _, _, m)| *m == Message::Vote { term: 9 }).count()
        };
        cluster.deliver(NodeId(0), NodeId(2), Message::Ask { term: 9 });
        cluster.deliver(NodeId(1), NodeId(2), Message::Ask { term: 9 });
        assert_eq!(votes(&cluster), 1);
        cluster.call(NodeId(2), Replica::on_restart);
        cluster.deliver(NodeId(1), NodeId(2), Message::Ask { term: 9 });
        assert_eq!(votes(&cluster), 1);
    }

    #[test]
    fn a_failed_election_is_repeated_unless_planted() {
        for (plant, recovers) in [(Plant::None, true), (Plant::Liveness, false)] {
            let mut cluster = cluster(4, plant);
            let wall = Time::ZERO + Span::from_secs(2);
            cluster.filter(move |now, from, to, _| now > wall || from.0 / 2 == to.0 / 2);
            cluster.run_until(Time::ZERO + Span::from_secs(10));
            assert_eq!(!leaders(&cluster).is_empty(), recovers, "{plant:?}");
        }
    }

    /// The most impatient of three (on average 150 ms + 150 ms / 4) stands, and is elected a round trip later: 60 s hold about
    /// 317 elections, fewer by those that are contested.
    #[test]
    fn leaders_follow_each_other() {
        let mut cluster = cluster(3, Plant::None);
        cluster.run_until(Time::ZERO + Span::from_secs(60));
        let leaders = leaders(&cluster);
        assert!((250..=330).contains(&leaders.len()), "{} elections", leaders.len());
        assert!(leaders.windows(2).all(|pair| pair[0].0 < pair[1].0), "one leader per term");
    }
}
