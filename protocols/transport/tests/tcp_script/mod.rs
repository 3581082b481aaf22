//! Two TCP nodes with 50 ms between them, and scripts of losses.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Time, Wire};
use astrarium_protocol_transport::Event;
use astrarium_protocol_transport::tcp::{Config, Flags, Segment, Tcp};

/// A message: its number and its length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Blob(pub(crate) u32, pub(crate) u32);

impl Wire for Blob {
    fn wire_len(&self) -> u32 {
        self.1
    }
}

pub(crate) const A: NodeId = NodeId(0);
pub(crate) const B: NodeId = NodeId(1);
pub(crate) const MSS: u32 = 1448;

pub(crate) type Pair = Cluster<Tcp<Blob>>;

pub(crate) fn ms(n: u64) -> Time {
    Time::ZERO + Span::from_millis(n)
}

/// NewReno with selective acknowledgement, every segment acknowledged, acknowledgements counted: for pencils.
pub(crate) fn plain() -> Config {
    Config { delayed_ack: 1, ..Config::newreno() }
}

pub(crate) fn start(config: &Config) -> Pair {
    start_with(config, config)
}

pub(crate) fn start_with(a: &Config, b: &Config) -> Pair {
    Cluster::start(vec![Tcp::new(a.clone()), Tcp::new(b.clone())], Span::from_millis(50), Seed(1))
}

pub(crate) fn delivered(pair: &Pair) -> Vec<(Time, u32)> {
    pair.indications
        .iter()
        .filter_map(|(at, _, event)| match event {
            Event::Delivered { message, .. } => Some((*at, message.0)),
            _ => None,
        })
        .collect()
}

/// Number of a full-sized segment within A's stream, from 0.
fn index(zero: u32, segment: &Segment<Blob>) -> u32 {
    segment.sequence.wrapping_sub(zero).wrapping_sub(1) / MSS
}

fn zero_of(pair: &Pair) -> u32 {
    pair.sent.iter().find(|s| s.1 == A && s.3.flags.has(Flags::SYN)).map_or(0, |s| s.3.sequence)
}

/// Drops these segments of A's stream; a number that stands there twice is dropped twice.
pub(crate) fn drop_data(pair: &mut Pair, numbers: &[u32]) {
    let mut todo = numbers.to_vec();
    let mut zero = 0;
    pair.filter(move |_, from, _, segment| {
        if from == A && segment.flags.has(Flags::SYN) {
            zero = segment.sequence;
        }
        if from != A || segment.length == 0 {
            return true;
        }
        match todo.iter().position(|n| *n == index(zero, segment)) {
            Some(found) => {
                todo.swap_remove(found);
                false
            }
            None => true,
        }
    });
}

/// Drops so many SYNs of this node.
pub(crate) fn drop_syns(pair: &mut Pair, node: NodeId, mut count: u32) {
    pair.filter(move |_, from, _, segment| {
        let hit = from == node && segment.flags.has(Flags::SYN) && count > 0;
        count -= u32::from(hit);
        !hit
    });
}

fn data(pair: &Pair) -> impl Iterator<Item = (Time, u32)> + '_ {
    let zero = zero_of(pair);
    pair.sent.iter().filter(|s| s.1 == A && s.3.length > 0).map(move |s| (s.0, index(zero, &s.3)))
}

/// Data segments of A by the millisecond in which they were sent.
pub(crate) fn data_rounds(pair: &Pair) -> Vec<(u64, usize)> {
    let mut rounds = BTreeMap::new();
    for (at, _) in data(pair) {
        *rounds.entry(at.as_nanos() / 1_000_000).or_insert(0) += 1;
    }
    rounds.into_iter().collect()
}

/// Numbers of the segments that A sent in this millisecond, in order.
pub(crate) fn indices_at(pair: &Pair, at: u64) -> Vec<u32> {
    data(pair).filter(|d| d.0 == ms(at)).map(|d| d.1).collect()
}

/// When A sent this segment.
pub(crate) fn times_of(pair: &Pair, number: u32) -> Vec<Time> {
    data(pair).filter(|d| d.1 == number).map(|d| d.0).collect()
}
