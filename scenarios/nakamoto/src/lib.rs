//! Experiments on Nakamoto consensus: propagation, stale rate, double spend, 51 %, selfish mining, partition, churn.
