//! The closed forms of traversal under their names in scenario files.

use super::registry::{PLAIN, Theory};
use super::{Inputs, nat};

const SYMMETRIC: &str = "protocol.attempt_symmetric";
const MODE: &str = "protocol.mode";
const POLICY: &str = "protocol.policy";
const POPULATION: &str = "network.nat.population";
const RECORDING: &str = "network.nat.recording";
const MAPPED: &str = "network.nat.mapped";
const LATENCY: &str = "network.latency.kind";
const SIGMA: &str = "network.latency.sigma";
const HEEDED: &[&str] = &[POPULATION, RECORDING, MAPPED, MODE, POLICY, LATENCY, SIGMA];
const PAPER: &str = "ZV Chain whitepaper, section 3.4.1";

/// Shares of the devices at a point.
fn shares(i: &Inputs) -> Option<nat::Shares> {
    match i.number(RECORDING) {
        Some(share) => nat::recording(share),
        None => nat::population(i.text(POPULATION)?).copied(),
    }
}

/// Success of punching at a point.
fn punch(i: &Inputs) -> Option<f64> {
    let delays = match i.text(LATENCY) {
        Some("constant") => nat::Delays::Constant,
        Some("log-normal") => nat::Delays::LogNormal(i.number(SIGMA)?),
        _ => nat::Delays::Other,
    };
    let attempts = match (i.text(POLICY), i.number(SYMMETRIC)? != 0.0) {
        (Some("rfc-3489"), _) => nat::Attempts::Rfc3489,
        (_, true) => nat::Attempts::All,
        (_, false) => nat::Attempts::PortRule,
    };
    nat::success_of_mode(&shares(i)?, i.text(MODE)?, attempts, delays, i.number(MAPPED).unwrap_or(0.0))
}

pub(super) const BIRTHDAY: Theory = Theory {
    name: "nat-birthday",
    about: "Success of guessing one of 256 open ports behind a middlebox that maps per peer",
    formula: "1 - (1 - 256/64512)^n, n = protocol.birthday_probes",
    source: "network specification, section 6.5",
    needs: &["protocol.birthday_probes"],
    value: |i| Some(nat::birthday(i.count("protocol.birthday_probes")?, 256)),
    ..PLAIN
};

pub(super) const PORT_ARITHMETIC: Theory = Theory {
    name: "nat-port-arithmetic",
    about: "The whitepaper's theoretical penetration by the port rule",
    formula: ".75 x .98 + .23 x .98 + .02 x 0 = .9604",
    source: PAPER,
    value: |_| Some(nat::port_arithmetic()),
    ..PLAIN
};

pub(super) const PORT_MARGINAL: Theory = Theory {
    name: "nat-port-marginal",
    about: "Success of a host that the port rule reads as host or fixed, when symmetric ones do not try",
    formula: "P(peer not symmetric); .98 in both populations",
    source: "derived in astrarium_analysis::theory::nat",
    needs: &[SYMMETRIC],
    optional: &[POPULATION, RECORDING],
    value: |i| {
        (i.number(SYMMETRIC)? == 0.0).then(|| shares(i).map(|s| 1.0 - nat::port_rule_classes(&s)[2]))?
    },
    ..PLAIN
};

pub(super) const PUNCH: Theory = Theory {
    name: "nat-punch",
    about: "Success of punching between two random hosts of population A or B, or one between",
    formula: "sum of the shares of pairs that RFC 4787 allows, less P(first packets collide) times the share of pairs whose late side keeps records of unsolicited packets and whose early side filters by socket; policy rfc-3489: 1 - 2 p s - s^2, p and s the shares that read as port-restricted and symmetric; mode none: share of full cones, and of explicit mappings among the others",
    source: "derived in astrarium_analysis::theory::nat",
    needs: &[SYMMETRIC],
    optional: HEEDED,
    value: punch,
    ..PLAIN
};

pub(super) const REACH: Theory = Theory {
    name: "nat-reach",
    about: "Success of calls when only a share of the hosts is behind middleboxes",
    formula: "1 - a^2 (1 - S), a = network.nat.share, S = `nat-punch`; mode none: 1 - a (1 - S)",
    source: "network specification, section 9",
    needs: &["network.nat.share", SYMMETRIC],
    optional: HEEDED,
    value: |i| {
        // Without punching public hosts cannot be reversed to: the called one must be public, a full cone, or mapped.
        let (a, success) = (i.number("network.nat.share")?, punch(i)?);
        let none = i.text(MODE) == Some("none");
        Some(if none { 1.0 - a * (1.0 - success) } else { nat::reachable(a, success) })
    },
    ..PLAIN
};

pub(super) const STUN_ARITHMETIC: Theory = Theory {
    name: "nat-stun-arithmetic",
    about: "The whitepaper's theoretical penetration by STUN",
    formula: ".05 x 1 + .07 x 1 + .58 x .70 + .30 x .12 = .5620",
    source: PAPER,
    value: |_| Some(nat::stun_arithmetic()),
    ..PLAIN
};

pub(super) const STUN_MARGINAL_PORT_RESTRICTED: Theory = Theory {
    name: "nat-stun-marginal-port-restricted",
    about: "Success of a host that reads as port-restricted, when attempts go by RFC 3489",
    formula: "P(peer does not read as symmetric); .70 in population A, .23 in B",
    source: "derived in astrarium_analysis::theory::nat",
    needs: &[SYMMETRIC],
    optional: &[POPULATION, RECORDING],
    value: |i| i.number(SYMMETRIC).and(shares(i)).map(|s| 1.0 - nat::rfc_3489_classes(&s)[3]),
    ..PLAIN
};

pub(super) const STUN_MARGINAL_SYMMETRIC: Theory = Theory {
    name: "nat-stun-marginal-symmetric",
    about: "Success of a host that reads as symmetric, when attempts go by RFC 3489",
    formula: "P(peer reads as full cone or restricted) = .12",
    source: "derived in astrarium_analysis::theory::nat",
    needs: &[SYMMETRIC],
    optional: &[POPULATION, RECORDING],
    value: |i| {
        let [full, restricted, ..] = nat::rfc_3489_classes(&i.number(SYMMETRIC).and(shares(i))?);
        Some(full + restricted)
    },
    ..PLAIN
};

#[cfg(test)]
mod tests {
    use super::*;

    fn at(policy: &str, population: &str) -> Inputs {
        Inputs::new()
            .with(SYMMETRIC, 0.0)
            .with_text(POLICY, policy)
            .with_text(POPULATION, population)
            .with_text(MODE, "sequential")
    }

    fn near(theory: Theory, inputs: &Inputs, want: f64) {
        let got = (theory.value)(inputs).unwrap();
        assert!((got - want).abs() < 1e-12, "{}: {got} is not {want}", theory.name);
    }

    /// Decimals of the whitepaper, and sums over pairs in Python.
    #[test]
    fn the_whitepapers_figures() {
        let (a, b) = (at("rfc-3489", "A"), at("rfc-3489", "B"));
        near(STUN_ARITHMETIC, &a, 0.5620);
        near(PUNCH, &a, 0.5620);
        near(PUNCH, &b, 0.2377);
        near(PUNCH, &at("port-rule", "A"), 0.7196);
        near(PORT_ARITHMETIC, &a, 0.9604);
        near(PORT_MARGINAL, &b, 0.98);
        near(STUN_MARGINAL_PORT_RESTRICTED, &a, 0.70);
        near(STUN_MARGINAL_PORT_RESTRICTED, &b, 0.23);
        near(STUN_MARGINAL_SYMMETRIC, &b, 0.12);
        near(REACH, &a.with("network.nat.share", 0.8), 0.719_68);
        near(PUNCH, &b.with(RECORDING, 0.0), 1.0 - 2.0 * 0.86 * 0.02 - 0.0004);
    }
}
