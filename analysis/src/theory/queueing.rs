//! Queues: waiting at a processor with fixed service times, and what a flooded link lets through.

/// Mean wait of a queue with Poisson arrivals and fixed service time, in service times, at utilisation `rho` (M/D/1):
/// ρ/(2(1 − ρ)) (Pollaczek 1930, Khinchine 1932). `None` unless 0 ≤ ρ < 1.
#[must_use]
pub fn md1_wait(rho: f64) -> Option<f64> {
    (0.0..1.0).contains(&rho).then(|| rho / (2.0 * (1.0 - rho)))
}

/// Share of the packets that a first-come-first-served link with a finite queue lets through when `offered` comes at it, in the units of its
/// `capacity`: min(1, C/(A + L)). Whose packets are lost depends on nothing but how many there are, as long as they are alike.
#[must_use]
pub fn fifo_goodput(capacity: f64, offered: f64) -> Option<f64> {
    (capacity > 0.0 && offered > 0.0).then(|| (capacity / offered).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Network specification V4: 0.5, 2.0, 4.5 and 9.5 service times.
    #[test]
    fn waits_of_the_specification() {
        for (rho, wait) in [(0.5, 0.5), (0.8, 2.0), (0.9, 4.5), (0.95, 9.5)] {
            assert!((md1_wait(rho).unwrap() - wait).abs() < 1e-9);
        }
        assert_eq!((md1_wait(0.0), md1_wait(1.0), md1_wait(f64::NAN)), (Some(0.0), None, None));
    }

    #[test]
    fn a_link_lets_through_what_it_can() {
        assert_eq!(fifo_goodput(40.0, 160.0), Some(0.25));
        assert_eq!((fifo_goodput(40.0, 10.0), fifo_goodput(0.0, 1.0)), (Some(1.0), None));
    }
}
