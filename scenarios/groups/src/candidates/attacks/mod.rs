//! Strategies of the coalition.

mod drop;

pub(crate) use drop::Dropping;
