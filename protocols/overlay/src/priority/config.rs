//! Parameters, with units, defaults and sources.

/// Parameters of the send queues; defaults are the constants of ZV Chain's `send_list.go`, but for the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Most messages that wait in one queue (256).
    pub capacity: usize,
    /// Places in a round of the classes high, medium and low (5, 3, 2).
    pub quotas: [u32; 3],
    /// Most messages of a peer that are on their way (10).
    pub pending: usize,
    /// Bits per second at which messages to one peer are taken to leave: the rate of the session or of the access link.
    pub rate: u64,
    /// Bytes that a message takes on the link besides its own (28: IPv4 and UDP).
    pub overhead: u32,
    /// Most peers that messages wait for; messages for others are refused.
    pub peers: usize,
}

impl Config {
    /// The shipped constants, at this rate in bits per second.
    #[must_use]
    pub fn at_rate(rate: u64) -> Self {
        Self { capacity: 256, quotas: [5, 3, 2], pending: 10, rate, overhead: 28, peers: 1024 }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let rules = [
            (self.capacity > 0, "capacity", "at least 1"),
            (self.quotas.iter().all(|q| *q > 0), "quotas", "at least 1 each: a class without places starves"),
            (self.pending > 0, "pending", "at least 1"),
            (self.rate > 0, "rate", "above zero"),
            (self.peers > 0, "peers", "at least 1"),
        ];
        let broken = rules.into_iter().find(|(ok, ..)| !ok);
        broken.map_or(Ok(()), |(_, parameter, expected)| Err(ConfigError { parameter, expected }))
    }
}

/// A parameter out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// Which one.
    pub parameter: &'static str,
    /// What it must be.
    pub expected: &'static str,
}
