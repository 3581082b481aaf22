//! Cryptography of the simulated systems, over BLS12-381: signatures in G1 (48 bytes), keys in G2 (96 bytes).
//!
//! A protocol holds a [`Crypto`] and calls it with whatever its context charges processor time to ([`Meter`]). One of three modes stands
//! behind it ([`Mode`]): `real` computes every operation, `memo` computes every distinct operation once, `modelled` computes the
//! same algebra on exponents instead of curve points. All three charge the same symbolic cost and have the same sizes; `real` and `memo`
//! give the same bytes. What holds in one holds in all: uniqueness of signatures, recovery from any quorum, rogue keys, poisoned
//! shares, because the algebra is the same.
//!
//! - [`Crypto`]: keys, signatures, aggregates, batch verification, proofs of possession, agreement.
//! - [`threshold`]: shares of signatures and their recovery by Lagrange interpolation in the exponent.
//! - [`dkg`]: Shamir key generation without a dealer (Pedersen 1991), with the ways of checking it.
//! - [`vrf`]: a verifiable random function from unique signatures.
//! - [`sealed`]: shares encrypted for their recipient.
//!
//! Secrets are capabilities: a [`SecretKey`] shows nothing and is made only by who may hold it. Not constant time, not for use outside of
//! simulations.

mod algebra;
mod crypto;
mod curve;
pub mod dkg;
mod exponents;
pub mod hash;
mod keys;
mod lagrange;
mod memo;
mod meter;
mod polynomial;
mod scheme;
pub mod sealed;
pub mod threshold;
pub mod vrf;

pub use crypto::{Crypto, Mode, Signed};
pub use hash::Hash256;
pub use keys::{PublicKey, SecretKey, Signature, Tag};
pub use lagrange::Quorum;
pub use meter::{Free, Meter};
pub use polynomial::{Point, Polynomial};
