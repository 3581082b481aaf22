//! What protocols call: the operations of one run's mode, with their cost.

use std::fmt;
use std::sync::Arc;

use astrarium_node::Op;
use bls12_381::Scalar;

use crate::curve::Curve;
use crate::exponents::Exponents;
use crate::keys::{PublicKey, SecretKey, Signature, Tag};
use crate::memo::Memo;
use crate::meter::Meter;
use crate::scheme::Scheme;

pub use crate::scheme::Signed;

/// How operations are computed (design §5). The mode changes neither sizes nor costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Every operation on the curve.
    Real,
    /// Every distinct operation on the curve once.
    Memo,
    /// The same algebra on exponents.
    Modelled,
}

impl Mode {
    /// All of them, by name.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Real, "real"), (Self::Memo, "memo"), (Self::Modelled, "modelled")];
}

/// The cryptography of a run. Clones share the memory of `memo`.
#[derive(Clone)]
pub struct Crypto(Arc<dyn Scheme>);

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Crypto {
    /// For one run in this mode.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        match mode {
            Mode::Real => Self(Arc::new(Curve)),
            Mode::Memo => Self(Arc::new(Memo::new(Curve))),
            Mode::Modelled => Self(Arc::new(Exponents)),
        }
    }

    pub(crate) fn scheme(&self) -> &dyn Scheme {
        &*self.0
    }

    /// The public key of a secret.
    #[must_use]
    pub fn public_key(&self, secret: &SecretKey, meter: &mut impl Meter) -> PublicKey {
        meter.charge(Op::GroupMul { count: 1 });
        self.0.public_key(secret)
    }

    /// Signs. There is exactly one signature per key, tag and message.
    #[must_use]
    pub fn sign(&self, secret: &SecretKey, tag: Tag, message: &[u8], meter: &mut impl Meter) -> Signature {
        meter.charge(Op::Sign);
        self.0.sign(secret, tag, message)
    }

    /// Checks one signature.
    #[must_use]
    pub fn verify(
        &self,
        key: &PublicKey,
        tag: Tag,
        message: &[u8],
        signature: &Signature,
        meter: &mut impl Meter,
    ) -> bool {
        meter.charge(Op::Verify);
        self.0.verify_all(tag, &[Signed { key: *key, message, signature: *signature }])
    }

    /// Checks many signatures together: true when all are right. Cheaper than one by one, but it does not tell which is wrong.
    #[must_use]
    pub fn verify_batch(&self, tag: Tag, signed: &[Signed<'_>], meter: &mut impl Meter) -> bool {
        meter.charge(Op::VerifyBatch { signatures: signed.len() as u32 });
        self.0.verify_all(tag, signed)
    }

    /// The sum of keys, under which the sum of their owners' signatures of one message verifies. Without proofs of possession a member
    /// can choose its key such that the sum is its own (rogue keys; Ristenpart, Yilek 2007).
    #[must_use]
    pub fn aggregate_keys(&self, keys: &[PublicKey], meter: &mut impl Meter) -> Option<PublicKey> {
        meter.charge(Op::VerifyAggregate { signers: keys.len() as u32 });
        self.0.combine_keys(&keys.iter().map(|k| (Scalar::one(), *k)).collect::<Vec<_>>())
    }

    /// The sum of signatures.
    #[must_use]
    pub fn aggregate(&self, signatures: &[Signature], meter: &mut impl Meter) -> Option<Signature> {
        meter.charge(Op::VerifyAggregate { signers: signatures.len() as u32 });
        self.0.combine_signatures(&signatures.iter().map(|s| (Scalar::one(), *s)).collect::<Vec<_>>())
    }

    /// The negative of a key: whoever knows somebody's key can subtract it, which is what a rogue key needs.
    #[must_use]
    pub fn negative_key(&self, key: &PublicKey, meter: &mut impl Meter) -> Option<PublicKey> {
        meter.charge(Op::GroupMul { count: 1 });
        self.0.combine_keys(&[(-Scalar::one(), *key)])
    }

    /// Proof that the owner of a key knows its secret.
    #[must_use]
    pub fn prove_possession(&self, secret: &SecretKey, meter: &mut impl Meter) -> Signature {
        let key = self.public_key(secret, meter);
        self.sign(secret, Tag::POSSESSION, &key.0, meter)
    }

    /// Whether a proof of possession is right.
    #[must_use]
    pub fn check_possession(&self, key: &PublicKey, proof: &Signature, meter: &mut impl Meter) -> bool {
        self.verify(key, Tag::POSSESSION, &key.0, proof, meter)
    }
}
