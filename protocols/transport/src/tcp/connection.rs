//! One connection: its state, how it opens, and the segments that it sends.
//!
//! CLOSED is the absence of a connection, and TIME_WAIT is kept by the layer in a table of its own, because ten thousand
//! connections may linger there and need four numbers each.

use astrarium_node::{Cx, Datagram, Time, Wire};
use smallvec::SmallVec;

use super::config::Config;
use super::congestion::Window;
use super::counters::Counters;
use super::reduction::Reduction;
use super::rtt::Rtt;
use super::scoreboard::Scoreboard;
use super::segment::{Blocks, Flags, Segment};
use super::stream::{Incoming, Outgoing};
use super::{Key, Tcp};
use crate::service::{Down, Message};

/// States of RFC 9293 §3.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
}

/// What has become of a connection after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It lives.
    Alive,
    /// Both sides are done; wait for stray segments.
    TimeWait,
    /// It is over.
    Over(Down),
}

/// What loss recovery is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is known to be lost.
    Open,
    /// Acknowledgements told of a loss.
    Recovery,
    /// The retransmission timer expired.
    Loss,
}

/// Points in time at which something is due; `None`: not running.
#[derive(Debug, Clone, Default)]
pub(super) struct Deadlines {
    /// Retransmission, of the handshake too.
    pub(super) retransmit: Option<Time>,
    /// Tail loss probe.
    pub(super) probe: Option<Time>,
    /// Probe of a closed window.
    pub(super) persist: Option<Time>,
    /// Delayed acknowledgement.
    pub(super) acknowledge: Option<Time>,
    /// The other side's FIN, when ours was acknowledged.
    pub(super) finish: Option<Time>,
}

impl Deadlines {
    pub(super) fn earliest(&self) -> Option<Time> {
        [self.retransmit, self.probe, self.persist, self.acknowledge, self.finish].into_iter().flatten().min()
    }
}

/// A tail loss probe that is in the network.
#[derive(Debug, Clone, Copy)]
pub(super) struct TailProbe {
    pub(super) end: u64,
    pub(super) again: bool,
    pub(super) timestamp: u32,
}

/// The layer's things that a connection needs while it handles an event.
pub(super) struct Io<'a, 'b, M: Message> {
    pub(super) cx: &'a mut Cx<'b, Tcp<M>>,
    pub(super) config: &'a Config,
    pub(super) counters: &'a mut Counters,
    pub(super) key: Key,
}

impl<M: Message> Io<'_, '_, M> {
    pub(super) fn now(&self) -> Time {
        self.cx.now()
    }

    /// The clock of the timestamps option: milliseconds, never 0.
    pub(super) fn clock(&self) -> u32 {
        clock(self.now())
    }

    pub(super) fn send(&mut self, segment: Segment<M>) {
        self.counters.segments_sent += 1;
        self.counters.data_segments += u64::from(segment.length > 0);
        self.counters.wire_bytes += u64::from(segment.wire_len());
        self.cx.send(Datagram::One(self.key.peer, segment));
    }
}

/// The clock of the timestamps option at this time (RFC 7323 §5.4: a tick of 1 ms).
pub(super) fn clock(now: Time) -> u32 {
    // Wraps after 49 days, as the option does.
    (now.as_nanos() / 1_000_000) as u32 + 1
}

/// Whether `a` is before `b` on a clock that wraps.
pub(super) fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// One end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Connection<M> {
    pub(super) state: State,
    /// Wire number of our SYN.
    pub(super) zero: u32,
    /// Oldest position not acknowledged.
    pub(super) una: u64,
    /// Next position to send.
    pub(super) next: u64,
    pub(super) outgoing: Outgoing<M>,
    /// The application is done: FIN follows the last byte.
    pub(super) closing: bool,
    pub(super) fin_sent: bool,
    pub(super) mss: u64,
    pub(super) sack: bool,
    pub(super) board: Scoreboard,
    pub(super) window: Window,
    pub(super) rtt: Rtt,
    pub(super) phase: Phase,
    /// Recovery ends when this is acknowledged.
    pub(super) recover: u64,
    pub(super) reduction: Reduction,
    /// The tail was sent again in this recovery.
    pub(super) rescued: bool,
    pub(super) duplicate_acks: u32,
    pub(super) partial_ack_seen: bool,
    /// The congestion window stopped the last output.
    pub(super) limited: bool,
    pub(super) last_sent: Time,
    /// Clock of the first retransmission after a timeout, until an acknowledgement tells whether it was needed.
    pub(super) eifel: Option<u32>,
    /// Time stamp of the last timeout that nothing has been acknowledged since.
    pub(super) repeated: Option<u32>,
    pub(super) tail: Option<TailProbe>,
    pub(super) peer_window: u64,
    pub(super) largest_window: u64,
    pub(super) update: (u64, u64),
    pub(super) peer_scale: u8,
    pub(super) own_scale: u8,
    /// Wire number of the other side's SYN.
    pub(super) peer_zero: u32,
    pub(super) incoming: Incoming<M>,
    pub(super) peer_fin: Option<u64>,
    /// TS.Recent of RFC 7323, and when it was set.
    pub(super) recent: u32,
    pub(super) recent_at: Time,
    pub(super) acknowledged: u64,
    pub(super) unacknowledged: u32,
    pub(super) quick_acks: u32,
    pub(super) tries: u32,
    pub(super) deadlines: Deadlines,
    /// When the engine's timer will fire.
    pub(super) armed: Option<Time>,
}

impl<M: Message> Connection<M> {
    fn new(state: State, zero: u32, config: &Config) -> Self {
        let mut own_scale = 0;
        while config.receive_buffer >> own_scale > 65_535 {
            own_scale += 1;
        }
        let mss = u64::from(config.mss);
        Self {
            state,
            zero,
            una: 0,
            next: 1,
            outgoing: Outgoing::new(),
            closing: false,
            fin_sent: false,
            mss,
            sack: config.sack,
            board: Scoreboard::default(),
            window: Window::new(config, mss, config.initial_window),
            rtt: Rtt::new(),
            phase: Phase::Open,
            recover: 0,
            reduction: Reduction::default(),
            rescued: false,
            duplicate_acks: 0,
            partial_ack_seen: false,
            limited: false,
            last_sent: Time::ZERO,
            eifel: None,
            repeated: None,
            tail: None,
            peer_window: 0,
            largest_window: 0,
            update: (0, 0),
            peer_scale: 0,
            own_scale,
            peer_zero: 0,
            incoming: Incoming::new(),
            peer_fin: None,
            recent: 0,
            recent_at: Time::ZERO,
            acknowledged: 0,
            unacknowledged: 0,
            quick_acks: config.quick_acks,
            tries: 1,
            deadlines: Deadlines::default(),
            armed: None,
        }
    }

    /// Active open: sends the SYN.
    pub(super) fn open(zero: u32, io: &mut Io<'_, '_, M>) -> Self {
        let mut connection = Self::new(State::SynSent, zero, io.config);
        connection.send_syn(io);
        connection
    }

    /// Passive open: answers a SYN.
    pub(super) fn accept(zero: u32, syn: &Segment<M>, io: &mut Io<'_, '_, M>) -> Self {
        let mut connection = Self::new(State::SynReceived, zero, io.config);
        connection.learn(syn, io);
        connection.send_syn(io);
        connection
    }

    /// Takes the options of the other side's SYN.
    pub(super) fn learn(&mut self, syn: &Segment<M>, io: &Io<'_, '_, M>) {
        self.peer_zero = syn.sequence;
        self.peer_scale = syn.scale.min(14);
        self.sack = io.config.sack && syn.sack_permitted;
        self.mss = u64::from(io.config.mss.min(u32::from(syn.mss))).max(1);
        self.window = Window::new(io.config, self.mss, io.config.initial_window);
        self.recent = syn.timestamp;
        self.recent_at = io.now();
        self.peer_window = u64::from(syn.window);
        self.largest_window = self.peer_window;
    }

    pub(super) fn send_syn(&mut self, io: &mut Io<'_, '_, M>) {
        let mut segment = self.segment(0, Flags::SYN, io);
        if self.state == State::SynSent {
            segment.acknowledgement = 0;
            segment.echo = 0;
        } else {
            segment.flags = segment.flags.with(Flags::ACK);
        }
        segment.window = io.config.receive_buffer.min(65_535) as u16;
        io.send(segment);
        let wait = (io.config.initial_rto * (1_u64 << (self.tries - 1).min(16))).min(io.config.max_rto);
        self.deadlines.retransmit = Some(io.now() + wait);
    }

    /// The handshake's timer expired.
    pub(super) fn retry_syn(&mut self, io: &mut Io<'_, '_, M>) -> Fate {
        if self.tries >= io.config.syn_tries {
            return Fate::Over(Down::Unreachable);
        }
        self.tries += 1;
        io.counters.syn += 1;
        self.send_syn(io);
        Fate::Alive
    }

    /// A segment from this end, without payload; acknowledges what arrived.
    pub(super) fn segment(&mut self, position: u64, flags: Flags, io: &Io<'_, '_, M>) -> Segment<M> {
        self.acknowledged = self.incoming_next();
        self.unacknowledged = 0;
        self.deadlines.acknowledge = None;
        let blocks = if self.sack { self.incoming.blocks(self.peer_zero) } else { Blocks::default() };
        Segment {
            source: io.key.local,
            destination: io.key.remote,
            // The wire numbers wrap; positions do not.
            sequence: self.zero.wrapping_add(position as u32),
            acknowledgement: self.peer_zero.wrapping_add(self.acknowledged as u32),
            flags,
            window: (io.config.receive_buffer >> self.own_scale) as u16,
            timestamp: io.clock(),
            echo: self.recent,
            scale: self.own_scale,
            mss: io.config.mss as u16,
            sack_permitted: io.config.sack,
            blocks,
            length: 0,
            ends: SmallVec::new(),
        }
    }

    /// Next position expected of the other side, its FIN included.
    pub(super) fn incoming_next(&self) -> u64 {
        self.incoming.next + u64::from(self.peer_fin == Some(self.incoming.next))
    }

    pub(super) fn send_ack(&mut self, io: &mut Io<'_, '_, M>) {
        let segment = self.segment(self.next, Flags::ACK, io);
        io.send(segment);
    }

    /// Whether a message can still be handed to this connection.
    pub(super) fn is_open(&self) -> bool {
        !self.closing && matches!(self.state, State::SynSent | State::SynReceived | State::Established)
    }

    /// The application is done: send what is left, then FIN.
    pub(super) fn close(&mut self, io: &mut Io<'_, '_, M>) {
        self.closing = true;
        self.output(io);
    }

    /// What TIME_WAIT must remember: our next wire number, and the next one expected.
    pub(super) fn remains(&self) -> (u32, u32, u32) {
        (
            self.zero.wrapping_add(self.next as u32),
            self.peer_zero.wrapping_add(self.incoming_next() as u32),
            self.recent,
        )
    }
}

/// The reset that answers a segment for no connection (RFC 9293 §3.10.7.1).
pub(super) fn reset_for<M>(segment: &Segment<M>, key: Key, clock: u32) -> Segment<M> {
    let acknowledges = segment.flags.has(Flags::ACK);
    Segment {
        source: key.local,
        destination: key.remote,
        sequence: if acknowledges { segment.acknowledgement } else { 0 },
        acknowledgement: segment.sequence.wrapping_add(segment.sequence_len()),
        flags: if acknowledges { Flags::RST } else { Flags::RST.with(Flags::ACK) },
        window: 0,
        timestamp: clock,
        echo: segment.timestamp,
        scale: 0,
        mss: 0,
        sack_permitted: false,
        blocks: Blocks::default(),
        length: 0,
        ends: SmallVec::new(),
    }
}
