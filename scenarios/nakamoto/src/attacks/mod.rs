//! What a coalition may try, each in a file of its own.
//!
//! | strategy | file | source |
//! |---|---|---|
//! | spend a coin twice behind a merchant's back | `double_spend.rs` | Nakamoto 2008 §11; Rosenfeld 2014 |
//! | replace public blocks by a private chain | `reorg.rs` | "51 %"; Rosenfeld 2014 §5 |
//! | publish blocks only when that wastes the work of others | `selfish.rs`, `steering.rs` | Eyal, Sirer 2014 |
//!
//! Shared by them: `coalition.rs` (what the coalition knows, how it mines and publishes), `race.rs` (a private chain against
//! the public one, and when to give up).
//!
//! *Architecture invariant:* a strategy sends legal messages as its own nodes. It sees what these receive, and, where the model
//! grants it a Δ, the messages it may delay. Whether it
//! succeeds is read off honest nodes by its [`Strategy::Watch`], never out of its own books.

mod coalition;
mod double_spend;
mod params;
mod race;
mod reorg;
mod selfish;
mod steering;
#[cfg(test)]
mod tests;

use astrarium_engine::{Adversary, Honest, Observer, Sight};
use astrarium_node::Span;
use astrarium_protocol_nakamoto::Participant;

pub(crate) use double_spend::DoubleSpend;
pub(crate) use params::{STRATEGIES, metrics, params, validate};
pub(crate) use reorg::Reorg;
pub(crate) use selfish::SelfishMining;

/// A coalition's plan, with the observer that tells whether it works.
pub(crate) trait Strategy: Adversary<Participant> {
    /// Watches honest nodes during the run; it stops the run when the plan has succeeded.
    type Watch: Observer<Participant>;

    /// A watch for one run of this plan.
    fn watch(&self) -> Self::Watch;

    /// The most it may delay messages of others: the model's Δ.
    fn delta(&self) -> Span {
        Span::ZERO
    }

    /// Appends the attack's metrics, as declared by [`metrics`].
    fn report(&self, watch: &Self::Watch, sight: &Sight<'_, Participant>, out: &mut Vec<(&'static str, f64)>);
}

impl Strategy for Honest {
    type Watch = ();

    fn watch(&self) {}

    fn report(&self, (): &(), _: &Sight<'_, Participant>, _: &mut Vec<(&'static str, f64)>) {}
}
