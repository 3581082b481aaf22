//! Put and get, against what can be counted.

use astrarium_runner::testing::observed;

use crate::support::{RECORDS, run, scenario};

#[test]
fn what_is_put_is_held_by_the_sixteen_nearest_and_found() {
    let outcome = run(RECORDS, &[], 0);
    let at = |name| observed(&outcome, name);
    assert_eq!((at("puts_ended"), at("gets_ended"), at("get_success")), (1.0, 1.0, 1.0));
    // Whoever puts is one of the seventeen nearest with probability 17/200; then it keeps the record, too: 50 puts, three standard errors.
    assert!((16.0..=16.25).contains(&at("put_holders")), "{}", at("put_holders"));
    assert_eq!(at("put_holders"), at("holders_alive"));
    assert_eq!((at("stores_per_record"), at("records_lost"), at("get_forged")), (16.0, 0.0, 0.0));
    assert!(at("get_rounds_mean") < at("put_rounds_mean"), "any holder will do");
}

#[test]
fn records_expire_unless_they_are_put_again() {
    // Put from 1 s to 6 s, they live until 31 s to 36 s; asked for from 25 s to 55 s.
    let sets =
        ["protocol.record_life='30 s'", "workload.gets_begin='25 s'", "workload.gets_spacing='100 ms'"];
    let outcome = run(RECORDS, &sets, 0);
    let success = observed(&outcome, "get_success");
    assert!((0.2..0.37).contains(&success), "{success}");
    assert_eq!(observed(&outcome, "records_lost"), 1.0);
}

/// Half of the nodes crash for good, then nine of ten: 16 holders are all among them with probability 2^-16, and 0.9^16 = 0.19.
#[test]
fn as_many_are_lost_as_have_only_dead_holders() {
    for (share, low, high) in [(0.5, 0.0, 0.02), (0.9, 0.05, 0.38)] {
        let text =
            format!("{RECORDS}\n[[fault]]\nid = \"dead\"\nkind = \"stop\"\nat = \"30 s\"\nshare = {share}\n");
        let lost = observed(&run(&text, &["workload.puts=100"], 0), "records_lost");
        assert!((low..=high).contains(&lost), "{share}: {lost}");
    }
}

#[test]
fn forgers_deceive_only_where_nothing_proves_a_record() {
    let forged = |certified: bool, strategy: &str| {
        let sets = [
            "adversary.share=0.3".to_owned(),
            format!("adversary.strategy='{strategy}'"),
            format!("protocol.certified={certified}"),
        ];
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let outcome = run(RECORDS, &sets, 0);
        (observed(&outcome, "get_forged"), observed(&outcome, "get_success"))
    };
    assert_eq!((forged(true, "none"), forged(false, "none")), ((0.0, 1.0), (0.0, 1.0)));
    let (proved, unproved) = (forged(true, "forge"), forged(false, "forge"));
    assert!(proved.0 == 0.0 && proved.1 > 0.95, "{proved:?}");
    assert!(unproved.0 > 0.2 && unproved.1 < 0.8, "{unproved:?}");
    let hidden = forged(true, "hide");
    assert!(hidden.0 == 0.0 && hidden.1 > 0.95, "sixteen holders, five of them corrupt: {hidden:?}");
}

#[test]
fn impossible_records_name_the_key() {
    for (set, key, word) in [
        ("workload.bytes='5 GiB'", "workload.bytes", "longer"),
        ("protocol.find_node_key='raw_as_shipped'", "protocol.find_node_key", "public name"),
        ("network.churn={ kind = 'exponential' }", "protocol.tables", "come and go"),
        ("adversary.share=1.0", "adversary.share", "must be honest"),
        ("protocol.record_life='0 s'", "protocol.record_life", "from 1 ms"),
    ] {
        let complaint = scenario(RECORDS, &[set]).err().unwrap_or_else(|| panic!("{set} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{set}: {complaint}");
    }
}
