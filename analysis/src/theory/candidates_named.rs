//! The closed forms of relayed candidates under their names in scenario files.

use super::Inputs;
use super::candidates::{Way, best_from_first, best_from_start, relay_delivery};
use super::registry::{PLAIN, Theory};

const RELAYS: &str = "workload.relays";

/// How long a candidate is on its way, in seconds, where that is known.
fn way(i: &Inputs) -> Option<Way> {
    let latency = |field: &str| i.number(&format!("network.latency.{field}"));
    match i.text("network.latency.kind")? {
        "uniform" => Some(Way::Uniform(latency("min")?, latency("max")?)),
        "exponential" => Some(Way::Exponential(latency("min")?, latency("mean")?)),
        "log-normal" => Some(Way::LogNormal(latency("median")?, latency("sigma")?)),
        _ => None,
    }
}

pub(super) const RELAY_DELIVERY: Theory = Theory {
    name: "relay-delivery",
    about: "Share of the candidates that get through when relays are tried one after the other",
    formula: "1 - prod_{i<k} (D - i)/(R - i), D = share of the R relays that drop; 1 - d^k for many relays",
    source: "network specification N48",
    needs: &[RELAYS, "protocol.tries", "adversary.share"],
    optional: &["adversary.strategy"],
    value: |i| {
        let relays = i.count(RELAYS)?;
        let hostile = match i.text("adversary.strategy") {
            Some("none") => 0,
            // At most all of them.
            _ => libm::round(i.number("adversary.share")? * relays as f64) as u64,
        };
        relay_delivery(relays, hostile, i.count("protocol.tries")?)
    },
    ..PLAIN
};

pub(super) const WINDOW_BEST: Theory = Theory {
    name: "window-best",
    about: "Probability that a committee which waits chooses the best of all candidates; sent directly",
    formula: "window from the start: F(w) + (1 - F(w))^n/n; from the first: E (1 - F(X - w))^(n-1); F = distribution of the one-way delay X",
    source: "derived in astrarium_analysis::theory::candidates",
    needs: &["protocol.window", "workload.clients"],
    optional: &[
        RELAYS,
        "protocol.window_from",
        "network.latency.kind",
        "network.latency.min",
        "network.latency.max",
        "network.latency.mean",
        "network.latency.median",
        "network.latency.sigma",
    ],
    value: |i| {
        let (window, clients) = (i.number("protocol.window")?, i.count("workload.clients")?);
        match i.text("protocol.window_from") {
            _ if i.count(RELAYS) != Some(0) => None,
            Some("first") => best_from_first(way(i)?, clients, window),
            _ => best_from_start(way(i)?, clients, window),
        }
    },
    ..PLAIN
};
