//! Success of traversal between two random hosts, from what their devices do.
//!
//! The devices d1 … d6 and their shares are those of network specification §4: the only split of the six models that gives both
//! classifications of the ZV Chain whitepaper (004 §3.4.1). Everything here follows from RFC 4787 behaviour of two devices, without a
//! simulation: a mapping per peer (d6) cannot be aimed at, so it meets only filters that heed no port (d1, d2); and whoever fires
//! late behind records of unsolicited packets (d5) is moved to another port, which a filter per peer socket (d3, d4, d5) shuts out.

/// Shares of d1 … d6.
pub type Shares = [f64; 6];

/// Population A.
pub const A: Shares = [0.05, 0.07, 0.11, 0.47, 0.28, 0.02];

/// Population B: records on every device that keeps ports.
pub const B: Shares = [0.05, 0.07, 0.11, 0.0, 0.75, 0.02];

/// The shares by the name of the population.
#[must_use]
pub fn population(name: &str) -> Option<&'static Shares> {
    match name {
        "A" => Some(&A),
        "B" => Some(&B),
        _ => None,
    }
}

/// What A and B have in common, with this share of the devices that keep ports recording; `None` when it is not in 0..=1.
#[must_use]
pub fn recording(share: f64) -> Option<Shares> {
    (0.0..=1.0).contains(&share).then(|| [A[0], A[1], A[2], 0.75 * (1.0 - share), 0.75 * share, A[5]])
}

/// Whether two devices (0 is d1) allow a direct path at all.
#[must_use]
pub const fn possible(a: usize, b: usize) -> bool {
    !((a == 5 && b >= 2) || (b == 5 && a >= 2))
}

/// Probability that two random hosts open a direct path. `attempt_symmetric`: whether hosts behind d6 try. `collision`: probability
/// that the first packet of one arrives before the other has fired.
#[must_use]
pub fn success(shares: &Shares, attempt_symmetric: bool, collision: f64) -> f64 {
    let pairs = || (0..6).flat_map(|a| (0..6).map(move |b| (a, b)));
    let tried = |a: usize, b: usize| attempt_symmetric || (a != 5 && b != 5);
    let open: f64 =
        pairs().filter(|&(a, b)| possible(a, b) && tried(a, b)).map(|(a, b)| shares[a] * shares[b]).sum();
    let early: f64 = shares[2] + shares[3] + shares[4];
    open - collision * early * shares[4]
}

/// Probability that a packet fired on a signal with log-normal delay arrives, after another such delay, before the other side's
/// signal does: 2·P(X + Z < Y) for independent X, Y, Z = exp(σN). The median does not matter.
///
/// `None` when σ is not in 0..=5: beyond, the quadrature (Simpson, 401 points per axis on ±8) is not exact enough.
#[must_use]
pub fn collision(sigma: f64) -> Option<f64> {
    if !(0.0..=5.0).contains(&sigma) {
        return None;
    }
    if sigma < 1e-3 {
        // exp(σN) is nearly 1: X + Z is nearly 2.
        return Some(0.0);
    }
    const POINTS: usize = 401;
    let step = 16.0 / (POINTS - 1) as f64;
    let at = |i: usize| -8.0 + step * i as f64;
    let weight = |i: usize| match i {
        0 | 400 => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let density = |z: f64| libm::exp(-0.5 * z * z) / libm::sqrt(std::f64::consts::TAU);
    let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let mut sum = 0.0;
    for i in 0..POINTS {
        let y = libm::exp(sigma * at(i));
        let outer = weight(i) * density(at(i));
        // The integrand vanishes smoothly where x reaches y.
        for j in 0..i {
            let x = libm::exp(sigma * at(j));
            sum += outer * weight(j) * density(at(j)) * below(libm::log(y - x) / sigma);
        }
    }
    Some(2.0 * sum * (step / 3.0) * (step / 3.0))
}

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    /// Everybody.
    All,
    /// Hosts that the port rule does not read as symmetric.
    PortRule,
    /// Pairs that RFC 3489 does not read as symmetric with port-restricted or symmetric.
    Rfc3489,
}

/// Success when a pair tries unless RFC 3489 reads one as symmetric and the other as port-restricted or symmetric, and all tries
/// succeed: 1 − 2·p·s − s². Neither timing nor records matter: all pairs that they could spoil have a member that reads as symmetric.
#[must_use]
pub fn stun_success(shares: &Shares) -> f64 {
    let [_, _, port_restricted, symmetric] = rfc_3489_classes(shares);
    1.0 - 2.0 * port_restricted * symmetric - symmetric * symmetric
}

/// Success by the way of punching.
///
/// `none`: only full cones are entered, and `mapped` of the other hosts. `sequential`: every pair collides. `simultaneous`: as
/// [`collision`]. `ttl`: none collides. `None` for other modes, where the delays are neither constant nor log-normal but
/// matter, and for mapped ports where hosts punch.
#[must_use]
pub fn success_of_mode(
    shares: &Shares,
    mode: &str,
    attempts: Attempts,
    delays: Delays,
    mapped: f64,
) -> Option<f64> {
    if mode == "none" {
        return Some(shares[0] + (1.0 - shares[0]) * mapped);
    }
    if mapped > 0.0 || !["ttl", "sequential", "simultaneous"].contains(&mode) {
        return None;
    }
    if attempts == Attempts::Rfc3489 {
        return Some(stun_success(shares));
    }
    let symmetric = attempts == Attempts::All;
    let collision = match (mode, delays) {
        ("ttl", _) => 0.0,
        ("sequential", _) => 1.0,
        (_, Delays::Constant) => 0.0,
        (_, Delays::LogNormal(sigma)) => collision(sigma)?,
        (_, Delays::Other) => return None,
    };
    Some(success(shares, symmetric, collision))
}

/// What one-way delays are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delays {
    /// All the same.
    Constant,
    /// Log-normal with this σ.
    LogNormal(f64),
    /// Anything else.
    Other,
}

/// The whitepaper's arithmetic for STUN: shares 5/7/58/30 % of its four classes times success 100/100/70/12 %: 0.5620.
#[must_use]
pub fn stun_arithmetic() -> f64 {
    0.05 * 1.00 + 0.07 * 1.00 + 0.58 * 0.70 + 0.30 * 0.12
}

/// The whitepaper's arithmetic for the port rule: shares 75/23/2 % of its three classes times success 98/98/0 %: 0.9604.
#[must_use]
pub fn port_arithmetic() -> f64 {
    0.75 * 0.98 + 0.23 * 0.98
}

/// Shares of the classes of RFC 3489 that hosts read about themselves: full cone, restricted, port-restricted, symmetric. d5 reads
/// as symmetric, since the answer to test II leaves a record.
#[must_use]
pub fn rfc_3489_classes(shares: &Shares) -> [f64; 4] {
    [shares[0], shares[1], shares[2] + shares[3], shares[4] + shares[5]]
}

/// Shares of the classes of the port rule: host, fixed, symmetric.
#[must_use]
pub fn port_rule_classes(shares: &Shares) -> [f64; 3] {
    [shares[3] + shares[4], shares[0] + shares[1] + shares[2], shares[5]]
}

/// Share of random ordered pairs of which the first reaches the second, when a share `a` of all hosts is behind devices and two of
/// those meet with probability `success`: public hosts reach and are reached.
#[must_use]
pub fn reachable(a: f64, success: f64) -> f64 {
    1.0 - a * a * (1.0 - success)
}

/// Probability that so many guesses at random ports of 1024 … 65535 hit one of `sockets` open ones.
#[must_use]
pub fn birthday(guesses: u64, sockets: u32) -> f64 {
    let miss = 1.0 - f64::from(sockets) / 64_512.0;
    1.0 - libm::pow(miss, guesses as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() < tolerance, "{got} is not {want}");
    }

    /// Claims network/C1 – C4 in decimals; the rest by enumeration in Python.
    #[test]
    fn arithmetic_of_the_whitepaper() {
        near(stun_arithmetic(), 0.5620, 1e-12);
        near(port_arithmetic(), 0.9604, 1e-12);
        // The factors 70 % and 12 % are marginals of the same population: random pairs of STUN's classes, C3.
        let [full, restricted, port, symmetric] = rfc_3489_classes(&A);
        near(1.0 - symmetric, 0.70, 1e-12);
        near(full + restricted, 0.12, 1e-12);
        near(1.0 - 2.0 * port * symmetric - symmetric * symmetric, stun_arithmetic(), 1e-12);
        for shares in [&A, &B] {
            near(success(shares, false, 0.0), 0.9604, 1e-12);
            near(success(shares, true, 0.0), 0.9652, 1e-12);
        }
        near(success(&A, true, 1.0), 0.7244, 1e-12);
        near(success(&B, true, 1.0), 0.3202, 1e-12);
    }

    #[test]
    fn both_classifications_come_from_population_a() {
        for (got, want) in rfc_3489_classes(&A).into_iter().zip([0.05, 0.07, 0.58, 0.30]) {
            near(got, want, 1e-12);
        }
        for (got, want) in port_rule_classes(&A).into_iter().zip([0.75, 0.23, 0.02]) {
            near(got, want, 1e-12);
        }
        near(rfc_3489_classes(&B)[3], 0.77, 1e-12);
        near(A.iter().sum::<f64>(), 1.0, 1e-12);
        near(B.iter().sum::<f64>(), 1.0, 1e-12);
    }

    /// Python: midpoint rule over 2000 × 2000 normal quantiles, which is good to about 3e-4.
    #[test]
    fn collisions_of_log_normal_delays() {
        for (sigma, want) in [(0.3, 0.052_316), (0.5, 0.222_927), (0.8, 0.402_404), (1.0, 0.471_352)] {
            near(collision(sigma).unwrap(), want, 5e-4);
        }
        assert_eq!((collision(0.0), collision(-1.0), collision(f64::NAN)), (Some(0.0), None, None));
    }

    #[test]
    fn guesses() {
        // Network specification §6.5, to its digits.
        for (n, want) in [(174, 0.499), (256, 0.639), (512, 0.869), (1024, 0.983), (2048, 0.9997)] {
            near(birthday(n, 256), want, 6e-4);
        }
    }

    #[test]
    fn reachable_pairs() {
        near(reachable(0.8, 0.965), 0.9776, 1e-12);
        near(reachable(0.8, 0.0), 0.36, 1e-12);
        near(reachable(0.8, 0.5620), 0.71968, 1e-12);
    }

    #[test]
    fn modes() {
        let of = |mode, delays| success_of_mode(&B, mode, Attempts::All, delays, 0.0);
        assert_eq!(of("none", Delays::Other), Some(0.05));
        assert_eq!(of("ttl", Delays::Other), of("simultaneous", Delays::Constant));
        assert_eq!(of("simultaneous", Delays::Other), None);
        near(of("simultaneous", Delays::LogNormal(1.0)).unwrap(), 0.66, 0.006);
        assert_eq!(of("birthday", Delays::Constant), None);
        let mapped = |mode| success_of_mode(&A, mode, Attempts::All, Delays::Other, 0.4);
        near(mapped("none").unwrap(), 0.43, 1e-12);
        assert_eq!(mapped("ttl"), None);
    }

    /// Python: sum over the pairs of the classes 5/7/58/30 and 5/7/11/77 %.
    #[test]
    fn attempts_by_stun() {
        near(stun_success(&A), 0.5620, 1e-12);
        near(stun_success(&B), 0.2377, 1e-12);
        for mode in ["sequential", "simultaneous", "ttl"] {
            let got = success_of_mode(&A, mode, Attempts::Rfc3489, Delays::Other, 0.0);
            near(got.unwrap(), 0.5620, 1e-12);
        }
        // "30 – 40 %": 59 % to 78 % of the devices that keep ports record.
        near(stun_success(&recording(0.5899).unwrap()), 0.40, 1e-3);
        near(stun_success(&recording(0.7828).unwrap()), 0.30, 1e-3);
        near(stun_success(&recording(28.0 / 75.0).unwrap()), 0.5620, 1e-12);
        assert_eq!((recording(1.0), recording(1.1)), (Some(B), None));
    }
}
