//! The load: puts, then gets, evenly spaced, by random honest nodes.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Seed, Span, Time};
use astrarium_protocol_overlay::kademlia::{Record, Request};
use astrarium_runner::Params;

use crate::world::{Node, World};

/// Purposes among the draws of the load.
const PUTTER: u64 = 1;
const GETTER: u64 = 2;

/// Puts and gets as the scenario asks for them; each is a function of the seed and its number.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    seed: Seed,
    honest: Arc<[NodeId]>,
    bytes: u32,
    puts: u64,
    gets: u64,
    put_at: (Time, Span),
    get_at: (Time, Span),
    next_put: u64,
    next_get: u64,
}

impl Load {
    /// For one run in this world.
    pub(crate) fn new(world: &World, params: &Params) -> Self {
        let honest = (0..world.nodes()).map(NodeId::from).filter(|&node| !world.is_corrupt(node)).collect();
        let moment = |key: &str| Time::ZERO + params.span(key);
        Self {
            seed: world.seed,
            honest,
            // Below 4 GiB: see `experiment::check`.
            bytes: params.bytes("workload.bytes") as u32,
            puts: params.count("workload.puts") as u64,
            gets: params.count("workload.gets") as u64,
            put_at: (moment("workload.begin"), params.span("workload.spacing")),
            get_at: (moment("workload.gets_begin"), params.span("workload.gets_spacing")),
            next_put: 0,
            next_get: 0,
        }
    }

    /// Number of records.
    pub(crate) fn puts(&self) -> u64 {
        self.puts
    }

    /// Number of gets.
    pub(crate) fn gets(&self) -> u64 {
        self.gets
    }

    /// The record of this number.
    pub(crate) fn record(&self, number: u64) -> Record {
        Record::new(number, self.bytes)
    }

    /// Which record get `number` is for.
    pub(crate) fn wanted(&self, number: u64) -> u64 {
        self.seed.stream(Domain::WORKLOAD, number, GETTER).below(self.puts)
    }

    fn put(&self, number: u64) -> Arrival<Node> {
        let mut luck = self.seed.stream(Domain::WORKLOAD, number, PUTTER);
        let node = self.honest[luck.below(self.honest.len() as u64) as usize];
        let request = Request::Put { query: number, record: self.record(number) };
        Arrival { at: self.put_at.0 + self.put_at.1 * number, node, request }
    }

    fn get(&self, number: u64) -> Arrival<Node> {
        let mut luck = self.seed.stream(Domain::WORKLOAD, number, GETTER);
        let record = luck.below(self.puts);
        let node = self.honest[luck.below(self.honest.len() as u64) as usize];
        let request = Request::Get { query: number, key: self.record(record).key };
        Arrival { at: self.get_at.0 + self.get_at.1 * number, node, request }
    }
}

impl Workload<Node> for Load {
    /// Merges both by time.
    fn next(&mut self) -> Option<Arrival<Node>> {
        let put = (self.next_put < self.puts).then(|| self.put(self.next_put));
        let get = (self.next_get < self.gets).then(|| self.get(self.next_get));
        match (put, get) {
            (Some(put), Some(get)) if put.at <= get.at => self.take_put(put),
            (_, Some(get)) => {
                self.next_get += 1;
                Some(get)
            }
            (Some(put), None) => self.take_put(put),
            (None, None) => None,
        }
    }
}

impl Load {
    fn take_put(&mut self, put: Arrival<Node>) -> Option<Arrival<Node>> {
        self.next_put += 1;
        Some(put)
    }
}
