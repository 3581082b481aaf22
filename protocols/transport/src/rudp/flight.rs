//! Segments in flight: which were acknowledged, which are overdue, which were overtaken.
//!
//! A ring indexed by segment number. The library walks its whole list at every flush and every datagram; here a flush walks only when
//! the earliest timeout has passed or a segment was overtaken often enough, and sends the same.

use std::collections::VecDeque;

use super::config::Config;
use super::counters::Counters;
use super::outbox::Piece;
use super::packet::{AckRun, Content, Push};

/// A segment that was sent.
#[derive(Debug, Clone)]
struct Slot<M> {
    /// Time of the next timeout, ms.
    resend_at: u64,
    /// Time of the first transmission, ms.
    born: u64,
    /// Time of the last transmission, ms, as in its header.
    ts: u32,
    /// This segment's timeout, ms.
    rto: u32,
    /// Times that a later segment was acknowledged.
    fastack: u32,
    /// Transmissions.
    xmit: u32,
    acknowledged: bool,
    piece: Piece<M>,
}

/// What a flush did beyond sending.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    /// A segment was sent again because it was overtaken.
    pub(super) overtaken: bool,
    /// A segment was sent again because its timeout expired.
    pub(super) expired: bool,
    /// A segment was sent too often.
    pub(super) dead: bool,
}

/// The sender's window.
#[derive(Debug, Clone)]
pub(super) struct Flight<M> {
    /// Oldest unacknowledged segment, or `nxt`.
    pub(super) una: u32,
    /// Number of the next new segment.
    pub(super) nxt: u32,
    /// Slots of `una` … `nxt - 1`.
    slots: VecDeque<Slot<M>>,
    /// Payload bytes of unacknowledged segments.
    pub(super) bytes: u32,
    /// Not later than any unacknowledged segment's timeout.
    earliest: u64,
    /// A segment may have been overtaken often enough.
    overtaken: bool,
}

impl<M: Clone> Flight<M> {
    pub(super) fn new() -> Self {
        Self { una: 0, nxt: 0, slots: VecDeque::new(), bytes: 0, earliest: u64::MAX, overtaken: false }
    }

    /// Segments from `una` to `nxt`.
    pub(super) fn len(&self) -> u32 {
        self.nxt.wrapping_sub(self.una)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Earliest time that a flush has something to send again, ms; 0 = at once.
    pub(super) fn due(&self) -> Option<u64> {
        if self.slots.is_empty() {
            return None;
        }
        Some(if self.overtaken { 0 } else { self.earliest })
    }

    /// Messages that end in segments which are not acknowledged, or lie behind one that is not.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Content<M>> {
        self.slots.iter().map(|slot| &slot.piece.content)
    }

    /// Whether a number was ever sent.
    pub(super) fn was_sent(&self, sn: u32) -> bool {
        // Half the number space lies behind `nxt`; sessions are far shorter.
        (sn.wrapping_sub(self.nxt) as i32) < 0
    }

    /// Everything below `una` has arrived. The caller has checked that it was sent.
    pub(super) fn acknowledge_below(&mut self, una: u32) {
        while (una.wrapping_sub(self.una) as i32) > 0
            && let Some(slot) = self.slots.pop_front()
        {
            self.una = self.una.wrapping_add(1);
            if !slot.acknowledged {
                self.bytes -= u32::from(slot.piece.len);
            }
        }
        self.skip_acknowledged();
    }

    /// This segment has arrived.
    pub(super) fn acknowledge(&mut self, sn: u32) {
        let index = sn.wrapping_sub(self.una) as usize;
        if let Some(slot) = self.slots.get_mut(index)
            && !slot.acknowledged
        {
            slot.acknowledged = true;
            self.bytes -= u32::from(slot.piece.len);
            if index == 0 {
                self.skip_acknowledged();
            }
        }
    }

    fn skip_acknowledged(&mut self) {
        while self.slots.front().is_some_and(|slot| slot.acknowledged) {
            self.slots.pop_front();
            self.una = self.una.wrapping_add(1);
        }
    }

    /// A datagram acknowledged `sn`, sent at `ts`, and nothing higher that was sent later: older segments – those not sent after it, under the
    /// conservative rule – have been overtaken once more.
    pub(super) fn overtake(&mut self, sn: u32, ts: u32, config: &Config) {
        let older = sn.wrapping_sub(self.una);
        if older >= self.len() {
            return;
        }
        for slot in self.slots.iter_mut().take(older as usize) {
            let fair = !config.fastack_conserve || (ts.wrapping_sub(slot.ts) as i32) >= 0;
            if fair && !slot.acknowledged {
                slot.fastack += 1;
                self.overtaken |= slot.is_overtaken(config);
            }
        }
    }

    /// Takes a new segment in; the flush that calls this sends it.
    pub(super) fn append(&mut self, piece: Piece<M>) {
        self.nxt = self.nxt.wrapping_add(1);
        self.bytes += u32::from(piece.len);
        let fresh =
            Slot { resend_at: 0, born: 0, ts: 0, rto: 0, fastack: 0, xmit: 0, acknowledged: false, piece };
        self.slots.push_back(fresh);
    }

    /// Sends what is new – the last `fresh` segments –, overdue or overtaken, in order of numbers.
    pub(super) fn flush(
        &mut self,
        now: u64,
        rto: u32,
        fresh: usize,
        config: &Config,
        counters: &mut Counters,
        mut send: impl FnMut(Push<M>),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let old = self.slots.len() - fresh;
        if self.overtaken || now >= self.earliest {
            self.overtaken = false;
            self.earliest = u64::MAX;
            for (i, slot) in self.slots.iter_mut().take(old).enumerate() {
                if slot.acknowledged {
                    continue;
                }
                if slot.retransmit(now, rto, config, counters, &mut outcome) {
                    send(slot.push(self.una.wrapping_add(i as u32), now));
                    let age = now - slot.born;
                    outcome.dead |= slot.xmit >= config.dead_link && age >= u64::from(config.dead_link_age);
                }
                self.earliest = self.earliest.min(slot.resend_at);
                self.overtaken |= slot.is_overtaken(config);
            }
        }
        // Without "nodelay" the first timeout is an eighth longer.
        let slack = if config.nodelay == 0 { rto / 8 } else { 0 };
        for (i, slot) in self.slots.iter_mut().enumerate().skip(old) {
            slot.xmit = 1;
            slot.born = now;
            slot.rto = rto;
            slot.resend_at = now + u64::from(rto + slack);
            self.earliest = self.earliest.min(slot.resend_at);
            send(slot.push(self.una.wrapping_add(i as u32), now));
        }
        counters.segments_sent += fresh as u64;
        outcome
    }
}

impl<M: Clone> Slot<M> {
    fn is_overtaken(&self, config: &Config) -> bool {
        config.resend > 0
            && self.fastack >= config.resend
            && (config.fastlimit == 0 || self.xmit <= config.fastlimit)
    }

    /// Decides whether to send again, and when next.
    fn retransmit(
        &mut self,
        now: u64,
        rto: u32,
        config: &Config,
        counters: &mut Counters,
        outcome: &mut Outcome,
    ) -> bool {
        if now >= self.resend_at {
            let step = match config.nodelay {
                0 => self.rto.max(rto),
                1 => self.rto / 2,
                _ => rto / 2,
            };
            // The library lets the timeout grow without limit; nothing lives that long.
            self.rto = self.rto.saturating_add(step);
            outcome.expired = true;
            counters.retransmissions_timeout += 1;
        } else if self.is_overtaken(config) {
            self.fastack = 0;
            outcome.overtaken = true;
            counters.retransmissions_fast += 1;
        } else {
            return false;
        }
        self.xmit += 1;
        self.resend_at = now + u64::from(self.rto);
        counters.segments_sent += 1;
        true
    }

    fn push(&mut self, sn: u32, now: u64) -> Push<M> {
        // The header carries 32 bits of the clock.
        self.ts = now as u32;
        Push { sn, len: self.piece.len, frg: self.piece.frg, content: self.piece.content.clone() }
    }
}

/// The acknowledgement that tells what was overtaken, given the best one so far and a later run of the datagram: the highest number,
/// and under the conservative rule only if it was also sent later.
pub(super) fn newer_ack((sn, ts): (u32, u32), run: &AckRun, config: &Config) -> (u32, u32) {
    let ahead = |a: u32, b: u32| (a.wrapping_sub(b) as i32) > 0;
    if !ahead(run.last(), sn) {
        (sn, ts)
    } else if !config.fastack_conserve {
        (run.last(), run.ts)
    } else if ahead(run.ts, ts) {
        // The first of the run that lies beyond `sn`; the rest of the run was not sent later than that one.
        let beyond = sn.wrapping_add(1);
        (if ahead(beyond, run.sn) { beyond } else { run.sn }, run.ts)
    } else {
        (sn, ts)
    }
}
