//! Combinations that no range can exclude are refused with the key to blame.

use crate::support::{SMALL, lab, scenario};

#[test]
fn impossible_combinations_name_the_key() {
    for (sets, key, word) in [
        (&["network.nodes=3"][..], "network.nodes", "without a partner"),
        (&["protocol.message_bytes=0"], "protocol.message_bytes", "1 B"),
        (&["protocol.message_bytes='2 GB'"], "protocol.message_bytes", "1000000000"),
        (&["protocol.messages=10000000", "network.nodes=1000"], "protocol.messages", "fewer"),
        (&["network.topology='star'"], "network.topology", "complete"),
        (
            &["network.churn={ kind = 'exponential', session = '1 d', absence = '1 h' }"],
            "network.churn",
            "not modelled",
        ),
        (&["protocol.transport='rudp'", "protocol.fec=[128, 128]"], "protocol.fec", "[10, 3]"),
        (&["protocol.transport='rudp'", "protocol.fec=[10]"], "protocol.fec", "two numbers"),
        (&["protocol.transport='rudp'", "protocol.receive_window=10"], "protocol.receive_window", "128"),
        (
            &["protocol.transport='tcp-cubic'", "protocol.sack=false", "network.fidelity='message'"],
            "protocol.sack",
            "closed form",
        ),
        (&["network.transport='tcp'", "network.fidelity='packet'"], "network.transport", "closed form"),
        (
            &["protocol.transport='rudp'", "network.fidelity='message'", "network.transport='tcp'"],
            "network.transport",
            "[protocol]",
        ),
        (&["protocol.transport='sctp'"], "protocol.transport", "tcp-cubic"),
    ] {
        let complaint = scenario(sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{sets:?}: {complaint}");
    }
}

/// What a closed form would silently lose.
#[test]
fn cuts_are_refused_where_transports_are_not_run() {
    let cut =
        "[[fault]]\nid = \"cut\"\nkind = \"partition\"\nat = \"1 s\"\nfor = \"5 s\"\nsplit = [0.5, 0.5]\n";
    let text = format!("{SMALL}{cut}");
    let with = |fidelity: &str| {
        let sets = ["protocol.transport='rudp'", fidelity];
        lab().scenario(&text, None, &sets)
    };
    assert!(with("network.fidelity='packet'").is_ok());
    let Err(complaint) = with("network.fidelity='message'") else { panic!("accepted") };
    assert!(complaint.contains("network.fidelity") && complaint.contains("cut `cut`"), "{complaint}");
}
