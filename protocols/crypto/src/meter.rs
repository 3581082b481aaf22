//! Who pays for operations.

use astrarium_node::{Cx, Layer, Op};

/// What processor time is charged to.
pub trait Meter {
    /// Charges one operation.
    fn charge(&mut self, op: Op);
}

impl<L: Layer> Meter for Cx<'_, L> {
    fn charge(&mut self, op: Op) {
        Cx::charge(self, op);
    }
}

/// Charges nobody: for set-up before a run, and for judges who are not nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Free;

impl Meter for Free {
    fn charge(&mut self, _: Op) {}
}
