//! Combinations that cannot be run are refused before anything runs, naming the key to blame.

use super::support::lab;

const GOOD: &str = r#"
    name = "test"
    system = "nakamoto"
    about = "test"
    stop = { blocks = 5 }
    [network]
    nodes = 10
"#;

fn why(text: &str) -> Option<String> {
    lab().scenario(text, None, &[]).err()
}

#[test]
fn impossible_combinations_name_the_key() {
    assert_eq!(why(GOOD), None);
    let cases = [
        ("[protocol]\nblock_size = \"40 MB\"", "protocol.block_size", "33,554,432"),
        ("[protocol]\nminers = 11", "protocol.miners", "only 10 honest nodes"),
        (
            "[protocol]\nhash_distribution = { kind = \"weights\", weights = [1.0, 2.0] }",
            "protocol.hash_distribution.weights",
            "2 weights for 10 honest miners",
        ),
        (
            "[protocol]\nminers = 1\nhash_distribution = { kind = \"weights\", weights = [0.0] }",
            "protocol.hash_distribution.weights",
            "no miner has any hash power",
        ),
        ("[adversary]\nshare = 0.3", "adversary.share", "does nothing"),
        (
            "[adversary]\nstrategy = \"double-spend\"\nshare = 0.3\nnodes = 10",
            "adversary.nodes",
            "nobody is left to attack",
        ),
        (
            "[[fault]]\nkind = \"stop\"\nat = \"1 s\"\nnodes = [10]",
            "fault.fault-1.nodes",
            "there is no node 10",
        ),
    ];
    for (more, key, words) in cases {
        let why = why(&format!("{GOOD}\n{more}\n")).unwrap_or_else(|| panic!("accepted: {more}"));
        assert!(why.contains(key) && why.contains(words), "{more}\n{why}");
    }
    let endless = GOOD.replace("stop = { blocks = 5 }", "");
    assert!(why(&endless).is_some_and(|why| why.contains("nothing says when the run ends")));
}
