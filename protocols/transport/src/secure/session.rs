//! An established session: keys of both directions, their epochs, and what has been seen.

use astrarium_node::{Span, Time};

use super::config::Config;
use super::keys::{LockOf, Sealed, TrafficKey};

/// Records older than this many are not accepted any more.
pub(super) const REPLAY_WINDOW: u64 = 64;
/// Epochs that a receiver follows at once; further ahead is nonsense.
const MAX_SKIP: u32 = 16;
/// How long the key of the previous epoch opens late records.
const GRACE: Span = Span::from_secs(5);

/// Numbers that were seen, the last 64 one by one (RFC 6479 with one word).
#[derive(Debug, Clone, Default)]
pub struct ReplayWindow {
    next: u64,
    bits: u64,
}

impl ReplayWindow {
    /// Whether this number is new; enters it. Numbers 64 or more behind the greatest count as seen.
    pub fn admit(&mut self, number: u64) -> bool {
        // The last number has no successor.
        if number == u64::MAX {
            return false;
        }
        if number >= self.next {
            let shift = number - self.next + 1;
            self.bits = if shift >= REPLAY_WINDOW { 0 } else { self.bits << shift };
            self.bits |= 1;
            self.next = number + 1;
            return true;
        }
        let age = self.next - 1 - number;
        if age >= REPLAY_WINDOW || self.bits >> age & 1 == 1 {
            return false;
        }
        self.bits |= 1 << age;
        true
    }
}

/// A receiving key with what it has opened.
#[derive(Debug, Clone)]
struct Receiving {
    key: TrafficKey,
    lock: LockOf,
    seen: ReplayWindow,
}

impl Receiving {
    fn new(key: TrafficKey) -> Self {
        Self { lock: key.lock(), key, seen: ReplayWindow::default() }
    }
}

/// Why a record was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No key fits.
    NoKey,
    /// Opened before, or too old.
    Replay,
}

/// What two sides share.
#[derive(Debug, Clone)]
pub(super) struct Session {
    sending: TrafficKey,
    lock: LockOf,
    counter: u64,
    since: Time,
    /// Something was sealed with the present key that must not be read later.
    protects: bool,
    receiving: Receiving,
    /// Key of the previous epoch, and when it goes.
    previous: Option<(Receiving, Time)>,
}

impl Session {
    pub(super) fn new(sending: TrafficKey, receiving: TrafficKey, now: Time) -> Self {
        let lock = sending.lock();
        Self {
            sending,
            lock,
            counter: 0,
            since: now,
            protects: false,
            receiving: Receiving::new(receiving),
            previous: None,
        }
    }

    /// Seals a datagram, with a fresh key when the old one is used up; tells whether it changed.
    pub(super) fn seal<M>(&mut self, content: Option<M>, config: &Config, now: Time) -> (Sealed<M>, bool) {
        let rekey = self.counter >= config.rekey_records || now.since(self.since) >= config.rekey_after;
        if rekey {
            // The old key is overwritten: erased.
            self.sending = self.sending.next();
            self.lock = self.sending.lock();
            self.counter = 0;
            self.since = now;
            self.protects = false;
        }
        self.protects |= content.is_some();
        let sealed = Sealed::with_lock(self.lock, self.sending.epoch(), self.counter, content);
        self.counter += 1;
        (sealed, rekey)
    }

    /// When the sending key is too old. Until something was sealed with it there is nothing to protect.
    pub(super) fn expires(&self, config: &Config) -> Option<Time> {
        self.protects.then(|| self.since + config.rekey_after)
    }

    /// Opens a record; `Ok` at most once for each.
    pub(super) fn open<M>(
        &mut self,
        sealed: Sealed<M>,
        now: Time,
    ) -> Result<Option<M>, (Refusal, Sealed<M>)> {
        self.previous.take_if(|(_, until)| *until <= now);
        if sealed.epoch > self.receiving.key.epoch() && !self.follow(&sealed, now) {
            return Err((Refusal::NoKey, sealed));
        }
        let holder = match &mut self.previous {
            _ if sealed.fits(self.receiving.lock) => &mut self.receiving,
            Some((previous, _)) if sealed.fits(previous.lock) => previous,
            _ => return Err((Refusal::NoKey, sealed)),
        };
        if !holder.seen.admit(sealed.counter) {
            return Err((Refusal::Replay, sealed));
        }
        Ok(sealed.into_content())
    }

    /// The other side changed its key: derive it, and keep the present one for late records. Nothing changes unless the record
    /// fits the derived key, so that nobody can push the epoch forward.
    fn follow<M>(&mut self, sealed: &Sealed<M>, now: Time) -> bool {
        if sealed.epoch - self.receiving.key.epoch() > MAX_SKIP {
            return false;
        }
        let mut key = self.receiving.key.next();
        while key.epoch() < sealed.epoch {
            key = key.next();
        }
        if !sealed.fits(key.lock()) {
            return false;
        }
        let old = std::mem::replace(&mut self.receiving, Receiving::new(key));
        self.previous = Some((old, now + GRACE));
        true
    }

    /// When the previous receiving key must be gone.
    pub(super) fn grace_ends(&self) -> Option<Time> {
        self.previous.as_ref().map(|(_, until)| *until)
    }

    /// Erases keys whose time is over.
    pub(super) fn erase(&mut self, now: Time) {
        self.previous.take_if(|(_, until)| *until <= now);
    }

    /// All keys that somebody who seizes the node now would find.
    pub(super) fn keys(&self) -> Vec<TrafficKey> {
        let previous = self.previous.iter().map(|(r, _)| r.key.clone());
        [self.sending.clone(), self.receiving.key.clone()].into_iter().chain(previous).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The window against the set of everything seen.
        #[test]
        fn the_replay_window_admits_each_number_once(numbers in prop::collection::vec(0_u64..200, 1..300)) {
            let mut seen = ReplayWindow::default();
            let mut all = std::collections::BTreeSet::new();
            for n in numbers {
                let top = all.last().copied().unwrap_or(0);
                let recent = all.is_empty() || n + REPLAY_WINDOW > top;
                prop_assert_eq!(seen.admit(n), recent && !all.contains(&n));
                all.insert(n);
            }
        }
    }

    #[test]
    fn the_largest_number_does_not_overflow() {
        let mut seen = ReplayWindow::default();
        assert!(!seen.admit(u64::MAX));
        assert!(seen.admit(u64::MAX - 1));
        assert!(!seen.admit(0));
    }
}
