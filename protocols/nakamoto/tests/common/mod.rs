//! Worlds and blocks for the tests of this crate.
#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Probability, Seed, Span, Time, Wire};
use astrarium_protocol_nakamoto::{Block, Body, Config, Indication, Message, Node, OutPoint, Retarget, Tx};

/// Delay of every message.
pub(crate) const DELAY: Span = Span::from_millis(100);

/// A network whose difficulty never changes and whose blocks are short.
pub(crate) fn config() -> Config {
    Config {
        retarget: Retarget::Never,
        block_bytes: 1_000,
        compact_failure: Probability::ZERO,
        ..Config::default()
    }
}

/// Nodes without hash power, with these peers each.
pub(crate) fn world(config: &Config, peers: &[&[u32]]) -> Cluster<Node> {
    miners(config, peers, &vec![0.0; peers.len()])
}

/// Nodes with these peers and hash shares.
pub(crate) fn miners(config: &Config, peers: &[&[u32]], shares: &[f64]) -> Cluster<Node> {
    let (config, genesis) = (Arc::new(config.clone()), Block::genesis(config));
    let node = |(&peers, &share): (&&[u32], &f64)| {
        let peers: Arc<[NodeId]> = peers.iter().map(|&id| NodeId(id)).collect();
        Node::new(config.clone(), genesis.clone(), peers, share)
    };
    Cluster::start(peers.iter().zip(shares).map(node).collect(), DELAY, Seed(1))
}

/// A chain of `n` blocks after `parent`, ten minutes apart; `extra` tells branches apart.
pub(crate) fn branch(parent: &Arc<Block>, n: usize, extra: u64) -> Vec<Arc<Block>> {
    let mut blocks = vec![parent.clone()];
    for _ in 0..n {
        let last = blocks.last().unwrap();
        blocks.push(child(last, extra, &[]));
    }
    blocks.split_off(1)
}

/// A block of miner 7 after `parent`, ten minutes later.
pub(crate) fn child(parent: &Arc<Block>, extra: u64, transactions: &[&Arc<Tx>]) -> Arc<Block> {
    let transactions = transactions.iter().map(|&tx| tx.clone()).collect();
    let body = Body { miner: 7, extra, padding: 500, transactions };
    let header = parent.header();
    Arc::new(Block::assemble(parent.id(), header.time + 600, header.bits, 0, body))
}

/// A payment of one coin.
pub(crate) fn pay(coin: OutPoint, memo: u64) -> Arc<Tx> {
    Arc::new(Tx::new(vec![coin], 1, memo, 10, 200))
}

/// Hands blocks to a node as if an outsider had sent them.
pub(crate) fn feed(cluster: &mut Cluster<Node>, to: u32, blocks: &[Arc<Block>]) {
    for block in blocks {
        cluster.deliver(NodeId(999), NodeId(to), Message::Block(block.clone()));
    }
}

/// Lets `span` pass.
pub(crate) fn pass(cluster: &mut Cluster<Node>, span: Span) {
    cluster.run_until(cluster.now() + span);
}

/// A clock late enough for blocks with these many ten-minute steps.
pub(crate) fn skip_to_height(cluster: &mut Cluster<Node>, height: u64) {
    cluster.run_until(Time::ZERO + Span::from_secs(600 * height));
}

/// When each node accepted a block from others, in order of time.
pub(crate) fn acceptances(cluster: &Cluster<Node>, block: &Block) -> Vec<(Time, NodeId)> {
    let mut times: Vec<_> = cluster
        .indications
        .iter()
        .filter(|(.., up)| matches!(up, Indication::Accepted { block: b } if b.id() == block.id()))
        .map(|(time, node, _)| (*time, *node))
        .collect();
    times.sort();
    times
}

/// Depths of all reorganisations at a node.
pub(crate) fn reorgs(cluster: &Cluster<Node>, node: u32) -> Vec<u32> {
    let of = |(_, id, up): &(Time, NodeId, Indication)| match up {
        Indication::TipChanged { reorg_depth, .. } if *id == NodeId(node) && *reorg_depth > 0 => {
            Some(*reorg_depth)
        }
        _ => None,
    };
    cluster.indications.iter().filter_map(of).collect()
}

/// Kinds of the messages sent from one node to another, in order.
pub(crate) fn kinds(cluster: &Cluster<Node>, from: u32, to: u32) -> Vec<&'static str> {
    cluster
        .sent
        .iter()
        .filter(|(_, a, b, _)| (*a, *b) == (NodeId(from), NodeId(to)))
        .map(|(.., message)| message.kind())
        .collect()
}
