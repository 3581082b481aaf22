//! The load of a run: requests to topmost layers, produced one at a time so that a month of traffic needs no memory.

use astrarium_node::{NodeId, Protocol, Time};

/// A request of the workload.
#[derive(Debug, Clone)]
pub struct Arrival<P: Protocol> {
    /// When; not earlier than the previous arrival.
    pub at: Time,
    /// To which node.
    pub node: NodeId,
    /// What is asked.
    pub request: P::Above,
}

/// Produces requests in order of time. Draw from streams named by the request's number, so that a changed schedule meets
/// the same luck.
pub trait Workload<P: Protocol>: Clone + Send + 'static {
    /// The next request; `None` when the load is over.
    fn next(&mut self) -> Option<Arrival<P>>;
}

/// No load.
impl<P: Protocol> Workload<P> for () {
    fn next(&mut self) -> Option<Arrival<P>> {
        None
    }
}
