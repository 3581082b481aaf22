//! How blocks and transactions travel.

mod common;

use std::sync::Arc;

use astrarium_node::{Layer, NodeId, Probability, Span, Time, Wire};
use astrarium_protocol_nakamoto::{
    Block, BlockTxns, Body, CompactBlock, Config, Indication, Item, Items, Message, OutPoint, Relay, Request,
};
use common::*;

const LINE: [&[u32]; 4] = [&[1], &[0, 2], &[1, 3], &[2]];

fn hops(config: &Config) -> Vec<u64> {
    let mut cluster = world(config, &LINE);
    let block = child(&Block::genesis(config), 1, &[]);
    feed(&mut cluster, 0, std::slice::from_ref(&block));
    pass(&mut cluster, Span::from_secs(60));
    let delay = DELAY.as_nanos();
    acceptances(&cluster, &block).iter().map(|(time, _)| time.as_nanos() / delay).collect()
}

#[test]
fn each_relay_mode_takes_its_number_of_message_delays_per_hop() {
    let of = |relay, failure| hops(&Config { relay, compact_failure: Probability::new(failure), ..config() });
    assert_eq!(of(Relay::Inventory, 0.0), [0, 3, 6, 9]);
    assert_eq!(of(Relay::Push, 0.0), [0, 1, 2, 3]);
    assert_eq!(of(Relay::Compact, 0.0), [0, 3, 6, 9]);
    assert_eq!(of(Relay::Compact, 1.0), [0, 5, 10, 15]);
}

#[test]
fn nobody_is_told_what_he_is_known_to_have() {
    let mut cluster = world(&config(), &LINE);
    let block = child(&Block::genesis(&config()), 1, &[]);
    feed(&mut cluster, 0, &[block]);
    pass(&mut cluster, Span::from_secs(60));
    assert_eq!(kinds(&cluster, 0, 1), ["inv", "block"]);
    assert_eq!(kinds(&cluster, 1, 0), ["getdata"]);
    assert_eq!(cluster.sent.len(), 9, "three hops of three messages");
}

#[test]
fn compact_relay_fetches_only_what_is_missing() {
    let config = Config { relay: Relay::Compact, ..config() };
    let mut cluster = world(&config, &[&[1], &[0]]);
    let (known, unknown) = (pay(OutPoint::genesis(0), 1), pay(OutPoint::genesis(1), 2));
    cluster.request(NodeId(1), Request::SubmitTx(known.clone()));
    pass(&mut cluster, Span::from_secs(1));
    let block = child(&Block::genesis(&config), 1, &[&known, &unknown]);
    feed(&mut cluster, 0, std::slice::from_ref(&block));
    pass(&mut cluster, Span::from_secs(2));
    let asked = cluster.sent.iter().find_map(|(.., message)| match message {
        Message::GetBlockTxns(question) => Some(question.clone()),
        _ => None,
    });
    assert_eq!(asked.unwrap().indexes, [1]);
    assert_eq!(cluster.node(NodeId(1)).tip().id(), block.id());
    assert_eq!(cluster.node(NodeId(1)).confirmations(&unknown.id()), 1);
    assert!(cluster.node(NodeId(1)).mempool().is_empty());
    // The whole block would have cost 501 more bytes of padding and both transactions.
    let lengths: u32 = cluster
        .sent
        .iter()
        .filter(|(.., m)| matches!(m, Message::CompactBlock(_) | Message::BlockTxns(_)))
        .map(|(.., m)| m.wire_len())
        .sum();
    // 1 + 80 + 20 + 2·6 + 6·⌈500/250⌉, and 1 + 32 + 8 + 200.
    assert_eq!(lengths, 125 + 241);
}

#[test]
fn a_silent_announcer_is_replaced_after_the_timeout() {
    let mut cluster = world(&config(), &[&[1, 2], &[0], &[0]]);
    cluster.filter(|_, _, to, _| to != NodeId(1));
    let block = child(&Block::genesis(&config()), 1, &[]);
    for announcer in [1, 2] {
        let inv = Message::Inv(Items::one(Item::Block(block.id())));
        cluster.deliver(NodeId(announcer), NodeId(0), inv);
    }
    feed(&mut cluster, 2, std::slice::from_ref(&block));
    pass(&mut cluster, Span::from_secs(1_199));
    assert!(acceptances(&cluster, &block).iter().all(|(_, node)| *node == NodeId(2)));
    pass(&mut cluster, Span::from_secs(2));
    // Twice the block interval, and there and back.
    let expected = Time::ZERO + Span::from_secs(1_200) + DELAY * 2;
    assert!(acceptances(&cluster, &block).contains(&(expected, NodeId(0))));
}

#[test]
fn who_does_not_have_it_is_replaced_at_once() {
    let mut cluster = world(&config(), &[&[1, 2], &[0], &[0]]);
    let block = child(&Block::genesis(&config()), 1, &[]);
    for announcer in [1, 2] {
        let inv = Message::Inv(Items::one(Item::Block(block.id())));
        cluster.deliver(NodeId(announcer), NodeId(0), inv);
    }
    feed(&mut cluster, 2, std::slice::from_ref(&block));
    pass(&mut cluster, Span::from_secs(1));
    assert_eq!(kinds(&cluster, 1, 0)[0], "notfound");
    assert!(acceptances(&cluster, &block).contains(&(Time::ZERO + DELAY * 4, NodeId(0))));
}

#[test]
fn a_forged_body_only_costs_the_forger_his_turn() {
    let mut cluster = world(&config(), &[&[1, 2], &[0], &[0]]);
    let block = child(&Block::genesis(&config()), 1, &[]);
    for announcer in [1, 2] {
        let inv = Message::Inv(Items::one(Item::Block(block.id())));
        cluster.deliver(NodeId(announcer), NodeId(0), inv);
    }
    cluster.filter(|_, _, to, _| to != NodeId(1));
    let forged = Block::new(*block.header(), Body::default());
    cluster.deliver(NodeId(1), NodeId(0), Message::Block(Arc::new(forged)));
    // Node 2 has it from node 0, as far as it knows, and so does not announce it there again.
    cluster.call(NodeId(2), |node, cx| {
        let message = Message::Block(block.clone());
        node.on_indication(astrarium_node::Received { from: NodeId(0), message }, cx);
    });
    pass(&mut cluster, Span::from_secs(1));
    assert_eq!(cluster.node(NodeId(0)).tip().id(), block.id());
    assert_eq!(cluster.node(NodeId(0)).rejected(), 1);
}

#[test]
fn a_compact_block_without_its_rest_is_had_from_another() {
    let config = Config { relay: Relay::Compact, compact_failure: Probability::ONE, ..config() };
    let mut cluster = world(&config, &[&[1, 2], &[0], &[0]]);
    cluster.filter(|_, from, _, message| from != NodeId(1) || !matches!(message, Message::BlockTxns(_)));
    let block = child(&Block::genesis(&config), 1, &[]);
    feed(&mut cluster, 1, std::slice::from_ref(&block));
    let inv = Message::Inv(Items::one(Item::Block(block.id())));
    pass(&mut cluster, Span::from_millis(150));
    cluster.deliver(NodeId(2), NodeId(0), inv);
    cluster.call(NodeId(2), |node, cx| {
        let message = Message::Block(block.clone());
        node.on_indication(astrarium_node::Received { from: NodeId(0), message }, cx);
    });
    pass(&mut cluster, Span::from_secs(1_199));
    assert_eq!(cluster.node(NodeId(0)).height(), 0);
    pass(&mut cluster, Span::from_secs(3));
    assert_eq!(cluster.node(NodeId(0)).tip().id(), block.id());
}

#[test]
fn the_rest_of_a_compact_block_must_be_what_was_asked_for() {
    let config = Config { relay: Relay::Compact, compact_failure: Probability::ONE, ..config() };
    let mut cluster = world(&config, &[&[1], &[0]]);
    let block = child(&Block::genesis(&config), 1, &[]);
    let compact = CompactBlock::new(&block, &config);
    cluster.filter(|_, _, _, _| false);
    for (padding, rejected, height) in [(0, 1, 0), (500, 1, 1)] {
        cluster.deliver(NodeId(1), NodeId(0), Message::CompactBlock(Arc::new(compact.clone())));
        let rest = BlockTxns { block: block.id(), padding, transactions: Vec::new() };
        cluster.deliver(NodeId(1), NodeId(0), Message::BlockTxns(Arc::new(rest)));
        assert_eq!(cluster.node(NodeId(0)).rejected(), rejected);
        assert_eq!(cluster.node(NodeId(0)).height(), height);
    }
}

#[test]
fn oversized_lists_are_not_heard() {
    let mut cluster = world(&config(), &[&[1], &[0]]);
    let items = vec![Item::Block(Block::genesis(&config()).id()); 1_001];
    let messages = [Message::Inv(Items::new(&items)), Message::GetData(Items::new(&items))];
    for message in messages {
        cluster.deliver(NodeId(1), NodeId(0), message);
    }
    assert_eq!(cluster.node(NodeId(0)).rejected(), 2);
    assert!(cluster.sent.is_empty());
}

#[test]
fn transactions_reach_everybody_and_blocks_carry_them() {
    let mut cluster = miners(&config(), &LINE, &[0.0, 0.0, 0.0, 1.0]);
    let tx = pay(OutPoint::genesis(0), 1);
    cluster.request(NodeId(0), Request::SubmitTx(tx.clone()));
    pass(&mut cluster, Span::from_secs(2));
    assert!((0..4).all(|i| cluster.node(NodeId(i)).mempool().contains(&tx.id())));
    pass(&mut cluster, Span::from_secs(36_000));
    assert!(cluster.node(NodeId(0)).confirmations(&tx.id()) > 20);
    assert!((0..4).all(|i| cluster.node(NodeId(i)).mempool().is_empty()));
    let lengths_right = cluster
        .sent
        .iter()
        .all(|(.., message)| !matches!(message, Message::Block(_)) || message.wire_len() == 1_000);
    assert!(lengths_right, "blocks are filled up to the target length exactly");
}

#[test]
fn trickling_collects_transactions_and_spares_who_announced_them() {
    let config = Config { trickle: Span::from_secs(2), ..config() };
    let mut cluster = world(&config, &[&[1, 2], &[0], &[0]]);
    for n in 0..50 {
        cluster.request(NodeId(0), Request::SubmitTx(pay(OutPoint::genesis(n), 0)));
    }
    pass(&mut cluster, Span::from_secs(60));
    assert!((0..3).all(|i| cluster.node(NodeId(i)).mempool().len() == 50));
    assert_eq!(kinds(&cluster, 0, 1).iter().filter(|kind| **kind == "inv").count(), 1);
    assert!(!kinds(&cluster, 1, 0).contains(&"inv"));
}

#[test]
fn rule_breakers_are_dropped_and_counted() {
    let config = config();
    let mut cluster = world(&config, &[&[1], &[0]]);
    let genesis = Block::genesis(&config);
    let good = child(&genesis, 1, &[]);
    let fake_body = Body { padding: 1, ..good.body().clone() };
    let wrong_root = Arc::new(Block::new(*good.header(), fake_body));
    let header = *good.header();
    let assemble = |time, bits| Arc::new(Block::assemble(genesis.id(), time, bits, 0, good.body().clone()));
    let wrong_bits = assemble(header.time, astrarium_protocol_nakamoto::Bits::EASIEST);
    let too_early = assemble(0, header.bits);
    let too_late = assemble(7_201, header.bits);
    feed(&mut cluster, 0, &[wrong_root, wrong_bits, too_early]);
    assert_eq!(cluster.node(NodeId(0)).rejected(), 3);
    feed(&mut cluster, 0, std::slice::from_ref(&too_late));
    assert_eq!(cluster.node(NodeId(0)).rejected(), 3, "a clock may be wrong without guilt");
    assert_eq!(cluster.node(NodeId(0)).height(), 0);
    assert!(cluster.sent.is_empty(), "nothing of it is passed on");
    feed(&mut cluster, 0, &[good]);
    assert_eq!(cluster.node(NodeId(0)).height(), 1, "a forged body does not taint the true one");
    pass(&mut cluster, Span::from_secs(1));
    feed(&mut cluster, 0, &[too_late]);
    assert_eq!(cluster.node(NodeId(0)).tree().len(), 3, "what was too early an hour ago may be right now");
}

#[test]
fn every_block_is_indicated_once() {
    let triangle: [&[u32]; 3] = [&[1, 2], &[0, 2], &[0, 1]];
    let mut cluster = miners(&config(), &triangle, &[0.4, 0.3, 0.3]);
    pass(&mut cluster, Span::from_secs(60_000));
    let mut seen: Vec<_> = cluster
        .indications
        .iter()
        .filter_map(|(_, node, up)| match up {
            Indication::Mined { block } | Indication::Accepted { block } => Some((block.id(), *node)),
            _ => None,
        })
        .collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all);
    assert_eq!(all, 3 * (cluster.node(NodeId(0)).tree().len() - 1));
    assert!(all > 3 * 60, "100 blocks are expected, with a standard deviation of 10");
}
