//! The load: blocks that one node makes, at even distances.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Span, Time};
use astrarium_protocol_overlay::block_sync::{BlankBlock, Request};
use astrarium_runner::Params;

use super::world::{MAKER, Node, World};

/// Blocks, as the scenario asks for them.
#[derive(Debug, Clone)]
pub(crate) struct Making {
    blocks: Arc<[BlankBlock]>,
    height: usize,
    begin: Time,
    gap: Span,
    next: usize,
}

impl Making {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        Self {
            blocks: Arc::clone(&world.blocks),
            height: world.height as usize,
            begin: Time::ZERO + params.span("workload.begin"),
            gap: Span::from_secs_f64(1.0 / params.per_second("workload.rate")),
            next: 0,
        }
    }

    /// Number of blocks to make.
    pub(crate) fn count(&self) -> usize {
        self.blocks.len() - self.height
    }

    /// The second half of the time in which blocks are made: its begin, and its length.
    pub(crate) fn second_half(&self) -> (Time, Span) {
        let half = self.gap * self.count() as u64 / 2;
        (self.begin + half, half)
    }
}

impl Workload<Node> for Making {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let block = *self.blocks.get(self.height + self.next)?;
        let at = self.begin + self.gap * self.next as u64;
        self.next += 1;
        Some(Arrival { at, node: MAKER, request: Request::Append(block) })
    }
}
