//! Bad input ends with exit code 2, one clear message that names file, key and expectation, and nothing written. (The
//! messages themselves are tested case by case where they are made, in `scenarios/runner`.)
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{Desk, Said};

/// A scenario with a hole; `{}` is replaced by what is broken.
const SOUND: &str =
    "name = \"broken\"\nsystem = \"nakamoto\"\nstop = { blocks = 3 }\n\n[network]\nnodes = 5\n";

/// (what is appended to a sound scenario, words the message must hold)
const BROKEN: &[(&str, &[&str])] = &[
    ("latencyy = { kind = \"constant\" }", &["latencyy", "did you mean `latency`"]),
    ("latency = { kind = \"constant\", one_way = \"50 Mbit/s\" }", &["one_way", "ms"]),
    ("latency = { kind = \"constant\", one_way = 50 }", &["one_way", "unit"]),
    ("latency = { kind = \"warp\" }", &["warp", "constant"]),
    ("latency = { kind = \"matrix\", file = \"absent.csv\" }", &["absent.csv"]),
    ("bandwidth = { kind = \"constant\", up = \"-1 Mbit/s\", down = \"1 Mbit/s\" }", &["up", "-1"]),
    ("loss = { kind = \"bernoulli\", p = nan }", &["p", "nan"]),
    ("loss = { kind = \"bernoulli\", p = 1.5 }", &["p", "1.5"]),
    ("topology = { kind = \"random\", degree = 5 }", &["degree"]),
    ("topology = { kind = \"graphml\", file = \"absent.graphml\" }", &["absent.graphml"]),
    ("nodes = 6", &["nodes", "duplicate"]),
    ("[adversary]\nstrategy = \"double-spend\"\nshare = 1.2", &["share", "1.2"]),
    ("[adversary]\nstrategy = \"bribery\"", &["bribery", "double-spend"]),
    ("[adversary]\nstrategy = \"double-spend\"\nshare = 0.3\nconfirmations = 0", &["confirmations"]),
    ("[protocol]\nblock_interval = \"0 s\"", &["block_interval"]),
    ("[protocol]\nblock_interval = \"inf s\"", &["block_interval"]),
    ("[sweep]\n\"adversary.share\" = []", &["adversary.share", "empty"]),
    ("[sweep]\n\"adversary.shar\" = [0.1]", &["adversary.shar"]),
    ("[sweep]\n\"adversary.share\" = { from = 0.1, to = 0.3, step = 0 }", &["step"]),
    ("[sweep]\n\"adversary.share\" = { like = \"adversary.share\" }", &["like"]),
    ("[sweep]\n\"network.nodes\" = [5]\n\"network.nodes\" = [6]", &["network.nodes", "duplicate"]),
    (
        "[[expect]]\nmetric = \"attack_succes\"\nat_most = 1",
        &["attack_succes", "did you mean `attack_success`"],
    ),
    ("[[expect]]\nmetric = \"attack_success\"\ntheory = \"duble-spend\"\nsigmas = 3", &["duble-spend"]),
    ("[[fault]]\nkind = \"earthquake\"\nat = \"1 s\"", &["earthquake", "partition"]),
    ("[size.gigantic]\nreplicas = 2.5", &["replicas"]),
    ("[[plot]]\nx = \"adversary.share\"", &["y"]),
    ("this is not TOML", &["expected"]),
];

#[test]
fn broken_scenarios_are_explained_and_leave_nothing() {
    let desk = Desk::new();
    for (broken, words) in BROKEN {
        desk.write("broken.toml", format!("{SOUND}{broken}\n"));
        let said = desk.expect(2, "run broken.toml");
        check(&desk, &said, "broken.toml", words, broken);
    }
}

#[test]
fn unusable_files_are_explained() {
    let desk = Desk::new();
    desk.write("latin1.toml", b"name = \"caf\xe9\"\n");
    desk.write("zeros.toml", [0_u8; 64]);
    desk.write("empty.toml", "");
    std::fs::create_dir(desk.path("folder.toml")).expect("a folder");
    let huge = std::fs::File::create(desk.path("huge.toml")).expect("a file");
    huge.set_len(100 << 20).expect("a sparse file of 100 MB");
    let cases: &[(&str, &[&str])] = &[
        ("latin1.toml", &["UTF-8"]),
        ("zeros.toml", &[]),
        ("empty.toml", &["system"]),
        ("folder.toml", &[]),
        ("huge.toml", &["MiB"]),
        ("absent.toml", &[]),
    ];
    for (file, words) in cases {
        let said = desk.expect(2, &format!("run {file}"));
        check(&desk, &said, file, words, file);
    }
}

#[test]
fn bad_words_on_the_command_line_are_explained() {
    let desk = Desk::new();
    let file = "scenarios/nakamoto/double-spend.toml";
    let cases: &[(&str, &[&str])] = &[
        ("run", &["FILES"]),
        ("run scenarios/nakamoto/double-spend.toml --size huge", &["huge", "smoke"]),
        ("run scenarios/nakamoto/double-spend.toml --set adversary.shares=0.1", &["adversary.shares"]),
        ("run scenarios/nakamoto/double-spend.toml --set adversary.share", &["adversary.share"]),
        ("run scenarios/nakamoto/double-spend.toml --set adversary.share=[0.1,2]", &["adversary.share", "2"]),
        ("run scenarios/nakamoto/double-spend.toml --replicas 0", &["replicas"]),
        ("run scenarios/nakamoto/double-spend.toml --out /proc/astrarium", &["/proc/astrarium"]),
        ("run scenarios/nakamoto/double-spend.toml scenarios/nakamoto/fifty-one.toml --out x", &["--out"]),
        ("check scenarios/canary/healthy.toml scenarios/canary/healthy.toml", &["canary-healthy", "--out"]),
        ("run scenarios/canary/healthy.toml --out=", &["--out"]),
        (
            "check scenarios/canary/healthy.toml --junit absent/x.xml",
            &["--junit absent/x.xml", "no such folder"],
        ),
        ("check scenarios/canary/healthy.toml --junit scenarios", &["--junit scenarios", "is a directory"]),
        (
            "run scenarios/nakamoto/partition.toml --set network.topology=complete --set network.nodes=7000000",
            &["network.nodes", "neighbours"],
        ),
        ("run scenarios/nakamoto/double-spend.toml --jobs 100000", &["100000", "1024"]),
        ("new nakamto", &["did you mean `nakamoto`"]),
        ("schema hyperchian", &["hyperchian"]),
        ("plot absent", &["absent"]),
        ("diff absent absent", &["absent"]),
        ("replay absent", &["absent"]),
        ("bench --pending 0", &["pending"]),
    ];
    for (words, needles) in cases {
        let said = desk.expect(2, words);
        check(&desk, &said, "", needles, words);
    }
    assert!(desk.path(file).exists());
}

/// The name of a file need not be text.
#[test]
fn names_that_are_not_utf_8_are_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let desk = Desk::new();
    let name = OsStr::from_bytes(b"caf\xe9.toml");
    let text = desk.read("scenarios/canary/healthy.toml");
    std::fs::write(desk.path(".").join(name), text).expect("a file");
    let words = ["run", "--size", "smoke", "--quiet", "--out"].map(OsStr::new);
    let out = OsStr::from_bytes(b"caf\xe9");
    let said = Said::of(&desk.command(words.into_iter().chain([out, name])).output().expect("it starts"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let manifest =
        std::fs::read_to_string(desk.path(".").join(out).join("manifest.json")).expect("a manifest");
    assert!(manifest.contains("caf\u{fffd}.toml"), "{manifest}");
}

fn check(desk: &Desk, said: &Said, file: &str, words: &[&str], case: &str) {
    assert!(said.out.is_empty(), "{case}: something on standard output: {}", said.out);
    assert!(said.err.contains(file), "{case}: the message does not name the file: {}", said.err);
    for word in words {
        assert!(said.err.contains(word), "{case}: `{word}` is missing in: {}", said.err);
    }
    assert!(!said.err.contains("panicked"), "{case}: {}", said.err);
    assert!(!desk.path("results").exists(), "{case}: something was written");
}
