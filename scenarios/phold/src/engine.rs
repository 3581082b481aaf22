//! PHOLD as a protocol on the whole engine.

use astrarium_engine::{Builder, Pause, RunOptions, Simulation};
use astrarium_net::{Arrival, Fate, Landing, NetChange, Network, Parcel, Transit};
use astrarium_node::{Cx, Datagram, Domain, Layer, NodeId, Protocol, Received, Seed, Span, Time, Wire};

use crate::{INCREMENT_MIN, increment};

/// A node that passes every message on to somebody.
#[derive(Debug, Clone)]
pub struct Hopper {
    nodes: u32,
    /// Messages this node puts into circulation when it starts.
    initial: u32,
}

/// The message that hops. It carries 16 bytes, as any message carries something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ball {
    /// Where it started.
    pub origin: u64,
    /// How often it has been passed on.
    pub hops: u64,
}

impl Wire for Ball {
    fn wire_len(&self) -> u32 {
        16
    }

    fn kind(&self) -> &'static str {
        "ball"
    }
}

impl Layer for Hopper {
    type Above = ();
    type Up = ();
    type Down = Datagram<Ball>;
    type Below = Received<Ball>;
    type Timer = ();

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        for _ in 0..self.initial {
            self.pass_on(Ball { origin: u64::from(cx.me().0), hops: 0 }, cx);
        }
    }

    fn on_request(&mut self, (): (), _: &mut Cx<'_, Self>) {}

    #[inline(always)]
    fn on_indication(&mut self, received: Received<Ball>, cx: &mut Cx<'_, Self>) {
        self.pass_on(received.message, cx);
    }

    fn on_timer(&mut self, (): (), _: &mut Cx<'_, Self>) {}
}

impl Hopper {
    #[inline(always)]
    fn pass_on(&self, ball: Ball, cx: &mut Cx<'_, Self>) {
        let to = NodeId(cx.rng().below(u64::from(self.nodes)) as u32);
        cx.send(Datagram::One(to, Ball { hops: ball.hops + 1, ..ball }));
    }
}

impl Protocol for Hopper {
    type Msg = Ball;
}

/// A network whose one-way delay is PHOLD's increment, drawn from the identity of each message.
#[derive(Debug, Clone)]
pub struct HoldNetwork {
    seed: Seed,
}

impl Network for HoldNetwork {
    fn depart(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) {
        if let Fate::Whole(at) = self.fate(now, parcel, &mut Vec::new()) {
            transits.push(Transit { at, piece: 0, pieces: 1 });
        }
    }

    #[inline(always)]
    fn fate(&mut self, now: Time, parcel: &Parcel, _: &mut Vec<Transit>) -> Fate {
        let link = u64::from(parcel.from.0) << 32 | u64::from(parcel.to.0);
        let mut stream = self.seed.stream(Domain::LATENCY, link, now.as_nanos() ^ parcel.tag);
        Fate::Whole(now + increment(&mut stream))
    }

    #[inline]
    fn arrive(&mut self, _: Time, _: &Landing) -> Arrival {
        Arrival::Deliver
    }

    fn change(&mut self, _: Time, _: &NetChange) {}

    fn lookahead(&self) -> Span {
        INCREMENT_MIN
    }

    fn reseed(&mut self, seed: Seed) {
        self.seed = seed;
    }
}

/// PHOLD on the engine.
pub type Phold = Simulation<Hopper, HoldNetwork>;

/// `nodes` nodes with `pending` messages in circulation.
///
/// # Panics
/// When there are no nodes.
#[must_use]
pub fn phold(nodes: u32, pending: u32, seed: Seed, options: RunOptions) -> Phold {
    assert!(nodes > 0, "PHOLD needs a node");
    Builder::new(nodes as usize, seed, HoldNetwork { seed }, move |id: NodeId| Hopper {
        nodes,
        initial: pending / nodes + u32::from(id.0 < pending % nodes),
    })
    .options(options)
    .build()
}

/// Runs so many events.
pub fn run(simulation: &mut Phold, events: u64) -> Pause {
    simulation.run_events(Time::MAX, events)
}
