//! Parameters (network specification §4).

use astrarium_node::Span;

/// What a FINDNODE carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FindNodeKey {
    /// The hashed identity that tables compare.
    #[default]
    Hashed,
    /// The public name, as shipped by ZV Chain (gap G4): those asked take it for a point of the hashed space, so lookups do not
    /// converge.
    RawAsShipped,
}

/// Parameters of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Contacts per bucket, and number of contacts that a FINDNODE is answered with and a lookup finds.
    pub k: usize,
    /// Requests of one path of a lookup under way at the same time.
    pub alpha: usize,
    /// Number of buckets; the nearest distances share the last one.
    pub buckets: usize,
    /// Replacement candidates kept per bucket.
    pub replacements: usize,
    /// Failures in a row after which a contact is evicted; `None`: never.
    pub evict_after: Option<u8>,
    /// Time between refreshes.
    pub refresh: Span,
    /// Random lookups per refresh, after the lookup of the own identity.
    pub refresh_lookups: u8,
    /// Time between checks of a contact.
    pub check: Span,
    /// After this time an answer is not expected any more.
    pub rpc_timeout: Span,
    /// What FINDNODE carries.
    pub find_node_key: FindNodeKey,
    /// Disjoint paths of a lookup; 1 is plain Kademlia.
    pub paths: usize,
    /// Contacts that a path asks in the end: `k` in the paper. 1 is greedy routing.
    pub width: usize,
    /// Contacts accepted per host; `None`: any number.
    pub per_ip_limit: Option<usize>,
    /// Whether a contact enters the table only by PING and PONG, so that those heard of in answers are pinged when there is room;
    /// otherwise by any message of its own.
    pub bond: bool,
    /// Whether tables are kept up at all; without, they stay as they were filled.
    pub maintain: bool,
    /// Least and greatest number of neighbours that are kept; `None`: no neighbours.
    pub neighbours: Option<(usize, usize)>,
    /// Time after which a holder puts a record at the `k` nearest again, unless somebody else has done so meanwhile (1 h in the paper);
    /// `None`: never.
    pub republish: Option<Span>,
    /// How long a record lives after it was put (24 h in the paper).
    pub record_life: Span,
    /// Most records that a node holds.
    pub records: usize,
    /// Whether a record proves itself: its key is the digest of its value. Without, whoever answers first is believed.
    pub certified: bool,
}

/// A parameter out of range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Field of [`Config`].
    pub parameter: &'static str,
    /// What is accepted.
    pub expected: &'static str,
}

impl Config {
    /// Most requests that one lookup makes: bounds what an adversary who invents ever nearer contacts can cost.
    pub const MAX_RPCS: u32 = 1_024;
    /// Most lookups of a node at the same time; further requests are refused.
    pub const MAX_LOOKUPS: usize = 64;
    /// Most exchanges of a node at the same time.
    pub const MAX_PENDING: usize = 1_024;
    /// Most records that a node puts at the same time, its own and those it republishes.
    pub const MAX_PUTS: usize = 64;

    /// As ZV Chain ships it (`kad.go`).
    #[must_use]
    pub fn zv() -> Self {
        Self {
            k: 16,
            alpha: 3,
            buckets: 17,
            replacements: 10,
            evict_after: None,
            refresh: Span::from_secs(300),
            refresh_lookups: 3,
            check: Span::from_secs(12),
            rpc_timeout: Span::from_millis(500),
            find_node_key: FindNodeKey::Hashed,
            paths: 1,
            width: 16,
            per_ip_limit: Some(16),
            bond: true,
            maintain: true,
            neighbours: None,
            republish: Some(Span::from_secs(3_600)),
            record_life: Span::from_secs(86_400),
            records: 10_000,
            certified: true,
        }
    }

    /// As libp2p and the paper have it.
    #[must_use]
    pub fn std() -> Self {
        Self { k: 20, buckets: 256, evict_after: Some(2), width: 20, bond: false, ..Self::zv() }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first parameter out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let rules = [
            ((1..=256).contains(&self.k), "k", "1 to 256"),
            ((1..=256).contains(&self.alpha), "alpha", "1 to 256"),
            ((1..=256).contains(&self.buckets), "buckets", "1 to 256"),
            (self.replacements <= 256, "replacements", "at most 256"),
            (self.evict_after != Some(0), "evict_after", "at least 1"),
            (!self.refresh.is_zero(), "refresh", "more than nothing"),
            (!self.check.is_zero(), "check", "more than nothing"),
            (!self.rpc_timeout.is_zero(), "rpc_timeout", "more than nothing"),
            ((1..=32).contains(&self.paths), "paths", "1 to 32"),
            ((1..=256).contains(&self.width), "width", "1 to 256"),
            (self.per_ip_limit != Some(0), "per_ip_limit", "at least 1"),
            (self.republish.is_none_or(|span| !span.is_zero()), "republish", "more than nothing"),
            (!self.record_life.is_zero(), "record_life", "more than nothing"),
            (self.records > 0, "records", "at least 1"),
            (
                self.neighbours.is_none_or(|(min, max)| min <= max && max <= 1_024),
                "neighbours",
                "min <= max <= 1024",
            ),
        ];
        let broken = rules.into_iter().find(|(ok, ..)| !ok);
        broken.map_or(Ok(()), |(_, parameter, expected)| Err(ConfigError { parameter, expected }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_sound_and_as_specified() {
        let (zv, std) = (Config::zv(), Config::std());
        assert_eq!((zv.validate(), std.validate()), (Ok(()), Ok(())));
        assert_eq!((zv.buckets, zv.k, zv.alpha, zv.replacements, zv.evict_after), (17, 16, 3, 10, None));
        assert_eq!((std.buckets, std.k, std.alpha, std.evict_after), (256, 20, 3, Some(2)));
        let bad = Config { k: 0, ..zv };
        assert_eq!(bad.validate().unwrap_err().parameter, "k");
    }
}
