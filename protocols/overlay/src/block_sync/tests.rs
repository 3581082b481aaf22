//! Nodes with chains, driven by hand.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time};
use astrarium_protocol_transport::datagram::Udp;
use proptest::prelude::*;

use super::*;
use crate::gossip::{Item, ItemId, Peers};

type Node = Stack<BlockSync<BlankBlock>, Udp<Message<BlankBlock>>>;

fn secs(s: u64) -> Time {
    Time::ZERO + Span::from_secs(s)
}

/// Blocks `1..=common` of salt 0, then up to `height` of another salt.
fn chain(common: u64, height: u64, salt: u32) -> Chain<BlankBlock> {
    let mut chain = Chain::new(BlankBlock::GENESIS);
    for h in 1..=height {
        let salt = if h <= common { 0 } else { salt };
        assert!(chain.append(BlankBlock::new(chain.top().id, h, 1, 1000, salt)));
    }
    chain
}

/// Everybody knows everybody; messages take 50 ms.
fn cluster(config: Config, chains: Vec<Chain<BlankBlock>>) -> Cluster<Node> {
    assert_eq!(config.validate(), Ok(()));
    let (config, n) = (Arc::new(config), chains.len() as u32);
    let node =
        |chain| Stack::new(BlockSync::new(Arc::clone(&config), Peers::everybody(n), chain), Udp::new());
    Cluster::start(chains.into_iter().map(node).collect(), Span::from_millis(50), Seed(3))
}

fn sync(cluster: &Cluster<Node>, node: u32) -> &BlockSync<BlankBlock> {
    &cluster.node(NodeId(node)).upper
}

fn height(cluster: &Cluster<Node>, node: u32) -> u64 {
    sync(cluster, node).chain().height()
}

const LITERAL: fn() -> Config = || Config { eager: false, patience: None, ..Config::default() };

/// 160 blocks in ten answers: one look each, or one after the other at once.
#[test]
fn a_joiner_catches_up_by_ranges() {
    for (eager, least, most) in [(false, 27, 27 + 6), (true, 0, 8)] {
        let config = Config { eager, ..Config::default() };
        let mut cluster = cluster(config, vec![chain(160, 160, 0), chain(0, 0, 0)]);
        cluster.run_until(secs(60));
        assert_eq!(sync(&cluster, 1).chain().top(), sync(&cluster, 0).chain().top());
        assert_eq!((sync(&cluster, 1).stats().asked, sync(&cluster, 1).stats().fetched), (10, 160));
        let last = cluster.indications.last().unwrap().0;
        assert!(last >= secs(least) && last <= secs(most), "eager = {eager}: {last}");
        assert!(cluster.sent.iter().all(|(_, _, _, m)| !matches!(m, Message::Blocks(b) if b.len() > 16)));
    }
}

/// The other branch parts 40 blocks below our top and is longer: steps of 16, 32 back, then forward.
#[test]
fn a_heavier_branch_takes_the_place_of_ours() {
    let mut cluster = cluster(Config::default(), vec![chain(100, 150, 1), chain(100, 140, 2)]);
    cluster.run_until(secs(30));
    assert_eq!(sync(&cluster, 1).chain().top(), sync(&cluster, 0).chain().top());
    assert_eq!((sync(&cluster, 1).stats().given_up, sync(&cluster, 1).stats().fetched), (40, 50));
    assert_eq!(sync(&cluster, 0).stats().fetched, 0, "who has the heavier chain keeps it");
    let commons: Vec<u64> =
        cluster.indications.iter().map(|(_, _, Event::Advanced { common, .. })| *common).collect();
    assert_eq!(commons[0], 100, "they part at height 100");
}

#[test]
fn a_branch_of_another_genesis_or_too_long_is_refused() {
    let mut other = Chain::new(ItemId(77));
    for h in 1..=50 {
        assert!(other.append(BlankBlock::new(other.top().id, h, 1, 1000, 9)));
    }
    let mut cluster_ = cluster(Config::default(), vec![other, chain(20, 20, 0)]);
    cluster_.run_until(secs(30));
    assert_eq!(
        (height(&cluster_, 1), sync(&cluster_, 1).stats().forged),
        (20, 1),
        "a lie is enough to be ignored"
    );
    let config = Config { branch: 32, ..Config::default() };
    let mut cluster_ = cluster(config, vec![chain(10, 150, 1), chain(10, 140, 2)]);
    cluster_.run_until(secs(60));
    assert_eq!(height(&cluster_, 1), 140);
    assert!(sync(&cluster_, 1).stats().useless > 0);
}

/// Node 2 claims everything and delivers nothing; node 0 delivers.
fn with_silent_claimer(config: Config, until: u64) -> Cluster<Node> {
    let mut cluster = cluster(config, vec![chain(64, 64, 0), chain(0, 0, 0), chain(64, 64, 0)]);
    cluster.filter(|_, from, _, _| from != NodeId(2));
    for s in 0..until {
        cluster.run_until(secs(s));
        let top = Top { id: ItemId(5), height: 1 << 40, weight: 1 << 40 };
        cluster.deliver(NodeId(2), NodeId(1), Message::Top(top));
    }
    cluster
}

/// Four ranges: each look asks the claimer first and loses 5 s, so that a range takes two looks instead of one.
#[test]
fn a_silent_claimer_costs_a_timeout_at_each_look() {
    let cluster = with_silent_claimer(LITERAL(), 40);
    assert_eq!(height(&cluster, 1), 64);
    let times: Vec<Time> = cluster.indications.iter().map(|(at, ..)| *at).collect();
    let gaps: Vec<Span> = times.windows(2).map(|w| w[1].since(w[0])).collect();
    assert_eq!(gaps, vec![Span::from_secs(6); 3]);
    assert!(sync(&cluster, 1).stats().overdue >= 4);
}

#[test]
fn patience_ends_after_as_many_failures() {
    let config = Config { eager: false, patience: Some(2), ..Config::default() };
    let cluster = with_silent_claimer(config, 100);
    assert_eq!((height(&cluster, 1), sync(&cluster, 1).stats().overdue), (64, 3));
    assert!(sync(&cluster, 1).stats().foreign > 50, "its further claims are dropped");
}

#[test]
fn a_liar_is_found_out_by_its_blocks() {
    let real = chain(64, 64, 0);
    let first = *real.range(1, 1).next().unwrap();
    let second = *real.range(2, 1).next().unwrap();
    let lies: Vec<Vec<BlankBlock>> = vec![
        vec![first.with_id(ItemId(9))],
        vec![second],
        vec![first, first],
        vec![first, BlankBlock::new(first.id(), 2, 0, 10, 0)],
        vec![first, BlankBlock::new(ItemId(1), 2, 1, 10, 0)],
        real.range(1, 17).copied().collect(),
    ];
    for lie in lies {
        let mut cluster = cluster(Config::default(), vec![chain(64, 64, 0), chain(0, 0, 0)]);
        cluster.filter(|_, from, _, message| from == NodeId(1) || matches!(message, Message::Top(_)));
        while sync(&cluster, 1).stats().asked == 0 {
            assert!(cluster.step());
        }
        cluster.deliver(NodeId(0), NodeId(1), Message::Blocks(lie.clone().into()));
        assert_eq!((height(&cluster, 1), sync(&cluster, 1).stats().forged), (0, 1), "{lie:?}");
        cluster.deliver(NodeId(0), NodeId(1), Message::Blocks([first].into()));
        assert_eq!((height(&cluster, 1), sync(&cluster, 1).stats().unsolicited), (0, 1));
    }
}

#[test]
fn nothing_grows_without_bound() {
    let config = Config { candidates: 3, capacity: 40, ..Config::default() };
    let mut cluster = cluster(config, vec![chain(64, 64, 0); 6]);
    let top = Top { id: ItemId(5), height: 9, weight: u64::MAX };
    for peer in 1..6 {
        cluster.deliver(NodeId(peer), NodeId(0), Message::Top(top));
    }
    cluster.deliver(NodeId(99), NodeId(0), Message::Top(top));
    let node = sync(&cluster, 0);
    assert_eq!((node.candidates(), node.stats().over_limit, node.stats().foreign), (3, 2, 1));
    cluster.request(NodeId(0), Request::Append(BlankBlock::new(node_top(&cluster), 65, 1, 10, 0)));
    assert_eq!((height(&cluster, 0), sync(&cluster, 0).stats().over_limit), (64, 3), "the chain is full");
    cluster.deliver(NodeId(1), NodeId(0), Message::Ask { from: 0, count: u32::MAX });
    let (.., answer) = cluster.sent.last().unwrap();
    assert!(matches!(answer, Message::Blocks(blocks) if blocks.is_empty()));
    cluster.deliver(NodeId(1), NodeId(0), Message::Ask { from: 3, count: u32::MAX });
    let (.., answer) = cluster.sent.last().unwrap();
    assert!(matches!(answer, Message::Blocks(blocks) if blocks.len() == 16));
}

fn node_top(cluster: &Cluster<Node>) -> ItemId {
    sync(cluster, 0).chain().top().id
}

fn block() -> impl Strategy<Value = BlankBlock> {
    (0_u64..4, 0_u64..30, 0_u64..3, 0_u32..3, any::<bool>()).prop_map(
        |(parent, height, weight, salt, forged)| {
            let real = chain(20, 20, 0);
            let parent = real.id_at(height.saturating_sub(parent)).unwrap_or(ItemId(parent));
            let block = BlankBlock::new(parent, height, weight, 10, salt);
            if forged { block.with_id(ItemId(1)) } else { block }
        },
    )
}

fn message() -> impl Strategy<Value = Message<BlankBlock>> {
    prop_oneof![
        (any::<u64>(), 0_u64..40, prop_oneof![0_u64..40, any::<u64>()])
            .prop_map(|(id, height, weight)| Message::Top(Top { id: ItemId(id), height, weight })),
        (any::<u64>(), any::<u32>()).prop_map(|(from, count)| Message::Ask { from, count }),
        proptest::collection::vec(block(), 0..20).prop_map(|blocks| Message::Blocks(blocks.into())),
    ]
}

proptest! {
    /// Whatever neighbours send, the chain stays linked, its weight never falls, and nobody panics.
    #[test]
    fn any_messages_leave_a_linked_chain(messages in proptest::collection::vec((0_u32..4, message()), 0..60)) {
        let mut cluster = cluster(Config::default(), vec![chain(10, 10, 0); 4]);
        cluster.filter(|_, from, _, _| from == NodeId(0));
        let mut weight = 10;
        for (from, message) in messages {
            cluster.run_until(cluster.now() + Span::from_millis(700));
            cluster.deliver(NodeId(from), NodeId(0), message);
            let chain = sync(&cluster, 0).chain();
            prop_assert!(chain.weight() >= weight);
            weight = chain.weight();
            let blocks: Vec<BlankBlock> = chain.range(1, usize::MAX).copied().collect();
            let mut parent = (BlankBlock::GENESIS, 0);
            for block in blocks {
                prop_assert!(Chain::follows(&block, parent.0, parent.1));
                parent = (block.id(), block.height());
            }
        }
    }
}
