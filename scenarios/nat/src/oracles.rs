//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `mutual-path` | always | when an answer arrives, the peer has a path back |
//! | `filters-hold` | always | no direct path between devices that exclude it, except by guessing or by luck |
//! | `bounded` | always | tables of hosts stay within their limits |
//! | `traversed` | sometimes | a host behind a device talks directly with another host (when devices there are) |
//! | `struck` | sometimes | the attack met somebody (when there is one): a call began while a forged record lay in wait for it, or one failed for the outage or for want of a circuit |
//! | `new-sessions` | after heal | after an outage, hosts behind devices reach each other again within 90 s |

use astrarium_engine::{AfterHeal, Always, Finding, Sight, Sometimes};
use astrarium_net::{Filtering, Mapping, Modelled, NatDevice};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::traversal::{Mode, Way};

use crate::world::{Node, World};

/// Logins are renewed every 20 s, and a peer that could not be reached is tried again after 30 s.
const BOUND: Span = Span::from_secs(90);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    mutual: Always,
    filters: Always,
    bounded: Always,
    traversed: Option<Sometimes>,
    struck: Option<Sometimes>,
    sessions: Option<AfterHeal>,
    guessing: bool,
}

/// Whether two devices exclude a direct path: what one shows nobody can foresee, and the other lets in only what it expects.
pub(crate) fn excluded(a: Option<&NatDevice>, b: Option<&NatDevice>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return false };
    let unforeseen = |d: &NatDevice| d.mapping == Mapping::AddressAndPortDependent;
    let strict = |d: &NatDevice| d.filtering == Filtering::AddressAndPortDependent;
    (unforeseen(a) && strict(b)) || (unforeseen(b) && strict(a))
}

/// Whether the port that a device drew at random for a peer is the one that the peer was told: once in 64,512 tries.
fn lucky(sight: &Sight<'_, Node>, unforeseen: NodeId, peer: NodeId) -> bool {
    let way = |from: NodeId, to| sight.node(from).lower.path(to).and_then(|path| path.way);
    let (Some(Way::Direct { remote, .. }), Some(Way::Direct { port, .. })) =
        (way(peer, unforeseen), way(unforeseen, peer))
    else {
        return false;
    };
    remote.port == port || sight.node(unforeseen).lower.mapped() == Some(remote)
}

impl Oracles {
    /// For one run in this world, with or without an attack, with or without an end of an outage.
    pub(crate) fn new(world: &World, attacked: bool, healed: Option<Time>) -> Self {
        let sessions = healed.map(|at| {
            let mut oracle = AfterHeal::new("new-sessions", BOUND);
            oracle.healed(at);
            oracle
        });
        Self {
            mutual: Always::new("mutual-path"),
            filters: Always::new("filters-hold"),
            bounded: Always::new("bounded"),
            traversed: world.devices.iter().any(Option::is_some).then(|| Sometimes::new("traversed")),
            struck: attacked.then(|| Sometimes::new("struck")),
            sessions,
            guessing: world.config.mode == Mode::Birthday,
        }
    }

    /// An answer has arrived at `a` from `b`, over a direct path or not.
    pub(crate) fn reached(
        &mut self,
        (a, b): (NodeId, NodeId),
        direct: bool,
        network: &Modelled,
        sight: &Sight<'_, Node>,
    ) {
        let now = sight.now();
        let back = sight.node(b).lower.path(a).and_then(|path| path.way).is_some();
        self.mutual.check(now, back, || format!("{a} hears {b}, which has no path to it"));
        let devices = (network.device(a), network.device(b));
        let both = devices.0.is_some() && devices.1.is_some();
        if direct && !self.guessing {
            let fine = !excluded(devices.0, devices.1) || lucky(sight, a, b) || lucky(sight, b, a);
            self.filters.check(now, fine, || format!("{a} and {b} talk directly: {devices:?}"));
        }
        let behind = devices.0.is_some() || devices.1.is_some();
        if let Some(traversed) = self.traversed.as_mut().filter(|_| direct && behind) {
            traversed.saw(now);
        }
        if let Some(sessions) = self.sessions.as_mut().filter(|_| direct && both) {
            sessions.reached(now);
        }
        for host in [a, b] {
            let (paths, sockets) = sight.node(host).lower.occupancy();
            let config = sight.node(host).lower.config();
            let fine = paths <= config.max_paths && sockets <= config.max_sockets;
            self.bounded.check(now, fine, || format!("{host} has {paths} paths and {sockets} sockets"));
        }
    }

    /// The attack has met somebody.
    pub(crate) fn struck(&mut self, now: Time) {
        if let Some(struck) = &mut self.struck {
            struck.saw(now);
        }
    }

    /// The verdicts of a run that ended at this time.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.mutual.finding(), self.bounded.finding()];
        findings.extend(self.traversed.as_ref().map(Sometimes::finding));
        if !self.guessing {
            findings.push(self.filters.finding());
        }
        findings.extend(self.struck.as_ref().map(Sometimes::finding));
        findings.extend(self.sessions.as_ref().map(|sessions| sessions.finding(end)));
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.mutual.merge(other.mutual);
        self.filters.merge(other.filters);
        self.bounded.merge(other.bounded);
        if let (Some(mine), Some(theirs)) = (&mut self.traversed, other.traversed) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.struck, other.struck) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.sessions, other.sessions) {
            mine.merge(theirs);
        }
    }
}
