//! Symbolic cryptography: keys are capabilities.
//!
//! A secret is a value with no way out: it is not part of any message, not printed, and only its owner can sign, agree or open
//! with it. What cannot be computed without a secret is a method of the secret; an attacker uses the same methods with the
//! secrets that it holds, its own or stolen ones. Keys follow each other through SHA-3, so an erased key is out of reach even for who
//! holds all later ones. (Rejected: real curve arithmetic; it would prove nothing more about the protocol and cost most of
//! the run. Its *time* is charged.)

use std::fmt;

use astrarium_node::Stream;
use sha3::{Digest, Sha3_256};

/// First half of SHA-3 of these parts, each with its length in front.
fn digest(label: &str, parts: &[&[u8]]) -> u128 {
    let mut hasher = Sha3_256::new();
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let hash = hasher.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    u128::from_be_bytes(half)
}

/// A number that never shows.
#[derive(Clone, PartialEq, Eq)]
struct Hidden(u128);

impl Hidden {
    fn draw(stream: &mut Stream) -> Self {
        Self(u128::from(stream.word()) << 64 | u128::from(stream.word()))
    }

    fn derive(&self, label: &str, parts: &[&[u8]]) -> Self {
        let secret = self.0.to_be_bytes();
        let all: Vec<&[u8]> = std::iter::once(&secret[..]).chain(parts.iter().copied()).collect();
        Self(digest(label, &all))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Public half of a static key: 32 bytes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(u128);

/// Static key pair (Ed25519 in the specification).
#[derive(Debug, Clone)]
pub struct Identity {
    secret: Hidden,
    public: PublicKey,
}

/// What is signed: the digest of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transcript(u128);

/// A signature: 64 bytes on the wire. Only [`Identity::sign`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature {
    by: PublicKey,
    over: Transcript,
}

impl Identity {
    /// A fresh key pair.
    #[must_use]
    pub fn generate(stream: &mut Stream) -> Self {
        let secret = Hidden::draw(stream);
        let public = PublicKey(secret.derive("static", &[]).0);
        Self { secret, public }
    }

    /// Public half.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a transcript.
    #[must_use]
    pub fn sign(&self, over: Transcript) -> Signature {
        debug_assert_eq!(PublicKey(self.secret.derive("static", &[]).0), self.public);
        Signature { by: self.public, over }
    }
}

impl Signature {
    /// Whether the owner of `key` signed this transcript.
    #[must_use]
    pub fn verify(&self, key: PublicKey, over: Transcript) -> bool {
        self.by == key && self.over == over
    }
}

/// Public half of an ephemeral key: 32 bytes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EphemeralKey(u128);

/// Secret half of an ephemeral key (X25519 in the specification).
#[derive(Debug, Clone)]
pub struct Ephemeral {
    public: EphemeralKey,
}

impl Ephemeral {
    /// A fresh key pair.
    #[must_use]
    pub fn generate(stream: &mut Stream) -> Self {
        Self { public: EphemeralKey(Hidden::draw(stream).derive("ephemeral", &[]).0) }
    }

    /// Public half.
    #[must_use]
    pub const fn public(&self) -> EphemeralKey {
        self.public
    }

    /// Key agreement: who holds either secret half gets the same value, and nobody else has this method to call.
    #[must_use]
    pub fn agree(&self, other: EphemeralKey) -> Shared {
        let (low, high) = (self.public.0.min(other.0), self.public.0.max(other.0));
        Shared(Hidden(digest("agree", &[&low.to_be_bytes(), &high.to_be_bytes()])))
    }
}

/// What a key agreement gives.
#[derive(Debug, Clone)]
pub struct Shared(Hidden);

impl Shared {
    /// Traffic keys of the two directions (initiator to responder first), bound to the transcript.
    #[must_use]
    pub fn traffic(&self, transcript: Transcript) -> (TrafficKey, TrafficKey) {
        let bytes = transcript.0.to_be_bytes();
        let key = |label| TrafficKey { secret: self.0.derive(label, &[&bytes]), epoch: 0 };
        (key("initiator"), key("responder"))
    }
}

/// The transcript of a handshake as one side signs it: label, network, both ephemeral keys, the signer, and its time.
#[must_use]
pub fn transcript(
    chain: u64,
    initiator: EphemeralKey,
    responder: EphemeralKey,
    signer: u32,
    time: u64,
) -> Transcript {
    Transcript(digest(
        "net-hs-v1",
        &[
            &chain.to_be_bytes(),
            &initiator.0.to_be_bytes(),
            &responder.0.to_be_bytes(),
            &signer.to_be_bytes(),
            &time.to_be_bytes(),
        ],
    ))
}

/// Key of one direction in one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficKey {
    secret: Hidden,
    epoch: u32,
}

/// What a record shows of the key that it is sealed with: nothing that opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Lock(u128);

impl TrafficKey {
    /// Number of the epoch, from 0.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The key of the next epoch. There is no way back.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { secret: self.secret.derive("ratchet", &[]), epoch: self.epoch + 1 }
    }

    /// What records show of this key.
    pub(super) fn lock(&self) -> LockOf {
        LockOf(Lock(self.secret.derive("lock", &[]).0))
    }
}

/// A key's lock, computed once per epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LockOf(Lock);

/// A datagram that only the holder of its key can read.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed<M> {
    lock: Lock,
    /// Epoch of the key, the first four bytes of the nonce.
    pub epoch: u32,
    /// Number of the record in its epoch, the other eight.
    pub counter: u64,
    content: Option<M>,
}

impl<M> fmt::Debug for Sealed<M> {
    /// What a wiretap sees.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed {{ epoch: {}, counter: {} }}", self.epoch, self.counter)
    }
}

impl<M> Sealed<M> {
    /// Seals a datagram, or nothing (a change of keys).
    #[must_use]
    pub fn new(key: &TrafficKey, counter: u64, content: Option<M>) -> Self {
        Self::with_lock(key.lock(), key.epoch, counter, content)
    }

    pub(super) const fn with_lock(lock: LockOf, epoch: u32, counter: u64, content: Option<M>) -> Self {
        Self { lock: lock.0, epoch, counter, content }
    }

    pub(super) fn fits(&self, lock: LockOf) -> bool {
        self.lock == lock.0
    }

    /// Opens it; an error when this is not the key.
    ///
    /// # Errors
    /// The record itself, unopened.
    pub fn open(self, key: &TrafficKey) -> Result<Option<M>, Self> {
        if self.epoch == key.epoch && self.fits(key.lock()) { Ok(self.content) } else { Err(self) }
    }

    pub(super) fn into_content(self) -> Option<M> {
        self.content
    }

    /// Length of what is inside, which sealing does not hide.
    pub(super) fn content_len(&self, length: impl FnOnce(&M) -> u32) -> u32 {
        self.content.as_ref().map_or(0, length)
    }
}

/// The responder's secret for cookies.
#[derive(Debug, Clone)]
pub(super) struct CookieSecret(Hidden);

impl CookieSecret {
    pub(super) fn draw(stream: &mut Stream) -> Self {
        Self(Hidden::draw(stream))
    }

    /// The cookie for this sender and key in this period; never 0, which means none. Eight bytes on the wire.
    pub(super) fn cookie(&self, from: u32, key: EphemeralKey, period: u64) -> u64 {
        let hidden =
            self.0.derive("cookie", &[&from.to_be_bytes(), &key.0.to_be_bytes(), &period.to_be_bytes()]);
        // The upper half is as good as the lower.
        (hidden.0 as u64).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};

    fn stream(n: u64) -> Stream {
        Seed(1).stream(Domain::protocol(1), 0, n)
    }

    #[test]
    fn both_halves_agree_and_a_third_does_not() {
        let [a, b, c] = [1, 2, 3].map(|n| Ephemeral::generate(&mut stream(n)));
        let t = transcript(1, a.public(), b.public(), 0, 0);
        let (ab, ba) = (a.agree(b.public()).traffic(t), b.agree(a.public()).traffic(t));
        assert_eq!(ab, ba);
        assert_ne!(ab, c.agree(b.public()).traffic(t));
        let other = transcript(2, a.public(), b.public(), 0, 0);
        assert_ne!(ab, a.agree(b.public()).traffic(other));
        assert_ne!(ab.0, ab.1);
    }

    #[test]
    fn records_open_with_their_key_and_epoch_only() {
        let (a, b) = (Ephemeral::generate(&mut stream(1)), Ephemeral::generate(&mut stream(2)));
        let (key, other) = a.agree(b.public()).traffic(transcript(1, a.public(), b.public(), 0, 0));
        let sealed = Sealed::new(&key, 0, Some(42));
        assert!(sealed.clone().open(&other).is_err());
        assert!(sealed.clone().open(&key.next()).is_err());
        assert_eq!(sealed.open(&key).unwrap(), Some(42));
    }

    #[test]
    fn secrets_do_not_show() {
        let identity = Identity::generate(&mut stream(1));
        assert!(format!("{identity:?}").contains("(hidden)"));
        let sealed = Sealed { lock: Lock(1), epoch: 0, counter: 7, content: Some("plain text") };
        assert_eq!(format!("{sealed:?}"), "Sealed { epoch: 0, counter: 7 }");
    }

    #[test]
    fn signatures_are_of_one_signer_over_one_transcript() {
        let (mine, yours) = (Identity::generate(&mut stream(1)), Identity::generate(&mut stream(2)));
        let key = Ephemeral::generate(&mut stream(3)).public();
        let t = transcript(1, key, key, 0, 0);
        let signature = mine.sign(t);
        assert!(signature.verify(mine.public(), t));
        assert!(!signature.verify(yours.public(), t));
        assert!(!signature.verify(mine.public(), transcript(1, key, key, 1, 0)));
    }
}
