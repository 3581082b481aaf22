//! Who is a victim: the hypergeometric law, and the whitepaper's table.

use astrarium_runner::testing::{mean, metric, sample, sound_run};

use crate::support::{hypergeometric, scenario};

#[test]
fn table_2_2_follows_from_counting() {
    for (adversarial, printed) in
        [(5_000, "0.01071"), (8_000, "0.3757"), (9_000, "0.7361"), (9_500, "0.914"), (10_000, "1")]
    {
        let digits = printed.len().saturating_sub(2);
        let victims = hypergeometric(10_000, adversarial, 10, 9);
        assert_eq!(format!("{victims:.digits$}"), printed, "{adversarial} of 10,000");
    }
}

/// 4,000 users each; four standard errors of the binomial law are a false alarm in 16,000 per point.
#[test]
fn measured_victims_are_hypergeometric() {
    for (x, adversarial, n, least) in [(0.5, 100, 10, 9), (0.8, 160, 10, 9), (0.7, 140, 16, 15)] {
        let sets = [format!("adversary.share={x}"), format!("workload.neighbours={n}")];
        let scenario = scenario(&[&sets[0], &sets[1]]).unwrap();
        let measured = mean(&sample(&scenario, 10, "victim_share")).0;
        let expected = hypergeometric(200, adversarial, n, least);
        let error = (expected * (1.0 - expected) / 4_000.0).sqrt();
        assert!((measured - expected).abs() < 4.0 * error, "x = {x}: {measured} instead of {expected}");
    }
}

#[test]
fn nobody_is_a_victim_without_an_adversary_and_everybody_without_honest_nodes() {
    for share in [0.0, 1.0] {
        let scenario = scenario(&[&format!("adversary.share={share}"), "workload.users=20"]).unwrap();
        let outcome = sound_run(&scenario, 0);
        for name in ["victim_share", "eclipsed_share", "adversarial_neighbours"] {
            assert_eq!(metric(&outcome, name), Some(share), "{name} at {share}");
        }
        assert_eq!(metric(&outcome, "honest_blocks").is_some(), share < 1.0);
    }
}

/// Neighbours that have told nothing yet count for neither side.
#[test]
fn victims_are_those_who_were_told_so() {
    let scenario = scenario(&["adversary.share=1.0", "workload.users=50", "stop.time='600 s'"]).unwrap();
    let told = metric(&sound_run(&scenario, 0), "victim_share").unwrap();
    // Half of the users have asked by then: 25 of 50, give or take five standard deviations of 3.5.
    assert!((0.15..=0.85).contains(&told), "{told}");
}
