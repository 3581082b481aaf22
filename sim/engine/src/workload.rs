//! The load of a run: requests to topmost layers, produced one at a time so that a month of traffic needs no memory.

use astrarium_node::{NodeId, Protocol, Seed, Time};

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

    /// Replaces the seed of whatever is drawn from here on ([`Simulation::fork`](crate::Simulation::fork)). A load that draws as it
    /// goes must have this; one that is a schedule fixed beforehand, which observers read too, keeps it.
    fn reseed(&mut self, seed: Seed) {
        let _ = seed;
    }
}

/// No load.
impl<P: Protocol> Workload<P> for () {
    fn next(&mut self) -> Option<Arrival<P>> {
        None
    }
}
