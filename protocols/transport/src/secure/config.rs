//! Parameters and counts of the secure channel (network specification §4, §6.9).

use astrarium_node::Span;

/// All parameters of the channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Config {
    /// Off: datagrams pass as they are, without a byte more.
    pub enabled: bool,
    /// Both sides sign the handshake with their static keys. Off: anybody on the path may be the other side.
    pub authenticate: bool,
    /// Bytes added to every datagram: 28 (nonce 12, tag 16); 20 in profile qcp (nonce 16, check 4).
    pub overhead: u8,
    /// Identity of the network, part of what is signed.
    pub chain: u64,
    /// Accepted difference between the signed time and the local clock.
    pub auth_window: Span,
    /// Handshakes that may be half open before a newcomer must echo a cookie.
    pub half_open_limit: usize,
    /// How long a half-open handshake is remembered.
    pub half_open_lifetime: Span,
    /// Records under one key.
    pub rekey_records: u64,
    /// Lifetime of one key.
    pub rekey_after: Span,
    /// Tries of the first message.
    pub tries: u32,
    /// Pause before the second try.
    pub retry_after: Span,
    /// Factor between pauses, in percent.
    pub retry_growth: u64,
    /// Datagrams to one peer that may wait for its handshake; further ones are dropped.
    pub queue: usize,
    /// Sessions and open handshakes, at most.
    pub max_peers: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            authenticate: true,
            overhead: 28,
            chain: 1,
            auth_window: Span::from_secs(300),
            half_open_limit: 1024,
            half_open_lifetime: Span::from_secs(5),
            rekey_records: 1 << 20,
            rekey_after: Span::from_secs(3600),
            tries: 5,
            retry_after: Span::from_millis(200),
            retry_growth: 150,
            queue: 256,
            max_peers: 65_536,
        }
    }
}

impl Config {
    /// No channel at all.
    #[must_use]
    pub fn off() -> Self {
        Self { enabled: false, ..Self::default() }
    }

    /// The parameter that cannot work, and why; `None` when all is well.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let checks = [
            ("half_open_limit", self.half_open_limit >= 1, "at least 1"),
            (
                "rekey_records",
                self.rekey_records > super::session::REPLAY_WINDOW,
                "more than the replay window of 64",
            ),
            ("rekey_after", self.rekey_after >= Span::from_secs(1), "at least 1 s"),
            ("tries", (1..=32).contains(&self.tries), "1 to 32"),
            ("retry_after", !self.retry_after.is_zero(), "above 0"),
            ("retry_growth", (100..=1000).contains(&self.retry_growth), "100 % to 1000 %"),
            ("max_peers", self.max_peers >= 1, "at least 1"),
        ];
        checks.into_iter().find(|(_, good, _)| !good).map(|(key, _, why)| (key, why))
    }
}

/// What happened, counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Handshakes begun by this node.
    pub begun: u64,
    /// Handshakes completed, on either side.
    pub completed: u64,
    /// Handshakes given up.
    pub failed: u64,
    /// Cookies sent instead of answers.
    pub cookies: u64,
    /// Records sealed.
    pub sealed: u64,
    /// Records opened.
    pub opened: u64,
    /// Changes of keys.
    pub rekeys: u64,
    /// Signature or transcript wrong, or of somebody else.
    pub auth_fail: u64,
    /// Signed time too far from the local clock.
    pub auth_time: u64,
    /// Cookie missing or wrong while one was needed; answered by a cookie.
    pub cookie_needed: u64,
    /// Records that no key of ours opens.
    pub unopened: u64,
    /// Records seen before, or older than the replay window.
    pub replayed: u64,
    /// Handshake messages that fit nothing.
    pub unexpected: u64,
    /// Plain datagrams while the channel is on, or the reverse.
    pub plain: u64,
    /// Datagrams dropped because too many waited for a handshake, or because it failed.
    pub overflow: u64,
}
