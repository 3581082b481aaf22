//! Lookups in a distributed hash table, static, under churn and under attack.
