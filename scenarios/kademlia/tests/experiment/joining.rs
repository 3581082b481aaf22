//! Joining by seeds that may lie, and by the segment.

use astrarium_runner::testing::observed;

use crate::support::{JOINING, mean, run};

/// 300 joiners × 4 seeds of the run that pick 3 of 50 seeds, 15 of them corrupt: 0.2107 by the hypergeometric law; standard error 0.012 of
/// independent picks: the tolerance is four of them.
#[test]
fn lying_seeds_deceive_those_who_ask_more_liars() {
    let lie = ["adversary.lie='space'", "adversary.share=0.3"];
    let got = mean(JOINING, &lie, 4, "deceived_share");
    assert!((got - 0.2107).abs() < 0.05, "{got}");
    assert_eq!(
        mean(JOINING, &["adversary.share=0.3"], 1, "deceived_share"),
        0.0,
        "corrupt seeds that tell the truth"
    );
    let outcome = run(JOINING, &["adversary.lie='contacts'", "adversary.share=0.3"], 0);
    assert_eq!((observed(&outcome, "deceived_share"), observed(&outcome, "joined_share")), (0.0, 1.0));
    assert!(observed(&outcome, "captured_share") < 0.08, "all three must lie: 0.023");
}

#[test]
fn without_seeds_a_broadcast_reaches_the_segment_and_no_further() {
    let outcome = run(JOINING, &["workload.seeds_up=false", "protocol.segment=5"], 0);
    // 1 − C(299, 4)/C(349, 4) = 0.4628 of 300 joiners, who share segments: five standard errors are 0.18.
    let joined = observed(&outcome, "joined_share");
    assert!((joined - 0.4628).abs() < 0.18, "{joined}");
    assert_eq!(observed(&outcome, "by_segment_share"), joined);
    let deaf = run(JOINING, &["workload.seeds_up=false", "protocol.segment=5", "protocol.probe=false"], 0);
    assert_eq!(observed(&deaf, "joined_share"), 0.0);
}
