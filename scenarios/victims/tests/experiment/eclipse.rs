//! What users confirm when blocks must be mined, against closed forms computed here.

use astrarium_runner::testing::{mean, metric, sample, sound_run};

use crate::support::{hypergeometric, scenario};

const INTERVAL: f64 = 600.0;

/// Poisson probabilities of 0, 1, 2 … blocks.
fn poisson(mean: f64) -> impl Iterator<Item = f64> {
    let mut p = libm::exp(-mean);
    (1..).map(move |k| {
        let now = p;
        p *= mean / f64::from(k);
        now
    })
}

/// Probability that the branch is ever at least `z` blocks long and longer than the honest chain while `blocks` are found on
/// average: all races block by block.
fn overtakes(x: f64, z: usize, blocks: f64) -> f64 {
    let most = 200;
    let mut race = vec![vec![0.0; most + 1]; most + 1];
    race[0][0] = 1.0;
    let (mut won, mut answer) = (0.0, 0.0);
    for (found, weight) in poisson(blocks).take(most).enumerate() {
        answer += weight * won;
        for branch in 0..=found {
            let p = std::mem::take(&mut race[branch][found - branch]);
            let honest = found - branch;
            race[branch][honest + 1] += p * (1.0 - x);
            if branch + 1 >= z && branch + 1 > honest {
                won += p * x
            } else {
                race[branch + 1][honest] += p * x
            }
        }
    }
    answer
}

/// The infinite race, from the formula in the crate's documentation.
fn overtakes_ever(x: f64, z: i32) -> f64 {
    let ratio = x / (1.0 - x);
    let term = |k: i32| {
        let ways = (0..z - 1).fold(1.0, |c, i| c * f64::from(k + z - 1 - i) / f64::from(i + 1));
        ways * libm::pow(1.0 - x, f64::from(k))
            * libm::pow(x, f64::from(z))
            * (1.0 - libm::pow(ratio, f64::from(k - z + 1)))
    };
    1.0 - (z..2_000).map(term).sum::<f64>()
}

/// Values of an independent computation (python, dictionaries of states and exact binomials).
#[test]
fn the_closed_forms_agree_with_each_other() {
    for (x, limited, ever) in
        [(0.2, 0.014_565_100_76, 0.014_567_756_80), (0.4, 0.385_766_467_81, 0.410_836_445_87)]
    {
        assert!((overtakes(x, 6, 40.0) - limited).abs() < 1e-8, "{}", overtakes(x, 6, 40.0));
        assert!((overtakes_ever(x, 6) - ever).abs() < 1e-8, "{}", overtakes_ever(x, 6));
    }
}

fn eclipse(sets: &[&str]) -> astrarium_runner::Scenario {
    let common = ["adversary.backing='nakamoto'", "workload.watch=true", "network.nodes=100"];
    scenario(&[&common[..], sets].concat()).unwrap()
}

#[test]
fn by_the_majority_rule_the_deceived_are_the_victims_and_nobody_else() {
    let scenario = eclipse(&[
        "adversary.share=0.8",
        "workload.users=60",
        "workload.confirmations=3",
        "workload.poll='300 s'",
        "stop.time='12000 s'",
    ]);
    for replica in 0..5 {
        let outcome = sound_run(&scenario, replica);
        let value = |name| metric(&outcome, name).unwrap();
        assert!(value("victim_share") > 0.0);
        assert_eq!(value("confirmed_fake_share"), value("victim_share"), "replica {replica}");
        assert_eq!(value("victims_deceived"), 1.0);
        let rest = 1.0 - value("confirmed_fake_share") - value("confirmed_honest_share");
        assert!((value("stalled_share") - rest).abs() < 1e-12);
        // Nine honest neighbours of ten are a one in a million event here: the others are left without a chain.
        assert_eq!(value("confirmed_honest_share"), 0.0);
    }
}

/// The branch grows by hash share x alone: z blocks take z·T/x, and a user notices half a poll later. Two hundred runs; four
/// standard errors are a false alarm in 16,000 per point.
#[test]
fn eclipsed_users_wait_longer_by_one_over_the_hash_share() {
    for (x, z) in [(0.5, 4.0), (0.9, 4.0)] {
        let share = format!("adversary.share={x}");
        let scenario = eclipse(&[
            &share,
            "workload.users=10",
            "workload.neighbours=1",
            "workload.confirmations=4",
            "workload.poll='120 s'",
            "stop.time='30000 s'",
        ]);
        let (measured, error) = mean(&sample(&scenario, 200, "confirm_latency"));
        let expected = 1.0 / x + (60.0 + 0.1) / (z * INTERVAL);
        assert!((measured - expected).abs() < 4.0 * error, "x = {x}: {measured} ± {error}, not {expected}");
        assert!(error < 0.08 / x, "x = {x}: {error} says nothing");
    }
}

/// With two neighbours on either side of the race the heaviest chain decides. Users who poll 30 times per block miss next to
/// no lead: 300 runs, in each of which all such users see the same race; four standard errors of 0.028.
#[test]
fn by_the_heaviest_rule_the_race_decides_for_the_mixed() {
    let (x, z) = (0.4, 2);
    let scenario = eclipse(&[
        "adversary.share=0.4",
        "workload.users=4",
        "workload.neighbours=6",
        "workload.confirmations=2",
        "workload.rule='heaviest'",
        "workload.poll='20 s'",
        "stop.time='9000 s'",
    ]);
    let measured = mean(&sample(&scenario, 300, "confirmed_fake_share")).0;
    let eclipsed = hypergeometric(100, 40, 6, 6);
    let mixed = 1.0 - eclipsed - hypergeometric(100, 60, 6, 6);
    let expected = eclipsed + mixed * overtakes(x, z, 15.0);
    let error = (expected * (1.0 - expected) / 300.0).sqrt();
    assert!((measured - expected).abs() < 4.0 * error, "{measured} instead of {expected} ± {error}");
}

#[test]
fn blocks_that_cost_nothing_deceive_at_once() {
    let scenario =
        scenario(&["adversary.share=1.0", "workload.watch=true", "workload.users=20", "stop.time='3601 s'"]);
    let outcome = sound_run(&scenario.unwrap(), 0);
    assert_eq!(metric(&outcome, "confirmed_fake_share"), Some(1.0));
    // Headers at the first question, the proof at the second: at most two polls of 1,200 s, where six blocks take 3,600 s.
    assert!(metric(&outcome, "confirm_latency").unwrap() < 0.67);
}
