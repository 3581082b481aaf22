//! What circuits cost and what conspiring relays find out, against hand-computed values.

use astrarium_engine::Verdict;
use astrarium_runner::testing::{mean, observed, sample, sound_run, verdict};

use crate::support::{CIRCUIT, scenario};

/// 50 ms a leg. Through three relays: four legs, three layers at the source and one off at each relay. Making the circuit first: six
/// more legs; 360 us of agreements at the source, 60 at each relay, one pass of the cipher for each layer of the answer, on and off.
#[test]
fn a_circuit_of_three_takes_four_legs() {
    let constant = "network.latency={ kind = 'constant', one_way = '50 ms' }";
    let outcome = sound_run(&scenario(CIRCUIT, &[constant]).unwrap(), 0);
    assert!((observed(&outcome, "latency_ms") - 200.006).abs() < 1e-3);
    assert!((observed(&outcome, "first_ms") - 500.552).abs() < 0.02, "{}", observed(&outcome, "first_ms"));
    assert_eq!((observed(&outcome, "delivered"), observed(&outcome, "circuits")), (1.0, 250.0));
    let direct = sound_run(&scenario(CIRCUIT, &[constant, "protocol.hops=0"]).unwrap(), 0);
    assert_eq!((observed(&direct, "latency_ms"), observed(&direct, "circuits")), (50.0, 0.0));
    assert_eq!(observed(&direct, "wire_bytes"), 201.0);
}

/// Half of ten relays: 5·4/(10·9) = 0.222 of the circuits. 40 runs of 250 circuits: the standard error is 0.0042, and four of them are
/// allowed (false alarm 6e-5). Of those circuits nearly all are told; of those named nearly all are right.
#[test]
fn conspiring_relays_name_the_sources_of_circuits_with_both_ends_theirs() {
    let scenario = scenario(CIRCUIT, &["adversary.strategy='correlate'", "adversary.share=0.5"]).unwrap();
    let (both, _) = mean(&sample(&scenario, 40, "both_ends"));
    assert!((both - 2.0 / 9.0).abs() < 4.0 * 0.0042, "{both}");
    let (told, _) = mean(&sample(&scenario, 40, "correlated"));
    assert!(told > 0.9 * both && told <= both, "{told} of {both}");
}

/// One or two relays leave nothing to guess: one is first and last, or the first sees the last.
#[test]
fn short_circuits_need_no_clock() {
    for hops in [1, 2] {
        let hops = format!("protocol.hops={hops}");
        let sets = ["adversary.strategy='correlate'", "adversary.share=0.5", hops.as_str()];
        let outcome = sound_run(&scenario(CIRCUIT, &sets).unwrap(), 0);
        assert_eq!(observed(&outcome, "correlated"), observed(&outcome, "both_ends"), "{hops}");
        assert!(observed(&outcome, "precision") > 0.8);
    }
}

/// With all relays hostile everything is told; with one of ten nothing is, through three.
#[test]
fn the_extremes() {
    let share = |share: &str| {
        let sets = ["adversary.strategy='correlate'", share];
        let scenario = scenario(CIRCUIT, &sets).unwrap();
        sound_run(&scenario, 0)
    };
    let all = share("adversary.share=1.0");
    assert_eq!(observed(&all, "both_ends"), 1.0);
    assert!(observed(&all, "correlated") > 0.95 && observed(&all, "exposed_users") > 0.98);
    let one = share("adversary.share=0.1");
    assert_eq!((observed(&one, "both_ends"), observed(&one, "correlated")), (0.0, 0.0));
}

/// Five relays of ten crash for a while; users find circuits around them.
#[test]
fn users_find_circuits_around_dead_relays() {
    let text = format!(
        "{CIRCUIT}\n[[fault]]\nid = \"dead\"\nkind = \"crash\"\nat = \"30 s\"\nfor = \"30 s\"\nnodes = [0, 1, 2, 3, 4]\n"
    );
    let outcome = sound_run(&scenario(&text, &["protocol.patience='1 s'", "protocol.tries=20"]).unwrap(), 0);
    assert_eq!(verdict(&outcome, "carries-again"), Verdict::Holds);
    assert!((0.6..1.0).contains(&observed(&outcome, "delivered")), "{:?}", outcome.metrics);
}
