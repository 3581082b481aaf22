//! Loss of packets.

use astrarium_node::collections::Map;
use astrarium_node::{Domain, Probability, Seed, Stream};

use crate::error::NetError;

/// How packets get lost on the path. Each packet of a fragmented parcel has its own fate; a datagram arrives when all of its
/// packets do, so with independent loss p a parcel of k packets is lost with probability 1 − (1 − p)^k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LossModel {
    /// Never.
    None,
    /// Independently with probability `p`.
    Bernoulli {
        /// Loss probability per packet.
        p: f64,
    },
    /// Gilbert–Elliott: each directed link is in a good or a bad state, which advances once per packet before the packet meets
    /// its fate; a link's first state is drawn from the stationary distribution. Stationary loss is
    /// (r(1 − k) + p(1 − h))/(p + r); bursts of the bad state last 1/r packets on average.
    GilbertElliott {
        /// Good → bad.
        p: f64,
        /// Bad → good.
        r: f64,
        /// Delivery probability in the good state.
        k: f64,
        /// Delivery probability in the bad state.
        h: f64,
    },
}

impl LossModel {
    pub(crate) fn check(self) -> Result<(), NetError> {
        let share = |field, p: f64| {
            if (0.0..=1.0).contains(&p) {
                return Ok(());
            }
            Err(NetError::config(field, format!("= {p}"), "give a probability from 0 to 1"))
        };
        match self {
            Self::None => Ok(()),
            Self::Bernoulli { p } => share("loss.p", p),
            Self::GilbertElliott { p, r, k, h } => {
                share("loss.p", p)?;
                share("loss.r", r)?;
                share("loss.k", k)?;
                share("loss.h", h)?;
                if p + r > 0.0 {
                    return Ok(());
                }
                let help = "without transitions the states have no shares; raise p or r";
                Err(NetError::config("loss.p", "and network.loss.r are both zero", help))
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Law {
    Bernoulli(Probability),
    GilbertElliott {
        worsen: Probability,
        recover: Probability,
        lose_good: Probability,
        lose_bad: Probability,
        start_bad: Probability,
    },
}

/// The loss model with the state of the links in use.
#[derive(Debug, Clone)]
pub(crate) struct LossState {
    law: Law,
    /// Directed links by (from, to); true while bad.
    bad: Map<(u32, u32), bool>,
}

impl LossState {
    pub(crate) fn new(model: LossModel) -> Self {
        let law = match model {
            LossModel::None => Law::Bernoulli(Probability::ZERO),
            LossModel::Bernoulli { p } => Law::Bernoulli(Probability::new(p)),
            LossModel::GilbertElliott { p, r, k, h } => Law::GilbertElliott {
                worsen: Probability::new(p),
                recover: Probability::new(r),
                lose_good: Probability::new(1.0 - k),
                lose_bad: Probability::new(1.0 - h),
                start_bad: Probability::new(p / (p + r)),
            },
        };
        Self { law, bad: Map::default() }
    }

    /// True when nothing is ever lost: the draws may be skipped.
    pub(crate) fn none(&self) -> bool {
        matches!(self.law, Law::Bernoulli(p) if p.is_zero())
    }

    /// Probability of independent loss; `None` when losses have a memory.
    pub(crate) fn independent(&self) -> Option<f64> {
        match self.law {
            Law::Bernoulli(p) => Some(p.as_f64()),
            Law::GilbertElliott { .. } => None,
        }
    }

    /// Whether any of `packets` packets on this link is lost.
    pub(crate) fn any_lost(
        &mut self,
        seed: Seed,
        link: (u32, u32),
        packets: u64,
        draws: &mut Stream,
    ) -> bool {
        match self.law {
            Law::Bernoulli(p) => any(p, packets, draws),
            Law::GilbertElliott { worsen, recover, lose_good, lose_bad, start_bad } => {
                let bad = self.bad.entry(link).or_insert_with(|| {
                    let name = (u64::from(link.0) << 32) | u64::from(link.1);
                    seed.stream(Domain::LOSS, name, u64::MAX).chance(start_bad)
                });
                let mut lost = false;
                for _ in 0..packets {
                    if draws.chance(if *bad { recover } else { worsen }) {
                        *bad = !*bad;
                    }
                    // Every packet draws and moves the state, also after the first loss: the others are sent all the same.
                    lost |= draws.chance(if *bad { lose_bad } else { lose_good });
                }
                lost
            }
        }
    }
}

/// Whether any of `trials` independent trials succeeds.
pub(crate) fn any(p: Probability, trials: u64, draws: &mut Stream) -> bool {
    !p.is_zero() && (0..trials).any(|_| draws.chance(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(n: u64) -> Stream {
        Seed(9).stream(Domain::LOSS, 0, n)
    }

    /// Loss and mean run of losses of four million packets; expected 3.23 %, 3.33 and 2.44 %, 5.0 (specification V1). About
    /// 39,000 and 19,500 bursts: 3 % is more than 3.2 standard errors of the loss (a share of n packets in bursts of 1/r scatters
    /// like one of about n·r/2) and 4.5 of the runs, a false alarm in 700 seeds; the seed is fixed.
    #[test]
    fn gilbert_elliott_has_its_stationary_loss_and_bursts() {
        for (p, r, loss, burst) in [(0.01, 0.3, 0.032_258, 3.333), (0.005, 0.2, 0.024_390, 5.0)] {
            let mut state = LossState::new(LossModel::GilbertElliott { p, r, k: 1.0, h: 0.0 });
            let (mut lost, mut bursts, mut before) = (0_u32, 0_u32, false);
            let n = 4_000_000;
            for packet in 0..n {
                let now = state.any_lost(Seed(9), (1, 2), 1, &mut draws(packet));
                lost += u32::from(now);
                bursts += u32::from(now && !before);
                before = now;
            }
            let (got_loss, got_burst) = (f64::from(lost) / n as f64, f64::from(lost) / f64::from(bursts));
            assert!((got_loss / loss - 1.0).abs() < 0.03, "loss {got_loss} instead of {loss}");
            assert!((got_burst / burst - 1.0).abs() < 0.03, "burst {got_burst} instead of {burst}");
        }
    }

    /// First packets of 200,000 fresh links: a link does not start in the good state. Five standard errors (1 in 2 million).
    #[test]
    fn fresh_links_are_already_stationary() {
        let mut state = LossState::new(LossModel::GilbertElliott { p: 0.01, r: 0.3, k: 1.0, h: 0.0 });
        let n = 200_000_u32;
        let lost = (0..n).filter(|&to| state.any_lost(Seed(9), (0, to), 1, &mut draws(to.into()))).count();
        let (share, expected) = (lost as f64 / f64::from(n), 0.032_258);
        let se = (expected * (1.0 - expected) / f64::from(n)).sqrt();
        assert!((share - expected).abs() < 5.0 * se, "{share}");
    }

    /// Specification V2 at p = 1 %: 1.0, 2.97, 6.79, 36.4 % for 1, 3, 7, 45 packets; 100,000 trials each, five standard errors.
    #[test]
    fn fragmentation_amplifies_loss() {
        let mut state = LossState::new(LossModel::Bernoulli { p: 0.01 });
        for (packets, expected) in [(1, 0.01), (3, 0.029_701), (7, 0.067_935), (45, 0.363_815)] {
            let n = 100_000;
            let lost = (0..n).filter(|&i| state.any_lost(Seed(9), (0, 1), packets, &mut draws(i))).count();
            let share = lost as f64 / n as f64;
            let se = (expected * (1.0 - expected) / n as f64).sqrt();
            assert!((share - expected).abs() < 5.0 * se, "{packets} packets: {share} instead of {expected}");
        }
    }
}
