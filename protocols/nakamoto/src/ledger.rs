//! Which coins exist: the effect of the best chain's transactions.

use std::collections::BTreeMap;
use std::fmt;

use crate::block::Block;
use crate::transaction::{OutPoint, Tx, TxId};

/// Why a transaction cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerError {
    /// It spends nothing, or a coin twice, or is too long.
    Malformed(TxId),
    /// It is in the chain already.
    Repeated(TxId),
    /// It spends a coin that does not exist.
    NoSuchCoin(OutPoint),
    /// It spends a coin that is spent: by this transaction.
    Spent(OutPoint, TxId),
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(tx) => {
                write!(f, "transaction {tx} spends nothing, or a coin twice, or is too long")
            }
            Self::Repeated(tx) => write!(f, "transaction {tx} is in the chain already"),
            Self::NoSuchCoin(coin) => {
                write!(f, "coin {} of transaction {} does not exist", coin.index, coin.tx)
            }
            Self::Spent(coin, tx) => {
                write!(f, "coin {} of transaction {} is spent by transaction {tx}", coin.index, coin.tx)
            }
        }
    }
}

impl std::error::Error for LedgerError {}

/// A transaction in the best chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    /// Height of its block.
    pub height: u32,
    /// Number of coins that it created.
    pub creates: u16,
}

/// Coins created and spent up to one block of one chain. Empty of modelled transactions it costs nothing.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    spent: BTreeMap<OutPoint, TxId>,
    confirmed: BTreeMap<TxId, Confirmation>,
}

impl Ledger {
    /// Where a transaction is in the chain; `None` when it is not.
    #[must_use]
    pub fn confirmation(&self, tx: &TxId) -> Option<Confirmation> {
        self.confirmed.get(tx).copied()
    }

    /// Who spent a coin; `None` when nobody did.
    #[must_use]
    pub fn spender(&self, coin: &OutPoint) -> Option<TxId> {
        self.spent.get(coin).copied()
    }

    /// Whether the chain has created this coin, spent or not.
    #[must_use]
    pub fn exists(&self, coin: &OutPoint) -> bool {
        coin.is_genesis() || self.confirmed.get(&coin.tx).is_some_and(|c| coin.index < u32::from(c.creates))
    }

    /// Applies the transactions of the next block, at this height. All or nothing.
    ///
    /// # Errors
    /// The first transaction that cannot be applied.
    pub fn connect(&mut self, block: &Block, height: u32) -> Result<(), LedgerError> {
        for (done, tx) in block.transactions().iter().enumerate() {
            if let Err(error) = self.check(tx) {
                block.transactions()[..done].iter().rev().for_each(|tx| self.undo(tx));
                return Err(error);
            }
            self.spent.extend(tx.spends().iter().map(|coin| (*coin, tx.id())));
            self.confirmed.insert(tx.id(), Confirmation { height, creates: tx.creates() });
        }
        Ok(())
    }

    /// Takes back the transactions of the last block.
    pub fn disconnect(&mut self, block: &Block) {
        block.transactions().iter().rev().for_each(|tx| self.undo(tx));
    }

    fn check(&self, tx: &Tx) -> Result<(), LedgerError> {
        if !tx.is_well_formed() {
            return Err(LedgerError::Malformed(tx.id()));
        }
        if self.confirmed.contains_key(&tx.id()) {
            return Err(LedgerError::Repeated(tx.id()));
        }
        for coin in tx.spends() {
            if !self.exists(coin) {
                return Err(LedgerError::NoSuchCoin(*coin));
            }
            if let Some(spender) = self.spender(coin) {
                return Err(LedgerError::Spent(*coin, spender));
            }
        }
        Ok(())
    }

    fn undo(&mut self, tx: &Tx) {
        for coin in tx.spends() {
            self.spent.remove(coin);
        }
        self.confirmed.remove(&tx.id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{BlockId, Body};
    use crate::difficulty::Bits;
    use std::sync::Arc;

    fn block(transactions: &[&Tx]) -> Block {
        let transactions = transactions.iter().map(|&tx| Arc::new(tx.clone())).collect();
        Block::assemble(BlockId::default(), 1, Bits::EASIEST, 0, Body { transactions, ..Body::default() })
    }

    fn tx(spends: &[OutPoint], memo: u64) -> Tx {
        Tx::new(spends.to_vec(), 2, memo, 0, 0)
    }

    #[test]
    fn a_coin_is_spent_once_in_a_chain() {
        let coin = OutPoint::genesis(0);
        let (pay, cheat) = (tx(&[coin], 1), tx(&[coin], 2));
        let mut ledger = Ledger::default();
        assert_eq!(ledger.connect(&block(&[&pay, &cheat]), 1), Err(LedgerError::Spent(coin, pay.id())));
        assert_eq!(ledger.confirmation(&pay.id()), None, "a refused block leaves no trace");
        ledger.connect(&block(&[&pay]), 1).unwrap();
        assert_eq!(ledger.connect(&block(&[&cheat]), 2), Err(LedgerError::Spent(coin, pay.id())));
        assert_eq!(ledger.connect(&block(&[&pay]), 2), Err(LedgerError::Repeated(pay.id())));
        ledger.disconnect(&block(&[&pay]));
        ledger.connect(&block(&[&cheat]), 1).unwrap();
        assert_eq!(ledger.spender(&coin), Some(cheat.id()));
    }

    #[test]
    fn coins_exist_only_as_far_as_they_were_created() {
        let pay = tx(&[OutPoint::genesis(0)], 1);
        let next = tx(&[pay.output(1).unwrap()], 2);
        let missing = OutPoint { tx: pay.id(), index: 2 };
        let mut ledger = Ledger::default();
        let first = OutPoint { tx: pay.id(), index: 1 };
        assert_eq!(ledger.connect(&block(&[&next, &pay]), 1), Err(LedgerError::NoSuchCoin(first)));
        ledger.connect(&block(&[&pay, &next]), 1).unwrap();
        let error = ledger.connect(&block(&[&tx(&[missing], 3)]), 2);
        assert_eq!(error, Err(LedgerError::NoSuchCoin(missing)));
    }
}
