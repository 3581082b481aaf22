//! Every distinct operation once: results by what they were computed from.
//!
//! All operations are pure, so a remembered result is the result, and a run with memory is a run without it, only faster. The memory is
//! shared by all nodes of a run (and by the copies of a snapshot, which is no secret between them either) and bounded: two
//! generations, of which the older is dropped when the younger is full.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use astrarium_node::collections::Map;
use bls12_381::Scalar;

use crate::hash::hash;
use crate::keys::{PublicKey, SecretKey, Signature, Tag};
use crate::scheme::{Scheme, Signed};

/// Results kept per generation and kind. Two full generations of all four kinds take less than 100 MB.
const GENERATION: usize = 1 << 17;

/// A scheme with a memory.
pub(crate) struct Memo<S> {
    scheme: S,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    verdicts: Generations<bool>,
    signatures: Generations<Option<Signature>>,
    keys: Generations<Option<PublicKey>>,
    secrets: Generations<Option<[u8; 32]>>,
    hits: u64,
    misses: u64,
}

/// Results by the name of what they were computed from.
struct Generations<T> {
    young: Map<u128, T>,
    old: Map<u128, T>,
}

impl<T> Default for Generations<T> {
    fn default() -> Self {
        Self { young: Map::default(), old: Map::default() }
    }
}

impl<T: Copy> Generations<T> {
    /// A remembered result; one of the old generation becomes young again.
    fn get(&mut self, name: u128) -> Option<T> {
        if let Some(known) = self.young.get(&name) {
            return Some(*known);
        }
        let known = *self.old.get(&name)?;
        self.put(name, known);
        Some(known)
    }

    fn put(&mut self, name: u128, result: T) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name, result);
    }
}

impl<S> Memo<S> {
    pub(crate) fn new(scheme: S) -> Self {
        Self { scheme, memory: Mutex::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A result is put in whole or not at all, so a panic elsewhere left nothing half done.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The remembered result, or a new one.
    fn recall<T: Copy>(
        &self,
        name: u128,
        kind: impl Fn(&mut Memory) -> &mut Generations<T>,
        compute: impl FnOnce() -> T,
    ) -> T {
        let mut memory = self.memory();
        if let Some(known) = kind(&mut memory).get(name) {
            memory.hits += 1;
            return known;
        }
        memory.misses += 1;
        drop(memory);
        let result = compute();
        kind(&mut self.memory()).put(name, result);
        result
    }
}

impl<S> fmt::Debug for Memo<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory();
        write!(f, "Memo ({} results remembered, {} computed)", memory.hits, memory.misses)
    }
}

/// The name of an operation on these inputs: 128 bits of SHA3-256, so that two never share one.
fn name(operation: &str, parts: &[&[u8]]) -> u128 {
    let [h @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = hash(operation, parts).0;
    u128::from_be_bytes(h)
}

fn terms<T: AsRef<[u8]>>(terms: &[(Scalar, T)]) -> Vec<u8> {
    terms.iter().flat_map(|(e, t)| e.to_bytes().into_iter().chain(t.as_ref().iter().copied())).collect()
}

impl<S: Scheme> Scheme for Memo<S> {
    fn public_key(&self, secret: &SecretKey) -> PublicKey {
        let name = name("public", &[&secret.0.to_bytes()]);
        let compute = || Some(self.scheme.public_key(secret));
        self.recall(name, |m| &mut m.keys, compute).unwrap_or_else(|| self.scheme.public_key(secret))
    }

    fn sign(&self, secret: &SecretKey, tag: Tag, message: &[u8]) -> Signature {
        let name = name("sign", &[&secret.0.to_bytes(), &[tag.0.len() as u8], tag.0.as_bytes(), message]);
        let compute = || Some(self.scheme.sign(secret, tag, message));
        self.recall(name, |m| &mut m.signatures, compute)
            .unwrap_or_else(|| self.scheme.sign(secret, tag, message))
    }

    /// Signatures are remembered one by one; what is new among many is checked together. When that fails each is checked alone, so
    /// that a bad one costs the good ones beside it only once.
    fn verify_all(&self, tag: Tag, signed: &[Signed<'_>]) -> bool {
        let name = |s: &Signed<'_>| {
            name("verify", &[&s.key.0, &s.signature.0, &[tag.0.len() as u8], tag.0.as_bytes(), s.message])
        };
        let mut fresh: Vec<(u128, Signed<'_>)> = Vec::new();
        {
            let mut memory = self.memory();
            for s in signed {
                let name = name(s);
                match memory.verdicts.get(name) {
                    Some(true) => memory.hits += 1,
                    Some(false) => return false,
                    None => fresh.push((name, *s)),
                }
            }
            memory.misses += fresh.len() as u64;
        }
        if fresh.is_empty() {
            return true;
        }
        let all: Vec<Signed<'_>> = fresh.iter().map(|(_, s)| *s).collect();
        let good = self.scheme.verify_all(tag, &all);
        let verdict = |s: &Signed<'_>| good || self.scheme.verify_all(tag, &[*s]);
        let verdicts: Vec<(u128, bool)> = fresh.iter().map(|(name, s)| (*name, verdict(s))).collect();
        let mut memory = self.memory();
        verdicts.iter().for_each(|(name, verdict)| memory.verdicts.put(*name, *verdict));
        good
    }

    fn combine_signatures(&self, list: &[(Scalar, Signature)]) -> Option<Signature> {
        let name = name("combine", &[&terms(list)]);
        self.recall(name, |m| &mut m.signatures, || self.scheme.combine_signatures(list))
    }

    fn combine_keys(&self, list: &[(Scalar, PublicKey)]) -> Option<PublicKey> {
        let name = name("combine keys", &[&terms(list)]);
        self.recall(name, |m| &mut m.keys, || self.scheme.combine_keys(list))
    }

    fn agree(&self, secret: &SecretKey, key: &PublicKey) -> Option<[u8; 32]> {
        let name = name("agree", &[&secret.0.to_bytes(), &key.0]);
        self.recall(name, |m| &mut m.secrets, || self.scheme.agree(secret, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_keeps_what_is_asked_for() {
        let mut results = Generations::default();
        for name in 0..5 * GENERATION as u128 {
            results.put(name, true);
            // Asked for again and again, the first result stays.
            assert_eq!(results.get(0), Some(true), "{name}");
        }
        assert!(results.young.len() + results.old.len() <= 2 * GENERATION);
        assert_eq!(results.get(1), None);
    }

    #[test]
    fn what_is_known_is_not_computed_again() {
        let memo = Memo::new(crate::exponents::Exponents);
        let secret = SecretKey(Scalar::from(5));
        let first = memo.sign(&secret, Tag("t"), b"m");
        assert_eq!(memo.sign(&secret, Tag("t"), b"m"), first);
        assert_eq!(format!("{memo:?}"), "Memo (1 results remembered, 1 computed)");
    }
}
