//! Circuits of relays: how often a coalition holds both ends, how many users that exposes in time, and what the way round costs.
//!
//! Sources: Syverson, Tsudik, Reed, Landwehr 2001 (both ends: c²); Wright, Adler, Levine, Shields 2004 and Øverlier, Syverson 2006 (many
//! circuits, guards); network specification §9. The forms here are exact for finite numbers of relays.

use super::registry::{PLAIN, Theory};
use crate::stats::{ln_choose, sum};

/// Relays of a coalition with this share of `relays`, to the nearest whole one.
fn hostile(relays: u64, share: f64) -> Option<u64> {
    // At most `relays`.
    ((0.0..=1.0).contains(&share) && relays > 0).then(|| libm::round(share * relays as f64) as u64)
}

/// Probability that the first and the last of `hops` distinct relays, drawn uniformly from `relays`, are both among `hostile` ones:
/// m(m − 1)/(n(n − 1)), or m/n when they are the same. `None` when there are fewer relays than hops, or no hops.
#[must_use]
pub fn both_ends(relays: u64, hostile: u64, hops: u64) -> Option<f64> {
    if hops == 0 || hops > relays || hostile > relays {
        return None;
    }
    let (n, m) = (relays as f64, hostile as f64);
    Some(if hops == 1 { m / n } else { m * (m - 1.0).max(0.0) / (n * (n - 1.0)) })
}

/// Share of users for whom at least one of k circuits has both ends hostile. Without guards each circuit is a fresh draw:
/// 1 − (1 − p)^k. With g guards, drawn once, j of them hostile with hypergeometric probability, a circuit has both ends hostile with
/// probability (j/g)·(m − 1)/(n − 1). `None` as for [`both_ends`], or with more guards than relays.
#[must_use]
pub fn exposed(relays: u64, hostile: u64, hops: u64, guards: u64, circuits: u64) -> Option<f64> {
    let p = both_ends(relays, hostile, hops)?;
    let ever = |p: f64| -libm::expm1(circuits as f64 * libm::log1p(-p));
    if guards == 0 {
        return Some(ever(p));
    }
    if guards > relays {
        return None;
    }
    let last = if hops == 1 { 1.0 } else { (hostile as f64 - 1.0).max(0.0) / (relays as f64 - 1.0) };
    let all = ln_choose(relays, guards);
    let least = guards.saturating_sub(relays - hostile);
    let terms = (least..=guards.min(hostile)).map(|j| {
        let weight = libm::exp(ln_choose(hostile, j) + ln_choose(relays - hostile, guards - j) - all);
        weight * ever(j as f64 / guards as f64 * last)
    });
    Some(sum(terms))
}

/// Delay in ms of a message through an open circuit: one leg more than relays, a pass of the cipher (1 µs) for each layer at the source and
/// one at each relay; without relays one leg.
#[must_use]
pub fn latency_ms(hops: u64, leg: f64) -> f64 {
    (hops as f64 + 1.0) * leg * 1e3 + 2e-3 * hops as f64
}

const SHARE: &str = "adversary.share";
const RELAYS: &str = "protocol.relays";
const HOPS: &str = "protocol.hops";

pub(super) const BOTH_ENDS: Theory = Theory {
    name: "both-ends",
    about: "Probability that a circuit's first and last relay both belong to the coalition",
    formula: "m(m-1)/(n(n-1)), n = protocol.relays, m = share of them; m/n for one relay; c^2 for many relays",
    source: "Syverson et al. 2001; network specification, section 9",
    needs: &[RELAYS, HOPS, SHARE],
    value: |i| {
        let relays = i.count(RELAYS)?;
        both_ends(relays, hostile(relays, i.number(SHARE)?)?, i.count(HOPS)?)
    },
    ..PLAIN
};

pub(super) const CIRCUIT_EXPOSED: Theory = Theory {
    name: "circuit-exposed",
    about: "Share of users for whom some circuit had both ends in the coalition",
    formula: "1-(1-p)^k without guards; else mean over hostile guards j of 1-(1-(j/g)(m-1)/(n-1))^k",
    source: "Wright et al. 2004; Overlier, Syverson 2006",
    needs: &[RELAYS, HOPS, SHARE, "workload.circuits"],
    optional: &["protocol.guards"],
    value: |i| {
        let relays = i.count(RELAYS)?;
        let guards = i.count("protocol.guards").unwrap_or(0);
        let m = hostile(relays, i.number(SHARE)?)?;
        exposed(relays, m, i.count(HOPS)?, guards, i.count("workload.circuits")?)
    },
    ..PLAIN
};

pub(super) const CIRCUIT_LATENCY: Theory = Theory {
    name: "circuit-latency",
    about: "Delay in ms of a message through an open circuit",
    formula: "(l+1) leg + 2 l us, leg = mean one-way delay",
    source: "one leg more than relays; cost table",
    needs: &[HOPS],
    optional: &["network.latency.one_way", "network.latency.min", "network.latency.max"],
    value: |i| {
        let uniform = || Some((i.number("network.latency.min")? + i.number("network.latency.max")?) / 2.0);
        let leg = i.number("network.latency.one_way").or_else(uniform)?;
        Some(latency_ms(i.count(HOPS)?, leg))
    },
    ..PLAIN
};

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: Option<f64>, want: f64) {
        let got = value.expect("in range");
        assert!((got - want).abs() < 1e-12, "{got} instead of {want}");
    }

    /// Exact fractions: 5·4/(50·49) = 2/245, 15·14/(50·49) = 3/35.
    #[test]
    fn both_ends_of_finite_numbers() {
        near(both_ends(50, 5, 3), 2.0 / 245.0);
        near(both_ends(50, 15, 3), 3.0 / 35.0);
        near(both_ends(50, 15, 2), 3.0 / 35.0);
        near(both_ends(50, 15, 1), 0.3);
        assert_eq!((both_ends(50, 1, 3), both_ends(50, 0, 1)), (Some(0.0), Some(0.0)));
        assert_eq!((both_ends(2, 1, 3), both_ends(5, 6, 3), both_ends(5, 1, 0)), (None, None, None));
        // Network specification §9: 1 % and 9 % of many.
        assert!((both_ends(1_000_000, 100_000, 3).unwrap() - 0.01).abs() < 1e-6);
        assert!((both_ends(1_000_000, 300_000, 3).unwrap() - 0.09).abs() < 1e-6);
    }

    /// Computed with exact fractions.
    #[test]
    fn guards_trade_many_for_few() {
        near(exposed(50, 5, 3, 0, 20), GOLDEN[0]);
        near(exposed(50, 15, 3, 0, 20), GOLDEN[1]);
        near(exposed(50, 5, 3, 1, 20), GOLDEN[2]);
        near(exposed(50, 15, 3, 3, 20), GOLDEN[3]);
        near(exposed(50, 15, 3, 1, 1), 3.0 / 35.0);
        // In the long run one guard exposes its hostile share, and none exposes everybody.
        near(exposed(50, 5, 3, 1, 100_000), 0.1);
        near(exposed(50, 5, 3, 0, 100_000), 1.0);
        assert_eq!(exposed(50, 5, 3, 51, 1), None);
    }

    const GOLDEN: [f64; 4] =
        [0.1512031001524829, 0.8334139312665824, 0.08178921466875945, 0.6017815622100005];

    #[test]
    fn legs() {
        assert!((latency_ms(3, 0.05) - 200.006).abs() < 1e-9);
        assert_eq!(latency_ms(0, 0.05), 50.0);
    }
}
