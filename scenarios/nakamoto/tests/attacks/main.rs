//! Attacks end to end: success in the instant network against the closed form, computed here another way; and that a run under
//! attack is a function of its input, that bad input is refused, that honest code knows nothing.

#[allow(dead_code, reason = "shared with the tests of honest runs, which use more of it")]
#[path = "../honest/support.rs"]
mod support;

use std::path::{Path, PathBuf};

use astrarium_engine::{QueueKind, RunOptions};
use astrarium_runner::testing::{self, observed, run};
use astrarium_runner::{Outcome, Scenario};
use support::{lab, scenario};

/// A scenario in the instant network: nodes, topology and adversary as given.
fn instant(stop: &str, network: &str, protocol: &str, adversary: &str, replicas: u64) -> Scenario {
    scenario(
        &format!(
            "name = 'test'\nsystem = 'nakamoto'\nabout = 'test'\nseed = 11\nreplicas = {replicas}\nstop = {{ {stop} }}\n\
             [network]\n{network}\nlatency = {{ kind = 'constant', one_way = '1 us' }}\n\
             [protocol]\nblock_size = '1 kB'\nrelay = 'push'\nretarget = {{ kind = 'never' }}\n{protocol}\n\
             [adversary]\n{adversary}\n"
        ),
        None,
    )
}

fn race(adversary: &str, replicas: u64) -> Scenario {
    instant("time = '36500 d'", "nodes = 4", "", adversary, replicas)
}

fn outcomes(scenario: &Scenario) -> Vec<Outcome> {
    let params = &scenario.points[0].params;
    (0..scenario.replicas).map(|replica| run(scenario, params, replica, RunOptions::default())).collect()
}

fn mean(outcomes: &[Outcome], name: &str) -> f64 {
    outcomes.iter().map(|outcome| observed(outcome, name)).sum::<f64>() / outcomes.len() as f64
}

/// Success of a race by dynamic programming over (public, private) length: one random step at a time, from `ahead` private blocks,
/// won when strictly longer with at least `depth` public blocks, lost 60 blocks behind.
fn race_by_steps(q: f64, depth: usize, ahead: usize) -> f64 {
    const SPAN: usize = 3_000;
    // now[private] after some number of blocks in all; the public length is what remains.
    let mut now = vec![0.0; SPAN + 2];
    now[ahead] = 1.0;
    let mut won = 0.0;
    for total in ahead..SPAN {
        let mut next = vec![0.0; SPAN + 2];
        for private in ahead..=total {
            let public = total - private;
            let here = now[private];
            if public >= depth && private > public {
                won += here;
            } else if public < private + 60 {
                next[private + 1] += q * here;
                next[private] += (1.0 - q) * here;
            }
        }
        now = next;
    }
    won
}

/// Four standard errors: one alarm in 16,000 for each of the five points.
#[test]
fn races_succeed_as_often_as_a_random_walk() {
    let n = 1_200;
    let cases = [
        ("strategy = 'double-spend'\nshare = 0.2\nconfirmations = 2", race_by_steps(0.2, 2, 1)),
        ("strategy = 'double-spend'\nshare = 0.35\nconfirmations = 3", race_by_steps(0.35, 3, 1)),
        ("strategy = 'double-spend'\nshare = 0.3\nconfirmations = 1\npremined = 0", race_by_steps(0.3, 1, 0)),
        ("strategy = 'reorg'\nshare = 0.35\ndepth = 2", race_by_steps(0.35, 2, 0)),
    ];
    for (adversary, want) in cases {
        let outcomes = outcomes(&race(adversary, n));
        let got = mean(&outcomes, "attack_success");
        let error = (want * (1.0 - want) / n as f64).sqrt();
        assert!((got - want).abs() < 4.0 * error, "{adversary}: {got} instead of {want} ± {error}");
        assert_eq!(mean(&outcomes, "attack_undecided"), 0.0);
    }
    // Rosenfeld 2014, table 1, against a slip in the walk itself: q = 0.2, z = 2.
    assert!((race_by_steps(0.2, 2, 1) - 0.208).abs() < 1e-9);
}

#[test]
fn a_majority_always_wins() {
    for adversary in [
        "strategy = 'double-spend'\nshare = 0.65\nconfirmations = 6",
        "strategy = 'reorg'\nshare = 0.65\ndepth = 6",
    ] {
        assert_eq!(mean(&outcomes(&race(adversary, 60)), "attack_success"), 1.0, "{adversary}");
    }
}

/// Relative revenue by playing the state machine of Eyal and Sirer with a small generator of its own (xorshift64*), two million blocks:
/// standard error about 0.0005.
fn revenue_by_play(alpha: f64, gamma: f64) -> f64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut unit = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (mut lead, mut tie, mut pool, mut others) = (0_u64, false, 0_u64, 0_u64);
    for _ in 0..2_000_000 {
        let ours = unit() < alpha;
        match (tie, ours, lead) {
            (true, true, _) => (pool, tie) = (pool + 2, false),
            (true, false, _) => {
                let on_ours = unit() < gamma;
                (pool, others) = if on_ours { (pool + 1, others + 1) } else { (pool, others + 2) };
                tie = false;
            }
            (false, true, _) => lead += 1,
            (false, false, 0) => others += 1,
            (false, false, 1) => (lead, tie) = (0, true),
            (false, false, 2) => (pool, lead) = (pool + 2, 0),
            (false, false, _) => (pool, lead) = (pool + 1, lead - 1),
        }
    }
    pool as f64 / (pool + others) as f64
}

/// 20 runs of 800 blocks each; four standard errors, estimated from the runs with 19 degrees of freedom: one alarm in 1,300 per point.
#[test]
fn selfish_mining_earns_what_its_state_machine_earns() {
    for (share, tie_share) in [(0.2, 0.0), (0.35, 0.5)] {
        let adversary =
            format!("strategy = 'selfish-mining'\nshare = {share}\ntie_share = {tie_share}\ndelta = '10 us'");
        let network = "nodes = 10\ntopology = { kind = 'star' }";
        let outcomes = outcomes(&instant("blocks = 800", network, "miners = 8", &adversary, 20));
        let (got, want) = (mean(&outcomes, "revenue_share"), revenue_by_play(share, tie_share));
        let off = |outcome| observed(outcome, "revenue_share") - got;
        let spread: f64 = outcomes.iter().map(|outcome| off(outcome) * off(outcome)).sum();
        let error = (spread / 19.0 / 20.0).sqrt();
        assert!(
            (got - want).abs() < 4.0 * error,
            "α {share} γ {tie_share}: {got} ± {error} instead of {want}"
        );
        assert!(error < 0.01, "{error}");
        // Eight equal miners: half of them are exactly four.
        assert!((mean(&outcomes, "gamma_measured") - tie_share).abs() < 1e-9);
    }
}

#[test]
fn queues_and_snapshots_change_nothing_under_attack() {
    let real = "nodes = 20\ntopology = { kind = 'random', degree = 3 }\nlatency = { kind = 'regions', table = 'bitcoin-2019' }";
    for adversary in [
        "strategy = 'double-spend'\nshare = 0.4\nconfirmations = 3\npatience = '1 s'\nnodes = 2",
        "strategy = 'reorg'\nshare = 0.45\ndepth = 3",
        "strategy = 'selfish-mining'\nshare = 0.4",
        "strategy = 'selfish-mining'\nshare = 0.4\ntie_share = 0.5\ndelta = '1 s'",
    ] {
        let text = format!(
            "name = 'test'\nsystem = 'nakamoto'\nabout = 'test'\nstop = {{ blocks = 60 }}\n[network]\n{real}\n\
             [protocol]\nblock_interval = '5 s'\nblock_size = '2 kB'\n[adversary]\n{adversary}\n"
        );
        let scenario = scenario(&text, None);
        let once = |options| run(&scenario, &scenario.points[0].params, 0, options);
        let plain = once(RunOptions::default());
        assert!(plain.events > 500, "{adversary}: {} events", plain.events);
        assert!(plain.findings.iter().all(|finding| finding.verdict.is_tolerable()), "{:?}", plain.findings);
        for queue in QueueKind::CONCRETE {
            let other =
                once(RunOptions { queue, snapshot_at: Some(plain.events / 2), ..RunOptions::default() });
            assert_eq!(
                (other.digest, &other.metrics),
                (plain.digest, &plain.metrics),
                "{adversary} {queue:?}"
            );
        }
    }
}

/// The complaint of the loader about a scenario with this adversary.
fn refusal(adversary: &str) -> String {
    let text = format!(
        "name = 'test'\nsystem = 'nakamoto'\nabout = 'test'\nstop = {{ blocks = 9 }}\n[network]\nnodes = 4\n\
         [adversary]\n{adversary}\n"
    );
    lab().scenario(&text, None, &[]).err().unwrap_or_else(|| panic!("accepted: {adversary}"))
}

#[test]
fn impossible_attacks_are_refused_with_the_key_to_blame() {
    for (adversary, key, problem) in [
        ("strategy = 'double-spend'\nshare = 0.0", "adversary.share", "needs hash power"),
        ("strategy = 'reorg'\nshare = 0.3\ndepth = 9\nhorizon = 8", "adversary.horizon", "before the 9"),
        (
            "strategy = 'selfish-mining'\nshare = 0.3\ntie_share = 0.5\ndelta = '0 s'",
            "adversary.delta",
            "without delaying",
        ),
        (
            "strategy = 'selfish-mining'\nshare = 0.3\ntie_share = 0.5\nreach = 'peers'",
            "adversary.reach",
            "does not reach",
        ),
        ("strategy = 'reorg'\nshare = 0.3\nnodes = 4", "adversary.nodes", "nobody is left"),
    ] {
        let why = refusal(adversary);
        assert!(why.contains(&format!("({key})")) && why.contains(problem) && why.contains("help"), "{why}");
    }
}

#[test]
fn shipped_attacks_resolve_in_every_size_and_run_in_smoke_size() {
    for (text, expected) in [
        (include_str!("../../double-spend.toml"), "attack_success"),
        (include_str!("../../double-spend-real.toml"), "goods_released"),
        (include_str!("../../fifty-one.toml"), "attack_success"),
        (include_str!("../../selfish-mining.toml"), "revenue_share"),
        (include_str!("../../selfish-mining-real.toml"), "gamma_measured"),
    ] {
        for size in [None, Some("full")] {
            assert!(scenario(text, size).runs() > 0);
        }
        let scenario = scenario(text, Some("smoke"));
        for point in &scenario.points {
            for replica in 0..scenario.replicas.min(5) {
                let outcome = run(&scenario, &point.params, replica, RunOptions::default());
                assert!(outcome.findings.iter().all(|f| f.verdict.is_tolerable()), "{:?}", outcome.findings);
                let declared = |name| scenario.system().metric(name).is_some();
                assert!(outcome.metrics.iter().all(|(name, value)| declared(name) && value.is_finite()));
                assert!(testing::metric(&outcome, expected).is_some(), "{expected}");
            }
        }
    }
}

/// The protocol's code, comments left out, has no word for what strategies do, and its crate does not depend on what could tell.
#[test]
fn honest_code_is_unaware_of_attacks() {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocols/nakamoto");
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(protocol.join("src")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    assert!(files.len() > 10);
    for path in files {
        for line in read(path.clone()).lines().filter(|line| !line.trim_start().starts_with("//")) {
            let line = line.to_lowercase();
            for word in ["adversar", "attack", "byzantine", "malicious", "selfish", "coalition", "corrupt"] {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    }
    let manifest = read(protocol.join("Cargo.toml"));
    assert!(!manifest.contains("astrarium-engine") && !manifest.contains("astrarium-net"));
}
