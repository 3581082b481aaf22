//! What stands between a host and the world: two classifications, each a pure machine that asks questions (§6.4).
//!
//! The machines know nothing of timers, tries or sockets: they name a question, are given the answer or silence, and go on. So
//! they are tested against a table of answers, and the same machine runs on every transport.

use astrarium_node::Endpoint;

use super::message::Change;

/// The classes of RFC 3489.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NatClass {
    /// The server did not answer.
    Blocked,
    /// No translation, and everybody gets through.
    Open,
    /// No translation, but strangers do not get through.
    Firewall,
    /// One port for all peers, everybody gets through.
    FullCone,
    /// One port for all peers, known addresses get through.
    Restricted,
    /// One port for all peers, known sockets get through.
    PortRestricted,
    /// Another port for another peer.
    Symmetric,
}

impl NatClass {
    /// Whether software that builds on STUN tries to join hosts that read like this: not one whose port differs by peer and one
    /// that lets only known sockets in (a firewall is taken for one of those).
    #[must_use]
    pub const fn joins(self, peer: Self) -> bool {
        const fn strict(class: NatClass) -> bool {
            matches!(class, NatClass::PortRestricted | NatClass::Symmetric | NatClass::Firewall)
        }
        let symmetric = matches!(self, Self::Symmetric) && strict(peer)
            || matches!(peer, Self::Symmetric) && strict(self);
        !(symmetric || matches!(self, Self::Blocked) || matches!(peer, Self::Blocked))
    }
}

/// The classes of the port rule, with the numbers of the original library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum PortClass {
    /// A server did not answer.
    #[default]
    Unknown = 0,
    /// As `Fixed` or `Host`, and strangers get through.
    Full = 1,
    /// The port outside is the port inside.
    Host = 2,
    /// Another port, but the same one for all peers.
    Fixed = 3,
    /// Another port for another peer.
    Symmetric = 4,
    /// Another address for another peer.
    MultiIp = 5,
}

impl PortClass {
    /// Whether a socket's place outside can be told beforehand.
    #[must_use]
    pub const fn predictable(self) -> bool {
        matches!(self, Self::Full | Self::Host | Self::Fixed)
    }
}

/// One of the server's four sockets, by number of address and of port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) ip: usize,
    pub(crate) port: usize,
}

/// A question to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question {
    /// Which of the machine's own fresh sockets asks.
    pub(crate) socket: usize,
    /// Whom.
    pub(crate) to: At,
    /// From where the server shall answer.
    pub(crate) change: Change,
}

/// An answer: the asking socket, inside and outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) local: Endpoint,
    pub(crate) mapped: Endpoint,
}

/// What a machine does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<V> {
    Ask(Question),
    Done(V),
}

const MAIN: At = At { ip: 0, port: 0 };
const OTHER_IP: At = At { ip: 1, port: 0 };
const OTHER_BOTH: At = At { ip: 1, port: 1 };

/// RFC 3489 §10.1. T1 asks plainly, T2 for an answer from elsewhere, T1' asks that elsewhere plainly, T3 for an answer from the
/// other port.
///
/// A middlebox that keeps records of unsolicited packets makes T1' read as "symmetric", since the answer to T2 was one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rfc3489 {
    asked: u8,
    first: Option<Answer>,
}

impl Rfc3489 {
    /// The next step, after the answer to the last question (`None` before the first).
    pub(crate) fn next(&mut self, answer: Option<Answer>) -> Step<NatClass> {
        let asked = self.asked;
        self.asked += 1;
        let ask = |to, change| Step::Ask(Question { socket: 0, to, change });
        match asked {
            0 => ask(MAIN, Change::NONE),
            1 => match answer {
                None => Step::Done(NatClass::Blocked),
                Some(_) => {
                    self.first = answer;
                    ask(MAIN, Change::BOTH)
                }
            },
            2 => {
                let translated = self.first.is_some_and(|first| first.mapped != first.local);
                match (translated, answer.is_some()) {
                    (false, true) => Step::Done(NatClass::Open),
                    (false, false) => Step::Done(NatClass::Firewall),
                    (true, true) => Step::Done(NatClass::FullCone),
                    (true, false) => ask(OTHER_BOTH, Change::NONE),
                }
            }
            3 => match answer {
                None => Step::Done(NatClass::Blocked),
                Some(second) if self.first.map(|first| first.mapped) != Some(second.mapped) => {
                    Step::Done(NatClass::Symmetric)
                }
                Some(_) => ask(MAIN, Change::PORT),
            },
            _ if answer.is_some() => Step::Done(NatClass::Restricted),
            _ => Step::Done(NatClass::PortRestricted),
        }
    }
}

/// What the port rule found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PortVerdict {
    /// How ports behave; never [`PortClass::Full`].
    pub rule: PortClass,
    /// Whether strangers get through.
    pub full: bool,
    /// The address outside, once known.
    pub wan: Option<astrarium_node::Ip>,
    /// Whether the address outside is the host's own.
    pub public: bool,
}

impl PortVerdict {
    /// The type of the original library, in which `Full` hides how ports behave.
    #[must_use]
    pub const fn class(&self) -> PortClass {
        if self.full && self.rule.predictable() { PortClass::Full } else { self.rule }
    }
}

/// The port rule: two fresh sockets ask two addresses of a server each; a third, asked last, whether strangers get through.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PortRule {
    asked: u8,
    answers: [Option<Answer>; 4],
}

impl PortRule {
    /// The next step, after the answer to the last question (`None` before the first).
    pub(crate) fn next(&mut self, answer: Option<Answer>) -> Step<PortVerdict> {
        let asked = usize::from(self.asked);
        self.asked += 1;
        if let Some(slot) = asked.checked_sub(1).and_then(|last| self.answers.get_mut(last)) {
            *slot = answer;
            if answer.is_none() {
                return Step::Done(PortVerdict::default());
            }
        }
        match asked {
            0..=3 => {
                let to = if asked % 2 == 0 { MAIN } else { OTHER_IP };
                Step::Ask(Question { socket: asked / 2, to, change: Change::NONE })
            }
            4 => Step::Ask(Question { socket: 2, to: MAIN, change: Change::BOTH }),
            _ => Step::Done(self.verdict(answer.is_some())),
        }
    }

    fn verdict(&self, full: bool) -> PortVerdict {
        let [Some(a), Some(b), Some(c), Some(d)] = self.answers else { return PortVerdict::default() };
        let all = [a, b, c, d];
        let rule = if all.iter().any(|x| x.mapped.ip != a.mapped.ip) {
            PortClass::MultiIp
        } else if all.iter().all(|x| x.mapped.port == x.local.port) {
            PortClass::Host
        } else if a.mapped == b.mapped && c.mapped == d.mapped {
            PortClass::Fixed
        } else {
            PortClass::Symmetric
        };
        PortVerdict { rule, full, wan: Some(a.mapped.ip), public: a.mapped.ip == a.local.ip }
    }
}

#[cfg(test)]
mod tests {
    use astrarium_node::Ip;

    use super::*;

    const LOCAL: Endpoint = Endpoint::new(Ip(0x0a00_0001), 5000);

    fn at(ip: u32, port: u16) -> Endpoint {
        Endpoint::new(Ip(ip), port)
    }

    /// Runs RFC 3489 on a list of answers; silence beyond its end.
    fn rfc(answers: &[Option<Endpoint>]) -> (NatClass, usize) {
        let (mut machine, mut last, mut count) = (Rfc3489::default(), None, 0);
        loop {
            match machine.next(last) {
                Step::Done(class) => return (class, count),
                Step::Ask(_) => {
                    last =
                        answers.get(count).copied().flatten().map(|mapped| Answer { local: LOCAL, mapped });
                    count += 1;
                }
            }
        }
    }

    #[test]
    fn rfc_3489_reads_every_class() {
        let (a, b) = (Some(at(9, 1)), Some(at(9, 2)));
        for (answers, class, questions) in [
            (&[][..], NatClass::Blocked, 1),
            (&[Some(LOCAL), Some(LOCAL)], NatClass::Open, 2),
            (&[Some(LOCAL), None], NatClass::Firewall, 2),
            (&[a, a], NatClass::FullCone, 2),
            (&[a, None, b], NatClass::Symmetric, 3),
            (&[a, None, a, a], NatClass::Restricted, 4),
            (&[a, None, a, None], NatClass::PortRestricted, 4),
        ] {
            assert_eq!(rfc(answers), (class, questions), "{answers:?}");
        }
    }

    #[test]
    fn stun_joins_all_but_symmetric_with_those_that_heed_ports() {
        use NatClass::{Blocked, Firewall, FullCone, Open, PortRestricted, Restricted, Symmetric};
        let all = [Open, Firewall, FullCone, Restricted, PortRestricted, Symmetric];
        for a in all {
            for b in all {
                let strict = |class| [Firewall, PortRestricted, Symmetric].contains(&class);
                let hopeless = (a == Symmetric && strict(b)) || (b == Symmetric && strict(a));
                assert_eq!(a.joins(b), !hopeless, "{a:?} {b:?}");
            }
            assert!(!a.joins(Blocked) && !Blocked.joins(a));
        }
    }

    /// Runs the port rule on a device that maps (number of socket, number of address asked).
    fn port_rule(full: bool, map: impl Fn(usize, usize) -> Option<Endpoint>) -> PortVerdict {
        let (mut machine, mut last) = (PortRule::default(), None);
        loop {
            match machine.next(last) {
                Step::Done(verdict) => return verdict,
                Step::Ask(q) => {
                    let local = Endpoint::new(LOCAL.ip, LOCAL.port + q.socket as u16);
                    let heard = q.change == Change::NONE || full;
                    last = map(q.socket, q.to.ip).filter(|_| heard).map(|mapped| Answer { local, mapped });
                }
            }
        }
    }

    #[test]
    fn the_port_rule_reads_every_class() {
        let rule = |map: &dyn Fn(usize, usize) -> Option<Endpoint>| port_rule(false, map).rule;
        assert_eq!(rule(&|s, _| Some(at(9, 5000 + s as u16))), PortClass::Host);
        assert_eq!(rule(&|s, _| Some(at(9, 700 + s as u16))), PortClass::Fixed);
        assert_eq!(rule(&|s, ip| Some(at(9, 700 + (2 * s + ip) as u16))), PortClass::Symmetric);
        assert_eq!(rule(&|s, ip| Some(at(9 + ip as u32, 5000 + s as u16))), PortClass::MultiIp);
        assert_eq!(rule(&|s, ip| (s + ip < 2).then(|| at(9, 1))), PortClass::Unknown);
        let open = port_rule(true, |s, _| Some(at(9, 700 + s as u16)));
        assert_eq!((open.rule, open.class(), open.public), (PortClass::Fixed, PortClass::Full, false));
        let public = port_rule(false, |s, _| Some(Endpoint::new(LOCAL.ip, 5000 + s as u16)));
        assert_eq!((public.rule, public.public), (PortClass::Host, true));
    }
}
