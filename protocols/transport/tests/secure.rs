//! The secure channel: what it costs, what it survives, and what attackers on the path can and cannot read.

mod tcp_path;

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{
    CostTable, Cx, Datagram, Domain, Env, Fx, Layer, NodeId, Received, Seed, Span, Stack, Stream, Time, Wire,
};
use astrarium_protocol_transport::Request;
use astrarium_protocol_transport::secure::keys::{Ephemeral, Identity, PublicKey, TrafficKey, transcript};
use astrarium_protocol_transport::secure::{Config, Record, Secure};
use astrarium_protocol_transport::tcp::{self, Tcp};
use tcp_path::Blob;

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
/// The attacker, a member of the network with a static key of its own.
const EVE: NodeId = NodeId(2);

type Net = Cluster<Secure<Blob>>;
type Rec = Record<Blob>;

fn luck(n: u64) -> Stream {
    Seed(9).stream(Domain::protocol(7), 0, n)
}

fn identities() -> (Vec<Identity>, Arc<[PublicKey]>) {
    let all: Vec<Identity> = (0..3).map(|n| Identity::generate(&mut luck(n))).collect();
    let directory = all.iter().map(Identity::public).collect();
    (all, directory)
}

fn nodes<M: astrarium_protocol_transport::Message>(config: &Config) -> Vec<Secure<M>> {
    let (all, directory) = identities();
    all.into_iter().map(|identity| Secure::new(config.clone(), identity, Arc::clone(&directory))).collect()
}

fn net(config: &Config) -> Net {
    Cluster::start(nodes(config), Span::from_millis(50), Seed(1))
}

fn ms(n: u64) -> Time {
    Time::ZERO + Span::from_millis(n)
}

fn say(n: u32) -> Datagram<Blob> {
    Datagram::One(B, Blob(n, 100))
}

fn heard(net: &Net) -> Vec<(Time, NodeId, u32)> {
    net.indications.iter().map(|(at, to, got)| (*at, *to, got.message.0)).collect()
}

fn kinds(net: &Net) -> Vec<(&'static str, u32)> {
    net.sent.iter().map(|s| (s.3.kind(), s.3.wire_len())).collect()
}

#[test]
fn switched_off_it_is_not_there() {
    let mut net = net(&Config::off());
    net.request(A, say(1));
    net.request(A, Datagram::Many(Arc::from([B, EVE]), Blob(2, 100)));
    net.run_until(ms(1000));
    assert_eq!(kinds(&net), [("message", 100); 3]);
    assert_eq!(heard(&net), [(ms(50), B, 1), (ms(50), B, 2), (ms(50), EVE, 2)]);
}

#[test]
fn three_messages_then_data_after_one_and_a_half_round_trips() {
    let mut net = net(&Config::default());
    net.request(A, say(1));
    net.run_until(ms(1000));
    assert_eq!(kinds(&net), [("hs1", 62), ("hs2", 150), ("hs3", 118), ("sealed", 128)]);
    assert_eq!(heard(&net), [(ms(150), B, 1)]);
    net.request(B, Datagram::One(A, Blob(2, 100)));
    net.request(A, say(3));
    net.run_until(ms(2000));
    assert_eq!(&heard(&net)[1..], [(ms(1050), A, 2), (ms(1050), B, 3)]);
    assert_eq!((net.node(A).counters().completed, net.node(B).counters().completed), (1, 1));
}

#[test]
fn qcp_adds_twenty_bytes() {
    let mut net = net(&Config { overhead: 20, ..Config::default() });
    net.request(A, say(1));
    net.run_until(ms(1000));
    assert_eq!(kinds(&net).last(), Some(&("sealed", 120)));
}

#[test]
fn both_sides_beginning_at_once_end_with_one_session() {
    let mut net = net(&Config::default());
    net.request(A, say(1));
    net.request(B, Datagram::One(A, Blob(2, 100)));
    net.run_until(ms(3000));
    let mut numbers: Vec<u32> = heard(&net).iter().map(|h| h.2).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(net.node(A).counters().completed, 1);
    assert_eq!((net.node(A).half_open(), net.node(B).half_open()), (0, 0));
}

/// Drops the first `count` messages of this kind.
fn lose(net: &mut Net, kind: &'static str, mut count: u32) {
    net.filter(move |_, _, _, record| {
        let hit = record.kind() == kind && count > 0;
        count -= u32::from(hit);
        !hit
    });
}

#[test]
fn lost_handshake_messages_are_repeated() {
    // HS1 comes again after 200 and 500 ms; a lost HS2 is repeated when HS1 comes again.
    for (kind, count, at) in [("hs1", 1, 350), ("hs1", 2, 650), ("hs2", 1, 350)] {
        let mut net = net(&Config::default());
        lose(&mut net, kind, count);
        net.request(A, say(1));
        net.run_until(ms(5000));
        assert_eq!(heard(&net), [(ms(at), B, 1)], "{kind}");
    }
    // A lost HS3 costs what came with it; what comes later brings it back.
    let mut net = net(&Config::default());
    lose(&mut net, "hs3", 1);
    net.request(A, say(1));
    net.run_until(ms(1000));
    net.request(A, say(2));
    net.run_until(ms(2000));
    assert_eq!(heard(&net), [(ms(1050), B, 2)]);
    assert_eq!(net.node(B).counters().unopened, 1);
}

/// 200 + 300 + 450 + 675 + 1012.5 ms, then everything that waited is dropped, and counted. The queue is bounded.
#[test]
fn five_tries_and_a_bounded_queue() {
    let mut net = net(&Config { queue: 10, ..Config::default() });
    lose(&mut net, "hs1", 100);
    for n in 0..15 {
        net.request(A, say(n));
    }
    assert_eq!(net.node(A).waiting(B), 10);
    net.run_until(Time::ZERO + Span::from_micros(2_637_499));
    assert_eq!((net.sent.len(), net.node(A).counters().failed), (5, 0));
    net.run_until(ms(10_000));
    assert_eq!((net.sent.len(), net.node(A).counters().failed), (5, 1));
    assert_eq!((net.node(A).counters().overflow, net.node(A).waiting(B)), (15, 0));
}

#[test]
fn a_peer_that_lost_its_session_gets_a_new_one() {
    let mut net = net(&Config::default());
    net.request(A, say(1));
    net.run_until(ms(1000));
    net.call(B, Layer::on_restart);
    net.request(A, say(2));
    net.run_until(ms(2000));
    net.request(A, say(3));
    net.run_until(ms(3000));
    assert_eq!(heard(&net), [(ms(150), B, 1), (ms(2050), B, 3)]);
}

#[test]
fn replayed_and_stale_records_are_dropped_and_counted() {
    let mut net = net(&Config::default());
    net.request(A, say(0));
    net.run_until(ms(1000));
    let first = net.sent.last().expect("a record").3.clone();
    net.deliver(A, B, first.clone());
    assert_eq!(net.node(B).counters().replayed, 1);
    for n in 1..80 {
        net.request(A, say(n));
    }
    net.run_until(ms(2000));
    net.deliver(A, B, first.clone());
    assert_eq!((net.node(B).counters().replayed, heard(&net).len()), (2, 80));
    // To another node, or in the other direction, it opens nothing.
    net.deliver(A, EVE, first.clone());
    net.deliver(B, A, first);
    assert_eq!((net.node(EVE).counters().unopened, net.node(A).counters().unopened), (1, 1));
    assert_eq!(heard(&net).len(), 80);
}

/// Signed time more than 300 s off, another network, and plain text while the channel is on.
#[test]
fn handshakes_of_another_time_or_network_are_refused() {
    let mut net = net(&Config::default());
    net.request(A, say(0));
    let Some(Record::Hello { prologue, key, .. }) = net.sent.first().map(|s| s.3.clone()) else {
        panic!("HS1")
    };
    net.run_until(ms(1000));
    let hello = |time, chain| Rec::Hello {
        prologue: astrarium_protocol_transport::secure::Prologue { session: 77, chain, time },
        key,
        cookie: 0,
    };
    net.deliver(EVE, B, hello(ms(1000) + Span::from_secs(301), prologue.chain));
    net.deliver(EVE, B, hello(ms(1000), prologue.chain + 1));
    net.deliver(EVE, B, Rec::Plain(Blob(1, 1)));
    let counters = net.node(B).counters();
    assert_eq!((counters.auth_time, counters.auth_fail, counters.plain), (1, 1, 1));
    assert_eq!(net.node(B).half_open(), 0);
    net.deliver(EVE, B, hello(ms(1000) + Span::from_secs(299), prologue.chain));
    assert_eq!(net.node(B).half_open(), 1);
}

// --- Attackers ---------------------------------------------------------------------------------------------------------------------

/// What the man in the middle ended with.
struct Theft {
    read: Option<u32>,
    delivered: usize,
    suspicious: u64,
}

/// AD-MITM: replaces both ephemeral keys by its own, opens, reads, seals again. With `sign` it signs what it replaces with its
/// own static key.
fn man_in_the_middle(config: &Config, sign: bool) -> Theft {
    let (all, _) = identities();
    let mut net = net(config);
    net.filter(|_, _, _, _| false);
    net.request(A, say(42));
    let (to_a, to_b) = (Ephemeral::generate(&mut luck(100)), Ephemeral::generate(&mut luck(101)));
    let Some(Record::Hello { prologue, key: key_a, cookie }) = net.sent.last().map(|s| s.3.clone()) else {
        panic!()
    };
    net.deliver(A, B, Record::Hello { prologue, key: to_b.public(), cookie });
    let Some(Record::Answer { prologue, key: key_b, proof }) = net.sent.last().map(|s| s.3.clone()) else {
        panic!()
    };
    let time = prologue.time.as_nanos();
    let with_a = transcript(config.chain, key_a, to_a.public(), B.0, time);
    let with_b = transcript(config.chain, to_b.public(), key_b, B.0, time);
    let proof = proof.map(|p| {
        if sign {
            let eve = &all[EVE.index()];
            astrarium_protocol_transport::secure::Proof { signature: eve.sign(with_a), key: eve.public() }
        } else {
            p
        }
    });
    let seen = net.sent.len();
    net.deliver(B, A, Record::Answer { prologue, key: to_a.public(), proof });
    let mut read = None;
    for (_, _, _, record) in net.sent.split_off(seen) {
        let record = match record {
            Record::Data { sealed, overhead } => {
                let inside =
                    sealed.open(&to_a.agree(key_a).traffic(with_a).0).expect("our own key").expect("data");
                read = Some(inside.0);
                let key = to_b.agree(key_b).traffic(with_b).0;
                Record::Data {
                    sealed: astrarium_protocol_transport::secure::keys::Sealed::new(&key, 0, Some(inside)),
                    overhead,
                }
            }
            other => other,
        };
        net.deliver(A, B, record);
    }
    let suspicious = net.node(A).counters().auth_fail;
    Theft { read, delivered: heard(&net).len(), suspicious }
}

/// Claims C23: without authentication the man in the middle reads, and nobody notices.
#[test]
fn an_unauthenticated_handshake_is_open_to_the_man_in_the_middle() {
    let theft = man_in_the_middle(&Config { authenticate: false, ..Config::default() }, false);
    assert_eq!((theft.read, theft.delivered, theft.suspicious), (Some(42), 1, 0));
}

#[test]
fn signatures_keep_the_man_in_the_middle_out() {
    for sign in [false, true] {
        let theft = man_in_the_middle(&Config::default(), sign);
        assert_eq!((theft.read, theft.delivered, theft.suspicious), (None, 0, 1));
    }
}

/// Records that somebody with these keys, and all that follow from them, can open.
fn readable(tap: &[Rec], keys: &[TrafficKey]) -> Vec<u32> {
    let mut known = keys.to_vec();
    for key in keys {
        known.extend(std::iter::successors(Some(key.next()), |k| Some(k.next())).take(20));
    }
    let open = |record: &Rec| match record {
        Record::Data { sealed, .. } => known.iter().find_map(|key| sealed.clone().open(key).ok().flatten()),
        _ => None,
    };
    tap.iter().filter_map(open).map(|blob| blob.0).collect()
}

/// AD-TAP with key theft, claims C23 and C26 and I14: 200 messages recorded, keys changed every 70 records, then node B is secrets. Its
/// static key opens nothing; its memory opens what the present epoch sealed and what comes later, and nothing of earlier ones.
#[test]
fn stolen_keys_do_not_open_the_past() {
    let config = Config { rekey_records: 70, ..Config::default() };
    let mut net = net(&config);
    for n in 0..200 {
        net.request(A, say(n));
        net.run_until(ms(1000 + u64::from(n) * 100));
    }
    net.run_until(ms(60_000));
    assert_eq!(heard(&net).len(), 200);
    assert_eq!(net.node(A).counters().rekeys, 2);
    let tap = |net: &Net| net.sent.iter().map(|s| s.3.clone()).collect::<Vec<Rec>>();
    let before = tap(&net);
    assert!(before.iter().all(|record| !format!("{record:?}").contains("Blob")));
    let secrets = net.node(B).secrets();
    // The static key makes no traffic key: it only signs. What it can do is listed by its type, and this is all of it.
    assert_eq!(secrets.identity.public(), identities().0[B.index()].public());
    assert_eq!(readable(&before, &[]), []);
    let open = readable(&before, &secrets.keys);
    assert_eq!(open, (140..200).collect::<Vec<_>>());
    for n in 200..300 {
        net.request(A, say(n));
    }
    net.run_until(ms(70_000));
    assert_eq!(readable(&tap(&net), &secrets.keys), (140..300).collect::<Vec<_>>());
}

/// With the time of a key over, both sides change it although nothing is said, so that a quiet session protects its past, too.
#[test]
fn quiet_sessions_change_their_keys() {
    let mut net = net(&Config::default());
    net.request(A, say(1));
    net.run_until(Time::ZERO + Span::from_secs(3700));
    let tap: Vec<Rec> = net.sent.iter().map(|s| s.3.clone()).collect();
    assert_eq!(kinds(&net).last(), Some(&("sealed", 28)));
    assert_eq!(readable(&tap, &net.node(B).secrets().keys), []);
    let sent = net.sent.len();
    net.run_until(Time::ZERO + Span::from_secs(4 * 3600));
    // An empty epoch needs no successor.
    assert_eq!(net.sent.len(), sent);
    net.request(A, say(2));
    net.run_until(Time::ZERO + Span::from_secs(5 * 3600));
    assert_eq!(heard(&net).len(), 2);
}

/// AD-HS-FLOOD: 5000 beginnings that never end. State stops at the limit, and an honest handshake takes one round trip more, for the
/// cookie.
#[test]
fn a_flood_of_beginnings_costs_a_cookie() {
    let mut net = net(&Config::default());
    net.filter(|_, _, to, _| to != EVE);
    for n in 0..5000_u32 {
        let key = Ephemeral::generate(&mut luck(1000 + u64::from(n))).public();
        let prologue = astrarium_protocol_transport::secure::Prologue { session: n, chain: 1, time: ms(0) };
        net.deliver(EVE, B, Record::Hello { prologue, key, cookie: 0 });
    }
    assert_eq!((net.node(B).half_open(), net.node(B).counters().cookies), (1024, 5000 - 1024));
    net.request(A, say(1));
    net.run_until(ms(1000));
    assert_eq!(heard(&net), [(ms(250), B, 1)]);
    net.run_until(ms(10_000));
    assert_eq!(net.node(B).half_open(), 0);
}

/// Processor time by the cost table: HS1 costs its receiver two agreements and a signature (170 µs), HS3 a verification; the
/// initiator pays the same; turning somebody away costs nothing.
#[test]
fn work_is_charged_as_specified() {
    let mut parties: Vec<Secure<Blob>> = nodes(&Config { half_open_limit: 1, ..Config::default() });
    let mut env = Env::new(Seed(1), CostTable::REFERENCE);
    type Handle<'h> = &'h mut dyn FnMut(&mut Secure<Blob>, &mut Cx<'_, Secure<Blob>>);
    let mut call = |me: usize, handle: Handle<'_>| {
        let mut fx = Fx::new();
        env.begin(ms(1), NodeId::from(me), me as u64);
        handle(&mut parties[me], &mut Cx::new(&mut env, &mut fx));
        let sent: Vec<Rec> =
            fx.down.drain(..).map(|d| if let Datagram::One(_, r) = d { r } else { panic!() }).collect();
        (sent, env.spent().as_nanos() / 1000)
    };
    let (hello, spent) = call(0, &mut |p, cx| p.on_request(say(1), cx));
    assert_eq!(spent, 60);
    let hear = |from: NodeId, message: &Rec| Received { from, message: message.clone() };
    let (answer, spent) = call(1, &mut |p, cx| p.on_indication(hear(A, &hello[0]), cx));
    assert_eq!(spent, 2 * 60 + 50);
    let (finish, spent) = call(0, &mut |p, cx| p.on_indication(hear(B, &answer[0]), cx));
    // The second agreement, a verification, a signature, and one record of less than a KiB.
    assert_eq!(spent, 60 + 120 + 50 + 1);
    let (other, spent) = call(2, &mut |p, cx| p.on_request(say(1), cx));
    assert_eq!(spent, 60);
    let (turned, spent) = call(1, &mut |p, cx| p.on_indication(hear(EVE, &other[0]), cx));
    assert_eq!((turned[0].kind(), turned[0].wire_len(), spent), ("hs-cookie", 30, 0));
    let (_, spent) = call(1, &mut |p, cx| p.on_indication(hear(A, &finish[0]), cx));
    assert_eq!(spent, 120);
}

/// TCP above the channel: a transfer through loss, disorder and duplicates arrives once, sealed all the way.
#[test]
fn tcp_runs_above_the_channel() {
    let config = tcp::Config { min_rto: Span::from_millis(200), ..tcp::Config::newreno() };
    let stack =
        || nodes(&Config::default()).into_iter().map(|s| Stack::new(Tcp::<Blob>::new(config.clone()), s));
    for seed in 0..20 {
        let (a, b) = (stack().next().expect("A"), stack().nth(1).expect("B"));
        let mut link = tcp_path::Link::new(10_000_000, Span::from_millis(20), 0.1);
        link.duplicate = 0.1;
        link.jitter = Span::from_millis(10);
        let mut path = tcp_path::Path::new(a, b, link.clone(), link, seed);
        for n in 0..20 {
            path.ask(ms(100 * u64::from(n)), A, Request::send(B, Blob(n, 5000)));
        }
        path.run_until(ms(600_000));
        let got: Vec<u32> = tcp_path::delivered(&path).iter().map(|d| d.1).collect();
        assert_eq!(got, (0..20).collect::<Vec<_>>(), "seed {seed}");
        assert!(path.node(B).lower.counters().opened > 70);
    }
}
