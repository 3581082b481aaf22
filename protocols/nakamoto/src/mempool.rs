//! Transactions that wait for a block.
//!
//! First-seen rule: of two transactions that spend one coin, the one that came first stays (no replacement by fee).
//! Bounded in bytes: the lowest fee per byte goes first, with everything that builds on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::block::Block;
use crate::ledger::Ledger;
use crate::transaction::{OutPoint, Tx, TxId};

/// Why a transaction does not wait here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MempoolError {
    /// It waits already.
    Known,
    /// It is in the best chain.
    Confirmed,
    /// It spends nothing, or a coin twice, or is too long.
    Malformed,
    /// A coin that it spends is not known here (yet).
    NoSuchCoin(OutPoint),
    /// A coin that it spends is spent: by this transaction, waiting or confirmed.
    Conflict(OutPoint, TxId),
    /// The pool is full of transactions that pay more per byte.
    Full,
}

impl fmt::Display for MempoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known => f.write_str("the transaction waits already"),
            Self::Confirmed => f.write_str("the transaction is in the best chain"),
            Self::Malformed => f.write_str("the transaction spends nothing, or a coin twice, or is too long"),
            Self::NoSuchCoin(coin) => {
                write!(f, "coin {} of transaction {} is not known here", coin.index, coin.tx)
            }
            Self::Conflict(coin, tx) => {
                write!(f, "coin {} of transaction {} is spent by transaction {tx}", coin.index, coin.tx)
            }
            Self::Full => f.write_str("the mempool is full of transactions that pay more per byte"),
        }
    }
}

impl std::error::Error for MempoolError {}

#[derive(Debug, Clone)]
struct Waiting {
    tx: Arc<Tx>,
    rank: Rank,
}

/// Order of merit: fee per byte (in 2^-20 units, exact to that), then who came earlier. Greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    rate: u64,
    // Counts down, so an earlier arrival ranks higher.
    arrival: u64,
}

/// The pool.
#[derive(Debug, Clone)]
pub struct Mempool {
    waiting: BTreeMap<TxId, Waiting>,
    spent: BTreeMap<OutPoint, TxId>,
    ranked: BTreeSet<(Rank, TxId)>,
    bytes: u64,
    capacity: u64,
    arrivals_left: u64,
}

impl Mempool {
    /// An empty pool for so many bytes of transactions.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        Self {
            waiting: BTreeMap::new(),
            spent: BTreeMap::new(),
            ranked: BTreeSet::new(),
            bytes: 0,
            capacity,
            arrivals_left: u64::MAX,
        }
    }

    /// Number of waiting transactions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True when nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes of the waiting transactions.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A waiting transaction.
    #[must_use]
    pub fn get(&self, id: &TxId) -> Option<&Arc<Tx>> {
        self.waiting.get(id).map(|w| &w.tx)
    }

    /// Whether it waits here.
    #[must_use]
    pub fn contains(&self, id: &TxId) -> bool {
        self.waiting.contains_key(id)
    }

    /// Who spends a coin among the waiting.
    #[must_use]
    pub fn spender(&self, coin: &OutPoint) -> Option<TxId> {
        self.spent.get(coin).copied()
    }

    /// All waiting transactions, by identity.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Tx>> {
        self.waiting.values().map(|w| &w.tx)
    }

    /// Takes a transaction in, if it could be in the next block after the chain of `ledger` together with the others.
    ///
    /// # Errors
    /// Why not.
    pub fn insert(&mut self, tx: &Arc<Tx>, ledger: &Ledger) -> Result<(), MempoolError> {
        self.check(tx, ledger)?;
        self.arrivals_left -= 1;
        let rate = (u128::from(tx.fee()) << 20) / u128::from(tx.wire_len());
        let rank = Rank { rate: u64::try_from(rate).unwrap_or(u64::MAX), arrival: self.arrivals_left };
        self.spent.extend(tx.spends().iter().map(|coin| (*coin, tx.id())));
        self.ranked.insert((rank, tx.id()));
        self.bytes += u64::from(tx.wire_len());
        self.waiting.insert(tx.id(), Waiting { tx: tx.clone(), rank });
        self.shrink();
        if self.contains(&tx.id()) { Ok(()) } else { Err(MempoolError::Full) }
    }

    fn check(&self, tx: &Tx, ledger: &Ledger) -> Result<(), MempoolError> {
        if self.contains(&tx.id()) {
            return Err(MempoolError::Known);
        }
        if ledger.confirmation(&tx.id()).is_some() {
            return Err(MempoolError::Confirmed);
        }
        if !tx.is_well_formed() {
            return Err(MempoolError::Malformed);
        }
        for coin in tx.spends() {
            if let Some(spender) = self.spender(coin).or_else(|| ledger.spender(coin)) {
                return Err(MempoolError::Conflict(*coin, spender));
            }
            if !ledger.exists(coin) && !self.creates(coin) {
                return Err(MempoolError::NoSuchCoin(*coin));
            }
        }
        Ok(())
    }

    fn creates(&self, coin: &OutPoint) -> bool {
        self.get(&coin.tx).is_some_and(|parent| coin.index < u32::from(parent.creates()))
    }

    fn shrink(&mut self) {
        while self.bytes > self.capacity {
            let Some(&(_, lowest)) = self.ranked.first() else { return };
            self.remove_with_descendants(lowest);
        }
    }

    fn remove(&mut self, id: &TxId) -> Option<Arc<Tx>> {
        let Waiting { tx, rank } = self.waiting.remove(id)?;
        self.ranked.remove(&(rank, *id));
        self.bytes -= u64::from(tx.wire_len());
        for coin in tx.spends() {
            self.spent.remove(coin);
        }
        Some(tx)
    }

    fn remove_with_descendants(&mut self, id: TxId) {
        let mut doomed = vec![id];
        while let Some(id) = doomed.pop() {
            if self.remove(&id).is_some() {
                let outputs = OutPoint { tx: id, index: 0 }..=OutPoint { tx: id, index: u32::MAX };
                doomed.extend(self.spent.range(outputs).map(|(_, spender)| *spender));
            }
        }
    }

    /// Follows a move of the best chain, after which `ledger` holds: what was connected no longer waits, nor what conflicts
    /// with it; what was disconnected waits again as far as it still can.
    pub fn follow<'a>(
        &mut self,
        disconnected: &[Arc<Block>],
        connected: impl Iterator<Item = &'a Arc<Block>>,
        ledger: &Ledger,
    ) {
        for tx in connected.flat_map(|block| block.transactions()) {
            // Its children stay: their coins exist now.
            if self.remove(&tx.id()).is_none() {
                for coin in tx.spends() {
                    if let Some(loser) = self.spender(coin) {
                        self.remove_with_descendants(loser);
                    }
                }
            }
        }
        for tx in disconnected.iter().flat_map(|block| block.transactions()) {
            // A refusal is the right fate of what lost to the new chain.
            let _ = self.insert(tx, ledger);
        }
        if !disconnected.is_empty() {
            self.drop_stranded(ledger);
        }
    }

    /// Drops what spends coins that no longer exist.
    fn drop_stranded(&mut self, ledger: &Ledger) {
        let lost =
            |coin: &OutPoint| !(ledger.exists(coin) || self.creates(coin)) || ledger.spender(coin).is_some();
        let stranded: Vec<TxId> =
            self.spent.iter().filter(|(coin, _)| lost(coin)).map(|(_, spender)| *spender).collect();
        stranded.into_iter().for_each(|id| self.remove_with_descendants(id));
    }

    /// Transactions for the next block: best fee per byte first, parents before children, at most `budget` bytes.
    #[must_use]
    pub fn select(&self, mut budget: u64, ledger: &Ledger) -> Vec<Arc<Tx>> {
        let mut chosen = Vec::new();
        let mut chosen_ids = BTreeSet::new();
        let mut open: Vec<&Arc<Tx>> = self.ranked.iter().rev().filter_map(|(_, id)| self.get(id)).collect();
        // A child that outbids its parent waits for a later round.
        loop {
            let before = chosen.len();
            open.retain(|tx| {
                let fits = u64::from(tx.wire_len()) <= budget;
                let ready = tx.spends().iter().all(|c| chosen_ids.contains(&c.tx) || ledger.exists(c));
                if fits && ready {
                    budget -= u64::from(tx.wire_len());
                    chosen_ids.insert(tx.id());
                    chosen.push(Arc::clone(tx));
                }
                // What does not fit now never will.
                fits && !ready
            });
            if chosen.len() == before {
                return chosen;
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{BlockId, Body};
    use crate::difficulty::Bits;

    fn pay(coin: OutPoint, memo: u64, fee: u64) -> Arc<Tx> {
        Arc::new(Tx::new(vec![coin], 1, memo, fee, 100))
    }

    fn block(transactions: &[&Arc<Tx>]) -> Arc<Block> {
        let transactions = transactions.iter().map(|&tx| tx.clone()).collect();
        let body = Body { transactions, ..Body::default() };
        Arc::new(Block::assemble(BlockId::default(), 1, Bits::EASIEST, 0, body))
    }

    #[test]
    fn the_first_spender_of_a_coin_stays() {
        let coin = OutPoint::genesis(0);
        let (first, second) = (pay(coin, 1, 1), pay(coin, 2, 1_000));
        let (mut pool, ledger) = (Mempool::new(1_000), Ledger::default());
        pool.insert(&first, &ledger).unwrap();
        assert_eq!(pool.insert(&second, &ledger), Err(MempoolError::Conflict(coin, first.id())));
        assert_eq!(pool.insert(&first, &ledger), Err(MempoolError::Known));
    }

    #[test]
    fn the_worst_payers_leave_a_full_pool_with_their_children() {
        let (mut pool, ledger) = (Mempool::new(300), Ledger::default());
        let poor = pay(OutPoint::genesis(0), 0, 1);
        let child = pay(poor.output(0).unwrap(), 1, 900);
        let good = pay(OutPoint::genesis(1), 2, 50);
        for tx in [&poor, &child, &good] {
            pool.insert(tx, &ledger).unwrap();
        }
        assert_eq!(pool.insert(&pay(OutPoint::genesis(2), 3, 0), &ledger), Err(MempoolError::Full));
        assert_eq!(pool.len(), 3);
        let better = pay(OutPoint::genesis(3), 4, 60);
        pool.insert(&better, &ledger).unwrap();
        let left: Vec<_> = pool.select(1_000, &ledger).iter().map(|tx| tx.memo()).collect();
        assert_eq!(left, [4, 2]);
        assert_eq!(pool.bytes(), 200);
    }

    #[test]
    fn selection_is_by_fee_and_never_puts_a_child_first() {
        let (mut pool, ledger) = (Mempool::new(1_000), Ledger::default());
        let parent = pay(OutPoint::genesis(0), 0, 5);
        let rich_child = pay(parent.output(0).unwrap(), 1, 100);
        let (middle, last) = (pay(OutPoint::genesis(1), 2, 10), pay(OutPoint::genesis(2), 3, 1));
        for tx in [&parent, &rich_child, &middle, &last] {
            pool.insert(tx, &ledger).unwrap();
        }
        let memos = |budget| pool.select(budget, &ledger).iter().map(|tx| tx.memo()).collect::<Vec<_>>();
        assert_eq!(memos(1_000), [2, 0, 3, 1]);
        assert_eq!(memos(250), [2, 0]);
    }

    #[test]
    fn a_reorganisation_returns_what_it_took_and_drops_what_lost() {
        let (mut pool, mut ledger) = (Mempool::new(1_000), Ledger::default());
        let coin = OutPoint::genesis(0);
        let (loser, winner, bystander) = (pay(coin, 1, 1), pay(coin, 2, 1), pay(OutPoint::genesis(1), 3, 1));
        let heir = pay(loser.output(0).unwrap(), 4, 1);
        let old = block(&[&loser, &bystander]);
        ledger.connect(&old, 1).unwrap();
        pool.follow(&[], [&old].into_iter(), &ledger);
        pool.insert(&heir, &ledger).unwrap();
        // The other branch confirms the conflicting payment instead.
        ledger.disconnect(&old);
        let new = block(&[&winner]);
        ledger.connect(&new, 1).unwrap();
        pool.follow(&[old], [&new].into_iter(), &ledger);
        let left: Vec<_> = pool.iter().map(|tx| tx.memo()).collect();
        assert_eq!(left, [3], "the bystander returns; the loser and its heir do not");
    }
}
