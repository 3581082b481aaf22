//! Parameters, with units, defaults and sources.

use std::sync::Arc;

use astrarium_node::{NodeId, Span};

/// Parameters of one node's gossip; the same for all nodes unless a study wants otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How items spread.
    pub mode: Mode,
    /// How long a seen item is remembered (5 min; network specification §6.13).
    pub seen_ttl: Span,
    /// Most items remembered at a time.
    pub seen_capacity: usize,
}

/// How items spread.
#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    /// Whoever receives an item first passes it on.
    Flood {
        /// To how many.
        fanout: Fanout,
        /// How many hops an item travels; −1 without limit.
        relay: i32,
    },
    /// Announce, ask, send.
    Inventory(InventoryConfig),
    /// Rounds with random partners.
    Epidemic(EpidemicConfig),
    /// Eager push along a sparse mesh, lazy announcements beside it.
    Mesh(MeshConfig),
    /// Transactions are announced and requested in batches.
    Sync(SyncConfig),
    /// Digests are flooded, bodies come from a few holders.
    Holders(HoldersConfig),
}

/// How many neighbours a relay chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fanout {
    /// All of them.
    All,
    /// At most so many, at random.
    AtMost(u32),
    /// The square root of their number, rounded up.
    Root,
}

impl Fanout {
    /// Number of recipients among `degree` neighbours.
    #[must_use]
    pub fn of(self, degree: usize) -> usize {
        match self {
            Self::All => degree,
            Self::AtMost(n) => degree.min(n as usize),
            Self::Root => libm::ceil(libm::sqrt(degree as f64)) as usize,
        }
    }
}

/// What is sent to a neighbour that lacks an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relay {
    /// An announcement; who wants the item asks for it.
    Inventory,
    /// The item, unasked.
    Push,
    /// An announcement; who asks gets the item without the transactions that it probably has.
    Compact {
        /// Bytes of an item sent that way (SimBlock: 18 kB).
        bytes: u32,
        /// Probability, in parts per million, that some transactions are missing all the same (SimBlock: 130,000 for nodes that
        /// are always on, 270,000 for those that churn).
        failure_ppm: u32,
        /// Share of the item's bytes, in parts per million, that is fetched then.
        missing_ppm: u32,
    },
}

/// Parameters of the inventory mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InventoryConfig {
    /// What is sent first.
    pub relay: Relay,
    /// Mean of the exponential delay before a neighbour is told, drawn for each neighbour; zero tells all at once.
    pub trickle: Span,
    /// After this time without an answer the next announcer is asked.
    pub timeout: Span,
}

/// Which way items go in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Who has items sends them.
    Push,
    /// Everybody asks.
    Pull,
    /// Everybody asks and is asked.
    PushPull,
}

/// How long a node keeps pushing an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// For so many rounds after it came; `u32::MAX` for good.
    Rounds(u32),
    /// Once, at once, to `fanout` partners.
    InfectAndDie,
    /// A copy that arrives is passed on in the next round, known or not, until it has lived for so many rounds
    /// (Koldehofe 2002; Matos et al. 2015, EpTO).
    BallsAndBins(u32),
}

/// Parameters of the epidemics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpidemicConfig {
    /// Which way items go.
    pub exchange: Exchange,
    /// Partners per round.
    pub fanout: u32,
    /// Length of a round.
    pub interval: Span,
    /// How long items are pushed.
    pub life: Life,
}

/// Parameters of the mesh; defaults are those of rust-libp2p's GossipSub (network specification §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeshConfig {
    /// Wanted degree D.
    pub degree: u32,
    /// Below this many links new ones are made.
    pub low: u32,
    /// Above this many links some are cut.
    pub high: u32,
    /// Links of one's own making that are kept at least when some are cut.
    pub outbound: u32,
    /// Least number of neighbours outside the mesh that hear of recent items at a heartbeat.
    pub lazy: u32,
    /// The same as a share, in parts per million, of the neighbours outside the mesh.
    pub factor_ppm: u32,
    /// Time between heartbeats.
    pub heartbeat: Span,
    /// Heartbeats for which an item can be asked for.
    pub history: u32,
    /// Heartbeats for which an item is announced.
    pub history_gossip: u32,
    /// How long a pruned neighbour stays away.
    pub backoff: Span,
    /// Items at least this long are refused by IDONTWANT once they are here; `u32::MAX` never.
    pub idontwant_min: u32,
    /// Whether own items go to all neighbours, not only along the mesh.
    pub flood_publish: bool,
    /// After this time without an answer to IWANT another announcer is asked.
    pub follow_up: Span,
    /// IHAVE messages of one neighbour that are heeded between two heartbeats.
    pub most_ihave: u32,
}

impl Default for MeshConfig {
    fn default() -> Self {
        Self {
            degree: 6,
            low: 5,
            high: 12,
            outbound: 2,
            lazy: 6,
            factor_ppm: 250_000,
            heartbeat: Span::from_secs(1),
            history: 5,
            history_gossip: 3,
            backoff: Span::from_secs(60),
            idontwant_min: 1000,
            flood_publish: true,
            follow_up: Span::from_secs(3),
            most_ihave: 10,
        }
    }
}

/// Parameters of transaction sync; defaults are the constants of ZV Chain's `tx_sync.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncConfig {
    /// Time between two announcements.
    pub notify_interval: Span,
    /// Most transactions in one.
    pub notify_max: u32,
    /// A transaction is not announced again before this time.
    pub notify_gap: Span,
    /// Time between two rounds of requests.
    pub request_interval: Span,
    /// A request is unanswered after this time.
    pub response_timeout: Span,
    /// Announced transactions remembered of one peer.
    pub peer_cache: u32,
    /// Neighbours that hear an announcement.
    pub fanout: Fanout,
}

impl Default for SyncConfig {
    fn default() -> Self {
        Self {
            notify_interval: Span::from_secs(5),
            notify_max: 50,
            notify_gap: Span::from_secs(60),
            request_interval: Span::from_secs(5),
            response_timeout: Span::from_secs(5),
            peer_cache: 3000,
            fanout: Fanout::AtMost(16),
        }
    }
}

/// Parameters of hashes to all and bodies from holders (N46).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldersConfig {
    /// Nodes that hold bodies.
    pub holders: Arc<[NodeId]>,
    /// Whether those who have got a body serve their neighbours, who then ask the neighbour that told them.
    pub cached: bool,
    /// After this time without an answer another holder is asked.
    pub timeout: Span,
}

/// A parameter out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// Which one.
    pub parameter: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl Config {
    /// A mode with the usual memory: 5 minutes, at most 100,000 items.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, seen_ttl: Span::from_secs(300), seen_capacity: 100_000 }
    }

    /// Checks the ranges and combinations.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let need = |ok: bool, parameter, expected| {
            if ok { Ok(()) } else { Err(ConfigError { parameter, expected }) }
        };
        need(self.seen_capacity > 0, "seen_capacity", "at least 1")?;
        need(!self.seen_ttl.is_zero(), "seen_ttl", "a time above zero")?;
        match &self.mode {
            Mode::Flood { fanout, relay } => {
                need(*fanout != Fanout::AtMost(0), "fanout", "at least 1")?;
                need(*relay >= -1, "relay", "a number of hops, or -1 for no limit")
            }
            Mode::Inventory(c) => need(!c.timeout.is_zero(), "timeout", "a time above zero"),
            Mode::Epidemic(c) => {
                need(c.fanout > 0, "fanout", "at least 1")?;
                need(!c.interval.is_zero(), "interval", "a time above zero")?;
                let pushed = c.exchange == Exchange::Push || matches!(c.life, Life::Rounds(_));
                need(
                    pushed,
                    "life",
                    "\"rounds\" unless items are pushed: who only asks does not choose when to stop",
                )
            }
            Mode::Mesh(c) => {
                need(c.low <= c.degree && c.degree <= c.high, "degree", "between `low` and `high`")?;
                need(c.degree > 0, "degree", "at least 1")?;
                need(c.outbound <= c.degree, "outbound", "at most `degree`")?;
                need(!c.heartbeat.is_zero(), "heartbeat", "a time above zero")?;
                need(
                    c.history_gossip <= c.history && c.history > 0,
                    "history_gossip",
                    "at most `history`, which is at least 1",
                )
            }
            Mode::Sync(c) => {
                let times = [c.notify_interval, c.request_interval, c.response_timeout];
                need(times.iter().all(|t| !t.is_zero()), "notify_interval", "times above zero")?;
                need(c.notify_max > 0 && c.peer_cache > 0, "notify_max", "at least 1")
            }
            Mode::Holders(c) => need(!c.holders.is_empty(), "holders", "at least one node"),
        }
    }
}
