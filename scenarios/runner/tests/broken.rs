//! Broken scenario files: each ends with one clear message that names line, key and expectation.

mod common;

use std::path::Path;

use astrarium_runner::LoadOptions;
use common::{load, load_in, registry};

const HEAD: &str = "name = \"toss\"\nsystem = \"coin\"\n";
const NET: &str = "[network]\nnodes = 2\n";
const ADV: &str = "[adversary]\nshare = 0.3\n";

/// The message of a scenario that must be refused.
fn refusal(text: &str) -> String {
    match load(text) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(e) => e.to_string(),
    }
}

/// (what, text after a good head, parts that the message must contain)
fn cases() -> Vec<(&'static str, String, Vec<&'static str>)> {
    let body = |extra: &str| format!("{HEAD}{NET}{ADV}{extra}");
    let sweep = |axes: &str| format!("{HEAD}{NET}{ADV}[sweep]\n{axes}\n");
    let expect = |gate: &str| format!("{HEAD}{NET}{ADV}[[expect]]\n{gate}\n");
    vec![
        (
            "not TOML",
            "name = \"toss\"\nsystem = \"coin\"\nthis is no TOML\n".into(),
            vec!["not valid TOML", "test.toml:3:"],
        ),
        ("unclosed text", body("[protocol]\ninterval = \"10 s\n"), vec!["not valid TOML", "test.toml:8:"]),
        ("duplicate key", body("[protocol]\ngain = 1\ngain = 2\n"), vec!["duplicate key", "test.toml:9:1"]),
        ("empty file", " ".into(), vec!["`system` is missing", "one of \"coin\""]),
        (
            "system misspelt",
            format!("name = \"x\"\nsystem = \"cion\"\n{NET}{ADV}"),
            vec!["unknown system \"cion\"", "test.toml:2:10", "did you mean `coin`?"],
        ),
        ("system is a number", "name = \"x\"\nsystem = 3\n".into(), vec!["`system` cannot be the number 3"]),
        (
            "name missing",
            format!("system = \"coin\"\n{NET}{ADV}"),
            vec!["`name` is missing", "name = \"test\""],
        ),
        (
            "name with a path",
            format!("name = \"../x\"\nsystem = \"coin\"\n{NET}{ADV}"),
            vec!["`name` cannot be the text \"../x\"", "letters, digits"],
        ),
        (
            "required section missing",
            format!("{HEAD}{ADV}"),
            vec!["`network.nodes` is missing", "a whole number from 2"],
        ),
        (
            "required key missing",
            format!("{HEAD}{NET}[adversary]\nconfirmations = 1\n"),
            vec!["`adversary.share` is missing", "test.toml:5:", "it has no default: probability of heads"],
        ),
        (
            "unknown section",
            body("[protokol]\ngain = 1\n"),
            vec!["unknown key or section `protokol`", "test.toml:7:2", "did you mean `protocol`?"],
        ),
        (
            "unknown key",
            body("[protocol]\nintervall = \"1 s\"\n"),
            vec![
                "unknown key `intervall` in [protocol]",
                "test.toml:8:1",
                "did you mean `interval`?",
                "8 | intervall",
                "^^^^^^^^^",
            ],
        ),
        (
            "key in the wrong section",
            body("[workload]\ngain = 1\n"),
            vec!["unknown key `gain` in [workload]", "did you mean `protocol.gain`?"],
        ),
        (
            "section as a value",
            body("protocol = 3\n").replace("[network]", "stop = 3\n[network]"),
            vec!["`stop` cannot be the number 3", "a section: [stop]"],
        ),
        (
            "duration without unit",
            body("[protocol]\ninterval = 600\n"),
            vec![
                "`protocol.interval`: the number 600 has no unit",
                "a duration such as \"50 ms\"",
                "test.toml:8:12",
            ],
        ),
        (
            "quoted duration without unit",
            body("[protocol]\ninterval = \"600\"\n"),
            vec!["has no unit", "a duration such as"],
        ),
        (
            "wrong unit",
            body("[protocol]\ninterval = \"600 kB\"\n"),
            vec!["has the unit `kB`, which is none of d, h, min, s, ms, us, ns"],
        ),
        ("unit in the wrong case", body("[protocol]\ninterval = \"600 MS\"\n"), vec!["did you mean `ms`?"]),
        ("negative duration", body("[protocol]\ninterval = \"-1 s\"\n"), vec!["is negative"]),
        (
            "duration out of range",
            body("[protocol]\ninterval = \"1 us\"\n"),
            vec!["is not between 1 ms and 1000 d"],
        ),
        ("duration too large", body("[protocol]\ninterval = \"1e30 d\"\n"), vec!["is too large"]),
        (
            "rate with a time unit",
            body("[workload]\nrate = \"5 s\"\n"),
            vec!["has the unit `s`, which is not a rate", "5 tx/s"],
        ),
        ("negative rate", body("[workload]\nrate = \"-5 tx/s\"\n"), vec!["is negative", "a rate such as"]),
        ("rate without unit", body("[workload]\nrate = 5\n"), vec!["the number 5 has no unit"]),
        ("bit rate in bytes", body("[protocol]\nline = \"5 MB\"\n"), vec!["has the unit `MB`", "Mbit/s"]),
        ("bit rate of zero", body("[protocol]\nline = \"0 bit/s\"\n"), vec!["must be above zero"]),
        ("half a byte", body("[protocol]\nsize = \"0.5 B\"\n"), vec!["is finer than one byte"]),
        ("not a number", body("[protocol]\ngain = nan\n"), vec!["is not finite", "test.toml:8:8"]),
        ("infinite", body("[protocol]\ngain = inf\n"), vec!["is not finite"]),
        ("number out of range", body("[protocol]\ngain = 1001\n"), vec!["is not between -1 and 1000"]),
        (
            "share above one",
            format!("{HEAD}{NET}[adversary]\nshare = 1.5\n"),
            vec!["the number 1.5 is not between 0 and 1", "0.3 or \"30 %\""],
        ),
        (
            "percentage above 100",
            format!("{HEAD}{NET}[adversary]\nshare = \"130 %\"\n"),
            vec!["is not between 0 and 1"],
        ),
        (
            "share is NaN",
            format!("{HEAD}{NET}[adversary]\nshare = nan\n"),
            vec!["is not finite", "a share between 0 and 1"],
        ),
        (
            "share is a flag",
            format!("{HEAD}{NET}[adversary]\nshare = true\n"),
            vec!["`adversary.share` cannot be `true`"],
        ),
        (
            "one node",
            format!("{HEAD}[network]\nnodes = 1\n{ADV}"),
            vec!["`network.nodes`: the number 1 is not between 2 and 10000000"],
        ),
        (
            "fraction of a node",
            format!("{HEAD}[network]\nnodes = 2.5\n{ADV}"),
            vec!["`network.nodes` cannot be the number 2.5", "a whole number"],
        ),
        (
            "choice misspelt",
            body("[protocol]\nmode = \"gentel\"\n"),
            vec!["cannot be \"gentel\"", "did you mean `gentle`?"],
        ),
        (
            "kind misspelt",
            body("").replace("nodes = 2", "nodes = 2\nlatency = \"constnat\""),
            vec!["`network.latency` has no kind \"constnat\"", "did you mean `constant`?", "test.toml:5:11"],
        ),
        (
            "kind missing",
            body("").replace("nodes = 2", "nodes = 2\nlatency = { one_way = \"1 s\" }"),
            vec!["`network.latency` has no `kind`"],
        ),
        (
            "field of another kind",
            body("").replace("nodes = 2", "nodes = 2\nlatency = { kind = \"constant\", table = \"x\" }"),
            vec!["`table` is not a key of `network.latency` with kind \"constant\"", "`kind`, `one_way`"],
        ),
        (
            "field of a kind missing",
            body("[protocol]\nmodel = \"loaded\"\n"),
            vec!["`protocol.model.weight` is missing"],
        ),
        (
            "missing file",
            body("[protocol]\nmodel = { kind = \"file\", file = \"nowhere.csv\" }\n"),
            vec!["cannot use the file", "nowhere.csv", "test.toml:8:"],
        ),
        (
            "directory as a file",
            body("[protocol]\nmodel = { kind = \"file\", file = \"src\" }\n"),
            vec!["it is not a regular file"],
        ),
        (
            "list too long",
            body("[protocol]\nweights = [1, 2, 3, 4]\n"),
            vec!["has 4 values", "1 to 3 values"],
        ),
        ("list of texts", body("[protocol]\nweights = [\"a\"]\n"), vec!["cannot be the text \"a\""]),
        ("a date", body("[protocol]\ngain = 2020-01-01\n"), vec!["cannot be a date"]),
        (
            "combination the system refuses",
            format!("{HEAD}{NET}[adversary]\nshare = 0.95\n[protocol]\nmode = \"wild\"\n"),
            vec!["a wild coin cannot be that biased", "at most 0.9", "test.toml:6:9"],
        ),
        (
            "combination in one point",
            sweep("\"adversary.share\" = [0.1, 0.95]\n\"protocol.mode\" = [\"gentle\", \"wild\"]"),
            vec![
                "a wild coin cannot be that biased (at adversary.share = 0.95, protocol.mode = wild)",
                "test.toml:8:27",
            ],
        ),
        (
            "negative replicas",
            format!("replicas = -1\n{HEAD}{NET}{ADV}"),
            vec!["`replicas`: the number -1 is not between 1"],
        ),
        (
            "negative seed",
            format!("seed = -1\n{HEAD}{NET}{ADV}"),
            vec!["`seed`: the number -1 is not between 0"],
        ),
        ("empty axis", sweep("\"adversary.share\" = []"), vec!["the axis `adversary.share` is empty"]),
        (
            "axis is a scalar",
            sweep("\"adversary.share\" = 0.3"),
            vec!["is not an axis of a sweep", "a range {"],
        ),
        (
            "axis of an unknown parameter",
            sweep("\"adversary.shrae\" = [0.1]"),
            vec!["the sweep names `adversary.shrae`", "did you mean `adversary.share`?"],
        ),
        (
            "axis refers to another",
            sweep("\"adversary.share\" = { like = \"protocol.gain\" }"),
            vec!["is not an axis of a sweep"],
        ),
        (
            "axis refers to itself in a list",
            sweep("\"adversary.share\" = [{ like = \"adversary.share\" }]"),
            vec!["`adversary.share` cannot be a table"],
        ),
        (
            "duplicate axis",
            sweep("\"adversary.share\" = [0.1]\nadversary.share = [0.2]"),
            vec!["the axis `adversary.share` is given twice"],
        ),
        (
            "overlapping axes",
            sweep("\"protocol.model\" = [\"fair\"]\n\"protocol.model.weight\" = [1]"),
            vec!["`protocol.model` and `protocol.model.weight` set the same parameter"],
        ),
        (
            "axis over a kind",
            sweep("\"protocol.model.kind\" = [\"fair\"]"),
            vec!["`protocol.model.kind` cannot be swept by itself"],
        ),
        ("value twice", sweep("\"adversary.share\" = [0.1, \"10 %\"]"), vec!["holds the value 0.1 twice"]),
        (
            "axis value out of range",
            sweep("\"adversary.share\" = [0.1, 1.1]"),
            vec!["the number 1.1 is not between 0 and 1", "test.toml:8:27"],
        ),
        (
            "axis value without unit",
            sweep("\"protocol.interval\" = [\"1 s\", 5]"),
            vec!["the number 5 has no unit"],
        ),
        (
            "NaN in a range",
            sweep("\"protocol.gain\" = { from = nan, to = 1, step = 1 }"),
            vec!["is not finite"],
        ),
        (
            "step of zero",
            sweep("\"protocol.gain\" = { from = 0, to = 1, step = 0 }"),
            vec!["has a step that is not above zero"],
        ),
        (
            "range backwards",
            sweep("\"protocol.gain\" = { from = 1, to = 0, step = 0.1 }"),
            vec!["runs backwards"],
        ),
        (
            "range without step",
            sweep("\"protocol.gain\" = { from = 1, to = 2 }"),
            vec!["needs `step` or `points`"],
        ),
        (
            "log range from zero",
            sweep("\"protocol.gain\" = { from = 0, to = 2, points = 3, scale = \"log\" }"),
            vec!["cannot be logarithmic from zero"],
        ),
        (
            "range of words",
            sweep("\"protocol.mode\" = { from = \"gentle\", to = \"wild\", points = 2 }"),
            vec!["is not a number, so it cannot have a range"],
        ),
        (
            "unknown key in a range",
            sweep("\"protocol.gain\" = { from = 0, to = 2, stepp = 3 }"),
            vec!["`stepp` is not a key of the range"],
        ),
        (
            "too many points",
            sweep(
                "\"adversary.share\" = { from = 0, to = 1, step = 0.001 }\n\"protocol.gain\" = { from = 0, to = 1, step = 0.001 }",
            ),
            vec!["the sweep has 1002001 points, more than 100000"],
        ),
        (
            "astronomically many values",
            sweep("\"protocol.interval\" = { from = \"1 s\", to = \"1000 d\", step = \"1 ns\" }"),
            vec!["more than 100000"],
        ),
        (
            "zip of an unknown axis",
            sweep("\"adversary.share\" = [0.1]\nzip = [[\"adversary.share\", \"protocol.gain\"]]"),
            vec!["`protocol.gain` is not an axis of this sweep"],
        ),
        (
            "axis zipped twice",
            sweep("\"adversary.share\" = [0.1]\nzip = [[\"adversary.share\", \"adversary.share\"]]"),
            vec!["is zipped twice"],
        ),
        (
            "combination twice",
            sweep(
                "\"adversary.share\" = [0.1, 0.2, 0.1]\n\"protocol.gain\" = [1, 1, 1]\nzip = [[\"adversary.share\", \"protocol.gain\"]]",
            ),
            vec!["hold the values 0.1, 1 twice"],
        ),
        (
            "zip of unequal lengths",
            sweep(
                "\"adversary.share\" = [0.1]\n\"protocol.gain\" = [1, 2]\nzip = [[\"adversary.share\", \"protocol.gain\"]]",
            ),
            vec!["zipped axes differ in length: `adversary.share` has 1, `protocol.gain` has 2"],
        ),
        (
            "sweep of an absent fault",
            sweep("\"fault.cut.at\" = [\"1 s\"]"),
            vec!["no [[fault]] has the id \"cut\""],
        ),
        (
            "unknown kind of fault",
            body("[[fault]]\nkind = \"partitoin\"\nat = \"1 s\"\n"),
            vec!["has no kind \"partitoin\"", "did you mean `partition`?"],
        ),
        ("fault without time", body("[[fault]]\nkind = \"stop\"\n"), vec!["`fault-1.at` is missing"]),
        (
            "faults of one id",
            body(
                "[[fault]]\nid = \"a\"\nkind = \"stop\"\nat = \"1 s\"\n[[fault]]\nid = \"a\"\nkind = \"stop\"\nat = \"1 s\"\n",
            ),
            vec!["two faults have the id \"a\""],
        ),
        (
            "one bracket",
            body("[fault]\nkind = \"stop\"\n"),
            vec!["`fault` must be written with two brackets", "[[fault]]"],
        ),
        (
            "unknown metric",
            expect("metric = \"head\"\nat_most = 1"),
            vec!["coin does not measure \"head\"", "did you mean `heads`?"],
        ),
        ("gate without metric", expect("at_most = 1"), vec!["this [[expect]] has no `metric`"]),
        ("gate without demand", expect("metric = \"heads\""), vec!["this [[expect]] demands nothing"]),
        (
            "gate with a misspelt key",
            expect("metric = \"heads\"\nat_mots = 1"),
            vec!["unknown key `at_mots` in [[expect]]", "did you mean `at_most`?"],
        ),
        (
            "gate on an unknown parameter",
            expect("metric = \"heads\"\nat_most = 1\nwhere = { \"adversary.shares\" = 1 }"),
            vec!["`where` names `adversary.shares`", "did you mean `adversary.share`?"],
        ),
        (
            "unknown closed form",
            expect("metric = \"heads\"\ntheory = \"coins\""),
            vec!["no closed form is called \"coins\"", "did you mean `coin`?"],
        ),
        (
            "sigmas alone",
            expect("metric = \"heads\"\nat_most = 1\nsigmas = 3"),
            vec!["`sigmas` means nothing without `theory`"],
        ),
        (
            "impossible confidence",
            expect("metric = \"heads\"\nat_most = 1\nconfidence = 95"),
            vec!["a confidence of 95 is impossible"],
        ),
        (
            "gate of an unknown size",
            expect("metric = \"heads\"\nat_most = 1\nsize = \"ful\""),
            vec!["`expect.size` cannot be the text \"ful\"", "\"default\""],
        ),
        (
            "interval upside down",
            expect("metric = \"heads\"\nbetween = [2, 1]"),
            vec!["`expect.between` cannot be a list", "low ≤ high"],
        ),
        (
            "gate of no size",
            expect("metric = \"heads\"\nat_most = 1\nsize = []"),
            vec!["`expect.size` names no size", "test.toml:10:8"],
        ),
        (
            "gate on no value",
            expect("metric = \"heads\"\nat_most = 1\nwhere = { \"adversary.share\" = [] }"),
            vec!["`where` lists no value for `adversary.share`"],
        ),
        (
            "overlay of the body",
            body("[size.default]\nreplicas = 2\n"),
            vec!["`default` is the file without a size", "test.toml:7:7"],
        ),
        ("size without a name", body("[size.\"\"]\nreplicas = 2\n"), vec!["a size cannot be called \"\""]),
        (
            "fault without a usable name",
            body("[[fault]]\nid = \"a=b\"\nkind = \"stop\"\nnodes = [0]\nat = \"1 s\"\n"),
            vec!["the id \"a=b\" of a fault is not a plain word"],
        ),
        (
            "interval of one bound",
            expect("metric = \"heads\"\nbetween = [1]"),
            vec!["`expect.between` cannot be a list", "two numbers"],
        ),
        (
            "interval with a word",
            expect("metric = \"heads\"\nbetween = [\"few\", 1]"),
            vec!["the text \"few\" does not begin with a number", "test.toml:9:12"],
        ),
        (
            "fault of a size that is not there",
            body("[size.full.fault.cut]\nat = \"1 s\"\n"),
            vec!["no [[fault]] has the id \"cut\""],
        ),
        (
            "broken fault of a size that is not chosen",
            body(
                "[[fault]]\nkind = \"stop\"\nnodes = [0]\nat = \"1 s\"\n[size.full.fault.fault-1]\nat = 1\n",
            ),
            vec!["the number 1 has no unit", "test.toml:12:6"],
        ),
        (
            "plot of an unknown parameter",
            body("[[plot]]\nx = \"adversary.shar\"\ny = \"heads\"\n"),
            vec!["`plot.x` names `adversary.shar`"],
        ),
        ("curve without abscissa", body("[[plot]]\ny = \"heads\"\n"), vec!["a curve needs `x`"]),
        (
            "unknown kind of plot",
            body("[[plot]]\nkind = \"pie\"\ny = \"heads\"\n"),
            vec!["`plot.kind` cannot be \"pie\""],
        ),
        ("claim without id", body("[[claim]]\nabout = \"x\"\n"), vec!["a [[claim]] needs an `id`"]),
        (
            "unknown series",
            body("[series]\nwrite = [\"wlak\"]\n"),
            vec!["has no time series \"wlak\"", "did you mean `walk`?"],
        ),
        (
            "broken overlay that is not chosen",
            body("[size.full]\nprotocol.intervall = \"1 s\"\n"),
            vec!["unknown key `intervall` in [protocol]", "test.toml:8:"],
        ),
        (
            "overlay of the system",
            body("[size.full]\nsystem = \"x\"\n"),
            vec!["`system` cannot be overridden"],
        ),
        (
            "overlay that is no table",
            body("[size]\nfull = 3\n"),
            vec!["`size.full` is not a table of overrides"],
        ),
        (
            "deep nesting",
            body(&format!("[protocol]\nweights = {}{}\n", "[".repeat(100_000), "]".repeat(100_000))),
            vec!["not valid TOML"],
        ),
        ("deep keys", body(&format!("[{}x]\n", "a.".repeat(50_000))), vec!["not valid TOML"]),
    ]
}

#[test]
fn every_broken_scenario_is_explained() {
    for (what, text, parts) in cases() {
        let message = refusal(&text);
        for part in parts {
            assert!(message.contains(part), "{what}: {part:?} is not in\n{message}");
        }
        assert!(message.contains("test.toml:"), "{what}: no place in\n{message}");
    }
}

#[test]
fn impossible_faults_are_pointed_at() {
    let place = |text: &str| {
        let problem = load(text).unwrap_err().problems.remove(0);
        (problem.key.clone(), problem.line)
    };
    let head = format!("{HEAD}{NET}{ADV}[[fault]]\nkind = \"loss-burst\"\nat = \"1 s\"\np = 0.1\n\n");
    let cut = "[[fault]]\nid = \"cut\"\nkind = \"partition\"\nat = \"1 s\"\nsplit = [0.5, 0.4]\n";
    assert_eq!(place(&format!("{head}{cut}")), ("fault.cut.split".into(), 16));
    assert_eq!(
        place(&format!("{head}{}", cut.replace("cut", "fault-9"))),
        ("fault.fault-9.split".into(), 16)
    );
    let unnamed = cut.replace("id = \"cut\"\n", "");
    assert_eq!(place(&format!("{head}{unnamed}")), ("fault.fault-2.split".into(), 15));
    // A field that should be there: the fault itself.
    let nobody = "[[fault]]\nkind = \"stop\"\nat = \"1 s\"\n";
    assert_eq!(place(&format!("{head}{nobody}")), ("fault.fault-2.nodes".into(), 12));
    // A swept field: the value in the sweep.
    let swept = format!("{head}{cut}[sweep]\n\"fault.cut.split\" = [\n[0.5, 0.5],\n[0.5, 0.1],\n]\n");
    assert_eq!(place(&swept), ("fault.cut.split".into(), 20));
}

#[test]
fn several_problems_of_one_file_are_reported_together() {
    let text = format!("{HEAD}{NET}[adversary]\nshare = 2\n[protocol]\ninterval = 5\ngian = 1\n");
    let found = load(&text).unwrap_err();
    assert_eq!(found.problems.len(), 3, "{found}");
    let lines: Vec<usize> = found.problems.iter().map(|p| p.line).collect();
    assert!([6, 8, 9].iter().all(|l| lines.contains(l)), "{lines:?}");
    let many: String = (0..50).map(|i| format!("x{i} = 1\n")).collect();
    let found = load(&format!("{HEAD}{NET}{ADV}[protocol]\n{many}")).unwrap_err();
    assert_eq!((found.problems.len(), found.more), (20, 30));
}

#[test]
fn bad_command_line_overrides_name_themselves() {
    let refused = |size: Option<&str>, sets: &[&str]| {
        let options = LoadOptions {
            size: size.map(str::to_string),
            sets: sets.iter().map(ToString::to_string).collect(),
            ..LoadOptions::default()
        };
        load_in(Path::new("."), common::FULL, &options).unwrap_err().to_string()
    };
    let sizes = refused(Some("smok"), &[]);
    assert!(
        sizes.contains("no size \"smok\"") && sizes.contains("\"smoke\", \"full\", \"default\""),
        "{sizes}"
    );
    assert!(sizes.contains("did you mean `smoke`?"), "{sizes}");
    let cases: [(&str, &[&str]); 12] = [
        ("series=5", &["`series` cannot be the number 5", "a table: [series]"]),
        ("series.wirte=[]", &["unknown key `wirte` in [series]", "did you mean `write`?"]),
        ("protocol.interval.x=5", &["cannot be a table", "--set protocol.interval.x=5:1:1"]),
        ("protocol.gain=\u{1b}[2J", &["--set protocol.gain= [2J:1:15"]),
        ("protocol.intervall=5 s", &["unknown key `intervall`", "--set protocol.intervall=5 s:1:1"]),
        ("protocol.interval=5", &["the number 5 has no unit", "--set protocol.interval=5:1:19"]),
        ("protocol.interval", &["this is not key=value"]),
        ("=5", &["this is not key=value"]),
        ("protocol.gain=[1", &["not valid TOML"]),
        ("workload.rate=[1]", &["`workload.rate` cannot be a list"]),
        ("expect.metric=heads", &["`expect` cannot be overridden"]),
        ("fault.x.at=1 s", &["no [[fault]] has the id \"x\""]),
    ];
    for (set, parts) in cases {
        let message = refused(None, &[set]);
        for part in parts {
            assert!(message.contains(part), "{set}: {part:?} is not in\n{message}");
        }
    }
}

#[test]
fn files_that_are_no_scenarios_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| {
        let options = LoadOptions::default();
        astrarium_runner::Scenario::load(path, &registry(), common::VOCABULARY, &options)
            .unwrap_err()
            .to_string()
    };
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    assert!(refused(&folder.path().join("none.toml")).contains("cannot read the scenario: No such file"));
    assert!(refused(folder.path()).contains("this is a directory"));
    let latin = refused(&write("latin.toml", b"name = 1\n# caf\xe9\n"));
    assert!(
        latin.contains("not UTF-8 text: byte 0xe9 at offset 14") && latin.contains("latin.toml:2"),
        "{latin}"
    );
    assert!(refused(&write("nul.toml", b"name = \"a\0b\"\n")).contains("NUL byte at offset 9"));
    let huge = folder.path().join("huge.toml");
    std::fs::File::create(&huge).unwrap().set_len(100 << 20).unwrap();
    assert!(refused(&huge).contains("too large for a scenario: 100 MiB, at most 4 MiB"));
    #[cfg(unix)]
    assert!(refused(Path::new("/dev/zero")).contains("not a regular file"));
}
