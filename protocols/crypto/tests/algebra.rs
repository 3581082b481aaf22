//! What must hold whatever the mode: the scheme's algebra, its failures, and the equality of modes.

use astrarium_node::{CostTable, Domain, Op, Seed, Span, Stream};
use astrarium_protocol_crypto::dkg::{Dealing, Membership, Piece};
use astrarium_protocol_crypto::{
    Crypto, Free, Meter, Mode, Point, PublicKey, Quorum, SecretKey, Signature, Signed, Tag,
};
use proptest::prelude::*;

const TAG: Tag = Tag("TEST-V01-msg");
const MESSAGE: &[u8] = b"a message";

fn stream(n: u64) -> Stream {
    Seed(n).stream(Domain::HANDLER, 0, 0)
}

fn modes() -> [Crypto; 3] {
    Mode::ALL.map(|(mode, _)| Crypto::new(mode))
}

fn keypair(crypto: &Crypto, n: u64) -> (SecretKey, PublicKey) {
    let secret = SecretKey::generate(&mut stream(n));
    let public = crypto.public_key(&secret, &mut Free);
    (secret, public)
}

/// A group of `n` members with threshold `t` from an honest key generation.
fn group(crypto: &Crypto, n: u64, t: u32) -> (Vec<Point>, Vec<Membership>) {
    let dealings: Vec<Dealing> = (0..n).map(|i| crypto.deal(t, &mut stream(100 + i), &mut Free)).collect();
    let points: Vec<Point> = (1..=n).map(|i| Point::of("test", &i.to_be_bytes())).collect();
    let members = points.iter().map(|at| {
        let pieces: Vec<Piece> =
            dealings.iter().map(|d| Piece { key: d.key, share: d.share(*at, &mut Free) }).collect();
        crypto.assemble(&pieces, &mut Free).unwrap()
    });
    let members = members.collect();
    (points, members)
}

fn recovered(crypto: &Crypto, points: &[Point], members: &[Membership], who: &[usize]) -> Option<Signature> {
    let quorum = Quorum::new(&who.iter().map(|i| points[*i]).collect::<Vec<_>>())?;
    let shares: Vec<Signature> =
        who.iter().map(|i| crypto.sign(&members[*i].secret, TAG, MESSAGE, &mut Free)).collect();
    crypto.recover(&quorum, &shares, &mut Free)
}

#[test]
fn signatures_verify_under_their_key_tag_and_message_only() {
    for crypto in modes() {
        let ((secret, public), (_, other)) = (keypair(&crypto, 1), keypair(&crypto, 2));
        let signature = crypto.sign(&secret, TAG, MESSAGE, &mut Free);
        assert_eq!(signature, crypto.sign(&secret, TAG, MESSAGE, &mut Free), "unique");
        let good = |key, tag, message: &[u8]| crypto.verify(key, tag, message, &signature, &mut Free);
        assert!(good(&public, TAG, MESSAGE), "{crypto:?}");
        assert!(!good(&other, TAG, MESSAGE));
        assert!(!good(&public, Tag("TEST-V01-other"), MESSAGE));
        assert!(!good(&public, TAG, b"another"));
    }
}

#[test]
fn a_batch_is_good_when_all_of_it_is() {
    for crypto in modes() {
        let pairs: Vec<_> = (1..=6).map(|n| keypair(&crypto, n)).collect();
        let messages = [b"one".as_slice(), b"two", b"one", b"three", b"one", b"two"];
        let mut signed: Vec<Signed<'_>> = pairs
            .iter()
            .zip(messages)
            .map(|((secret, key), message)| Signed {
                key: *key,
                message,
                signature: crypto.sign(secret, TAG, message, &mut Free),
            })
            .collect();
        assert!(crypto.verify_batch(TAG, &signed, &mut Free));
        assert!(crypto.verify_batch(TAG, &[], &mut Free));
        // Exchanged signatures cancel out in a plain sum, not in a random combination.
        let (first, third) = (signed[0].signature, signed[2].signature);
        (signed[0].signature, signed[2].signature) = (third, first);
        assert!(!crypto.verify_batch(TAG, &signed, &mut Free), "{crypto:?}");
        // The memory of the failure does not spoil the good ones.
        assert!(crypto.verify_batch(TAG, &signed[3..], &mut Free));
        assert!(!crypto.verify_batch(TAG, &signed[..1], &mut Free));
    }
}

#[test]
fn real_and_memo_give_the_same_bytes() {
    let [real, memo, _] = modes();
    let (points, ours) = group(&real, 4, 3);
    let (_, theirs) = group(&memo, 4, 3);
    for (a, b) in ours.iter().zip(&theirs) {
        assert_eq!((a.own, a.group), (b.own, b.group));
    }
    let signature = recovered(&real, &points, &ours, &[0, 1, 3]);
    for _ in 0..2 {
        assert_eq!(signature, recovered(&memo, &points, &theirs, &[0, 1, 3]));
    }
}

#[test]
fn any_quorum_gives_the_groups_signature_and_less_never_does() {
    for crypto in modes() {
        let (points, members) = group(&crypto, 5, 3);
        let public = members[0].group;
        let signature = recovered(&crypto, &points, &members, &[0, 1, 2]).unwrap();
        assert!(crypto.verify(&public, TAG, MESSAGE, &signature, &mut Free));
        for quorum in [[4, 3, 2], [0, 2, 4], [1, 3, 0]] {
            assert_eq!(recovered(&crypto, &points, &members, &quorum), Some(signature), "{quorum:?}");
        }
        assert_eq!(recovered(&crypto, &points, &members, &[0, 1, 2, 3, 4]), Some(signature));
        let too_few = recovered(&crypto, &points, &members, &[0, 1]).unwrap();
        assert!(!crypto.verify(&public, TAG, MESSAGE, &too_few, &mut Free));
        assert_eq!(recovered(&crypto, &points, &members, &[0, 1, 1]), None);
    }
}

proptest! {
    /// Every quorum of a random group, on exponents; the equations are those of the curve.
    #[test]
    fn every_quorum_agrees(n in 2_u64..12, t in 1_u32..12, pick: u64) {
        let t = t.min(n as u32);
        let crypto = Crypto::new(Mode::Modelled);
        let (points, members) = group(&crypto, n, t);
        let mut order: Vec<usize> = (0..n as usize).collect();
        let first = recovered(&crypto, &points, &members, &order[..t as usize]).unwrap();
        stream(pick).shuffle(&mut order);
        prop_assert_eq!(recovered(&crypto, &points, &members, &order[..t as usize]), Some(first));
        prop_assert!(crypto.verify(&members[0].group, TAG, MESSAGE, &first, &mut Free));
        if t > 1 {
            let fewer = recovered(&crypto, &points, &members, &order[..t as usize - 1]);
            prop_assert_ne!(fewer, Some(first));
        }
    }

    /// No bytes from the network make an operation panic, and none but a signature pass.
    #[test]
    fn hostile_bytes_are_no_signatures(mut bytes in prop::collection::vec(any::<u8>(), 144), prefix: bool) {
        for crypto in modes() {
            let (secret, public) = keypair(&crypto, 1);
            if prefix {
                bytes[..48].copy_from_slice(&crypto.sign(&secret, TAG, b"x", &mut Free).0);
                bytes[47] ^= 1;
            }
            let signature = Signature(bytes[..48].try_into().unwrap());
            let key = PublicKey(bytes[48..].try_into().unwrap());
            prop_assert!(!crypto.verify(&public, TAG, MESSAGE, &signature, &mut Free));
            prop_assert!(!crypto.verify(&key, TAG, MESSAGE, &signature, &mut Free));
            let _ = crypto.aggregate_keys(&[key, public], &mut Free);
            let _ = crypto.aggregate(&[signature], &mut Free);
            let _ = crypto.open(&astrarium_protocol_crypto::sealed::Sealed { iv: [1; 16], ciphertext: bytes[..32].try_into().unwrap() }, &secret, &key, &mut Free);
        }
    }
}

/// Without proofs of possession the last to show its key owns the sum; with them it cannot prove that it knows its key's secret.
#[test]
fn a_rogue_key_takes_the_group_unless_possession_is_proven() {
    for crypto in modes() {
        let honest: Vec<_> = (1..=3).map(|n| keypair(&crypto, n)).collect();
        let (secret, target) = keypair(&crypto, 9);
        let minus = honest.iter().map(|(_, key)| crypto.negative_key(key, &mut Free).unwrap());
        let rogue = crypto.aggregate_keys(&minus.chain([target]).collect::<Vec<_>>(), &mut Free).unwrap();
        let keys: Vec<PublicKey> = honest.iter().map(|(_, key)| *key).chain([rogue]).collect();
        let sum = crypto.aggregate_keys(&keys, &mut Free).unwrap();
        assert_eq!(sum, target);
        let signature = crypto.sign(&secret, TAG, MESSAGE, &mut Free);
        assert!(crypto.verify(&sum, TAG, MESSAGE, &signature, &mut Free), "the attacker alone signs for all");
        let proof = crypto.prove_possession(&secret, &mut Free);
        assert!(crypto.check_possession(&target, &proof, &mut Free));
        assert!(!crypto.check_possession(&rogue, &proof, &mut Free));
        let forged = crypto.sign(&secret, Tag::POSSESSION, &rogue.0, &mut Free);
        assert!(!crypto.check_possession(&rogue, &forged, &mut Free));
    }
}

/// One dealer gives one member a wrong share: nobody notices by the keys, the aggregate test shows that something is wrong, the opening and
/// the commitments show who.
#[test]
fn poisoned_shares_are_found_by_the_ways_that_find_them() {
    for crypto in modes() {
        let (n, t) = (4_u64, 3_u32);
        let points: Vec<Point> = (1..=n).map(|i| Point::number(i).unwrap()).collect();
        let dealings: Vec<Dealing> = (0..n).map(|i| crypto.deal(t, &mut stream(i), &mut Free)).collect();
        let poison = SecretKey::generate(&mut stream(77));
        let piece = |dealer: usize, member: usize, poisoned: bool| {
            let share = dealings[dealer].share(points[member], &mut Free);
            let share = if poisoned && (dealer, member) == (0, 2) { share.plus(&poison) } else { share };
            Piece { key: dealings[dealer].key, share }
        };
        for poisoned in [false, true] {
            let members: Vec<Membership> = (0..4)
                .map(|m| (0..4).map(|d| piece(d, m, poisoned)).collect::<Vec<_>>())
                .map(|pieces| crypto.assemble(&pieces, &mut Free).unwrap())
                .collect();
            assert!(members.iter().all(|m| m.group == members[0].group), "the keys agree either way");
            let tests: Vec<(Point, Signature)> = points
                .iter()
                .zip(&members)
                .map(|(at, m)| (*at, crypto.sign(&m.secret, TAG, MESSAGE, &mut Free)))
                .collect();
            assert_eq!(crypto.check_group(&members[0].group, TAG, MESSAGE, &tests, &mut Free), !poisoned);
            for (dealer, dealing) in dealings.iter().enumerate() {
                let guilty = poisoned && dealer == 0;
                let opened: Vec<(Point, SecretKey)> =
                    (0..4).map(|m| (points[m], piece(dealer, m, poisoned).share)).collect();
                let key = &dealing.key;
                assert_eq!(crypto.opening_is_sound(key, t, &opened, &mut Free), !guilty);
                let commitments = crypto.commitments(dealing, &mut Free);
                for (member, at) in points.iter().enumerate() {
                    let sound =
                        crypto.check_share(&piece(dealer, member, poisoned), *at, &commitments, &mut Free);
                    assert_eq!(sound, !(guilty && member == 2), "{dealer} to {member}");
                }
            }
        }
    }
}

#[test]
fn sealed_shares_open_for_their_reader_only() {
    for crypto in modes() {
        let ((a, pa), (b, pb), (c, _)) = (keypair(&crypto, 1), keypair(&crypto, 2), keypair(&crypto, 3));
        let share = SecretKey::generate(&mut stream(4));
        let sealed = crypto.seal(&share, &a, &pb, [7; 16], &mut Free).unwrap();
        let key = |secret: &SecretKey| crypto.public_key(secret, &mut Free);
        let opened = crypto.open(&sealed, &b, &pa, &mut Free).unwrap();
        assert_eq!(key(&opened), key(&share));
        let stolen = crypto.open(&sealed, &c, &pa, &mut Free);
        assert!(stolen.is_none_or(|s| key(&s) != key(&share)), "{crypto:?}");
    }
}

#[test]
fn draws_are_proven_unique_and_spread() {
    let crypto = Crypto::new(Mode::Modelled);
    let (secret, public) = keypair(&crypto, 1);
    let mut sum = 0.0;
    for slot in 0_u64..2_000 {
        let draw = crypto.draw(&secret, TAG, &slot.to_be_bytes(), &mut Free);
        assert_eq!(
            crypto.check_draw(&public, TAG, &slot.to_be_bytes(), &draw.proof, &mut Free),
            Some(draw.value)
        );
        assert_eq!(crypto.check_draw(&public, TAG, b"another", &draw.proof, &mut Free), None);
        sum += draw.value.unit();
    }
    // Mean of 2,000 uniform values: 0.5 ± 0.00645; five standard errors, a false alarm in 1.7 million.
    assert!((sum / 2_000.0 - 0.5).abs() < 0.033, "{sum}");
}

/// Adds up what was charged.
#[derive(Default)]
struct Bill(Span);

impl Meter for Bill {
    fn charge(&mut self, op: Op) {
        self.0 += CostTable::PAIRING.cost(op);
    }
}

#[test]
fn all_modes_cost_the_same() {
    let bills = modes().map(|crypto| {
        let mut bill = Bill::default();
        for _ in 0..2 {
            let dealing = crypto.deal(3, &mut stream(1), &mut bill);
            let commitments = crypto.commitments(&dealing, &mut bill);
            let at = Point::number(1).unwrap();
            let piece = Piece { key: dealing.key, share: dealing.share(at, &mut bill) };
            assert!(crypto.check_share(&piece, at, &commitments, &mut bill));
            let signature = crypto.sign(&piece.share, TAG, MESSAGE, &mut bill);
            let _ = crypto.verify(&dealing.key, TAG, MESSAGE, &signature, &mut bill);
            let _ = crypto.draw(&piece.share, TAG, MESSAGE, &mut bill);
        }
        bill.0
    });
    assert!(bills[0] > Span::from_millis(5));
    assert_eq!(bills, [bills[0]; 3]);
}
