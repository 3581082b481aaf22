//! The chain against a naive reference: random trees in random order of arrival.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_nakamoto::{Block, BlockId, Chain, Config, Position, Retarget};
use common::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// A tree whose block `i + 1` has the parent `parents[i] % (i + 1)`. With a window of two blocks and uneven times the
/// difficulty differs between branches.
fn grow(config: &Config, parents: &[usize], gaps: &[u32]) -> Vec<Arc<Block>> {
    let mut chain = Chain::new(Block::genesis(config));
    let mut blocks = vec![chain.tip().clone()];
    for (i, (parent, gap)) in parents.iter().zip(gaps).enumerate() {
        let parent = blocks[parent % (i + 1)].clone();
        let clock = Time::ZERO + Span::from_secs(u64::from(parent.header().time + gap));
        let body = child(&parent, i as u64, &[]).body().clone();
        let block = Arc::new(chain.assemble_on(&parent.id(), config, clock, 0, body).unwrap());
        chain.accept(&block, config, clock).unwrap();
        blocks.push(block);
    }
    blocks
}

/// Work of the chain up to each block, straight from the definition.
fn works(blocks: &[Arc<Block>]) -> BTreeMap<BlockId, u128> {
    let by_id: BTreeMap<BlockId, &Arc<Block>> = blocks.iter().map(|b| (b.id(), b)).collect();
    let work = |block: &Arc<Block>| {
        let mut header = *block.header();
        let mut sum = header.bits.work().unwrap();
        while let Some(parent) = by_id.get(&header.previous) {
            header = *parent.header();
            sum += header.bits.work().unwrap();
        }
        sum
    };
    blocks.iter().map(|block| (block.id(), work(block))).collect()
}

proptest! {
    #[test]
    fn the_tip_is_the_first_seen_of_the_heaviest(
        parents in vec(any::<usize>(), 1..40),
        gaps in vec(1_u32..3_000, 40),
        keys in vec(any::<u64>(), 40),
    ) {
        let config = Config { retarget: Retarget::Every(2), ..config() };
        let blocks = grow(&config, &parents, &gaps);
        let works = works(&blocks);
        let mut cluster = world(&config, &[&[]]);
        skip_to_height(&mut cluster, 1_000);
        let mut order: Vec<usize> = (1..blocks.len()).collect();
        order.sort_by_key(|&i| keys[i - 1]);
        for &i in &order {
            feed(&mut cluster, 0, std::slice::from_ref(&blocks[i]));
        }
        let node = cluster.node(NodeId(0));
        prop_assert_eq!(node.tree().len(), blocks.len(), "everybody found its parent");
        for block in &blocks {
            let at = node.tree().position(&block.id()).unwrap();
            prop_assert_eq!(node.tree().work(at), works[&block.id()]);
        }
        // The tree lists blocks in order of arrival (of an orphan: when its parent was there).
        let heaviest = works.values().max().unwrap();
        let first = node.tree().iter().find(|b| works[&b.id()] == *heaviest).unwrap();
        prop_assert_eq!(node.tip().id(), first.id());
        // The best chain is one chain.
        for height in 1..=node.height() {
            let parent = node.chain().at_height(height).unwrap().header().previous;
            prop_assert_eq!(parent, node.chain().at_height(height - 1).unwrap().id());
        }
    }

    #[test]
    fn ancestry_equals_walking(parents in vec(any::<usize>(), 1..40), a in any::<usize>(), b in any::<usize>()) {
        let config = config();
        let blocks = grow(&config, &parents, &[600; 40]);
        let mut chain = Chain::new(blocks[0].clone());
        for block in &blocks[1..] {
            chain.accept(block, &config, Time::MAX).unwrap();
        }
        let tree = chain.tree();
        let at = |i: usize| tree.position(&blocks[i % blocks.len()].id()).unwrap();
        let path = |mut p: Position| {
            let mut path = vec![p];
            while p != Position::GENESIS {
                p = tree.parent(p);
                path.push(p);
            }
            path
        };
        let (pa, pb) = (path(at(a)), path(at(b)));
        let common = *pa.iter().find(|p| pb.contains(p)).unwrap();
        prop_assert_eq!(tree.common_ancestor(at(a), at(b)), common);
        prop_assert_eq!(tree.is_on_chain(at(a), at(b)), pb.contains(&at(a)));
        prop_assert_eq!(tree.height(at(a)) as usize, pa.len() - 1);
        let locator = tree.locator(at(a));
        prop_assert_eq!(locator.last(), Some(&blocks[0].id()));
        prop_assert!(locator.len() <= 17, "ten and then doubling steps");
    }
}
