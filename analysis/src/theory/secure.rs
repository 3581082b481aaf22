//! The secure channel: what a flood of handshakes leaves of its service, and what a theft of its keys exposes.

use super::registry::{PLAIN, Theory};

/// Work of the responder for a first message in seconds: one signature and two key agreements (network specification §4, cpu_cost:
/// 50 + 2 · 60 µs). A core answers 5,882 in a second.
pub const ANSWER: f64 = 170e-6;
/// How long the receiving key of the last epoch opens late records, in seconds.
pub const GRACE: f64 = 5.0;

/// Share of clients that end without a session while a responder is flooded with `rate` first messages per second and asks for no
/// cookies.
///
/// The backlog is full whenever work comes faster than the `cores` do it, and each input finds room with probability q = min(1, C/rate)
/// (fluid limit of M/D/1/K: what is admitted is what is served). A client succeeds when one of its `tries` first messages finds room,
/// and then its last message does, which is sent once; when that does not, the datagram behind it may find room, be answered, and
/// give the last message a second try: (1 − (1 − q)^tries)(q + (1 − q)q²). Holds when tries are further apart than an answer takes, so
/// that the first one admitted is the last one sent; when each client has one datagram to send; when honest clients are few; and
/// when delays vary by more than a service time: where they are constant, the last message comes a fixed time after a core was
/// done, in phase with the next one (phase effects, Floyd and Jacobson 1992). Close above saturation, where a full backlog stays full for
/// longer than a client's two datagrams are apart, they share their fate, and this is too low.
/// `None` for a rate or cores that are not above 0.
#[must_use]
pub fn flood_failure(rate: f64, cores: f64, tries: u32) -> Option<f64> {
    if !(rate > 0.0 && cores > 0.0) {
        return None;
    }
    let q = (cores / ANSWER / rate).min(1.0);
    let begun = 1.0 - libm::pow(1.0 - q, f64::from(tries));
    Some(1.0 - begun * (q + (1.0 - q) * q * q))
}

/// Mean seconds of a client's traffic before the theft that all keys of the server's memory open, keys being changed every `period`
/// seconds and the theft falling anywhere in a period: the present epoch is half over, and for `GRACE` after a change the key of the one
/// before is still there; records between a router that is `leg` away and the server count too. T/2 + min(G, T) + leg. `None` for a
/// period of 0 or less.
#[must_use]
pub fn exposed_by_theft(period: f64, leg: f64) -> Option<f64> {
    (period > 0.0).then(|| period / 2.0 + GRACE.min(period) + leg)
}

pub(super) const EXPOSED_BY_THEFT: Theory = Theory {
    name: "exposed-by-theft",
    about: "Seconds of traffic before the theft of the present keys that they open",
    formula: "T/2 + min(5 s, T) + leg, T = protocol.rekey_after; theft uniform over whole periods",
    source: "derived in astrarium_analysis::theory::secure",
    needs: &["protocol.rekey_after", "network.latency.one_way", "adversary.spread", "adversary.at"],
    value: |i| {
        let period = i.number("protocol.rekey_after")?;
        let periods = i.number("adversary.spread")? / period;
        // Earlier epochs must exist, and the theft be uniform over whole ones.
        let uniform = periods >= 1.0 && periods.fract() == 0.0 && i.number("adversary.at")? >= 2.0 * period;
        uniform.then(|| exposed_by_theft(period, i.number("network.latency.one_way")?))?
    },
    ..PLAIN
};

pub(super) const HS_FLOOD_FAILURE: Theory = Theory {
    name: "hs-flood-failure",
    about: "Share of clients without a session under a flood of handshakes, without cookies",
    formula: "1 - (1 - (1-q)^tries)(q + (1-q)q^2), q = min(1, C/r), C = cores/(sign + 2 ecdh) = 5882/s per core",
    source: "derived in astrarium_analysis::theory::secure; network specification, AD-HS-FLOOD",
    needs: &["adversary.rate"],
    optional: &["protocol.cores", "protocol.tries"],
    value: |i| {
        let tries = u32::try_from(i.count("protocol.tries").unwrap_or(5)).ok()?;
        flood_failure(i.number("adversary.rate")?, i.number("protocol.cores").unwrap_or(1.0), tries)
    },
    ..PLAIN
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with exact fractions.
    #[test]
    fn floods() {
        for (rate, tries, want) in [
            (4000.0, 5, 0.0),
            (8000.0, 5, 0.12273228025927446),
            (12000.0, 5, 0.40840103931309735),
            (24000.0, 5, 0.780759276072667),
            (12000.0, 1, 0.6996578519987803),
        ] {
            let got = flood_failure(rate, 1.0, tries).expect("in range");
            assert!((got - want).abs() < 1e-12, "{rate}: {got} instead of {want}");
        }
        // Two cores do twice the work.
        assert_eq!(flood_failure(16_000.0, 2.0, 5), flood_failure(8_000.0, 1.0, 5));
        assert_eq!((flood_failure(0.0, 1.0, 5), flood_failure(1.0, 0.0, 5)), (None, None));
        assert!((1.0 / ANSWER - 5882.4).abs() < 0.1);
    }

    #[test]
    fn thefts() {
        assert_eq!(exposed_by_theft(60.0, 0.05), Some(35.05));
        assert_eq!(exposed_by_theft(2.0, 0.0), Some(3.0));
        assert_eq!(exposed_by_theft(0.0, 0.05), None);
    }
}
