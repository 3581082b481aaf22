//! TCP between two nodes on a virtual clock: timelines by hand, scripted loss patterns, hostile segments.

use astrarium_node::driver::Cluster;
use astrarium_node::random::Seed;
use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_transport::tcp::{Config, Tcp};
use astrarium_protocol_transport::{Event, Request};

/// A message: its number and its length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Blob(u32, u32);

impl Wire for Blob {
    fn wire_len(&self) -> u32 {
        self.1
    }
}

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const OWD: Span = Span::from_millis(50);

type Pair = Cluster<Tcp<Blob>>;

fn ms(n: u64) -> Time {
    Time::ZERO + Span::from_millis(n)
}

fn pair(config: &Config) -> Pair {
    Cluster::start(vec![Tcp::new(config.clone()), Tcp::new(config.clone())], OWD, Seed(1))
}

fn delivered(pair: &Pair) -> Vec<(Time, u32)> {
    pair.indications
        .iter()
        .filter_map(|(at, _, event)| match event {
            Event::Delivered { message, .. } => Some((*at, message.0)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_message_arrives_one_and_a_half_round_trips_after_the_request() {
    let mut pair = pair(&Config::newreno());
    pair.request(A, Request::send(B, Blob(7, 200)));
    pair.run_until(ms(1000));
    assert_eq!(delivered(&pair), [(ms(150), 7)]);
    let kinds: Vec<_> = pair.sent.iter().map(|s| s.3.kind()).collect();
    assert_eq!(kinds, ["tcp-syn", "tcp-syn", "tcp-data", "tcp-ack"]);
    let lengths: Vec<_> = pair.sent.iter().map(|s| s.3.wire_len() + 28).collect();
    assert_eq!(lengths, [60, 60, 252, 52]);
}
