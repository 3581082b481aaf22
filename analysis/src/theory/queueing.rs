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

/// Mean wait of the least urgent of the classes whose utilisations `classes` lists, most urgent first, in service times: fixed service, no
/// interruption (Cobham 1954): (rho/2)/((1 - s)(1 - rho)), rho = all of them, s = all but the last. `None` unless rho < 1.
#[must_use]
pub fn priority_wait(classes: &[f64]) -> Option<f64> {
    let (&last, urgent) = classes.split_last()?;
    let ahead: f64 = urgent.iter().sum();
    let all = ahead + last;
    let sane = classes.iter().all(|load| *load >= 0.0) && all < 1.0;
    sane.then(|| all / 2.0 / ((1.0 - ahead) * (1.0 - all)))
}

/// The share of a link that each peer gets when peers are served in turns: the level to which `capacity` fills the demands, each a (number of
/// peers, demand of each), in one unit. Max–min fairness (Bertsekas, Gallager, Data Networks, 6.5.2). `None` of negative or no demands.
#[must_use]
pub fn fair_share(capacity: f64, demands: &[(f64, f64)]) -> Option<f64> {
    let sane = demands.iter().all(|&(peers, demand)| peers >= 0.0 && demand >= 0.0);
    if !sane || capacity <= 0.0 || capacity.is_nan() || demands.is_empty() {
        return None;
    }
    let mut rising = demands.to_vec();
    rising.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (mut left, mut peers) = (capacity, rising.iter().map(|(peers, _)| peers).sum::<f64>());
    for (count, demand) in rising {
        if demand * peers >= left {
            return Some(left / peers);
        }
        left -= demand * count;
        peers -= count;
    }
    Some(f64::INFINITY)
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

    /// By hand: 0.4/0.2, 0.4/(0.5 · 0.2), the same with what is ahead in two classes, 0.45/(0.112 · 0.1). One class alone is the queue of
    /// Pollaczek and Khinchine.
    #[test]
    fn the_least_urgent_wait_for_all_others() {
        let thin = (&[0.888, 0.012][..], 40.178_571_428_571);
        for (classes, wait) in [(&[0.8][..], 2.0), (&[0.5, 0.3], 4.0), (&[0.2, 0.3, 0.3], 4.0), thin] {
            assert!((priority_wait(classes).unwrap() - wait).abs() < 1e-9, "{classes:?}");
        }
        assert_eq!(
            (priority_wait(&[0.5, 0.5]), priority_wait(&[]), priority_wait(&[-0.1])),
            (None, None, None)
        );
    }

    /// By hand: 10 for demands of 2, 2.6, 4 and 5 is 2, 2.6, 2.7, 2.7 (Bertsekas and Gallager's kind of example).
    #[test]
    fn shares_fill_up_from_below() {
        let four = [(1.0, 5.0), (1.0, 2.0), (1.0, 4.0), (1.0, 2.6)];
        assert!((fair_share(10.0, &four).unwrap() - 2.7).abs() < 1e-12);
        assert!((fair_share(5.0, &[(8.0, 2.5), (3.0, 1.0)]).unwrap() - 5.0 / 11.0).abs() < 1e-12);
        assert_eq!(fair_share(20.0, &four), Some(f64::INFINITY));
        assert_eq!((fair_share(0.0, &four), fair_share(1.0, &[(1.0, -1.0)])), (None, None));
    }
}
