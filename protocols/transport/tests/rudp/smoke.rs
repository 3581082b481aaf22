//! Messages get across.

use astrarium_protocol_transport::rudp::{Config, Profile, Rudp};
use astrarium_protocol_transport::{Down, Event, Request};

use crate::pair::{A, B, Note, Pair, at_ms, ms, note};

fn pair(config: Config) -> Pair<Rudp<Note>> {
    Pair::new(Rudp::new(config), Rudp::new(config), |_, _, _| vec![ms(50)])
}

#[test]
fn every_profile_delivers_a_message() {
    for (profile, name) in Profile::ALL {
        let mut pair = pair(Config::profile(profile));
        pair.request(A, Request::send(B, note(1, 5_000)));
        pair.request(A, Request::send(B, note(2, 200_000)));
        pair.run_until(at_ms(20_000));
        println!("{name}: {:?} {:?}", pair.delivered(B), pair.nodes[0].counters());
        assert_eq!(pair.numbers(B), [1, 2], "{name}");
    }
}

#[test]
fn a_restarted_peer_is_noticed() {
    let mut pair = pair(Config::profile(Profile::KcpTurbo));
    pair.request(A, Request::send(B, note(1, 100)));
    pair.run_until(at_ms(300));
    pair.restart(B);
    pair.request(A, Request::send(B, note(2, 100)));
    pair.run_until(at_ms(1_000));
    let down = pair.heard.iter().find_map(|(_, node, event)| match event {
        Event::PeerDown { reason, undelivered, .. } if *node == A => Some((*reason, undelivered.clone())),
        _ => None,
    });
    assert_eq!(down, Some((Down::Reset, vec![note(2, 100)])));
    pair.request(A, Request::send(B, note(3, 100)));
    pair.run_until(pair.now() + ms(500));
    assert_eq!(pair.numbers(B), [1, 3]);
}

#[test]
fn a_late_duplicate_does_not_revive_a_closed_session() {
    let mut pair = pair(Config::profile(Profile::KcpTurbo));
    pair.request(A, Request::send(B, note(1, 100)));
    pair.request(A, Request::Close { peer: B });
    pair.run_until(at_ms(1_000));
    assert_eq!(pair.nodes.each_ref().map(Rudp::sessions), [0, 0]);
    let first = pair.sent[0].2.clone();
    pair.inject(B, first);
    pair.run_until(at_ms(2_000));
    assert_eq!(pair.numbers(B), [1]);
    assert_eq!(pair.nodes[1].counters().wrong_session, 1);
}
