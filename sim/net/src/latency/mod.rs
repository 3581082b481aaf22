//! One-way propagation delay: the laws, and how a parcel's delay is drawn from its identity.
//!
//! The propagation delay is drawn once per parcel (the path of a datagram), jitter once per packet; so both fidelities
//! see the same path.

mod jitter;
mod matrix;

use std::sync::Arc;

use astrarium_node::{Domain, Probability, Seed, Span, Stream, Time, hash};

use crate::contract::Parcel;
use crate::error::NetError;
use crate::region::Regions;

pub use jitter::Jitter;

/// No delay is longer than this (365 days), whatever a heavy tail says: events stay well before the end of time.
const LONGEST: f64 = 365.0 * 86_400e9;
/// Most rows of a latency table.
pub(crate) const MOST_ROWS: usize = 2_000;
/// A Pareto delay is at most this many times its mean (the tails of short entries have no variance).
const PARETO_CAP: f64 = 20.0;

/// One-way propagation delay between two nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum LatencyModel {
    /// The same for every parcel.
    Constant(Span),
    /// Uniform in `[min, max]`.
    Uniform {
        /// Least delay.
        min: Span,
        /// Greatest delay.
        max: Span,
    },
    /// Log-normal.
    LogNormal {
        /// Median delay.
        median: Span,
        /// Standard deviation of the delay's logarithm.
        sigma: f64,
    },
    /// `min` plus an exponential, with this mean over all; with 1 ms and 50 ms the hold model PHOLD.
    Exponential {
        /// Least delay.
        min: Span,
        /// Mean delay, at least `min`.
        mean: Span,
    },
    /// Pareto as in SimBlock, see [`Spread::Pareto`].
    Pareto {
        /// Mean delay.
        mean: Span,
    },
    /// By the regions of sender and recipient (or by node).
    Regions {
        /// Means, and who is where.
        regions: Arc<Regions>,
        /// How delays scatter around the means.
        spread: Spread,
    },
}

/// How delays scatter around the mean of their pair of regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Not at all.
    Fixed,
    /// Pareto with scale = mean − 5 ms and shape = 0.2 · mean in ms (SimBlock), whose mean is the table's entry and whose
    /// standard deviation is 5 to 6 ms for entries from 32 ms. Entries of up to 5 ms, for which that law has no mean, take
    /// scale = ⅔ · mean and shape 3. Draws are cut at 20 times the mean; that lowers the mean by 0.6 % at 11 ms and by 2.6 %
    /// at 9 ms, and not noticeably from 20 ms.
    Pareto,
}

impl LatencyModel {
    /// Latencies of a table by region.
    #[must_use]
    pub fn regions(regions: Regions, spread: Spread) -> Self {
        Self::Regions { regions: Arc::new(regions), spread }
    }

    pub(crate) fn check(&self, nodes: usize) -> Result<(), NetError> {
        match self {
            Self::Uniform { min, max } if min > max => Err(NetError::config(
                "latency.min",
                format!("= {min} is above network.latency.max = {max}"),
                "exchange the two",
            )),
            Self::Exponential { min, mean } if min > mean => Err(NetError::config(
                "latency.mean",
                format!("= {mean} is below network.latency.min = {min}"),
                "the mean includes the minimum, so it must be at least as long",
            )),
            Self::LogNormal { sigma, .. } if !(sigma.is_finite() && *sigma >= 0.0) => {
                Err(NetError::config("latency.sigma", format!("= {sigma}"), "it must be a number from 0"))
            }
            Self::Regions { regions, .. } if regions.by_node() && regions.len() != nodes => {
                Err(NetError::config(
                    "latency.file",
                    format!("has {} rows without regions, but network.nodes = {nodes}", regions.len()),
                    "a matrix by node needs one row for each node; a matrix by region begins with `region,share,…`",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// A Pareto law ready to be drawn from, in nanoseconds; `inverse_shape` 0 stands for a constant.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pareto {
    scale: f64,
    inverse_shape: f64,
    cap: f64,
}

impl Pareto {
    fn with_mean_ms(mean: f64) -> Self {
        let (scale, shape) = if mean > 5.0 { (mean - 5.0, 0.2 * mean) } else { (mean * 2.0 / 3.0, 3.0) };
        Self { scale: scale * 1e6, inverse_shape: 1.0 / shape, cap: PARETO_CAP * mean * 1e6 }
    }

    fn fixed_ms(mean: f64) -> Self {
        Self { scale: mean * 1e6, inverse_shape: 0.0, cap: mean * 1e6 }
    }

    /// U^(−1/shape) as exp(E / shape), E = −ln U: cheaper than a general power.
    #[inline]
    fn draw(&self, stream: &mut Stream) -> f64 {
        (self.scale * libm::exp(stream.exponential() * self.inverse_shape)).min(self.cap)
    }
}

#[derive(Debug, Clone)]
enum Law {
    Constant(u64),
    Uniform { min: f64, width: f64 },
    LogNormal { median: f64, sigma: f64 },
    Exponential { min: f64, excess: f64 },
    Pareto(Pareto),
    Table { side: usize, cells: Arc<[Pareto]> },
}

/// A latency model ready to be drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    law: Law,
}

impl Sampler {
    pub(crate) fn new(model: &LatencyModel) -> Self {
        let ns = |span: &Span| span.as_nanos() as f64;
        let law = match model {
            LatencyModel::Constant(span) => Law::Constant(span.as_nanos().max(1)),
            LatencyModel::Uniform { min, max } => Law::Uniform { min: ns(min), width: ns(max) - ns(min) },
            LatencyModel::LogNormal { median, sigma } => Law::LogNormal { median: ns(median), sigma: *sigma },
            LatencyModel::Exponential { min, mean } => {
                Law::Exponential { min: ns(min), excess: ns(mean) - ns(min) }
            }
            LatencyModel::Pareto { mean } => Law::Pareto(Pareto::with_mean_ms(mean.as_millis_f64())),
            LatencyModel::Regions { regions, spread } => {
                let cell = |&mean: &f64| match spread {
                    Spread::Fixed => Pareto::fixed_ms(mean),
                    Spread::Pareto => Pareto::with_mean_ms(mean),
                };
                Law::Table { side: regions.len(), cells: regions.mean_ms.iter().map(cell).collect() }
            }
        };
        Self { law }
    }

    /// The delay that every parcel has, when that is so.
    pub(crate) fn constant(&self) -> Option<u64> {
        match self.law {
            Law::Constant(ns) => Some(ns),
            _ => None,
        }
    }

    /// The delay of a parcel, in nanoseconds, at least 1. `from` and `to` are regions; ignored where there are none.
    #[inline]
    pub(crate) fn draw(&self, stream: impl FnOnce() -> Stream, from: usize, to: usize) -> u64 {
        let ns = match &self.law {
            Law::Constant(ns) => return *ns,
            Law::Uniform { min, width } => min + width * (1.0 - stream().unit()),
            Law::LogNormal { median, sigma } => median * libm::exp(sigma * stream().normal()),
            Law::Exponential { min, excess } => min + excess * stream().exponential(),
            Law::Pareto(pareto) => pareto.draw(&mut stream()),
            Law::Table { side, cells } => {
                let cell = &cells[from * side + to];
                if cell.inverse_shape == 0.0 { cell.scale } else { cell.draw(&mut stream()) }
            }
        };
        (ns.min(LONGEST) as u64).max(1)
    }

    /// A true lower bound of all delays.
    pub(crate) fn least(&self) -> u64 {
        let ns = match &self.law {
            Law::Constant(ns) => return *ns,
            Law::Uniform { min, .. } | Law::Exponential { min, .. } => *min,
            Law::LogNormal { .. } => 1.0,
            Law::Pareto(pareto) => pareto.scale,
            // The diagonal of a table by node (a node to itself) may be zero; `draw` and this both lift it to 1 ns.
            Law::Table { cells, .. } => cells.iter().map(|c| c.scale).fold(LONGEST, f64::min),
        };
        (ns.min(LONGEST) as u64).max(1)
    }

    /// The mean delay between two regions (before the cut of Pareto tails).
    pub(crate) fn mean(&self, from: usize, to: usize) -> Span {
        let pareto_mean = |p: &Pareto| p.scale / (1.0 - p.inverse_shape);
        let ns = match &self.law {
            Law::Constant(ns) => *ns as f64,
            Law::Uniform { min, width } => min + width / 2.0,
            Law::LogNormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
            Law::Exponential { min, excess } => min + excess,
            Law::Pareto(pareto) => pareto_mean(pareto),
            Law::Table { side, cells } => pareto_mean(&cells[from * side + to]),
        };
        Span::from_nanos((ns.min(LONGEST) + 0.5) as u64)
    }
}

/// The stream of draws that belongs to a parcel.
#[inline]
pub(crate) fn stream(seed: Seed, domain: Domain, now: Time, parcel: &Parcel) -> Stream {
    let link = (u64::from(parcel.from.0) << 32) | u64::from(parcel.to.0);
    seed.stream(domain, link, hash::mix(now.as_nanos(), parcel.tag))
}

/// Reordering: with probability `p` a packet is held back by `extra`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reorder {
    /// Probability per packet.
    pub p: f64,
    /// Extra delay of such a packet.
    pub extra: Span,
}

/// What is added to the propagation delay packet by packet: jitter and reordering.
#[derive(Debug, Clone)]
pub(crate) struct Wobble {
    jitter: Jitter,
    reorder: Probability,
    extra: u64,
    /// True when nothing is ever added.
    pub(crate) none: bool,
}

impl Wobble {
    pub(crate) fn new(jitter: Jitter, reorder: Reorder) -> Self {
        let p = Probability::new(reorder.p);
        Self {
            none: jitter == Jitter::None && p.is_zero(),
            jitter,
            reorder: p,
            extra: reorder.extra.as_nanos(),
        }
    }

    /// Nanoseconds added to one packet, and whether it may overtake or be overtaken.
    pub(crate) fn draw(&self, stream: &mut Stream) -> (u64, bool) {
        let jitter = (self.jitter.draw(stream).min(LONGEST) + 0.5) as u64;
        let held_back = !self.reorder.is_zero() && stream.chance(self.reorder);
        (if held_back { jitter.saturating_add(self.extra) } else { jitter }, held_back)
    }
}

#[cfg(test)]
mod tests;
