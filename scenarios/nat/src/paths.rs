//! What paths cost: time to open one, time over one, direct and over a relay, and what relays carry (network specification N19).

use astrarium_engine::Sight;
use astrarium_node::NodeId;
use astrarium_runner::{quantile_sorted, sorted};

use crate::metrics::Ended;
use crate::world::{Node, World};

/// Times of the calls there that were answered.
#[derive(Debug, Default)]
struct Times {
    /// Until the path was open, milliseconds.
    opened: Vec<f64>,
    /// From then to the answer.
    answers: Vec<f64>,
    calls: u32,
}

impl Times {
    fn add(&mut self, ended: &Ended) {
        self.calls += 1;
        self.opened.extend(ended.opened_ms);
        self.answers.extend(ended.answer_ms);
    }

    fn mean_opened(&self) -> Option<f64> {
        let count = self.opened.len();
        (count > 0).then(|| sorted(&self.opened).iter().sum::<f64>() / count as f64)
    }

    /// Median, which a lost packet does not touch.
    fn answer(&self) -> Option<f64> {
        quantile_sorted(&sorted(&self.answers), 0.5)
    }
}

/// Costs of direct paths between devices, and of paths over relays; what was not observed is absent.
pub(crate) fn metrics<'a>(
    world: &World,
    sight: &Sight<'_, Node>,
    calls: impl Iterator<Item = (NodeId, NodeId, &'a Ended)>,
) -> Vec<(&'static str, f64)> {
    let (mut direct, mut relayed) = (Times::default(), Times::default());
    let behind = |host: NodeId| world.devices[host.index()].is_some();
    for (a, b, ended) in calls.filter(|(_, _, ended)| ended.reached) {
        if !ended.direct {
            relayed.add(ended);
        } else if behind(a) && behind(b) {
            direct.add(ended);
        }
    }
    let mut out: Vec<(&'static str, Option<f64>)> = vec![
        ("punch_time_ms", direct.mean_opened()),
        ("punch_time_p95_ms", quantile_sorted(&sorted(&direct.opened), 0.95)),
        ("direct_rtt_ms", direct.answer()),
    ];
    if !world.relays.is_empty() {
        let counts = || world.relays.iter().map(|(id, _)| sight.node(*id).lower.counts());
        // Counts of one run are far below 2^53.
        let bytes = counts().map(|c| c.relay_bytes).sum::<u64>() as f64;
        out.extend([
            ("relay_time_ms", relayed.mean_opened()),
            ("relay_rtt_ms", relayed.answer()),
            ("relay_stretch", relayed.answer().zip(direct.answer()).map(|(far, near)| far / near)),
            ("relay_bytes_per_call", (relayed.calls > 0).then(|| bytes / f64::from(relayed.calls))),
            ("relay_bytes", Some(bytes)),
            ("relay_refused", Some(counts().map(|c| c.refused).sum::<u64>() as f64)),
        ]);
    }
    out.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
