//! Headers and blocks, and the identities that chain them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use astrarium_node::NodeId;

use crate::codec::{DecodeError, Reader, put_zeros};
use crate::config::Config;
use crate::difficulty::Bits;
use crate::merkle::{Digest, MerkleProof, leaf, merkle_root, sha3};
use crate::transaction::{Tx, TxId, identity};

identity! {
    /// Identity of a block: SHA3-256 of its 80-byte header.
    BlockId
}

/// What a block's identity commits to: Bitcoin's 80 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Format version; 1.
    pub version: u32,
    /// Identity of the block before.
    pub previous: BlockId,
    /// Root of the Merkle tree over the body.
    pub merkle_root: Digest,
    /// The miner's clock, whole seconds of its local time.
    pub time: u32,
    /// Target of the proof of work.
    pub bits: Bits,
    /// Stands for the nonce that a real miner would have found; not checked.
    pub nonce: u32,
}

impl Header {
    /// Encoded length, bytes.
    pub const LEN: usize = 80;
    /// The only format version.
    pub const VERSION: u32 = 1;

    /// The 80 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..4].copy_from_slice(&self.version.to_le_bytes());
        out[4..36].copy_from_slice(&self.previous.0);
        out[36..68].copy_from_slice(&self.merkle_root);
        out[68..72].copy_from_slice(&self.time.to_le_bytes());
        out[72..76].copy_from_slice(&self.bits.0.to_le_bytes());
        out[76..].copy_from_slice(&self.nonce.to_le_bytes());
        out
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: input.u32()?,
            previous: BlockId(input.array()?),
            merkle_root: input.array()?,
            time: input.u32()?,
            bits: Bits(input.u32()?),
            nonce: input.u32()?,
        })
    }

    /// Computes the identity.
    #[must_use]
    pub fn seal(self) -> SealedHeader {
        SealedHeader { id: BlockId(sha3(&[&self.encode()])), header: self }
    }
}

/// A header with its identity, computed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedHeader {
    id: BlockId,
    header: Header,
}

impl SealedHeader {
    /// Identity.
    #[inline]
    #[must_use]
    pub fn id(&self) -> BlockId {
        self.id
    }

    /// The header itself.
    #[inline]
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl Hash for SealedHeader {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// Anything that hangs on a chain by its header: a full block, or a header alone.
pub trait Chained: Clone + Send + 'static {
    /// The header and its identity.
    fn sealed(&self) -> &SealedHeader;
}

impl Chained for SealedHeader {
    fn sealed(&self) -> &SealedHeader {
        self
    }
}

impl Chained for Arc<Block> {
    fn sealed(&self) -> &SealedHeader {
        &self.sealed
    }
}

/// What a block carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// Whom the block pays: the coinbase's payee.
    pub miner: u32,
    /// The coinbase's free field; makes bodies of one miner distinct.
    pub extra: u64,
    /// Bytes of transactions that the scenario does not model one by one.
    pub padding: u32,
    /// The modelled transactions, parents before children.
    pub transactions: Vec<Arc<Tx>>,
}

impl Body {
    // Miner, extra, padding length, number of transactions.
    pub(crate) const FIXED: u32 = 4 + 8 + 4 + 4;
    // Leaves before those of the transactions: coinbase and padding.
    const LEADING_LEAVES: usize = 2;

    /// Encoded length in bytes; saturates.
    #[must_use]
    pub fn wire_len(&self) -> u32 {
        let transactions = self.transactions.iter().map(|tx| tx.wire_len()).fold(0, u32::saturating_add);
        Self::FIXED.saturating_add(self.padding).saturating_add(transactions)
    }

    /// Leaves of the Merkle tree: coinbase, padding, transactions.
    #[must_use]
    pub fn leaves(&self) -> Vec<Digest> {
        let mut coinbase = [0; 12];
        coinbase[..4].copy_from_slice(&self.miner.to_le_bytes());
        coinbase[4..].copy_from_slice(&self.extra.to_le_bytes());
        let mut leaves = Vec::with_capacity(Self::LEADING_LEAVES + self.transactions.len());
        leaves.push(leaf(&sha3(&[b"coinbase", &coinbase])));
        leaves.push(leaf(&sha3(&[b"padding", &self.padding.to_le_bytes()])));
        leaves.extend(self.transactions.iter().map(|tx| Tx::leaf(&tx.id())));
        leaves
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.miner.to_le_bytes());
        out.extend(self.extra.to_le_bytes());
        out.extend(self.padding.to_le_bytes());
        // Bounded by the length of a block.
        out.extend((self.transactions.len() as u32).to_le_bytes());
        self.transactions.iter().for_each(|tx| tx.encode(out));
        put_zeros(out, self.padding);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (miner, extra, padding) = (input.u32()?, input.u64()?, input.u32()?);
        let transactions = decode_transactions(input)?;
        input.zeros(padding, "block padding")?;
        Ok(Self { miner, extra, padding, transactions })
    }
}

/// A count and so many transactions.
pub(crate) fn decode_transactions(input: &mut Reader<'_>) -> Result<Vec<Arc<Tx>>, DecodeError> {
    // A transaction without spends is malformed but encodable, hence the shorter bound.
    let count = input.count((Tx::MIN_LEN - crate::transaction::OutPoint::LEN) as usize)?;
    (0..count).map(|_| Tx::decode(input).map(Arc::new)).collect()
}

/// A block: immutable, shared by everybody who knows it; identity, length and the check of the Merkle root are computed
/// once, when it is made or decoded.
#[derive(Clone)]
pub struct Block {
    sealed: SealedHeader,
    body: Body,
    wire_len: u32,
    root_matches: bool,
}

impl Block {
    /// Largest encoding that any node accepts, bytes (Bitcoin Core: `MAX_PROTOCOL_MESSAGE_LENGTH` was 32 MiB).
    pub const MAX_LEN: u32 = 32 * 1024 * 1024;

    /// Joins a header and the body that it claims to commit to; whether it does is [`Block::root_matches`].
    #[must_use]
    pub fn new(header: Header, body: Body) -> Self {
        let root_matches = merkle_root(&body.leaves()) == header.merkle_root;
        Self::join(header, body, root_matches)
    }

    fn join(header: Header, body: Body, root_matches: bool) -> Self {
        let wire_len = body.wire_len().saturating_add(Header::LEN as u32);
        Self { sealed: header.seal(), body, wire_len, root_matches }
    }

    /// The block that commits to `body` after `previous`; what a miner makes. Bits and time are checked by whoever
    /// receives it.
    #[must_use]
    pub fn assemble(previous: BlockId, time: u32, bits: Bits, nonce: u32, body: Body) -> Self {
        let merkle_root = merkle_root(&body.leaves());
        // The root was computed from this very body: no need to hash it all again.
        Self::join(Header { version: Header::VERSION, previous, merkle_root, time, bits, nonce }, body, true)
    }

    /// The block that everybody knows from the start: empty, at time zero, of the initial difficulty.
    #[must_use]
    pub fn genesis(config: &Config) -> Arc<Self> {
        let body = Body { miner: u32::MAX, ..Body::default() };
        Arc::new(Self::assemble(BlockId::default(), 0, config.initial_bits, 0, body))
    }

    /// Identity.
    #[inline]
    #[must_use]
    pub fn id(&self) -> BlockId {
        self.sealed.id
    }

    /// Header.
    #[inline]
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.sealed.header
    }

    /// Header with identity.
    #[inline]
    #[must_use]
    pub fn sealed(&self) -> &SealedHeader {
        &self.sealed
    }

    /// Body.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Who mined it, by its coinbase; the genesis block has no miner.
    #[must_use]
    pub fn miner(&self) -> Option<NodeId> {
        (self.header().previous != BlockId::default()).then_some(NodeId(self.body.miner))
    }

    /// The modelled transactions.
    #[must_use]
    pub fn transactions(&self) -> &[Arc<Tx>] {
        &self.body.transactions
    }

    /// Encoded length in bytes: header, coinbase, transactions, padding.
    #[inline]
    #[must_use]
    pub fn wire_len(&self) -> u32 {
        self.wire_len
    }

    /// Whether the header commits to this body.
    #[inline]
    #[must_use]
    pub fn root_matches(&self) -> bool {
        self.root_matches
    }

    /// Proof that the block holds a transaction; `None` when it does not.
    #[must_use]
    pub fn prove(&self, tx: &TxId) -> Option<MerkleProof> {
        let at = self.body.transactions.iter().position(|t| t.id() == *tx)?;
        MerkleProof::new(&self.body.leaves(), Body::LEADING_LEAVES + at)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.header().encode());
        self.body.encode(out);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let header = Header::decode(input)?;
        Ok(Self::new(header, Body::decode(input)?))
    }
}

/// By identity and by whether the body belongs to it: of the blocks with one identity only one has the right body.
impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id() && self.root_matches == other.root_matches
    }
}

impl Eq for Block {}

/// Feeds the identity alone.
impl Hash for Block {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let previous = self.header().previous;
        write!(
            f,
            "Block({:?} after {previous:?}, {} tx, {} B)",
            self.id(),
            self.transactions().len(),
            self.wire_len
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::OutPoint;

    fn block() -> Block {
        let tx = Arc::new(Tx::new(vec![OutPoint::genesis(7)], 2, 99, 500, 250));
        let body = Body { miner: 3, extra: 5, padding: 1_000, transactions: vec![tx] };
        Block::assemble(BlockId([0xab; 32]), 1_234, Bits(0x1d00_ffff), 42, body)
    }

    /// Golden values from python's hashlib and struct, written from the documented layout.
    #[test]
    fn identity_and_root_equal_those_of_an_independent_implementation() {
        let hex = |digest: Digest| BlockId(digest).to_string();
        assert_eq!(
            hex(block().header().merkle_root),
            "742c281587500bc2123640892f16453bdb0c4bb263fed487460a6ffe52baae54"
        );
        assert_eq!(
            block().id().to_string(),
            "afb57230b4ebcc653294de3797c1c629c6b6446ca61eadf76db56291827179d8"
        );
        assert_eq!(block().wire_len(), 80 + 20 + 250 + 1_000);
    }

    #[test]
    fn a_changed_body_is_noticed() {
        let honest = block();
        for change in [
            |body: &mut Body| body.miner += 1,
            |body: &mut Body| body.extra += 1,
            |body: &mut Body| body.padding -= 1,
            |body: &mut Body| body.transactions.clear(),
        ] {
            let mut body = honest.body().clone();
            change(&mut body);
            assert!(!Block::new(*honest.header(), body).root_matches());
        }
        assert!(honest.root_matches());
    }

    #[test]
    fn a_contained_transaction_is_proved_and_no_other() {
        let block = block();
        let tx = block.transactions()[0].id();
        let proof = block.prove(&tx).unwrap();
        assert!(proof.proves(&Tx::leaf(&tx), &block.header().merkle_root));
        assert!(block.prove(&TxId([9; 32])).is_none());
    }
}
