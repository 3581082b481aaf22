//! Threshold signatures (Boldyreva 2003): a group signs when enough of its members do, and there is no leader.
//!
//! Each member signs with its share of the group's secret; any quorum of such shares gives, by Lagrange interpolation in the exponent,
//! the one signature that verifies under the group's key. Which quorum it was cannot be seen.

use astrarium_node::Op;

use crate::crypto::Crypto;
use crate::keys::{PublicKey, Signature};
use crate::lagrange::Quorum;
use crate::meter::Meter;

impl Crypto {
    /// The group's signature from the shares of a quorum, given in its order. `None` when there are fewer or more than members, or one is no
    /// point. The result is to be verified under the group's key: one wrong share makes a wrong signature.
    #[must_use]
    pub fn recover(
        &self,
        quorum: &Quorum,
        shares: &[Signature],
        meter: &mut impl Meter,
    ) -> Option<Signature> {
        meter.charge(Op::Combine { shares: shares.len() as u32 });
        let fits = shares.len() == quorum.points().len();
        let terms: Vec<_> = quorum.coefficients().iter().copied().zip(shares.iter().copied()).collect();
        self.scheme().combine_signatures(&terms).filter(|_| fits)
    }

    /// The group's public key from the public keys of a quorum's shares; as [`Crypto::recover`].
    #[must_use]
    pub fn recover_key(
        &self,
        quorum: &Quorum,
        keys: &[PublicKey],
        meter: &mut impl Meter,
    ) -> Option<PublicKey> {
        meter.charge(Op::GroupMul { count: keys.len() as u32 });
        let fits = keys.len() == quorum.points().len();
        let terms: Vec<_> = quorum.coefficients().iter().copied().zip(keys.iter().copied()).collect();
        self.scheme().combine_keys(&terms).filter(|_| fits)
    }
}
