//! A verifiable random function: the hash of a unique signature (as in Dfinity's and Chiron's lotteries).
//!
//! The owner of a key can compute one value per input and prove it; nobody else can compute it, and the owner cannot choose it.

use astrarium_node::Op;

use crate::crypto::Crypto;
use crate::hash::{Hash256, hash};
use crate::keys::{PublicKey, SecretKey, Signature, Tag};
use crate::meter::Meter;

/// A value with its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Draw {
    /// The value, uniform in 0 .. 2^256.
    pub value: Hash256,
    /// The signature that proves it.
    pub proof: Signature,
}

/// The value that a proof stands for.
#[must_use]
pub fn value_of(proof: &Signature) -> Hash256 {
    hash("astrarium/vrf", &[&proof.0])
}

impl Crypto {
    /// The value of this key on this input.
    #[must_use]
    pub fn draw(&self, secret: &SecretKey, tag: Tag, input: &[u8], meter: &mut impl Meter) -> Draw {
        let proof = self.sign(secret, tag, input, meter);
        meter.charge(Op::Hash { bytes: 48 });
        Draw { value: value_of(&proof), proof }
    }

    /// The proven value, if the proof is right.
    #[must_use]
    pub fn check_draw(
        &self,
        key: &PublicKey,
        tag: Tag,
        input: &[u8],
        proof: &Signature,
        meter: &mut impl Meter,
    ) -> Option<Hash256> {
        meter.charge(Op::Hash { bytes: 48 });
        self.verify(key, tag, input, proof, meter).then(|| value_of(proof))
    }
}
