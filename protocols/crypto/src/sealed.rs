//! Shares for one reader: an exponent encrypted under a Diffie–Hellman agreement in G2.

use astrarium_node::Op;
use bls12_381::Scalar;

use crate::crypto::Crypto;
use crate::hash::hash;
use crate::keys::{PublicKey, SecretKey};
use crate::meter::Meter;

/// An encrypted exponent: 48 bytes on the wire. It is not authenticated; the message around it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sealed {
    /// Makes two encryptions of one exponent differ.
    pub iv: [u8; 16],
    /// The exponent, masked.
    pub ciphertext: [u8; 32],
}

impl Crypto {
    /// Encrypts an exponent from the owner of `own` for the owner of `reader`. `None` when the reader's key is none.
    #[must_use]
    pub fn seal(
        &self,
        share: &SecretKey,
        own: &SecretKey,
        reader: &PublicKey,
        iv: [u8; 16],
        meter: &mut impl Meter,
    ) -> Option<Sealed> {
        let mask = self.mask(own, reader, &iv, meter)?;
        let mut ciphertext = share.0.to_bytes();
        ciphertext.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        Some(Sealed { iv, ciphertext })
    }

    /// Decrypts what the owner of `writer` has sealed for the owner of `own`. `None` when it is no exponent.
    #[must_use]
    pub fn open(
        &self,
        sealed: &Sealed,
        own: &SecretKey,
        writer: &PublicKey,
        meter: &mut impl Meter,
    ) -> Option<SecretKey> {
        let mask = self.mask(own, writer, &sealed.iv, meter)?;
        let mut bytes = sealed.ciphertext;
        bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        let exponent: Option<Scalar> = Scalar::from_bytes(&bytes).into();
        exponent.map(SecretKey)
    }

    fn mask(
        &self,
        own: &SecretKey,
        other: &PublicKey,
        iv: &[u8; 16],
        meter: &mut impl Meter,
    ) -> Option<[u8; 32]> {
        meter.charge(Op::KeyAgreement);
        meter.charge(Op::Hash { bytes: 48 });
        let shared = self.scheme().agree(own, other)?;
        Some(hash("astrarium/seal", &[&shared, iv]).0)
    }
}
