//! Strategies on scripted sequences of blocks: what they publish, and what the merchant believes in the end.
//!
//! A script is a string: at the k-th second `A` lets the coalition find a block, `H` an honest miner. Each strategy is wrapped into a
//! coalition that also holds the honest miner, whose honest handler it runs untouched but for the moment of finding.

use std::collections::BTreeMap;
use std::path::Path;

use astrarium_engine::{Adversary, Builder, Hands, Input, Observer};
use astrarium_node::{NodeId, Seed, Span, Time};
use astrarium_protocol_nakamoto::{BlockId, Message, Participant, Timer};
use astrarium_runner::{Files, LoadOptions, Params, Registry, Scenario, Vocabulary};

use super::race::Endurance;
use super::{DoubleSpend, Reorg, SelfishMining, Strategy};
use crate::Nakamoto;
use crate::world::World;

const MERCHANT: NodeId = NodeId(0);
const MINER: NodeId = NodeId(1);
const COALITION: NodeId = NodeId(2);

/// Three nodes, each connected to each; the coalition's own search takes for ever.
fn parameters(adversary: &str) -> Params {
    let text = format!(
        "name = 'script'\nsystem = 'nakamoto'\nabout = 'test'\nstop = {{ time = '1 h' }}\n\
         [network]\nnodes = 3\nlatency = {{ kind = 'constant', one_way = '1 us' }}\n\
         [protocol]\nblock_interval = '600 s'\nblock_size = '1 kB'\nrelay = 'push'\nretarget = {{ kind = 'never' }}\n\
         [adversary]\nshare = 1e-12\n{adversary}\n"
    );
    let mut registry = Registry::new();
    registry.register(Nakamoto::new());
    let (files, options) = (Files::default(), LoadOptions::default());
    let path = Path::new("script.toml");
    match Scenario::from_text(&text, path, files, &registry, Vocabulary { theories: &[] }, &options) {
        Ok(scenario) => scenario.points[0].params.clone(),
        Err(why) => panic!("{why}"),
    }
}

/// A strategy under the hand of a script.
#[derive(Clone)]
struct Scripted<S> {
    strategy: S,
    script: Vec<u8>,
    /// Number of blocks that the coalition has found; also the token of its pending search, as each search ends in a find.
    found: u32,
}

impl<S> Scripted<S> {
    /// Tokens of the script: below the strategies' alarms, above any number of searches here.
    const STEP: u32 = 1 << 20;
}

impl<S: Strategy> Adversary<Participant> for Scripted<S> {
    const DELAYS: bool = S::DELAYS;

    fn nodes(&self) -> Vec<NodeId> {
        [self.strategy.nodes(), vec![MINER]].concat()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Participant>) {
        self.strategy.on_begin(hands);
        for step in 0..self.script.len() as u32 {
            hands.wake(Span::from_secs(u64::from(step) + 1), Self::STEP + step);
        }
    }

    fn on_input(&mut self, node: NodeId, input: Input<Participant>, hands: &mut Hands<'_, Participant>) {
        match node {
            // Its own search would take for ever, too, but not as surely.
            MINER if matches!(input, Input::Timer(Timer::Mine)) => {}
            MINER => hands.honest(node, input),
            _ => self.strategy.on_input(node, input, hands),
        }
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Participant>) {
        match token.checked_sub(Self::STEP).and_then(|step| self.script.get(step as usize)) {
            Some(b'H') => hands.honest(MINER, Input::Timer(Timer::Mine)),
            Some(_) => {
                self.found += 1;
                self.strategy.on_wake(self.found, hands);
            }
            None => self.strategy.on_wake(token, hands),
        }
    }

    fn finished(&self) -> bool {
        self.strategy.finished()
    }
}

/// Notes the heights of the blocks that the coalition sends, by the second in which it does.
#[derive(Clone, Default)]
struct Published {
    heights: BTreeMap<BlockId, u32>,
    log: Vec<(u64, u32)>,
}

impl Observer<Participant> for Published {
    fn on_send(&mut self, from: NodeId, message: &Message, _: usize, now: Time) {
        let Message::Block(block) = message else { return };
        // The coalition's blocks come in order, and honest ones are sent by their miner first.
        let height = self.heights.get(&block.header().previous).copied().unwrap_or(0) + 1;
        self.heights.insert(block.id(), height);
        if from == COALITION && block.miner() == Some(COALITION) {
            self.log.push((now.as_nanos() / 1_000_000_000, height));
        }
    }

    fn merge(&mut self, other: Self) {
        self.heights.extend(other.heights);
        self.log.extend(other.log);
    }
}

/// (second, height) of each block that the coalition is to publish.
type Log<'a> = &'a [(u64, u32)];

/// What a script led to.
struct Played {
    /// (second, height) of each block that the coalition published.
    published: Vec<(u64, u32)>,
    /// Miners of the merchant's best chain: `a` for the coalition, `h` for the honest one.
    chain: String,
    metrics: Vec<(&'static str, f64)>,
}

impl Played {
    fn metric(&self, name: &str) -> f64 {
        self.metrics.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no {name}")).1
    }
}

fn play<S: Strategy>(make: fn(&Params, &World) -> S, adversary: &str, script: &str) -> Played {
    let params = parameters(adversary);
    let world = World::new(&params, &Files::default(), Seed(1)).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!((world.merchant, &world.coalition[..]), (MERCHANT, &[COALITION][..]));
    let strategy = make(&params, &world);
    let observer = (Published::default(), strategy.watch());
    let scripted = Scripted { strategy, script: script.bytes().collect(), found: 0 };
    let mut simulation = Builder::new(3, world.seed, world.network.clone(), world.factory())
        .adversary(scripted, Span::ZERO, 0)
        .observer(observer)
        .build();
    simulation.run_until(Time::from_nanos((script.len() as u64 + 1) * 1_000_000_000));
    let mut metrics = Vec::new();
    let (published, watch) = simulation.observer();
    simulation.adversary().strategy.report(watch, &simulation.sight(), &mut metrics);
    let merchant = simulation.node(MERCHANT).full().unwrap_or_else(|| panic!("the merchant is a full node"));
    assert_eq!(merchant.rejected(), 0, "the coalition sends legal messages only");
    let miner = |by| if by == Some(COALITION) { 'a' } else { 'h' };
    let chain = merchant.chain().blocks_above(0).map(|block| miner(block.miner())).collect();
    Played { published: published.log.clone(), chain, metrics }
}

#[test]
fn selfish_mining_is_the_machine_of_eyal_and_sirer() {
    let cases: &[(&str, Log<'_>, &str)] = &[
        // Lead 0: others' blocks are taken over, own ones kept.
        ("H", &[], "h"),
        ("A", &[], ""),
        ("HA", &[], "h"),
        // Lead 1: a tie, which the network saw the other way round.
        ("AH", &[(2, 1)], "h"),
        // 0': won, or lost.
        ("AHA", &[(2, 1), (3, 2)], "aa"),
        ("AHH", &[(2, 1)], "hh"),
        ("AHHA", &[(2, 1)], "hh"),
        ("AHAH", &[(2, 1), (3, 2)], "aah"),
        // Lead 2: all or nothing.
        ("AAH", &[(3, 1), (3, 2)], "aa"),
        ("AAHA", &[(3, 1), (3, 2)], "aa"),
        // More: one by one, until the lead is 2.
        ("AAAH", &[(4, 1)], "h"),
        ("AAAHH", &[(4, 1), (5, 2), (5, 3)], "aaa"),
        ("AAAAHHH", &[(5, 1), (6, 2), (7, 3), (7, 4)], "aaaa"),
        ("AAAHAHH", &[(4, 1), (6, 2), (7, 3), (7, 4)], "aaaa"),
    ];
    for (script, published, chain) in cases {
        let played = play(SelfishMining::from_params, "strategy = 'selfish-mining'", script);
        assert_eq!((&played.published[..], played.chain.as_str()), (*published, *chain), "{script}");
    }
    // Eleven blocks on the merchant's chain, the last of which is not settled.
    let played = play(SelfishMining::from_params, "strategy = 'selfish-mining'", "AAHHHHHHHHHH");
    assert_eq!((played.chain.as_str(), played.metric("revenue_share")), ("aahhhhhhhhh", 0.2));
}

#[test]
fn a_double_spend_strikes_after_the_goods_are_out_and_when_longer() {
    let one = "strategy = 'double-spend'\nconfirmations = 1\ngive_up = 0.0";
    let two = "strategy = 'double-spend'\nconfirmations = 2\ngive_up = 0.0";
    let level = "strategy = 'double-spend'\nconfirmations = 1\npremined = 0\ngive_up = 0.0";
    let late = "strategy = 'double-spend'\nconfirmations = 1\npatience = '1500 ms'\ngive_up = 0.0";
    type Case<'a> = (&'a str, &'a str, Log<'a>, &'a str, bool, bool);
    let cases: &[Case<'_>] = &[
        // Without a block in advance nothing is paid, and the public chain is followed.
        (one, "HHH", &[], "hhh", false, false),
        // Paid, but not confirmed: nothing comes out, however long the branch.
        (one, "AAA", &[], "", false, false),
        // Level is not longer.
        (one, "AH", &[], "h", true, false),
        (one, "AHA", &[(3, 1), (3, 2)], "aa", true, true),
        (one, "HAHA", &[(4, 2), (4, 3)], "haa", true, true),
        (one, "AAH", &[(3, 1), (3, 2)], "aa", true, true),
        (two, "AAH", &[], "h", false, false),
        (two, "AAHH", &[], "hh", true, false),
        (two, "AAHHA", &[(5, 1), (5, 2), (5, 3)], "aaa", true, true),
        (level, "AH", &[], "h", true, false),
        (level, "HA", &[], "h", true, false),
        (level, "HAA", &[(3, 1), (3, 2)], "aa", true, true),
        // Confirmed in the third second, patient until the middle of the fourth.
        (late, "AAH", &[], "h", true, false),
        // The second block already turns the merchant, and the run ends.
        (late, "AAHA", &[(4, 1), (4, 2), (4, 3)], "aa", true, true),
    ];
    for (adversary, script, published, chain, released, success) in cases {
        let played = play(DoubleSpend::from_params, adversary, script);
        assert_eq!(
            (&played.published[..], played.chain.as_str()),
            (*published, *chain),
            "{script} {adversary}"
        );
        let flag = |name| played.metric(name) == 1.0;
        assert_eq!(
            (flag("goods_released"), flag("attack_success")),
            (*released, *success),
            "{script} {adversary}"
        );
        assert_eq!(flag("attack_undecided"), !success, "{script} {adversary}");
    }
}

#[test]
fn a_reorganisation_waits_for_its_depth_and_stops_at_its_horizon() {
    let two = "strategy = 'reorg'\ndepth = 2\ngive_up = 0.0";
    let near = "strategy = 'reorg'\ndepth = 1\nhorizon = 2\ngive_up = 0.0";
    let cases: &[(&str, &str, Log<'_>, &str, bool)] = &[
        (two, "AAH", &[], "h", false),
        (two, "AAHH", &[], "hh", false),
        (two, "AAAHH", &[(5, 1), (5, 2), (5, 3)], "aaa", true),
        (two, "HHAAA", &[(5, 1), (5, 2), (5, 3)], "aaa", true),
        (near, "HHAAA", &[(5, 1), (5, 2), (5, 3)], "aaa", true),
        (near, "HHHAAAA", &[], "hhh", false),
    ];
    for (adversary, script, published, chain, success) in cases {
        let played = play(Reorg::from_params, adversary, script);
        assert_eq!(
            (&played.published[..], played.chain.as_str()),
            (*published, *chain),
            "{script} {adversary}"
        );
        assert_eq!(played.metric("attack_success") == 1.0, *success, "{script} {adversary}");
    }
    let deep = play(Reorg::from_params, two, "AAAHH");
    // The miner belongs to the script here, so the merchant is the only honest node.
    assert_eq!(deep.metric("reorg_depth"), 2.0);
}

/// Least d with (q/p)^(d+1) ≤ chance, from python: `next(d for d in range(10**4) if (q/(1-q))**(d+1) <= chance)`.
#[test]
fn the_coalition_gives_up_at_the_deficit_of_the_gamblers_ruin() {
    for (share, chance, limit, deficit) in [
        (0.05, 1e-6, 1_000, 4),
        (0.3, 1e-6, 1_000, 16),
        (0.45, 1e-6, 1_000, 68),
        (0.45, 1e-6, 50, 50),
        (0.5, 1e-6, 300, 300),
        (0.7, 1e-6, 300, 300),
        (1.0, 1e-6, 300, 300),
        (0.3, 0.0, 300, 300),
    ] {
        let endurance = Endurance::new(share, chance, limit);
        assert!(endurance.is_lost(-deficit), "q {share}");
        assert!(!endurance.is_lost(1 - deficit), "q {share}");
        assert!(!endurance.is_lost(0));
    }
}
