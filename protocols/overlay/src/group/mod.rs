//! Delivery inside a group: grid, two-layer Kademlia, mesh, star, tree.
