//! Light clients: neighbours, followed chain, proofs.

mod common;

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{Domain, NodeId, Seed, Span};
use astrarium_protocol_nakamoto::{
    Block, BlockId, Config, FollowRule, Indication, LightClient, LightConfig, Message, NEIGHBOURS, Node,
    OutPoint, Participant, Proof, Request, Tx,
};
use common::*;

const SERVERS: u32 = 5;
const CLIENT: NodeId = NodeId(SERVERS);

/// Five full nodes that do not talk to each other, and a client of all of them.
fn world(rule: FollowRule, directory: u32, neighbours: u32) -> Cluster<Participant> {
    let (config, genesis) = (Arc::new(config()), Block::genesis(&config()));
    let light = LightConfig { directory, neighbours, rule, confirmations: 3, ..LightConfig::default() };
    light.validate().unwrap();
    let server = || Participant::Full(Node::new(config.clone(), genesis.clone(), Arc::new([]), 0.0));
    let mut nodes: Vec<Participant> = (0..SERVERS).map(|_| server()).collect();
    nodes.push(Participant::Light(LightClient::new(Arc::new(light), config.clone(), &genesis)));
    Cluster::start(nodes, DELAY, Seed(1))
}

fn feed(cluster: &mut Cluster<Participant>, servers: &[u32], blocks: &[Arc<Block>]) {
    for &server in servers {
        for block in blocks {
            cluster.deliver(NodeId(999), NodeId(server), Message::Block(block.clone()));
        }
    }
}

fn client(cluster: &Cluster<Participant>) -> &LightClient {
    cluster.node(CLIENT).light().unwrap()
}

fn poll(cluster: &mut Cluster<Participant>) {
    cluster.run_until(cluster.now() + Span::from_secs(61));
}

fn confirmed(cluster: &Cluster<Participant>) -> Vec<(BlockId, u32)> {
    let of = |(.., up): &(_, NodeId, Indication)| match up {
        Indication::Confirmed { block, depth, .. } => Some((*block, *depth)),
        _ => None,
    };
    cluster.indications.iter().filter_map(of).collect()
}

fn genesis() -> Arc<Block> {
    Block::genesis(&config())
}

#[test]
fn neighbours_are_the_named_sample_of_the_directory() {
    let cluster = world(FollowRule::Heaviest, SERVERS, 3);
    let mut luck = Seed(1).stream(Domain::protocol(NEIGHBOURS), u64::from(CLIENT.0), 0);
    let expected: Vec<NodeId> = luck.sample(5, 3).into_iter().map(|id| NodeId(id as u32)).collect();
    assert_eq!(client(&cluster).neighbours().as_ref(), expected);
    // Nobody is his own neighbour.
    let all = world(FollowRule::Heaviest, SERVERS + 1, 10);
    let mut neighbours = client(&all).neighbours().to_vec();
    neighbours.sort();
    assert_eq!(neighbours, (0..5).map(NodeId).collect::<Vec<_>>());
}

#[test]
fn the_heaviest_rule_believes_one_neighbour_with_more_work() {
    let mut cluster = world(FollowRule::Heaviest, SERVERS, SERVERS);
    let (many, one) = (branch(&genesis(), 4, 1), branch(&genesis(), 5, 2));
    feed(&mut cluster, &[0, 1, 2, 3], &many);
    poll(&mut cluster);
    assert_eq!(client(&cluster).tip(), many[3].id());
    feed(&mut cluster, &[4], &one);
    poll(&mut cluster);
    assert_eq!(client(&cluster).tip(), one[4].id());
    let depths: Vec<u32> = cluster
        .indications
        .iter()
        .filter_map(|(.., up)| match up {
            Indication::Followed { reorg_depth, .. } => Some(*reorg_depth),
            _ => None,
        })
        .collect();
    assert_eq!(depths, [0, 4]);
}

#[test]
fn the_majority_rule_believes_what_more_than_the_share_reports() {
    let (common, rich) = (branch(&genesis(), 2, 1), branch(&genesis(), 9, 2));
    for (share, height) in [(0.5, 4), (0.6, 3), (0.8, 0)] {
        let mut cluster = world(FollowRule::Majority(share), SERVERS, SERVERS);
        feed(&mut cluster, &[0, 1, 2, 3], &common);
        let next = branch(&common[1], 2, 3);
        feed(&mut cluster, &[0, 1, 2, 3], &next[..1]);
        feed(&mut cluster, &[0, 1, 2], &next[1..]);
        feed(&mut cluster, &[4], &rich);
        poll(&mut cluster);
        assert_eq!(client(&cluster).height(), height, "share {share}");
        assert_eq!(client(&cluster).reported_by(NodeId(4)), Some(rich[8].id()));
    }
}

#[test]
fn a_watched_transaction_is_confirmed_when_it_is_deep_enough() {
    let mut cluster = world(FollowRule::Heaviest, SERVERS, SERVERS);
    let tx = pay(OutPoint::genesis(0), 1);
    cluster.request(CLIENT, Request::Watch(tx.id()));
    let holder = child(&genesis(), 1, &[&tx, &pay(OutPoint::genesis(1), 2)]);
    let above = branch(&holder, 2, 1);
    feed(&mut cluster, &[0, 1, 2, 3, 4], &[holder.clone(), above[0].clone()]);
    (0..3).for_each(|_| poll(&mut cluster));
    assert_eq!(confirmed(&cluster), []);
    feed(&mut cluster, &[0, 1, 2, 3, 4], &above[1..]);
    (0..3).for_each(|_| poll(&mut cluster));
    assert_eq!(confirmed(&cluster), [(holder.id(), 3)], "once");
}

#[test]
fn an_absent_transaction_is_asked_for_once_around_per_poll() {
    // Only three of five neighbours have the believed chain: passing over the others must not make the round endless.
    let mut cluster = world(FollowRule::Heaviest, SERVERS, SERVERS);
    feed(&mut cluster, &[0, 1, 2], &branch(&genesis(), 5, 1));
    feed(&mut cluster, &[3, 4], &branch(&genesis(), 4, 2));
    poll(&mut cluster);
    cluster.request(CLIENT, Request::Watch(pay(OutPoint::genesis(0), 1).id()));
    let before = cluster.sent.len();
    (0..3).for_each(|_| poll(&mut cluster));
    let asked = cluster.sent[before..].iter().filter(|(.., m)| matches!(m, Message::GetProof(_))).count();
    assert!((9..=12).contains(&asked), "{asked} questions in three or four polls");
}

#[test]
fn a_proof_counts_only_on_the_followed_chain() {
    let mut cluster = world(FollowRule::Heaviest, SERVERS, SERVERS);
    let (tx, rival) = (pay(OutPoint::genesis(0), 1), pay(OutPoint::genesis(0), 2));
    cluster.request(CLIENT, Request::Watch(tx.id()));
    cluster.request(CLIENT, Request::Watch(rival.id()));
    let first = child(&genesis(), 1, &[&tx]);
    feed(&mut cluster, &[0, 1, 2, 3, 4], &[first.clone(), child(&first, 1, &[])]);
    (0..3).for_each(|_| poll(&mut cluster));
    // Two confirmations seen; then another branch takes over.
    let other = child(&genesis(), 2, &[&rival]);
    feed(&mut cluster, &[0, 1, 2, 3, 4], std::slice::from_ref(&other));
    feed(&mut cluster, &[0, 1, 2, 3, 4], &branch(&other, 4, 2));
    (0..3).for_each(|_| poll(&mut cluster));
    assert_eq!(confirmed(&cluster), [(other.id(), 5)]);
}

#[test]
fn a_transaction_that_both_branches_hold_is_proved_anew() {
    let mut cluster = world(FollowRule::Heaviest, SERVERS, SERVERS);
    let tx = pay(OutPoint::genesis(0), 1);
    cluster.request(CLIENT, Request::Watch(tx.id()));
    let first = child(&genesis(), 1, &[&tx]);
    feed(&mut cluster, &[0, 1, 2, 3, 4], &[first.clone(), child(&first, 1, &[])]);
    (0..3).for_each(|_| poll(&mut cluster));
    let other = child(&genesis(), 2, &[&tx]);
    feed(&mut cluster, &[0, 1, 2, 3, 4], std::slice::from_ref(&other));
    feed(&mut cluster, &[0, 1, 2, 3, 4], &branch(&other, 4, 2));
    (0..3).for_each(|_| poll(&mut cluster));
    assert_eq!(confirmed(&cluster), [(other.id(), 5)]);
}

#[test]
fn forged_proofs_and_headers_are_dropped() {
    let mut cluster = world(FollowRule::Heaviest, SERVERS, SERVERS);
    let (tx, absent) = (pay(OutPoint::genesis(0), 1), pay(OutPoint::genesis(1), 2));
    let blocks = [child(&genesis(), 1, &[&tx])];
    cluster.request(CLIENT, Request::Watch(absent.id()));
    feed(&mut cluster, &[0, 1, 2, 3, 4], &blocks);
    feed(&mut cluster, &[0, 1, 2, 3, 4], &branch(&blocks[0], 5, 1));
    poll(&mut cluster);
    let proof = blocks[0].prove(&tx.id()).unwrap();
    let forged = Proof { tx: absent.id(), block: blocks[0].id(), proof };
    cluster.deliver(NodeId(0), CLIENT, Message::Proof(Arc::new(forged)));
    assert_eq!(client(&cluster).rejected(), 1);
    // A header that does not follow from the one before, one of a stranger, and one of too little work.
    let detached = branch(&blocks[0], 3, 9);
    let headers = [detached[0].clone(), detached[2].clone()].map(|b| *b.sealed());
    cluster.deliver(NodeId(0), CLIENT, Message::Headers(Arc::new(headers)));
    assert_eq!(client(&cluster).rejected(), 2);
    cluster.deliver(NodeId(77), CLIENT, Message::Headers(Arc::new([*detached[0].sealed()])));
    assert_eq!(client(&cluster).rejected(), 3);
    let mut cheap = *detached[1].header();
    cheap.bits = astrarium_protocol_nakamoto::Bits::EASIEST;
    cluster.deliver(NodeId(0), CLIENT, Message::Headers(Arc::new([cheap.seal()])));
    assert_eq!(client(&cluster).rejected(), 4);
    (0..5).for_each(|_| poll(&mut cluster));
    assert_eq!(confirmed(&cluster), []);
}

#[test]
fn a_light_client_puts_its_transactions_into_the_world() {
    let mut cluster = world(FollowRule::Heaviest, SERVERS, 2);
    let tx: Arc<Tx> = pay(OutPoint::genesis(0), 1);
    cluster.request(CLIENT, Request::SubmitTx(tx.clone()));
    poll(&mut cluster);
    let reached =
        (0..SERVERS).filter(|&i| cluster.node(NodeId(i)).full().unwrap().mempool().contains(&tx.id()));
    assert_eq!(reached.count(), 2);
}

#[test]
fn bad_parameters_are_named() {
    let config = Config { block_bytes: 100, ..Config::default() };
    assert_eq!(config.validate().unwrap_err().parameter, "block_bytes");
    let light = LightConfig { directory: 1, rule: FollowRule::Majority(f64::NAN), ..LightConfig::default() };
    assert_eq!(light.validate().unwrap_err().parameter, "majority");
    assert!(Config::default().validate().is_ok());
}
