//! Records: what is put under a key and found there.

use super::id::Id;

/// A value under a key. A small number stands for the value's bytes; its length is what the wire carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Record {
    /// Under which key.
    pub key: Id,
    /// Which value.
    pub content: u64,
    /// Length of the value in bytes.
    pub bytes: u32,
}

impl Record {
    /// A value under the key that proves it: its own digest.
    #[must_use]
    pub fn new(content: u64, bytes: u32) -> Self {
        Self { key: Self::digest(content, bytes), content, bytes }
    }

    /// Whether the key is the digest of the value, so that nobody can put another value under it.
    #[must_use]
    pub fn is_certified(&self) -> bool {
        self.key == Self::digest(self.content, self.bytes)
    }

    fn digest(content: u64, bytes: u32) -> Id {
        let mut input = [0; 12];
        input[..8].copy_from_slice(&content.to_be_bytes());
        input[8..].copy_from_slice(&bytes.to_be_bytes());
        Id::hash(&input)
    }
}
