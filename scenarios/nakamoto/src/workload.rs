//! The load: payments submitted to random honest nodes, as a Poisson process.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Seed, Span, Time};
use astrarium_protocol_nakamoto::{OutPoint, Participant, Request, Tx};
use astrarium_runner::Params;

/// Genesis coins from this number on belong to the workload; strategies pay with those below.
pub(crate) const FIRST_COIN: u32 = 1 << 16;

/// Upper half of the memo of the workload's transactions; the lower half is the transaction's number.
const MARK: u64 = 0x70_6179;

/// Independent payments, each of one genesis coin of its own, so that none conflicts with another.
#[derive(Debug, Clone)]
pub(crate) struct Payments {
    seed: Seed,
    /// Mean time between two; `None` when there is no load.
    gap: Option<Span>,
    bytes: u32,
    /// Honest nodes are 0 … `honest` − 1.
    honest: u32,
    /// Number of the next payment.
    next: u32,
    clock: Time,
}

impl Payments {
    /// The load that the scenario asks for, on these many honest nodes.
    pub(crate) fn new(params: &Params, seed: Seed, honest: usize) -> Self {
        let rate = params.per_second("workload.rate");
        Self {
            seed,
            gap: (rate > 0.0).then(|| Span::from_secs_f64(1.0 / rate)),
            bytes: u32::try_from(params.bytes("workload.tx_size")).unwrap_or(u32::MAX),
            // Bounded by `network.nodes`.
            honest: honest as u32,
            next: 0,
            clock: Time::ZERO,
        }
    }
}

/// Number of a payment of the workload; `None` for a transaction of somebody else.
pub(crate) fn number(tx: &Tx) -> Option<usize> {
    (tx.memo() >> 32 == MARK).then_some((tx.memo() & 0xffff_ffff) as usize)
}

impl Workload<Participant> for Payments {
    fn next(&mut self) -> Option<Arrival<Participant>> {
        let gap = self.gap?;
        let number = self.next;
        self.next = number.checked_add(1)?;
        let coin = FIRST_COIN.checked_add(number)?;
        let mut draws = self.seed.stream(Domain::WORKLOAD, 0, u64::from(number));
        self.clock += gap.scale(draws.exponential());
        let node = NodeId(draws.below(u64::from(self.honest)) as u32);
        let memo = MARK << 32 | u64::from(number);
        let tx = Tx::new(vec![OutPoint::genesis(coin)], 2, memo, u64::from(self.bytes), self.bytes);
        Some(Arrival { at: self.clock, node, request: Request::SubmitTx(Arc::new(tx)) })
    }

    fn reseed(&mut self, seed: Seed) {
        self.seed = seed;
    }
}

#[cfg(test)]
mod tests {
    use astrarium_runner::Value;

    use super::*;

    fn payments(rate: f64) -> Payments {
        let values = [("workload.rate", Value::PerSecond(rate)), ("workload.tx_size", Value::Bytes(250))];
        Payments::new(&Params::from_values(values), Seed(3), 10)
    }

    #[test]
    fn payments_are_numbered_spread_and_never_conflict() {
        let mut load = payments(2.0);
        let all: Vec<_> = (0..2_000).map_while(|_| load.next()).collect();
        let mut hits = [0_u32; 10];
        for (number, arrival) in all.iter().enumerate() {
            let Request::SubmitTx(tx) = &arrival.request else { panic!("{arrival:?}") };
            assert_eq!(super::number(tx), Some(number));
            assert_eq!(tx.spends(), [OutPoint::genesis(FIRST_COIN + number as u32)]);
            assert_eq!(tx.wire_len(), 250);
            hits[arrival.node.index()] += 1;
        }
        // 2,000 gaps of mean 0.5 s: five standard errors are 11 %; 200 ± 67 payments per node: one alarm in 2 million each.
        let end = all.last().map_or(0.0, |arrival| arrival.at.as_secs_f64());
        assert!((end / 1_000.0 - 1.0).abs() < 5.0 / 2_000_f64.sqrt(), "{end}");
        // An exponential gap is shorter than its mean with probability 1 − 1/e; five standard errors of 2,000.
        let short = all.windows(2).filter(|pair| (pair[1].at - pair[0].at).as_secs_f64() < 0.5).count();
        assert!((short as f64 / 1_999.0 - 0.632_121).abs() < 5.0 * 0.010_8, "{short}");
        assert!(hits.iter().all(|&n| n.abs_diff(200) < 67), "{hits:?}");
    }

    #[test]
    fn without_a_rate_there_is_no_load() {
        assert!(payments(0.0).next().is_none());
        assert_eq!(number(&Tx::new(vec![OutPoint::genesis(1)], 1, 7, 0, 0)), None);
    }
}
