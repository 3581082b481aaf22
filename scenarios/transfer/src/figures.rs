//! From what was seen to the figures of a run: see `spec/figures.rs` for the meaning of each number.

use astrarium_node::{Span, Time};
use astrarium_runner::quantile_sorted;

use crate::carrier::Tally;
use crate::flows::{Flows, Shape};
use crate::metrics::Watch;

/// Processor time of one look at a session (network specification §6.7).
const TICK: Span = Span::from_nanos(300);

/// Latencies of a run, in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies(Vec<u64>);

impl Latencies {
    /// One more.
    pub(crate) fn add(&mut self, latency: Span) {
        self.0.push(latency.as_nanos());
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds those of another part of the run.
    pub(crate) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Mean and quantiles; `None` of nothing.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let mut whole = self.0.clone();
        whole.sort_unstable();
        let sum: u128 = whole.iter().map(|&ns| u128::from(ns)).sum();
        let ms: Vec<f64> = whole.into_iter().map(|ns| ns as f64 / 1e6).collect();
        Some(Summary {
            mean: sum as f64 / ms.len() as f64 / 1e6,
            p50: quantile_sorted(&ms, 0.50)?,
            p95: quantile_sorted(&ms, 0.95)?,
            p99: quantile_sorted(&ms, 0.99)?,
            max: *ms.last()?,
        })
    }
}

/// Figures of a sample of latencies, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// The measurements of a run; what was not observed is absent.
pub(crate) fn figures(watch: &Watch, tally: Tally, events: u64) -> Vec<(&'static str, f64)> {
    let flows = watch.flows();
    let (total, arrived) = (flows.total() as f64, watch.latencies().len() as f64);
    let mut out = vec![
        ("delivered_share", arrived / total),
        ("refused_share", watch.refused as f64 / total),
        ("given_up_share", watch.given_up as f64 / total),
        ("completed", f64::from(u8::from(arrived >= total))),
        ("retransmissions", tally.retransmissions as f64),
        ("timeouts", tally.timeouts as f64),
        ("duplicates", tally.duplicates as f64),
        ("rejected", tally.rejected as f64),
        ("timer_events", tally.ticks as f64),
        ("datagrams", watch.datagrams as f64),
        ("events", events as f64),
    ];
    if let Some(summary) = watch.latencies().summary() {
        out.extend([
            ("message_latency_mean_ms", summary.mean),
            ("message_latency_p50_ms", summary.p50),
            ("message_latency_p95_ms", summary.p95),
            ("message_latency_p99_ms", summary.p99),
            ("message_latency_max_ms", summary.max),
        ]);
    }
    if watch.payload > 0 {
        let payload = watch.payload as f64;
        out.push(("overhead_ratio", watch.wire() as f64 / payload));
        out.push(("forward_ratio", watch.forward as f64 / payload));
        let took = watch.last.since(first(watch)).as_secs_f64();
        out.push(("goodput_bps", payload * 8.0 / took));
        if arrived >= total {
            out.push(("completion_ms", took * 1e3));
        }
    }
    out
}

/// The same overhead when the senders have come to rest: acknowledgements under way, and what was sent again before they came, included.
pub(crate) fn at_rest(watch: &Watch, tally: Tally) -> Vec<(&'static str, f64)> {
    if watch.payload == 0 {
        return Vec::new();
    }
    vec![
        ("settled_overhead_ratio", watch.wire() as f64 / watch.payload as f64),
        ("settled_retransmissions", tally.retransmissions as f64),
    ]
}

/// What the server of shape `server` does for its connections: timers per second and connection, and their share of a core.
pub(crate) fn server(flows: &Flows, tally: Tally, end: Time) -> Vec<(&'static str, f64)> {
    let seconds = end.as_secs_f64();
    if flows.load().shape != Shape::Server || seconds <= 0.0 {
        return Vec::new();
    }
    let rate = tally.ticks as f64 / seconds;
    vec![
        ("server_ticks_per_connection", rate / flows.len() as f64),
        ("server_tick_share", rate * TICK.as_secs_f64()),
    ]
}

/// When the first send request was made.
fn first(watch: &Watch) -> Time {
    let flows = watch.flows();
    let bytes = flows.load().bytes;
    flows.sent_at(crate::item::Item { flow: 0, number: 0, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    // NumPy: percentile([1, 3, 6, 10, 15], [50, 95, 99]) = 6, 14, 14.8
    #[test]
    fn quantiles_are_those_of_type_seven() {
        let mut latencies = Latencies::default();
        for ms in [10, 1, 15, 6, 3] {
            latencies.add(Span::from_millis(ms));
        }
        let summary = latencies.summary().unwrap();
        assert_eq!((summary.mean, summary.p50, summary.p95, summary.max), (7.0, 6.0, 14.0, 15.0));
        assert!((summary.p99 - 14.8).abs() < 1e-9);
        assert!(Latencies::default().summary().is_none());
    }
}
