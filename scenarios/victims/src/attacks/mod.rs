//! What the coalition does to the users.
//!
//! | strategy | file | source |
//! |---|---|---|
//! | answer users honestly, but with a branch of its own | `branch.rs` | ZV Chain whitepaper §2.1.7; A-05 |

mod branch;

pub(crate) use branch::{Backing, Branch};
