//! What makes a header valid in its place, and why blocks are refused.

use std::fmt;

use astrarium_node::Time;

use crate::block::{Chained, Header, SealedHeader};
use crate::config::{Config, Retarget};
use crate::difficulty::Bits;
use crate::ledger::LedgerError;
use crate::tree::{Position, Tree};

const NANOS_PER_SEC: u64 = 1_000_000_000;

/// Why a block or header was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is known already; nobody's fault.
    Known,
    /// Its parent is unknown; nobody's fault.
    Orphan,
    /// Its time is too far ahead of the local clock; it may be valid later.
    TimeAhead,
    /// Its format version is unknown.
    Version,
    /// The header does not commit to the body.
    MerkleRoot,
    /// It is longer than [`Block::MAX_LEN`](crate::Block::MAX_LEN).
    TooLong,
    /// Its target is not the one that the retarget rule gives.
    Difficulty,
    /// Its time is not later than the median of the eleven blocks before.
    TimePast,
    /// A block before it is invalid.
    InvalidParent,
    /// A transaction of its branch is invalid in its place.
    Transactions(LedgerError),
}

impl Refusal {
    /// Whether whoever sent it broke the rules.
    #[must_use]
    pub fn is_misbehaviour(&self) -> bool {
        !matches!(self, Self::Known | Self::Orphan | Self::TimeAhead)
    }

    /// Whether every block with this identity will be refused for ever: its header alone is at fault.
    #[must_use]
    pub fn is_final_for_id(&self) -> bool {
        matches!(self, Self::Version | Self::Difficulty | Self::TimePast | Self::InvalidParent)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known => "the block is known already",
            Self::Orphan => "the parent is unknown",
            Self::TimeAhead => "the time is too far ahead of the local clock",
            Self::Version => "the format version is unknown; expected 1",
            Self::MerkleRoot => "the header does not commit to the body",
            Self::TooLong => "the block is longer than 32 MiB",
            Self::Difficulty => "the target is not the one that the retarget rule gives",
            Self::TimePast => "the time is not later than the median of the eleven blocks before",
            Self::InvalidParent => "a block before it is invalid",
            Self::Transactions(error) => return write!(f, "a transaction of its branch is invalid: {error}"),
        })
    }
}

impl std::error::Error for Refusal {}

/// The local clock in the unit of headers: whole seconds, at most what a header can say.
#[must_use]
pub(crate) fn clock(now: Time) -> u32 {
    u32::try_from(now.as_nanos() / NANOS_PER_SEC).unwrap_or(u32::MAX)
}

/// The target that the block after `parent` must have.
///
/// Bitcoin Core measures a window of `w` blocks by its `w − 1` inner intervals but expects `w`; here measure and
/// expectation both count the intervals between the block before the window and its last, so a steady chain keeps its
/// difficulty even with tiny windows.
#[must_use]
pub fn next_bits<B: Chained>(tree: &Tree<B>, parent: Position, config: &Config) -> Bits {
    let last = tree.header(parent);
    let height = tree.height(parent);
    let Retarget::Every(window) = config.retarget else { return last.bits };
    // A window of zero is refused by the configuration; here it means what one means.
    if !(height + 1).is_multiple_of(window.max(1)) || height == 0 {
        return last.bits;
    }
    let first = tree.ancestor(parent, height.saturating_sub(window));
    let intervals = u64::from(height - tree.height(first));
    let actual = u64::from(last.time.saturating_sub(tree.header(first).time));
    last.bits.retarget(astrarium_node::Span::from_secs(actual), config.block_interval * intervals)
}

/// Earliest time that the block after `parent` may carry.
#[must_use]
pub fn earliest_time<B: Chained>(tree: &Tree<B>, parent: Position) -> u32 {
    tree.median_time(parent).saturating_add(1)
}

/// Checks a header in its place; the parent's number and the header's own work.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_header<B: Chained>(
    tree: &Tree<B>,
    sealed: &SealedHeader,
    config: &Config,
    now: Time,
) -> Result<(Position, u128), Refusal> {
    let header: &Header = sealed.header();
    if tree.knows(&sealed.id()) {
        return Err(Refusal::Known);
    }
    let parent = tree.position(&header.previous).ok_or(Refusal::Orphan)?;
    if tree.is_invalid(parent) {
        return Err(Refusal::InvalidParent);
    }
    if header.version != Header::VERSION {
        return Err(Refusal::Version);
    }
    if header.bits != next_bits(tree, parent, config) {
        return Err(Refusal::Difficulty);
    }
    let work = header.bits.work().ok_or(Refusal::Difficulty)?;
    if !tree.is_after_median(parent, header.time) {
        return Err(Refusal::TimePast);
    }
    if u64::from(header.time) * NANOS_PER_SEC > (now + config.max_time_ahead).as_nanos() {
        return Err(Refusal::TimeAhead);
    }
    Ok((parent, work))
}
