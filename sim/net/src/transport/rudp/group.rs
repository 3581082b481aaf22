//! A group of forward error correction as the sender numbers it (network specification §6.8): any k of its k + r datagrams give all of it.

/// The gap beyond which parity cannot help any more: the timeout of a session that has measured nothing.
const GAP: u64 = 200_000_000;

/// The open group of one direction, and what of it was lost.
#[derive(Debug, Clone)]
pub(super) struct Group<T> {
    count: u32,
    arrived: u32,
    sent_at: Option<u64>,
    /// Contents of lost datagrams.
    pub(super) missing: Vec<T>,
}

impl<T> Default for Group<T> {
    fn default() -> Self {
        Self { count: 0, arrived: 0, sent_at: None, missing: Vec::new() }
    }
}

impl<T> Group<T> {
    /// A datagram of the group arrived.
    pub(super) fn arrived(&mut self) {
        self.arrived += 1;
    }

    /// A datagram was sent at `at`. True when parity is sent, too: the group is full, and its last datagram came soon after the one before.
    /// An idle session has pinged every `keepalive` meanwhile; pings have their places in groups, too.
    pub(super) fn sent(&mut self, at: u64, (data, _): (u32, u32), keepalive: u64) -> bool {
        if let Some(before) = self.sent_at {
            self.ping(at.saturating_sub(before) / keepalive, data);
        }
        let timely = self.sent_at.is_none_or(|before| at.saturating_sub(before) < GAP);
        self.sent_at = Some(at);
        self.count += 1;
        let full = self.count >= data;
        if full && !timely {
            self.close();
        }
        full && timely
    }

    /// So many lone datagrams went before, too far apart for parity.
    fn ping(&mut self, pings: u64, data: u32) {
        let places = u64::from(self.count) + pings;
        if pings == 0 {
            return;
        }
        if places >= u64::from(data) {
            self.close();
            self.arrived = (places % u64::from(data)) as u32;
        } else {
            self.arrived += pings as u32;
        }
        self.count = (places % u64::from(data)) as u32;
    }

    /// A parity datagram arrived. True when it completes the group.
    pub(super) fn parity(&mut self, (data, _): (u32, u32)) -> bool {
        self.arrived += 1;
        self.arrived == data
    }

    /// The same group without what was lost of it.
    pub(super) fn emptied(mut self) -> Self {
        self.missing.clear();
        self
    }

    /// The group is over.
    pub(super) fn close(&mut self) {
        self.count = 0;
        self.arrived = 0;
        self.missing.clear();
    }
}
