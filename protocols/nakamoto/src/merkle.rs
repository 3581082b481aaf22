//! SHA3-256 and Merkle trees over it.
//!
//! Inner nodes and leaves are hashed under different prefixes, and an odd node moves up unpaired instead of being paired
//! with itself: so neither an inner node passes for a leaf (CVE-2017-12842) nor two lists share a root (CVE-2012-2459).

use sha3::{Digest as _, Sha3_256};

/// A SHA3-256 value.
pub type Digest = [u8; 32];

const LEAF: u8 = 0;
const INNER: u8 = 1;

/// SHA3-256 of the concatenation of `parts`.
pub(crate) fn sha3(parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha3_256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The leaf that stands for an item whose identity is `id`.
pub(crate) fn leaf(id: &Digest) -> Digest {
    sha3(&[&[LEAF], id])
}

fn inner(left: &Digest, right: &Digest) -> Digest {
    sha3(&[&[INNER], left, right])
}

/// The level above `level`.
fn raise(level: &[Digest]) -> Vec<Digest> {
    level.chunks(2).map(|pair| if let [left, right] = pair { inner(left, right) } else { pair[0] }).collect()
}

/// Root of the tree over these leaves; all zeros for none.
#[must_use]
pub fn merkle_root(leaves: &[Digest]) -> Digest {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = raise(&level);
    }
    level.first().copied().unwrap_or_default()
}

/// Proof that a leaf is the `index`-th of `count` under a root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MerkleProof {
    /// Position of the leaf, from 0.
    pub index: u32,
    /// Number of leaves of the whole tree.
    pub count: u32,
    /// Siblings on the way up, lowest first; a node without a sibling contributes none.
    pub path: Vec<Digest>,
}

impl MerkleProof {
    /// The proof for the `index`-th of these leaves; `None` when there is no such leaf.
    #[must_use]
    pub fn new(leaves: &[Digest], index: usize) -> Option<Self> {
        if index >= leaves.len() {
            return None;
        }
        let count = u32::try_from(leaves.len()).ok()?;
        let mut path = Vec::new();
        let (mut level, mut at) = (leaves.to_vec(), index);
        while level.len() > 1 {
            path.extend(level.get(at ^ 1));
            level = raise(&level);
            at /= 2;
        }
        // The index is below the count, which fits.
        Some(Self { index: index as u32, count, path })
    }

    /// Number of siblings that a proof of this shape must carry; `None` when the index is out of range.
    #[must_use]
    pub fn path_len(index: u32, count: u32) -> Option<usize> {
        if index >= count {
            return None;
        }
        let (mut at, mut width, mut len) = (index, count, 0);
        while width > 1 {
            len += usize::from((at ^ 1) < width);
            at /= 2;
            width = width.div_ceil(2);
        }
        Some(len)
    }

    /// Whether `leaf` is where the proof says, under `root`.
    #[must_use]
    pub fn proves(&self, leaf: &Digest, root: &Digest) -> bool {
        if Self::path_len(self.index, self.count) != Some(self.path.len()) {
            return false;
        }
        let (mut at, mut width, mut node) = (self.index, self.count, *leaf);
        let mut siblings = self.path.iter();
        while width > 1 {
            if (at ^ 1) < width {
                let Some(sibling) = siblings.next() else { return false };
                node = if at % 2 == 0 { inner(&node, sibling) } else { inner(sibling, &node) };
            }
            at /= 2;
            width = width.div_ceil(2);
        }
        node == *root
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(n: u8) -> Vec<Digest> {
        (0..n).map(|i| leaf(&[i; 32])).collect()
    }

    fn hex(digest: &Digest) -> String {
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Golden values from python's hashlib: an independent recursive Merkle tree over the same leaves.
    #[test]
    fn roots_equal_those_of_an_independent_implementation() {
        let expected = [
            (1, "dc33296e4d20f0ef35ff9fd449e23ebbaa5a049a17779db3c2fe194b499aaf74"),
            (2, "9384262110967d219f4f664a14b51593433629bef87d7d901bd3ff0021cb8af8"),
            (3, "fee2936ac84c975d74c52a2d2bf1d4a6aa06d7e32ca8767aef2a6b40759333f7"),
            (5, "6f1953e2cb0f833dc620f8bc507dbb436def54f9e513ac662bb429fe587a1029"),
        ];
        for (n, root) in expected {
            assert_eq!(hex(&merkle_root(&leaves(n))), root, "{n} leaves");
        }
        assert_eq!(merkle_root(&[]), [0; 32]);
    }

    #[test]
    fn a_list_with_its_last_leaf_repeated_has_another_root() {
        let mut list = leaves(3);
        let root = merkle_root(&list);
        list.push(list[2]);
        assert_ne!(merkle_root(&list), root);
    }

    proptest! {
        #[test]
        fn every_leaf_has_a_proof_and_no_other_leaf_fits_it(n in 1_u8..40, at in 0_usize..40, other in 0_usize..40) {
            let list = leaves(n);
            let root = merkle_root(&list);
            let (at, other) = (at % list.len(), other % list.len());
            let proof = MerkleProof::new(&list, at).unwrap();
            prop_assert!(proof.proves(&list[at], &root));
            prop_assert_eq!(proof.proves(&list[other], &root), at == other);
            let mut moved = proof.clone();
            moved.index = other as u32;
            prop_assert_eq!(moved.proves(&list[at], &root), at == other);
            prop_assert!(MerkleProof::new(&list, list.len()).is_none());
        }
    }
}
