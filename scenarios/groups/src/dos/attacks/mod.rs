//! Strategies of the coalition.

mod flood;

pub(crate) use flood::Flood;
