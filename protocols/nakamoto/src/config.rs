//! Parameters of the protocol.

use std::fmt;

use astrarium_node::{Probability, Span};

use crate::block::{Body, Header};
use crate::difficulty::Bits;

/// How blocks travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Relay {
    /// INV → GETDATA → BLOCK (network specification §6.13).
    #[default]
    Inventory,
    /// The whole block to every peer, unasked.
    Push,
    /// INV → GETDATA → header and short ids; what the receiver lacks is fetched (BIP 152, low-bandwidth mode).
    Compact,
}

/// When the difficulty is adapted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retarget {
    /// Never.
    Never,
    /// At every height that is a multiple of this many blocks; at least 1.
    Every(u32),
}

/// Parameters of a full node. The defaults are Bitcoin's.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Mean time between blocks at difficulty 1 and hash share 1. Default 600 s (Nakamoto 2008; BL-1 `pow_interval_s`).
    /// Headers count whole seconds and must rise above the median of eleven, so with intervals below a sixth of a second
    /// their times outrun the clock, and at `max_time_ahead` blocks are refused.
    pub block_interval: Span,
    /// Length of the BLOCK message of an own block, bytes, filled up with padding. Default 1,000,000 (BL-1
    /// `pow_block_bytes`).
    pub block_bytes: u32,
    /// When the difficulty changes. Default every 2,016 blocks (Bitcoin Core, BL-1).
    pub retarget: Retarget,
    /// Target of the genesis block: difficulty 1. Default 0x1d00ffff (Bitcoin's).
    pub initial_bits: Bits,
    /// How blocks travel. Default inventory (BL-1).
    pub relay: Relay,
    /// After how long a request goes to the next announcer. Default: twice the block interval, at least 5 s (network
    /// specification, `inv_timeout`).
    pub inv_timeout: Option<Span>,
    /// Mean of the exponential delay before a transaction is announced to a peer; zero announces at once. Default 0
    /// (network specification §6.13; Bitcoin Core uses 2 s outbound).
    pub trickle: Span,
    /// Capacity of the pool of waiting transactions, bytes. Default 300,000,000 (Bitcoin Core, `-maxmempool`).
    pub mempool_bytes: u64,
    /// Probability that a receiver of a compact block lacks transactions of the padding and must fetch it in full.
    /// Default 0.13 (SimBlock; 0.27 for nodes that were offline a while).
    pub compact_failure: Probability,
    /// Length of the transactions that the padding stands for, bytes: sets the number of their short ids and of their
    /// checks. Default 250 (a one-input, two-output payment is 226 bytes).
    pub padding_tx_bytes: u32,
    /// How far ahead of the local clock a block's time may be. Default 2 h (Bitcoin Core, `MAX_FUTURE_BLOCK_TIME`).
    pub max_time_ahead: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            block_interval: Span::from_secs(600),
            block_bytes: 1_000_000,
            retarget: Retarget::Every(2_016),
            initial_bits: Bits::BITCOIN_GENESIS,
            relay: Relay::Inventory,
            inv_timeout: None,
            trickle: Span::ZERO,
            mempool_bytes: 300_000_000,
            compact_failure: Probability::new(0.13),
            padding_tx_bytes: 250,
            max_time_ahead: Span::from_secs(2 * 3_600),
        }
    }
}

impl Config {
    /// Shortest BLOCK message: type byte, header, coinbase and counts.
    pub const MIN_BLOCK_BYTES: u32 = 1 + Header::LEN as u32 + Body::FIXED;

    /// The timeout of requests in force.
    #[must_use]
    pub fn request_timeout(&self) -> Span {
        self.inv_timeout.unwrap_or_else(|| (self.block_interval * 2).max(Span::from_secs(5)))
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first parameter out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let most = crate::block::Block::MAX_LEN;
        let checks = [
            (!self.block_interval.is_zero(), "block_interval", "longer than zero"),
            (
                (Self::MIN_BLOCK_BYTES..=most).contains(&self.block_bytes),
                "block_bytes",
                "101 to 33,554,432 bytes",
            ),
            (self.retarget != Retarget::Every(0), "retarget_window", "at least 1 block, or none"),
            (self.initial_bits.work().is_some(), "initial_bits", "a normalised target, exponents 20 to 32"),
            (self.inv_timeout != Some(Span::ZERO), "inv_timeout", "longer than zero"),
            (self.padding_tx_bytes > 0, "padding_tx_bytes", "at least 1 byte"),
        ];
        match checks.into_iter().find(|(ok, ..)| !ok) {
            Some((_, parameter, expected)) => Err(ConfigError { parameter, expected }),
            None => Ok(()),
        }
    }
}

/// Which chain a light client believes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FollowRule {
    /// The valid chain with most work that any neighbour reports (Nakamoto 2008 §8).
    Heaviest,
    /// The heaviest block that more than this share of all neighbours have on the chains they report (for 1: that all of
    /// them have). ZV Chain's victim model: who controls the neighbours controls the view.
    Majority(f64),
}

/// Parameters of a light client.
#[derive(Debug, Clone, PartialEq)]
pub struct LightConfig {
    /// The client picks its neighbours among the nodes 0 … directory − 1. Default 0: set it to the number of servers.
    pub directory: u32,
    /// Number of neighbours that it picks. Default 10 (ZV Chain, Table 2.2).
    pub neighbours: u32,
    /// Time between two questions to the neighbours. Default 60 s (chosen: a tenth of a block interval).
    pub poll_interval: Span,
    /// Which chain it believes. Default heaviest (Nakamoto 2008 §8).
    pub rule: FollowRule,
    /// How deep a watched transaction must be buried. Default 6 (BL-1).
    pub confirmations: u32,
}

impl Default for LightConfig {
    fn default() -> Self {
        Self {
            directory: 0,
            neighbours: 10,
            poll_interval: Span::from_secs(60),
            rule: FollowRule::Heaviest,
            confirmations: 6,
        }
    }
}

impl LightConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first parameter out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let share_ok = match self.rule {
            FollowRule::Heaviest => true,
            FollowRule::Majority(share) => share > 0.0 && share <= 1.0,
        };
        let checks = [
            (self.directory > 0, "directory", "at least 1 node"),
            (self.neighbours > 0, "neighbours", "at least 1"),
            (!self.poll_interval.is_zero(), "poll_interval", "longer than zero"),
            (share_ok, "majority", "a share above 0 and at most 1"),
            (self.confirmations > 0, "confirmations", "at least 1"),
        ];
        match checks.into_iter().find(|(ok, ..)| !ok) {
            Some((_, parameter, expected)) => Err(ConfigError { parameter, expected }),
            None => Ok(()),
        }
    }
}

/// A parameter is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// Its name.
    pub parameter: &'static str,
    /// Its range.
    pub expected: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.parameter, self.expected)
    }
}

impl std::error::Error for ConfigError {}
