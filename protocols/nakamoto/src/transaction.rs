//! Transactions: which coins they spend, how many they create.
//!
//! Amounts, scripts and signatures are not modelled; their bytes are (`bytes` pads a transaction to its real size).

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::codec::{DecodeError, Reader, put_zeros};
use crate::merkle::{Digest, sha3};

/// Defines a 32-byte SHA3 identity.
macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        pub struct $name(pub $crate::merkle::Digest);

        impl $name {
            /// The first eight bytes as a number: a short name for tables. Two of n identities share one with
            /// probability n²/2^65.
            #[inline]
            #[must_use]
            pub const fn prefix(&self) -> u64 {
                let [a, b, c, d, e, f, g, h, ..] = self.0;
                u64::from_le_bytes([a, b, c, d, e, f, g, h])
            }
        }

        /// Feeds the first eight bytes: enough to tell runs apart, and four times cheaper than all of them.
        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                state.write_u64(self.prefix());
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("…")
            }
        }
    };
}
pub(crate) use identity;

identity! {
    /// Identity of a transaction: SHA3-256 of its encoding.
    TxId
}

/// A coin, named by the transaction that created it and its place among that transaction's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    /// The creating transaction; all zeros for the coins of the genesis allocation.
    pub tx: TxId,
    /// Output number, from 0.
    pub index: u32,
}

impl OutPoint {
    /// Bytes on the wire.
    pub const LEN: u32 = 36;

    /// The `index`-th coin of the genesis allocation: they exist from the start, one for each number.
    #[must_use]
    pub const fn genesis(index: u32) -> Self {
        Self { tx: TxId([0; 32]), index }
    }

    /// Whether the coin is part of the genesis allocation.
    #[must_use]
    pub fn is_genesis(&self) -> bool {
        self.tx == TxId::default()
    }
}

/// A transaction. Immutable: its identity and length are computed once.
#[derive(Clone)]
pub struct Tx {
    spends: Vec<OutPoint>,
    creates: u16,
    memo: u64,
    fee: u64,
    padding: u32,
    id: TxId,
}

impl Tx {
    // Number of spends, of outputs, memo, fee, padding length.
    const FIXED: u32 = 2 + 2 + 8 + 8 + 4;
    /// Shortest encoding: one coin spent.
    pub const MIN_LEN: u32 = Self::FIXED + OutPoint::LEN;
    /// Longest encoding, bytes (Bitcoin Core: `MAX_STANDARD_TX_WEIGHT` of 400,000 weight units).
    pub const MAX_LEN: u32 = 100_000;
    const MAX_SPENDS: usize = 2_000;

    /// A transaction that spends these coins (at least one, at most 2,000; more are cut off), creates `creates` new ones,
    /// pays `fee` and is `bytes` long on the wire (raised to its least length, lowered to [`Tx::MAX_LEN`]). `memo`
    /// tells apart transactions that are otherwise equal, for instance by their payee.
    #[must_use]
    pub fn new(mut spends: Vec<OutPoint>, creates: u16, memo: u64, fee: u64, bytes: u32) -> Self {
        spends.truncate(Self::MAX_SPENDS);
        let needed = Self::FIXED + OutPoint::LEN * spends.len() as u32;
        Self::with_padding(spends, creates, memo, fee, bytes.min(Self::MAX_LEN).saturating_sub(needed))
    }

    fn with_padding(spends: Vec<OutPoint>, creates: u16, memo: u64, fee: u64, padding: u32) -> Self {
        let mut tx = Self { spends, creates, memo, fee, padding, id: TxId::default() };
        let mut bytes = Vec::with_capacity(tx.wire_len() as usize);
        tx.encode(&mut bytes);
        tx.id = TxId(sha3(&[&bytes]));
        tx
    }

    /// Identity.
    #[inline]
    #[must_use]
    pub fn id(&self) -> TxId {
        self.id
    }

    /// Coins that it consumes.
    #[must_use]
    pub fn spends(&self) -> &[OutPoint] {
        &self.spends
    }

    /// Number of coins that it creates.
    #[must_use]
    pub fn creates(&self) -> u16 {
        self.creates
    }

    /// The `index`-th coin that it creates, if it creates so many.
    #[must_use]
    pub fn output(&self, index: u16) -> Option<OutPoint> {
        (index < self.creates).then_some(OutPoint { tx: self.id, index: u32::from(index) })
    }

    /// The distinguishing note.
    #[must_use]
    pub fn memo(&self) -> u64 {
        self.memo
    }

    /// Fee, in the smallest unit of the currency.
    #[must_use]
    pub fn fee(&self) -> u64 {
        self.fee
    }

    /// Encoded length in bytes.
    #[must_use]
    pub fn wire_len(&self) -> u32 {
        Self::FIXED + OutPoint::LEN * self.spends.len() as u32 + self.padding
    }

    /// Whether the transaction is sane on its own: it spends something, nothing twice, and is not too long.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let repeated = self.spends.iter().enumerate().any(|(i, coin)| self.spends[..i].contains(coin));
        !self.spends.is_empty() && !repeated && self.wire_len() <= Self::MAX_LEN
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        // At most 2,000 spends.
        out.extend((self.spends.len() as u16).to_le_bytes());
        for coin in &self.spends {
            out.extend(coin.tx.0);
            out.extend(coin.index.to_le_bytes());
        }
        out.extend(self.creates.to_le_bytes());
        out.extend(self.memo.to_le_bytes());
        out.extend(self.fee.to_le_bytes());
        out.extend(self.padding.to_le_bytes());
        put_zeros(out, self.padding);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = usize::from(input.u16()?);
        if count > Self::MAX_SPENDS {
            return Err(DecodeError::TooLong("spends"));
        }
        if count * OutPoint::LEN as usize > input.left() {
            return Err(DecodeError::Truncated);
        }
        let mut spends = Vec::with_capacity(count);
        for _ in 0..count {
            spends.push(OutPoint { tx: TxId(input.array()?), index: input.u32()? });
        }
        let (creates, memo, fee, padding) = (input.u16()?, input.u64()?, input.u64()?, input.u32()?);
        input.zeros(padding, "transaction padding")?;
        Ok(Self::with_padding(spends, creates, memo, fee, padding))
    }

    pub(crate) fn leaf(id: &TxId) -> Digest {
        crate::merkle::leaf(&id.0)
    }
}

impl PartialEq for Tx {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Tx {}

impl Hash for Tx {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Tx({:?}, {} spent, {} created, {} B)",
            self.id,
            self.spends.len(),
            self.creates,
            self.wire_len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden value from python: `hashlib.sha3_256(struct.pack('<H32sIHQQI', 1, bytes(32), 7, 2, 99, 500, 190) +
    /// bytes(190))`.
    #[test]
    fn identity_is_the_sha3_of_the_encoding() {
        let tx = Tx::new(vec![OutPoint::genesis(7)], 2, 99, 500, 250);
        assert_eq!(tx.wire_len(), 250);
        assert_eq!(tx.id().to_string(), "68822af02066480113da672adec5048197156c3ffc514d7f39febc2dbb88d4dc");
    }

    #[test]
    fn a_transaction_that_spends_nothing_or_a_coin_twice_is_malformed() {
        let coin = OutPoint::genesis(1);
        assert!(Tx::new(vec![coin], 1, 0, 0, 0).is_well_formed());
        assert!(!Tx::new(vec![], 1, 0, 0, 0).is_well_formed());
        assert!(!Tx::new(vec![coin, OutPoint::genesis(2), coin], 1, 0, 0, 0).is_well_formed());
    }

    #[test]
    fn outputs_end_where_the_transaction_says() {
        let tx = Tx::new(vec![OutPoint::genesis(1)], 2, 0, 0, 0);
        assert_eq!(tx.output(1), Some(OutPoint { tx: tx.id(), index: 1 }));
        assert_eq!(tx.output(2), None);
    }
}
