//! The packets of one message that a transport in closed form carries, and the acknowledgements for it.
//!
//! On a path with constant delay and independent loss – the common case – the next lost packet of each direction is drawn at once, and
//! the packets before it cost a comparison.

use astrarium_node::{Domain, Probability, Seed, Stream, Time, hash};

use crate::contract::Parcel;
use crate::latency::{self, Sampler, Wobble};
use crate::link::LossState;
use crate::topology::EdgeAttributes;
use crate::transport::Path;

/// So many first packets of a direction are drawn one by one: most messages have no more, and a draw is cheaper than a logarithm.
const SINGLE: u32 = 8;

/// One direction of the path of a message.
#[derive(Debug, Clone, Copy)]
struct Way {
    link: (u32, u32),
    ends: (usize, usize),
    /// Constant delay in nanoseconds, where there is one.
    delay: Option<u64>,
    /// So many packets pass before anything is drawn.
    passing: u64,
    /// The packet after them is lost.
    then_lost: bool,
    drawn: u32,
}

/// Packets of one message, and acknowledgements for it.
pub(super) struct Flight<'a> {
    seed: Seed,
    now: Time,
    parcel: Parcel,
    ways: [Way; 2],
    edge: EdgeAttributes,
    /// Delay in nanoseconds and loss that disturbances add.
    extra: u64,
    trouble: f64,
    sampler: &'a Sampler,
    wobble: &'a Wobble,
    loss: &'a mut LossState,
    /// Probability of independent loss; `None`: losses have a memory.
    independent: Option<f64>,
    /// 1/ln(1 − p) of it, once needed.
    inverse: Option<f64>,
    /// Made when first needed: on a constant path without loss never.
    luck: Option<Stream>,
    packets: u64,
}

impl<'a> Flight<'a> {
    /// The path of a message between these regions.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a network knows of a path, taken apart for the borrow checker"
    )]
    pub(super) fn new(
        seed: Seed,
        now: Time,
        parcel: Parcel,
        ends: (usize, usize),
        edge: EdgeAttributes,
        sampler: &'a Sampler,
        wobble: &'a Wobble,
        loss: &'a mut LossState,
    ) -> Self {
        let constant = edge.latency.map(|fixed| fixed.as_nanos().max(1)).or_else(|| sampler.constant());
        let delay = constant.filter(|_| wobble.none);
        let way = |link, ends| Way { link, ends, delay, passing: 0, then_lost: false, drawn: 0 };
        let (from, to) = (parcel.from.0, parcel.to.0);
        let mut flight = Self {
            seed,
            now,
            parcel,
            ways: [way((from, to), ends), way((to, from), (ends.1, ends.0))],
            edge,
            extra: 0,
            trouble: 0.0,
            sampler,
            wobble,
            loss,
            independent: None,
            inverse: None,
            luck: None,
            packets: 0,
        };
        flight.disturb(0.0, 0);
        flight
    }

    /// Disturbances add loss and delay.
    pub(super) fn disturb(&mut self, trouble: f64, extra: u64) {
        (self.trouble, self.extra) = (trouble, extra);
        let own = self.edge.loss.or_else(|| self.loss.independent());
        self.independent =
            own.map(|own| if trouble > 0.0 { 1.0 - (1.0 - own) * (1.0 - trouble) } else { own });
        let certain = self.independent == Some(0.0);
        for way in &mut self.ways {
            way.delay = way.delay.map(|delay| delay.saturating_add(extra));
            way.passing = if certain { u64::MAX } else { 0 };
        }
    }

    /// The fate of the next packet of this direction.
    #[inline]
    fn packet(&mut self, direction: usize) -> Option<u64> {
        let way = &mut self.ways[direction];
        if way.passing > 0
            && let Some(delay) = way.delay
        {
            way.passing -= 1;
            return Some(delay);
        }
        self.draw(direction)
    }

    #[inline(never)]
    fn draw(&mut self, direction: usize) -> Option<u64> {
        let lost = self.is_lost(direction);
        let delay = match self.ways[direction].delay {
            Some(delay) => delay,
            None => self.delay(direction),
        };
        (!lost).then_some(delay)
    }

    fn is_lost(&mut self, direction: usize) -> bool {
        let (seed, now, parcel) = (self.seed, self.now, self.parcel);
        let Some(p) = self.independent else {
            let luck = self.luck.get_or_insert_with(|| latency::stream(seed, Domain::LOSS, now, &parcel));
            let lost = self.loss.any_lost(seed, self.ways[direction].link, 1, luck);
            return (self.trouble > 0.0 && luck.chance(Probability::new(self.trouble))) || lost;
        };
        let way = &mut self.ways[direction];
        if way.passing > 0 {
            way.passing -= 1;
            return false;
        }
        if std::mem::take(&mut way.then_lost) {
            return true;
        }
        let luck = self.luck.get_or_insert_with(|| latency::stream(seed, Domain::LOSS, now, &parcel));
        way.drawn += 1;
        if way.drawn <= SINGLE {
            return luck.chance(Probability::new(p));
        }
        // Packets before the next loss are geometric: ln U / ln(1 − p), rounded down; the cast saturates.
        let inverse = *self.inverse.get_or_insert_with(|| 1.0 / libm::log1p(-p));
        way.passing = (libm::log(luck.unit()) * inverse) as u64;
        if way.passing == 0 {
            return true;
        }
        (way.passing, way.then_lost) = (way.passing - 1, true);
        false
    }

    fn delay(&mut self, direction: usize) -> u64 {
        self.packets += 1;
        let (seed, now, parcel, packets) = (self.seed, self.now, self.parcel, self.packets);
        let Way { link, ends, .. } = self.ways[direction];
        let delay = match self.edge.latency {
            Some(fixed) => fixed.as_nanos().max(1),
            None => {
                let name = hash::mix(hash::mix(now.as_nanos(), parcel.tag), packets);
                let pair = (u64::from(link.0) << 32) | u64::from(link.1);
                self.sampler.draw(|| seed.stream(Domain::LATENCY, pair, name), ends.0, ends.1)
            }
        };
        let late = if self.wobble.none {
            0
        } else {
            let luck = self.luck.get_or_insert_with(|| latency::stream(seed, Domain::LOSS, now, &parcel));
            self.wobble.draw(luck).0
        };
        delay.saturating_add(self.extra).saturating_add(late)
    }
}

impl Path for Flight<'_> {
    #[inline]
    fn forward(&mut self) -> Option<u64> {
        self.packet(0)
    }

    #[inline]
    fn backward(&mut self) -> Option<u64> {
        self.packet(1)
    }
}
