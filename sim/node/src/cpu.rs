//! Symbolic CPU cost: a handler says *what* it computed, a versioned table says how long that takes.
//!
//! Time is never measured: the same run on a faster computer has the same virtual schedule.

use crate::time::Span;

/// An operation that takes noticeable processor time on a real node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Hashing so many bytes.
    Hash {
        /// Input length in bytes.
        bytes: u32,
    },
    /// Making one signature.
    Sign,
    /// Checking one signature.
    Verify,
    /// Checking an aggregate of so many signatures over one message.
    VerifyAggregate {
        /// Number of signers.
        signers: u32,
    },
    /// Combining so many threshold shares.
    Combine {
        /// Number of shares.
        shares: u32,
    },
    /// Checking so many signatures together by a random linear combination.
    VerifyBatch {
        /// Number of signatures.
        signatures: u32,
    },
    /// So many multiplications of a group element by an exponent, as in making a public key.
    GroupMul {
        /// Number of multiplications.
        count: u32,
    },
    /// Evaluating a polynomial over a large field.
    Polynomial {
        /// Number of coefficients, of all evaluations together.
        terms: u32,
    },
    /// One Diffie–Hellman agreement.
    KeyAgreement,
    /// Encrypting or decrypting so many bytes.
    Cipher {
        /// Input length in bytes.
        bytes: u32,
    },
    /// Coding or decoding so many bytes with an erasure code.
    Erasure {
        /// Bytes of data and parity in the group.
        bytes: u32,
    },
    /// Looking after one session when its clock ticks.
    Tick,
    /// Decoding one message.
    Parse,
    /// Executing or checking so many simple transactions.
    Transactions {
        /// Number of transactions.
        count: u32,
    },
}

/// Service times of the operations on one core of the reference machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostTable {
    /// Name and date of the table; part of a run's identity.
    pub version: &'static str,
    /// Per started block of 64 hashed bytes.
    pub hash_block: Span,
    /// One signature made.
    pub sign: Span,
    /// One signature checked.
    pub verify: Span,
    /// Added per signer of an aggregate.
    pub aggregate_signer: Span,
    /// Added per combined share.
    pub combine_share: Span,
    /// Added per signature of a batch.
    pub batch_signature: Span,
    /// One multiplication in a group.
    pub group_mul: Span,
    /// One coefficient of a polynomial.
    pub polynomial_term: Span,
    /// One key agreement.
    pub key_agreement: Span,
    /// Per started KiB.
    pub cipher_kib: Span,
    /// Per started KiB through an erasure code.
    pub erasure_kib: Span,
    /// One session's tick.
    pub tick: Span,
    /// One message decoded.
    pub parse: Span,
    /// One transaction checked.
    pub transaction: Span,
}

impl CostTable {
    /// Every operation is free: the network alone is studied.
    pub const FREE: Self = Self {
        version: "free",
        hash_block: Span::ZERO,
        sign: Span::ZERO,
        verify: Span::ZERO,
        aggregate_signer: Span::ZERO,
        combine_share: Span::ZERO,
        batch_signature: Span::ZERO,
        group_mul: Span::ZERO,
        polynomial_term: Span::ZERO,
        key_agreement: Span::ZERO,
        cipher_kib: Span::ZERO,
        erasure_kib: Span::ZERO,
        tick: Span::ZERO,
        parse: Span::ZERO,
        transaction: Span::ZERO,
    };

    /// Order of magnitude of one 3 GHz core with elliptic-curve signatures (network specification §4, `cpu_cost`).
    pub const REFERENCE: Self = Self {
        version: "reference-1",
        hash_block: Span::from_nanos(300),
        sign: Span::from_micros(50),
        verify: Span::from_micros(120),
        aggregate_signer: Span::from_micros(1),
        combine_share: Span::from_micros(900),
        batch_signature: Span::from_micros(60),
        group_mul: Span::from_micros(60),
        polynomial_term: Span::from_nanos(50),
        key_agreement: Span::from_micros(60),
        cipher_kib: Span::from_micros(1),
        erasure_kib: Span::from_micros(1),
        tick: Span::from_nanos(300),
        parse: Span::from_micros(2),
        transaction: Span::from_micros(120),
    };

    /// Signatures by pairings on BLS12-381 (Chiron specification §4, `cpu_*`): order of magnitude of one 2.5 GHz core. The rest as in
    /// [`CostTable::REFERENCE`].
    pub const PAIRING: Self = Self {
        version: "pairing-1",
        sign: Span::from_micros(350),
        verify: Span::from_micros(1_900),
        aggregate_signer: Span::from_micros(3),
        combine_share: Span::from_micros(230),
        batch_signature: Span::from_micros(500),
        group_mul: Span::from_micros(600),
        key_agreement: Span::from_micros(600),
        transaction: Span::from_micros(100),
        ..Self::REFERENCE
    };

    /// Service time of one operation.
    #[must_use]
    pub fn cost(&self, op: Op) -> Span {
        match op {
            Op::Hash { bytes } => self.hash_block * u64::from(bytes.div_ceil(64).max(1)),
            Op::Sign => self.sign,
            Op::Verify => self.verify,
            Op::VerifyAggregate { signers } => self.verify + self.aggregate_signer * u64::from(signers),
            Op::Combine { shares } => self.combine_share * u64::from(shares),
            Op::VerifyBatch { signatures } => self.verify + self.batch_signature * u64::from(signatures),
            Op::GroupMul { count } => self.group_mul * u64::from(count),
            Op::Polynomial { terms } => self.polynomial_term * u64::from(terms),
            Op::KeyAgreement => self.key_agreement,
            Op::Cipher { bytes } => self.cipher_kib * u64::from(bytes.div_ceil(1024).max(1)),
            Op::Erasure { bytes } => self.erasure_kib * u64::from(bytes.div_ceil(1024).max(1)),
            Op::Tick => self.tick,
            Op::Parse => self.parse,
            Op::Transactions { count } => self.transaction * u64::from(count),
        }
    }
}
