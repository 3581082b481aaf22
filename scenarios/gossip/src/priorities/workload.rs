//! The load: each sender offers messages at random moments (Poisson), of random classes.

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Seed, Span, Time};
use astrarium_protocol_transport::{Class, Request};
use astrarium_runner::Params;

use super::note::Note;
use super::world::{Node, World, offered};

/// Purpose of the draws of a sender among the draws of the load.
const OFFER: u64 = 4;

/// What one sender offers next.
#[derive(Debug, Clone)]
struct Sender {
    at: Time,
    number: u64,
}

/// The offers of all senders, merged by time. Offer n of a sender is a function of the seed, the sender and n.
#[derive(Debug, Clone)]
pub(crate) struct Offers {
    seed: Seed,
    senders: Vec<Sender>,
    gap: Span,
    high: f64,
    medium: f64,
    bytes: u32,
}

impl Offers {
    /// As the scenario asks for them.
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let mut offers = Self {
            seed: world.seed,
            senders: Vec::new(),
            gap: Span::from_secs_f64(1.0 / offered(params)),
            high: params.share("workload.high"),
            medium: params.share("workload.medium"),
            // Below 4 GiB: see `world::check`.
            bytes: params.bytes("workload.bytes") as u32,
        };
        for sender in 0..world.nodes / 2 {
            let (wait, _) = offers.draw(sender, 0);
            offers.senders.push(Sender { at: Time::ZERO + wait.max(Span::from_nanos(1)), number: 0 });
        }
        offers
    }

    /// The wait before an offer, and its class.
    fn draw(&self, sender: u32, number: u64) -> (Span, Class) {
        let mut luck =
            self.seed.derive(Domain::WORKLOAD, OFFER).stream(Domain::WORKLOAD, u64::from(sender), number);
        let wait = self.gap.scale(luck.exponential());
        let which = luck.unit();
        let class = if which <= self.high {
            Class::High
        } else if which <= self.high + self.medium {
            Class::Medium
        } else {
            Class::Low
        };
        (wait, class)
    }
}

impl Workload<Node> for Offers {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let sender = (0..self.senders.len()).min_by_key(|&i| self.senders[i].at)?;
        let Sender { at, number } = self.senders[sender];
        let (_, class) = self.draw(sender as u32, number);
        let (wait, _) = self.draw(sender as u32, number + 1);
        self.senders[sender] = Sender { at: at + wait, number: number + 1 };
        let message = Note { class, number, born: at.as_nanos(), bytes: self.bytes };
        let node = NodeId(2 * sender as u32);
        let request = Request::Send { to: NodeId(node.0 + 1), message, class };
        Some(Arrival { at, node, request })
    }
}
