//! What coalitions do.
//!
//! | strategy | file | source |
//! |---|---|---|
//! | announce at once, never send | `withhold.rs` | network specification §9.1 AD-WITHHOLD |
//! | announce what does not exist | `sync_spam.rs` | AD-SYNCSPAM |

mod sync_spam;
mod withhold;

pub(crate) use sync_spam::SyncSpam;
pub(crate) use withhold::Withhold;
