//! What coalitions do.
//!
//! | strategy | file | source |
//! |---|---|---|
//! | note who told what first; swallow stems; be linked to everybody | `spies.rs` | AD-SPY, AD-STEMDROP, AD-SUPER |
//! | announce at once, never send | `withhold.rs` | network specification §9.1 AD-WITHHOLD |
//! | announce what does not exist | `sync_spam.rs` | AD-SYNCSPAM |
//! | claim the heaviest chain, deliver nothing | `claims.rs` | §6.13, N23 |

mod claims;
mod spies;
mod sync_spam;
mod withhold;

pub(crate) use claims::Claims;
pub(crate) use spies::{Conduct, First, Notes, Spies};
pub(crate) use sync_spam::SyncSpam;
pub(crate) use withhold::Withhold;
