//! Forks, reorganisations, synchronisation, restart, mining.

mod common;

use std::sync::Arc;

use astrarium_node::{Domain, Layer, NodeId, Seed, Span, Time};
use astrarium_protocol_nakamoto::{
    Bits, Block, Config, Indication, LedgerError, MINING, Message, Node, Orphans, OutPoint, Request,
    Retarget, mining_delay,
};
use common::*;

#[test]
fn a_tie_stays_with_the_first_seen_until_work_decides() {
    let config = config();
    let mut cluster = world(&config, &[&[1], &[0]]);
    let genesis = Block::genesis(&config);
    let (a, b) = (child(&genesis, 1, &[]), child(&genesis, 2, &[]));
    feed(&mut cluster, 0, std::slice::from_ref(&a));
    feed(&mut cluster, 1, std::slice::from_ref(&b));
    pass(&mut cluster, Span::from_secs(10));
    assert_eq!(cluster.node(NodeId(0)).tip().id(), a.id());
    assert_eq!(cluster.node(NodeId(1)).tip().id(), b.id());
    let next = child(&b, 3, &[]);
    feed(&mut cluster, 1, std::slice::from_ref(&next));
    pass(&mut cluster, Span::from_secs(10));
    assert_eq!(cluster.node(NodeId(0)).tip().id(), next.id());
    assert_eq!(reorgs(&cluster, 0), [1]);
    assert_eq!(reorgs(&cluster, 1), []);
}

#[test]
fn a_reorganisation_returns_transactions_to_the_mempool() {
    let config = config();
    let mut cluster = world(&config, &[&[]]);
    let genesis = Block::genesis(&config);
    let tx = pay(OutPoint::genesis(0), 1);
    cluster.request(NodeId(0), Request::SubmitTx(tx.clone()));
    feed(&mut cluster, 0, &[child(&genesis, 1, &[&tx])]);
    assert_eq!(cluster.node(NodeId(0)).confirmations(&tx.id()), 1);
    assert!(cluster.node(NodeId(0)).mempool().is_empty());
    feed(&mut cluster, 0, &branch(&genesis, 2, 9));
    assert_eq!(cluster.node(NodeId(0)).confirmations(&tx.id()), 0);
    assert!(cluster.node(NodeId(0)).mempool().contains(&tx.id()));
}

#[test]
fn a_double_spend_is_legal_in_two_branches_and_illegal_in_one() {
    let config = config();
    let mut cluster = world(&config, &[&[]]);
    let genesis = Block::genesis(&config);
    let coin = OutPoint::genesis(0);
    let (pay_once, pay_twice) = (pay(coin, 1), pay(coin, 2));
    let honest = child(&genesis, 1, &[&pay_once]);
    let cheat = child(&honest, 1, &[&pay_twice]);
    feed(&mut cluster, 0, &[honest.clone(), cheat.clone(), child(&cheat, 1, &[])]);
    let node = cluster.node(NodeId(0));
    assert_eq!(node.tip().id(), honest.id());
    assert_eq!(node.rejected(), 2, "the faulty block and the one that builds on it");
    let error = LedgerError::Spent(coin, pay_once.id());
    assert!(error.to_string().contains("is spent by"));
    let rival = child(&genesis, 2, &[&pay_twice]);
    let rival_next = child(&rival, 2, &[]);
    feed(&mut cluster, 0, &[rival, rival_next.clone()]);
    let node = cluster.node(NodeId(0));
    assert_eq!(node.tip().id(), rival_next.id());
    assert_eq!((node.confirmations(&pay_once.id()), node.confirmations(&pay_twice.id())), (0, 2));
}

#[test]
fn a_branch_with_a_faulty_block_inside_changes_nothing() {
    let config = config();
    let mut cluster = world(&config, &[&[]]);
    let genesis = Block::genesis(&config);
    let tx = pay(OutPoint::genesis(0), 1);
    let best = [child(&genesis, 1, &[&tx]), child(&child(&genesis, 1, &[&tx]), 1, &[])];
    feed(&mut cluster, 0, &best);
    // The faulty block is on a side branch first, where its transactions are not checked.
    let faulty = child(&genesis, 2, &[&tx, &tx]);
    let mut rival = vec![faulty.clone()];
    rival.extend(branch(&faulty, 3, 2));
    feed(&mut cluster, 0, &rival);
    let node = cluster.node(NodeId(0));
    assert_eq!(node.tip().id(), best[1].id());
    assert_eq!(node.confirmations(&tx.id()), 2);
    assert!(rival[..3].iter().all(|b| node.tree().is_invalid(node.tree().position(&b.id()).unwrap())));
    assert_eq!(reorgs(&cluster, 0), []);
}

#[test]
fn orphans_wait_for_their_parents_whatever_the_order() {
    let config = config();
    let mut cluster = world(&config, &[&[]]);
    let mut blocks = branch(&Block::genesis(&config), 10, 1);
    blocks.reverse();
    feed(&mut cluster, 0, &blocks);
    assert_eq!(cluster.node(NodeId(0)).height(), 10);
    assert!(cluster.node(NodeId(0)).orphans().is_empty());
}

#[test]
fn orphans_are_bounded() {
    let config = config();
    let mut cluster = world(&config, &[&[]]);
    skip_to_height(&mut cluster, 200);
    let blocks = branch(&Block::genesis(&config), 200, 1);
    feed(&mut cluster, 0, &blocks[1..]);
    assert_eq!(cluster.node(NodeId(0)).orphans().len(), Orphans::CAPACITY);
}

/// Two halves of a world grow apart; when they meet, the shorter side finds the longer chain by headers, over several
/// pages, and leaves its own.
#[test]
fn a_long_fork_heals_headers_first() {
    let config = config();
    let mut cluster = world(&config, &[&[1], &[0]]);
    cluster.filter(|_, _, _, _| false);
    skip_to_height(&mut cluster, 4_200);
    let genesis = Block::genesis(&config);
    let (short, long) = (branch(&genesis, 40, 1), branch(&genesis, 4_100, 2));
    feed(&mut cluster, 0, &short);
    feed(&mut cluster, 1, &long);
    cluster.filter(|_, _, _, _| true);
    let last = child(long.last().unwrap(), 2, &[]);
    feed(&mut cluster, 1, std::slice::from_ref(&last));
    pass(&mut cluster, Span::from_secs(300));
    assert_eq!(cluster.node(NodeId(0)).tip().id(), last.id());
    assert_eq!(reorgs(&cluster, 0), [40]);
    assert_eq!(cluster.node(NodeId(0)).rejected() + cluster.node(NodeId(1)).rejected(), 0);
    let pages = kinds(&cluster, 1, 0).iter().filter(|kind| **kind == "headers").count();
    assert_eq!(pages, 3);
}

#[test]
fn a_lost_answer_delays_synchronisation_but_does_not_stop_it() {
    let config = config();
    let mut cluster = world(&config, &[&[1], &[0]]);
    let mut lost = false;
    cluster.filter(move |_, _, _, message| {
        let drop = !lost && matches!(message, Message::Headers(_));
        lost |= drop;
        !drop
    });
    let blocks = branch(&Block::genesis(&config), 5, 1);
    cluster.deliver(NodeId(1), NodeId(0), Message::Block(blocks[4].clone()));
    // Node 1 learns the chain without announcing it.
    let node_1_only = blocks.clone();
    cluster.call(NodeId(1), move |node, cx| {
        for block in node_1_only {
            let received = astrarium_node::Received { from: NodeId(0), message: Message::Block(block) };
            node.on_indication(received, cx);
        }
    });
    pass(&mut cluster, Span::from_secs(1_000));
    assert_eq!(cluster.node(NodeId(0)).height(), 0, "the answer was lost");
    pass(&mut cluster, Span::from_secs(300));
    assert_eq!(cluster.node(NodeId(0)).height(), 5, "the timeout of 1,200 s asks again");
}

#[test]
fn a_restart_keeps_the_blocks_and_asks_for_what_was_missed() {
    let config = config();
    let mut cluster = world(&config, &[&[1], &[0]]);
    skip_to_height(&mut cluster, 60);
    let blocks = branch(&Block::genesis(&config), 60, 1);
    feed(&mut cluster, 0, &blocks[..20]);
    pass(&mut cluster, Span::from_secs(10));
    cluster.request(NodeId(1), Request::SubmitTx(pay(OutPoint::genesis(0), 1)));
    pass(&mut cluster, Span::from_secs(10));
    assert_eq!(cluster.node(NodeId(1)).mempool().len(), 1);
    cluster.filter(|_, _, to, _| to != NodeId(1));
    feed(&mut cluster, 0, &blocks[20..]);
    pass(&mut cluster, Span::from_secs(10));
    cluster.filter(|_, _, _, _| true);
    assert_eq!(cluster.node(NodeId(1)).height(), 20);
    cluster.call(NodeId(1), Node::on_restart);
    assert_eq!(cluster.node(NodeId(1)).height(), 20);
    assert!(cluster.node(NodeId(1)).mempool().is_empty());
    pass(&mut cluster, Span::from_secs(10));
    assert_eq!(cluster.node(NodeId(1)).height(), 60);
}

#[test]
fn a_young_network_starts_in_silence() {
    let cluster = world(&config(), &[&[1], &[0]]);
    assert!(cluster.sent.is_empty());
}

/// The first block comes when the first draw says, although the tip changes before; the second after the second draw.
#[test]
fn the_race_keeps_its_draws_when_the_tip_changes() {
    let config = config();
    let mut cluster = miners(&config, &[&[]], &[0.5]);
    let delay = |attempt| {
        let mut luck = Seed(1).stream(Domain::protocol(MINING), 0, attempt);
        mining_delay(config.block_interval, 1.0, 0.5, &mut luck).unwrap()
    };
    let first = Time::ZERO + delay(0);
    cluster.run_until(Time::ZERO + delay(0) / 2);
    let others = child(&Block::genesis(&config), 1, &[]);
    feed(&mut cluster, 0, std::slice::from_ref(&others));
    cluster.run_until(first + delay(1));
    let mined: Vec<_> = cluster
        .indications
        .iter()
        .filter_map(|(time, _, up)| match up {
            Indication::Mined { block } => Some((*time, block.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(mined.iter().map(|(time, _)| *time).collect::<Vec<_>>(), [first, first + delay(1)]);
    assert_eq!(mined[0].1.header().previous, others.id(), "on the tip of that moment");
    assert_eq!(mined[0].1.miner(), Some(NodeId(0)));
}

/// Twice the reference power finds blocks in half the time until the difficulty has doubled. 2,000 intervals have a standard
/// error of 2.2 % of their mean, noise of the retarget adds 1 %: 12 % is five of them, one false alarm in two million seeds;
/// without retarget the mean would be 50 % off.
#[test]
fn the_retarget_restores_the_interval_under_doubled_hash_power() {
    let config = Config { retarget: Retarget::Every(100), ..config() };
    let mut cluster = miners(&config, &[&[]], &[2.0]);
    while cluster.node(NodeId(0)).height() < 2_500 {
        assert!(cluster.step());
    }
    let node = cluster.node(NodeId(0));
    let time = |height| f64::from(node.chain().at_height(height).unwrap().header().time);
    let before = (time(99) - time(0)) / 99.0;
    let after = (time(2_500) - time(500)) / 2_000.0;
    assert!((before / 300.0 - 1.0).abs() < 0.5, "five standard errors of 99 intervals; mean {before}");
    assert!((after / 600.0 - 1.0).abs() < 0.12, "mean {after}");
    let difficulty = node.tip().header().bits.difficulty(Bits::BITCOIN_GENESIS);
    assert!((1.4..2.8).contains(&difficulty), "difficulty {difficulty}");
}

#[test]
fn forks_of_a_mining_network_resolve() {
    let config = Config { block_interval: Span::from_secs(2), ..config() };
    let ring: [&[u32]; 5] = [&[1, 4], &[0, 2], &[1, 3], &[2, 4], &[3, 0]];
    let mut cluster = miners(&config, &ring, &[0.2; 5]);
    pass(&mut cluster, Span::from_secs(600));
    // Long after the last block everybody has the heaviest one.
    let height = |i| cluster.node(NodeId(i)).height();
    let lowest = (0..5).map(height).min().unwrap();
    let shared = lowest - 6;
    let at = |i| cluster.node(NodeId(i)).chain().at_height(shared).map(|b| b.id());
    assert!(lowest > 150 && (1..5).all(|i| at(i) == at(0)));
    assert!(
        (0..5).any(|i| !reorgs(&cluster, i).is_empty()),
        "with 0.6 s of relay and 2 s of interval there are forks"
    );
    assert_eq!((0..5).map(|i| cluster.node(NodeId(i)).rejected()).sum::<u64>(), 0);
}

#[test]
fn a_new_node_is_small() {
    assert!(size_of::<Node>() <= 640, "{} bytes", size_of::<Node>());
    assert!(size_of::<Message>() <= 48, "{} bytes", size_of::<Message>());
    let shared: Arc<Block> = Block::genesis(&config());
    let bare = Arc::strong_count(&shared);
    let _tree = Node::new(Arc::new(config()), shared.clone(), Arc::new([]), 0.0);
    assert_eq!(Arc::strong_count(&shared), bare + 1, "one reference per block and node");
}
