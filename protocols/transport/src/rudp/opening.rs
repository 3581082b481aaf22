//! How sessions begin, end and are told apart.
//!
//! There is no handshake: the opener's first datagram carries data. So a session's key must tell a new session from a late duplicate of
//! an old one, and the opener from a node that forgot. The opener takes the time of its clock, in milliseconds, as the key, or
//! the successor of the newest key it knows of this peer, whichever is later; keys only grow. Between two nodes there is one session, the
//! one with the newest key:
//!
//! - A datagram of an unknown session opens one only if it is marked as an opening and its key is newer than all known ones.
//! - When both open at once, the older session's opener adopts the newer session and sends its messages there again; nothing of
//!   the older one was ever taken in by the other side.
//! - A node that restarted opens a newer session, which ends the old one ([`Down::Reset`](crate::Down::Reset)); or it is sent to in the old
//!   one and answers with a reset.
//! - A restarted node whose clock runs late learns the newest key from the reset that answers its opening.
//!
//! (Rejected: random keys as in KCP's examples, for they need a handshake to tell old from new.)

use astrarium_node::Time;

use crate::service::Message;

use super::config::Config;
use super::packet::{Marks, Packet};
use super::session::{Phase, Session, millis};

/// What a node knows of another.
#[derive(Debug, Clone)]
pub(super) struct Peer<M> {
    /// The newest session key seen; 0 = none.
    newest: u32,
    /// The session of that key, unless it is over.
    pub(super) session: Option<Box<Session<M>>>,
    /// When to forget a peer without a session, ms.
    pub(super) forget_at: u64,
}

/// What to do with a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It belongs to the session.
    Belongs,
    /// It opens a session where there is none.
    Accept,
    /// It opens a session that replaces one which the peer has forgotten.
    Replace,
    /// It opens a session that ours, unanswered so far, has merged into.
    Adopt,
    /// It told us a newer key; our opening starts again under its successor.
    Renamed,
    /// The peer does not know the session.
    Gone,
    /// It is dropped, and answered with this command and this newest key.
    Answer(Marks, u32),
    /// It is dropped.
    Drop,
    /// It is dropped for want of room.
    TableFull,
}

/// Whether key `a` is newer than `b`. Keys may wrap around; 0 is older than all.
fn newer(a: u32, b: u32) -> bool {
    b == 0 || (a.wrapping_sub(b) as i32) > 0
}

impl<M: Message> Peer<M> {
    /// Never heard of.
    pub(super) fn unknown() -> Self {
        Self { newest: 0, session: None, forget_at: 0 }
    }

    /// The session, opened if there is none.
    pub(super) fn open(&mut self, now: Time, config: &Config) -> &mut Session<M> {
        let newest = &mut self.newest;
        self.session.get_or_insert_with(|| {
            // The low 32 bits of the clock in ms; never 0.
            let clock = (millis(now) as u32).max(1);
            *newest = if newer(clock, *newest) { clock } else { successor(*newest) };
            Box::new(Session::new(*newest, Phase::Opening, now, config))
        })
    }

    /// Takes part in a session that the peer opened.
    pub(super) fn accept(&mut self, conv: u32, now: Time, config: &Config) {
        self.newest = conv;
        self.session = Some(Box::new(Session::new(conv, Phase::Open, now, config)));
    }

    /// What to do with a datagram from a node that is not known at all.
    pub(super) fn judge_stranger(packet: &Packet<M>) -> Verdict {
        if packet.marks.has(Marks::RESET) || packet.marks.has(Marks::FIN) || packet.conv == 0 {
            Verdict::Drop
        } else if packet.marks.has(Marks::OPENING) {
            Verdict::Accept
        } else {
            Verdict::Answer(Marks::RESET, 0)
        }
    }

    /// What to do with a datagram from this peer. `first` breaks the tie when both opened with the same key.
    pub(super) fn judge(&mut self, packet: &Packet<M>, first: bool, now: Time, config: &Config) -> Verdict {
        let Some(session) = self.session.as_deref_mut() else { return self.judge_closed(packet) };
        let opening = packet.marks.has(Marks::OPENING);
        if packet.marks.has(Marks::RESET) {
            return Self::judge_reset(session, &mut self.newest, packet, now, config);
        }
        if packet.conv == session.conv {
            if !(opening && session.ours) {
                return Verdict::Belongs;
            }
            // Both opened at once with one key: the first node's session stands.
            if first || session.phase == Phase::Open {
                return Verdict::Drop;
            }
            session.rename(packet.conv, Phase::Open, now, config);
            return Verdict::Adopt;
        }
        if packet.conv == 0 || !newer(packet.conv, session.conv) {
            // While ours is unanswered itself, it reaches the peer as the newer opening.
            let forgotten = opening && session.phase == Phase::Open;
            return if forgotten { Verdict::Answer(Marks::RESET, self.newest) } else { Verdict::Drop };
        }
        if !opening {
            return Verdict::Drop;
        }
        if session.phase == Phase::Opening {
            self.newest = packet.conv;
            session.rename(packet.conv, Phase::Open, now, config);
            return Verdict::Adopt;
        }
        Verdict::Replace
    }

    fn judge_reset(
        session: &mut Session<M>,
        newest: &mut u32,
        packet: &Packet<M>,
        now: Time,
        config: &Config,
    ) -> Verdict {
        if packet.conv != session.conv {
            Verdict::Drop
        } else if session.phase == Phase::Open {
            Verdict::Gone
        } else if packet.una != 0 && newer(packet.una, session.conv) {
            *newest = successor(packet.una);
            session.rename(*newest, Phase::Opening, now, config);
            Verdict::Renamed
        } else {
            Verdict::Drop
        }
    }

    fn judge_closed(&self, packet: &Packet<M>) -> Verdict {
        let marks = packet.marks;
        if marks.has(Marks::RESET) || marks.has(Marks::FIN) || packet.conv == 0 {
            Verdict::Drop
        } else if marks.has(Marks::OPENING) && newer(packet.conv, self.newest) {
            Verdict::Accept
        } else if packet.conv == self.newest {
            // The session is over; perhaps the peer has missed that.
            Verdict::Answer(Marks::FIN, 0)
        } else if marks.has(Marks::OPENING) {
            Verdict::Answer(Marks::RESET, self.newest)
        } else {
            Verdict::Drop
        }
    }
}

/// The next key, never 0.
fn successor(key: u32) -> u32 {
    key.wrapping_add(1).max(1)
}
