//! Nodes that come and go (`[network] churn`), as crashes of the fault plan.
//!
//! Every node is up at the start, its first session beginning then; when it comes back it has its disk, as a computer that
//! was switched off. Lengths are drawn by identity (node, session), so they do not depend on how long the run is.

use astrarium_engine::{Fault, FaultAction};
use astrarium_net::ChurnModel;
use astrarium_node::{NodeId, Seed, Time};

/// Absences that a plan holds at most: about 100 MB of plan.
const MOST_ABSENCES: usize = 1_000_000;
/// Beginning of the ids of faults that are churn.
const PREFIX: &str = "churn-";

/// The absences of all nodes up to `horizon`.
///
/// # Errors
/// When there are more than a million.
pub(crate) fn absences(
    model: &ChurnModel,
    seed: Seed,
    nodes: impl Iterator<Item = NodeId>,
    horizon: Time,
) -> Result<Vec<Fault>, String> {
    let mut faults = Vec::new();
    if model.share <= 0.0 {
        return Ok(faults);
    }
    for node in nodes.filter(|&node| model.churns(seed, node)) {
        let mut at = Time::ZERO;
        for session in 0.. {
            at += model.session(seed, node, session);
            if at > horizon {
                break;
            }
            if faults.len() == MOST_ABSENCES {
                return Err(format!(
                    "network.churn makes more than {MOST_ABSENCES} absences until {horizon}; \
                     shorten stop.time, or take longer sessions or fewer nodes"
                ));
            }
            let until = at + model.absence(seed, node, session);
            let action = FaultAction::Crash { nodes: [node].into(), keep_state: true };
            faults.push(Fault {
                id: format!("{PREFIX}{}-{session}", node.0),
                at,
                until: Some(until),
                action,
            });
            at = until;
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use astrarium_net::SpanDistribution;
    use astrarium_node::Span;

    use super::*;

    fn model(share: f64) -> ChurnModel {
        let hour = SpanDistribution::Exponential { mean: Span::from_secs(3_600) };
        ChurnModel { share, session: hour, absence: hour }
    }

    fn plan(hours: u64) -> Vec<Fault> {
        let horizon = Time::ZERO + Span::from_secs(3_600 * hours);
        absences(&model(1.0), Seed(5), (0..50_usize).map(NodeId::from), horizon).unwrap()
    }

    #[test]
    fn absences_follow_sessions_and_a_longer_run_only_adds() {
        let (short, long) = (plan(10), plan(100));
        assert!(short.iter().all(|fault| long.contains(fault)));
        // 50 nodes × 100 h at one absence per 2 h: 2,500, deviating by about √(2,500/2) = 35; five of them.
        assert!(long.len().abs_diff(2_500) < 177 + 25, "{}", long.len());
        for pair in long.windows(2) {
            let same_node =
                pair[0].id.rsplit_once('-').map(|p| p.0) == pair[1].id.rsplit_once('-').map(|p| p.0);
            assert!(!same_node || pair[0].until.unwrap() < pair[1].at);
        }
    }

    #[test]
    fn nobody_churns_by_default_and_endless_plans_are_refused() {
        let nodes = || (0..50_usize).map(NodeId::from);
        assert!(absences(&model(0.0), Seed(5), nodes(), Time::MAX).unwrap().is_empty());
        assert!(absences(&model(1.0), Seed(5), nodes(), Time::MAX).unwrap_err().contains("stop.time"));
    }
}
