//! Each oracle is shown what it must catch, and the same without the fault.

use astrarium_engine::Verdict;
use astrarium_node::Span;
use astrarium_protocol_nakamoto::{Block, Body, Config, Tx};

use super::*;

fn at(s: u64) -> Time {
    Time::ZERO + Span::from_secs(s)
}

fn fault(id: &str, until: Option<u64>, action: FaultAction) -> Fault {
    Fault { id: id.to_owned(), at: at(0), until: until.map(at), action }
}

fn partition(id: &str, marks: &[u8]) -> Fault {
    fault(id, Some(100), FaultAction::Disturb(Disturbance::Partition { marks: marks.into() }))
}

fn crash(id: &str, until: Option<u64>) -> Fault {
    fault(id, until, FaultAction::Crash { nodes: [NodeId(1)].into(), keep_state: true })
}

/// Oracles of three honest nodes, as in a run with this plan.
fn oracles(plan: &[Fault]) -> Oracles {
    Oracles {
        valid: Always::new("valid-chain"),
        examined: vec![true],
        spenders: BTreeMap::new(),
        agreement: Some((Always::new("agreement"), 3)),
        mined: Sometimes::new("mined"),
        forked: Some(Sometimes::new("forked")),
        partitions: Partitions::new(plan),
        convergence: (!plan.is_empty())
            .then(|| Convergence::new(AfterHeal::new("convergence", Span::from_secs(10)), plan, 3)),
    }
}

fn verdict(oracles: &Oracles, name: &str, end: u64) -> Verdict {
    let findings = oracles.findings(at(end));
    findings.iter().find(|f| f.oracle == name).unwrap_or_else(|| panic!("no {name}")).verdict.clone()
}

fn violated(verdict: &Verdict, words: &str) -> bool {
    matches!(verdict, Verdict::Violated { witness } if witness.contains(words))
}

fn pay(coin: u32, memo: u64) -> Arc<Tx> {
    Arc::new(Tx::new(vec![OutPoint::genesis(coin)], 1, memo, 0, 0))
}

/// Files a block with these transactions after `parent`.
fn block(blocks: &mut Blocks, parent: Number, transactions: Vec<Arc<Tx>>) -> Number {
    let previous = blocks.get(parent).block.clone();
    let body = Body { miner: 0, extra: blocks.len() as u64, padding: 0, transactions };
    let block = Block::assemble(previous.id(), 1, previous.header().bits, 0, body);
    blocks.add(&Arc::new(block)).unwrap()
}

fn blocks() -> Blocks {
    Blocks::new(Block::genesis(&Config::default()))
}

#[test]
fn a_coin_spent_twice_on_one_chain_is_caught_and_on_two_chains_is_not() {
    let mut blocks = blocks();
    let a = block(&mut blocks, 0, vec![pay(1, 0)]);
    let rival = block(&mut blocks, 0, vec![pay(1, 1)]);
    let b = block(&mut blocks, a, vec![pay(2, 0)]);
    let c = block(&mut blocks, b, vec![pay(1, 2)]);
    let mut oracles = oracles(&[]);
    for (tip, height) in [(a, 1), (rival, 1), (b, 2)] {
        oracles.tip(NodeId(0), tip, height, 0, &blocks, at(1));
    }
    assert_eq!(verdict(&oracles, "valid-chain", 1), Verdict::Holds);
    oracles.tip(NodeId(2), c, 3, 0, &blocks, at(7));
    let verdict = verdict(&oracles, "valid-chain", 9);
    assert!(violated(&verdict, "spends coin 1") && violated(&verdict, "at 7"), "{verdict:?}");
    assert!(violated(&verdict, "node 2"));
}

#[test]
fn a_body_that_the_header_does_not_commit_to_is_caught_below_a_tip() {
    let mut blocks = blocks();
    let number = block(&mut blocks, 0, vec![]);
    let honest = blocks.get(number).block.clone();
    let mut blocks = self::blocks();
    let forged = blocks.add(&Arc::new(Block::new(*honest.header(), Body::default()))).unwrap();
    let tip = block(&mut blocks, forged, vec![]);
    let mut oracles = oracles(&[]);
    oracles.tip(NodeId(0), tip, 2, 0, &blocks, at(1));
    assert!(violated(&verdict(&oracles, "valid-chain", 1), "does not commit"));
}

#[test]
fn a_false_height_and_a_deep_reorganisation_are_caught() {
    let mut blocks = blocks();
    let tip = block(&mut blocks, 0, vec![]);
    let mut good = oracles(&[]);
    good.tip(NodeId(0), tip, 1, 2, &blocks, at(1));
    assert_eq!(
        (verdict(&good, "valid-chain", 1), verdict(&good, "agreement", 1)),
        (Verdict::Holds, Verdict::Holds)
    );
    let level = good.findings(at(1)).iter().find(|f| f.oracle == "agreement").and_then(|f| f.level);
    assert_eq!(level, Some(2.0 / 3.0));
    let mut bad = oracles(&[]);
    bad.tip(NodeId(0), tip, 2, 3, &blocks, at(1));
    assert!(violated(&verdict(&bad, "valid-chain", 1), "height 2, not 1"));
    assert!(violated(&verdict(&bad, "agreement", 1), "gave up 3 blocks"));
}

#[test]
fn nothing_found_and_no_fork_prove_nothing() {
    let mut oracles = oracles(&[]);
    assert!(!verdict(&oracles, "mined", 1).is_tolerable());
    oracles.mined(NodeId(0), 0, at(1));
    assert_eq!(verdict(&oracles, "mined", 1), Verdict::Holds);
    assert!(!verdict(&oracles, "forked", 1).is_tolerable());
    oracles.mined(NodeId(1), 1, at(2));
    assert_eq!(verdict(&oracles, "forked", 2), Verdict::Holds);
}

#[test]
fn every_side_must_find_a_block_while_the_partition_lasts() {
    let mut oracles = oracles(&[partition("cut", &[0, 0, 1])]);
    oracles.mined(NodeId(2), 0, at(1));
    oracles.fault("cut", true, at(2));
    oracles.mined(NodeId(0), 0, at(3));
    oracles.mined(NodeId(1), 0, at(4));
    assert!(!verdict(&oracles, "sides-grew", 5).is_tolerable());
    let mut healed = oracles.clone();
    healed.fault("cut", false, at(5));
    (0..3).for_each(|node| healed.mined(NodeId(node), 0, at(6)));
    assert!(!verdict(&healed, "sides-grew", 6).is_tolerable(), "after the partition is too late");
    oracles.mined(NodeId(2), 0, at(5));
    assert_eq!(verdict(&oracles, "sides-grew", 5), Verdict::Holds);
}

#[test]
fn convergence_is_agreement_of_all_that_are_up_after_the_last_fault() {
    let mut blocks = blocks();
    let (a, b) = (block(&mut blocks, 0, vec![]), block(&mut blocks, 0, vec![pay(1, 0)]));
    let plan = [partition("cut", &[0, 0, 1]), crash("crash", Some(50)), crash("stop", None)];
    let mut oracles = oracles(&plan);
    for (node, tip) in [(0, a), (1, a), (2, b)] {
        oracles.tip(NodeId(node), tip, 1, 0, &blocks, at(1));
    }
    oracles.fault("stop", true, at(2));
    oracles.fault("cut", false, at(3));
    assert!(matches!(verdict(&oracles, "convergence", 99), Verdict::Unknown { .. }), "one fault is left");
    oracles.fault("crash", false, at(20));
    assert!(violated(&verdict(&oracles, "convergence", 99), "not reached"));
    oracles.life(NodeId(2), false, b, at(25));
    assert_eq!(verdict(&oracles, "convergence", 99), Verdict::Holds, "who is down does not count");
    assert_eq!(oracles.heal_ns(), Some(5_000_000_000));
}

#[test]
fn agreement_that_comes_too_late_is_caught() {
    let mut blocks = blocks();
    let (a, b) = (block(&mut blocks, 0, vec![]), block(&mut blocks, 0, vec![pay(1, 0)]));
    let mut oracles = oracles(&[partition("cut", &[0, 0, 1])]);
    oracles.tip(NodeId(0), a, 1, 0, &blocks, at(1));
    oracles.fault("cut", false, at(3));
    for node in 0..3 {
        oracles.tip(NodeId(node), b, 1, 0, &blocks, at(13 + u64::from(node)));
    }
    assert!(violated(&verdict(&oracles, "convergence", 99), "12 s after healing"));
}
