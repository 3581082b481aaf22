//! Steady rate of TCP under random loss.
//!
//! Both forms hold for a long transfer whose window is limited by loss alone, not by buffers or by the link.

/// Payload of a segment that fills an Ethernet frame, with timestamps, in bytes.
pub(super) const MSS: f64 = 1448.0;

/// Rate in bit/s by Mathis, Semke, Mahdavi and Ott (1997): MSS/RTT · √(3/(2b)) / √p, with b segments per acknowledgement that
/// opens the window (1 when bytes are counted). It knows no timeouts, so p should be below about 2 %. `mss` in bytes, `rtt` in
/// seconds. `None` outside 0 < p < 1, or when a length is not positive.
#[must_use]
pub fn mathis(mss: f64, rtt: f64, p: f64, b: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0 && mss > 0.0 && rtt > 0.0 && b > 0.0) {
        return None;
    }
    Some(8.0 * mss / rtt * (1.5 / (b * p)).sqrt())
}

/// Rate in bit/s with timeouts of `rto` seconds, by Padhye, Firoiu, Towsley and Kurose (1998, eq. 30):
/// MSS / (RTT·√(2bp/3) + T0·min(1, 3·√(3bp/8))·p·(1 + 32p²)). Good up to p of about 10 %. `None` as in [`mathis`].
#[must_use]
pub fn pftk(mss: f64, rtt: f64, rto: f64, p: f64, b: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0 && mss > 0.0 && rtt > 0.0 && rto > 0.0 && b > 0.0) {
        return None;
    }
    let timeouts = (3.0 * (3.0 * b * p / 8.0).sqrt()).min(1.0);
    let seconds = rtt * (2.0 * b * p / 3.0).sqrt() + rto * timeouts * p * (1.0 + 32.0 * p * p);
    Some(8.0 * mss / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: Option<f64>, want: f64) -> bool {
        value.is_some_and(|v| (v / want - 1.0).abs() < 1e-3)
    }

    /// Network specification V5, and by hand: 11680 bit / 0.1 s · 1.224745 / √p.
    #[test]
    fn mathis_gives_the_printed_rates() {
        assert!(near(mathis(1460.0, 0.1, 0.001, 1.0), 4.5236e6));
        assert!(near(mathis(1460.0, 0.1, 0.01, 1.0), 1.4305e6));
        assert!(near(mathis(1460.0, 0.1, 0.05, 1.0), 0.6397e6));
        // Two segments per acknowledgement, acknowledgements counted: less by √2.
        assert!(near(mathis(1460.0, 0.1, 0.01, 2.0), 1.0115e6));
        assert_eq!(mathis(1460.0, 0.1, 0.0, 1.0), None);
    }

    /// By hand at p = 1 %: 0.1·0.0816497 = 0.00816497; 0.2·0.183712·0.01·1.0032 = 0.000368599; 11680 / 0.00853357 = 1.36871e6.
    /// At 5 %: 0.0182574 + 0.2·0.410792·0.05·1.08 = 0.0226940, 0.514674e6. At 90 % the timeout factor is cut at 1:
    /// 0.1·0.774597 + 0.2·0.9·26.92 = 4.92306, 2372.5.
    #[test]
    fn pftk_gives_the_rates_computed_by_hand() {
        assert!(near(pftk(1460.0, 0.1, 0.2, 0.01, 1.0), 1.36871e6));
        assert!(near(pftk(1460.0, 0.1, 0.2, 0.05, 1.0), 0.514_674e6));
        assert!(near(pftk(1460.0, 0.1, 0.2, 0.9, 1.0), 2372.5));
        assert_eq!(pftk(1460.0, 0.1, 0.2, 1.0, 1.0), None);
    }
}
