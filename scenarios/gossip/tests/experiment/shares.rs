//! What runs measure, against what can be counted by hand.

use astrarium_runner::testing::{metric, sound_run};

use crate::support::{DANDELION, GOSSIP, scenario};

/// 60 nodes of degree 6 have 180 links: 2·180 − 59 receipts by 59 nodes, whatever the graph.
#[test]
fn a_flood_is_received_once_per_direction_of_a_link_less_a_tree() {
    let outcome = sound_run(&scenario(GOSSIP, &[]).unwrap(), 0);
    let dup = metric(&outcome, "dup_factor").unwrap();
    assert!((dup - 301.0 / 59.0).abs() < 1e-12, "{dup}");
    assert_eq!((metric(&outcome, "coverage"), metric(&outcome, "reached_all")), (Some(1.0), Some(1.0)));
    // 301 messages of 101 + 1024 + 28 bytes over 60 nodes.
    assert_eq!(metric(&outcome, "bytes_per_node"), Some(301.0 * 1153.0 / 60.0));
}

/// A star relays in two hops of three messages each by inventory, in two messages by flood.
#[test]
fn delays_add_up() {
    let star = "network.topology='star'";
    let flood = metric(&sound_run(&scenario(GOSSIP, &[star]).unwrap(), 0), "cover_t100_ms").unwrap();
    let inventory = ["protocol.mode='inventory'", star];
    let inventory = metric(&sound_run(&scenario(GOSSIP, &inventory).unwrap(), 0), "cover_t100_ms").unwrap();
    // Each of three items takes one hop or two, by its source.
    assert!((50.0..=100.0).contains(&flood) && (inventory - 3.0 * flood).abs() < 1e-6, "{flood} {inventory}");
}

#[test]
fn after_a_partition_items_spread_again() {
    let text = format!(
        "{GOSSIP}\n[[fault]]\nkind = \"partition\"\nat = \"1 ns\"\nfor = \"5 s\"\nsplit = [0.5, 0.5]\n"
    );
    let outcome = sound_run(&scenario(&text, &["workload.items=20", "stop.time='300 s'"]).unwrap(), 0);
    let share = metric(&outcome, "coverage").unwrap();
    assert!(share < 0.95 && share > 0.7, "five of twenty items reach one side only: {share}");
    assert!(
        outcome
            .findings
            .iter()
            .any(|f| f.oracle == "spreads-again" && f.verdict == astrarium_engine::Verdict::Holds)
    );
}

#[test]
fn holders_bear_the_load_unless_bodies_are_cached() {
    let upload = |cached: bool| {
        let mode = format!("protocol.mode={{ kind = 'holders', holders = 6, cached = {cached} }}");
        let outcome = sound_run(&scenario(GOSSIP, &[&mode, "workload.bytes='1 MB'"]).unwrap(), 0);
        assert_eq!(metric(&outcome, "coverage"), Some(1.0));
        metric(&outcome, "holder_upload_bps").unwrap()
    };
    // 54 others take 9 MB a second from each of 6 holders.
    let direct = upload(false);
    assert!((72e6..80e6).contains(&direct), "{direct}");
    assert!(upload(true) < 0.5 * direct);
}

#[test]
fn nobody_is_blamed_without_spies_and_everybody_is_met_by_many() {
    let honest = sound_run(&scenario(DANDELION, &["adversary.strategy='none'"]).unwrap(), 0);
    assert_eq!((metric(&honest, "recall"), metric(&honest, "coverage")), (None, Some(1.0)));
    let many = sound_run(&scenario(DANDELION, &["adversary.share=0.8"]).unwrap(), 0);
    assert!(metric(&many, "intercepted").unwrap() > 0.9);
    let (recall, precision) = (metric(&many, "recall").unwrap(), metric(&many, "precision").unwrap());
    assert!(recall > 0.6 && precision <= recall);
}

/// The destination of the first step makes it public: one stem message each.
#[test]
fn a_stem_without_coin_is_one_step_long() {
    let outcome =
        sound_run(&scenario(DANDELION, &["protocol.stem_p=0.0", "adversary.strategy='none'"]).unwrap(), 0);
    assert_eq!((metric(&outcome, "stem_hops"), metric(&outcome, "public_ms")), (Some(1.0), Some(50.0)));
    let diffusion = ["protocol.scheme='diffusion'", "adversary.strategy='none'"];
    let outcome = sound_run(&scenario(DANDELION, &diffusion).unwrap(), 0);
    assert_eq!((metric(&outcome, "stem_hops"), metric(&outcome, "public_ms")), (Some(0.0), Some(0.0)));
}
