//! Kademlia: a distributed hash table.
