//! Nakamoto proof-of-work consensus: block tree, mempool, relay, difficulty, mining.
