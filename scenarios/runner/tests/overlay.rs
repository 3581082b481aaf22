//! What sizes and `--set` change, and how axes expand.

mod common;

use std::path::Path;

use astrarium_runner::{Bound, LoadOptions, Value};
use common::{FULL, MINIMAL, good, load_in};

fn with(text: &str, size: Option<&str>, sets: &[&str]) -> astrarium_runner::Scenario {
    let options = LoadOptions {
        size: size.map(str::to_string),
        sets: sets.iter().map(ToString::to_string).collect(),
        ..LoadOptions::default()
    };
    load_in(Path::new("."), text, &options).unwrap_or_else(|e| panic!("{e}"))
}

fn cut() -> String {
    format!(
        "{MINIMAL}[[fault]]\nid = \"cut\"\nkind = \"partition\"\nat = \"1 s\"\nfor = \"9 s\"\nsplit = [0.5, 0.5]\n"
    )
}

#[test]
fn sizes_override_fields_of_faults() {
    let text = format!(
        "{}[size.smoke.fault.cut]\nat = \"2 s\"\n[size.full]\n\"fault.cut\" = {{ split = [0.4, 0.6], at = \"3 s\" }}\n\
         [size.other]\nfault.cut.at = \"4 s\"\n[size.crash.fault.cut]\nnodes = [1]\nkind = \"crash\"\n",
        cut()
    );
    let fault = |size: Option<&str>| with(&text, size, &[]).base.faults()[0].clone();
    let at = |size| fault(size).span("at").as_nanos() / 1_000_000_000;
    assert_eq!([None, Some("smoke"), Some("full"), Some("other")].map(at), [1, 2, 3, 4]);
    assert_eq!(fault(Some("full")).list("split"), [Value::Number(0.4), Value::Number(0.6)]);
    assert_eq!(fault(Some("smoke")).list("split"), [Value::Number(0.5), Value::Number(0.5)]);
    // Another kind drops the fields of the old one and keeps what every fault has.
    let crash = fault(Some("crash"));
    assert_eq!((crash.kind.as_str(), crash.has("split"), crash.has("nodes")), ("crash", false, true));
    assert_eq!(crash.span("for").as_nanos(), 9_000_000_000);
    // A swept field: the axis goes.
    let swept = format!(
        "{}[sweep]\n\"fault.cut.at\" = [\"5 s\", \"6 s\"]\n[size.smoke.fault.cut]\nat = \"7 s\"\n",
        cut()
    );
    let points = with(&swept, Some("smoke"), &[]).points;
    assert_eq!((points.len(), points[0].params.faults()[0].span("at").as_nanos()), (1, 7_000_000_000));
}

#[test]
fn a_fixed_member_leaves_its_zip() {
    let text = format!(
        "{MINIMAL}[sweep]\n\"adversary.share\" = [0.1, 0.2, 0.3]\n\"protocol.gain\" = [1, 2, 3]\n\
         \"adversary.confirmations\" = [1, 2, 3]\n\
         zip = [[\"adversary.share\", \"protocol.gain\", \"adversary.confirmations\"]]\n\
         [size.smoke]\nadversary.share = 0.5\n"
    );
    let points = |size, sets: &[&str]| -> Vec<(f64, f64, i64)> {
        let values = |p: &astrarium_runner::Point| {
            let p = &p.params;
            (p.share("adversary.share"), p.number("protocol.gain"), p.integer("adversary.confirmations"))
        };
        with(&text, size, sets).points.iter().map(values).collect()
    };
    let fixed = [(0.5, 1.0, 1), (0.5, 2.0, 2), (0.5, 3.0, 3)];
    assert_eq!(points(None, &["adversary.share=0.5"]), fixed);
    assert_eq!(points(None, &["adversary.share=[0.5]"]), fixed);
    assert_eq!(points(None, &["sweep.adversary.share=0.5"]), fixed);
    assert_eq!(points(Some("smoke"), &[]), fixed);
    assert_eq!(
        points(None, &["adversary.share=0.5", "protocol.gain=7"]),
        [(0.5, 7.0, 1), (0.5, 7.0, 2), (0.5, 7.0, 3)]
    );
    let other = [(0.4, 1.0, 1), (0.5, 2.0, 2), (0.6, 3.0, 3)];
    assert_eq!(points(None, &["adversary.share=[0.4, 0.5, 0.6]"]), other);
    let refused = |text: &str, set: &str| {
        let options = LoadOptions { sets: vec![set.into()], ..LoadOptions::default() };
        load_in(Path::new("."), text, &options).unwrap_err().to_string()
    };
    assert!(refused(&text, "adversary.share=[0.4, 0.5]").contains("zipped axes differ in length"));
    // Without the member that told them apart two points are one.
    let twins = text
        .replace("gain\" = [1, 2, 3]", "gain\" = [1, 1, 2]")
        .replace("confirmations\" = [1, 2, 3]", "confirmations\" = [1, 1, 3]");
    let message = refused(&twins, "adversary.share=0.5");
    assert!(
        message.contains("1, 1 twice") && message.contains("`adversary.share` advanced together"),
        "{message}"
    );
}

#[test]
fn ranges_of_rates_expand_in_the_unit_they_are_written_in() {
    let rates = |range: &str| -> Vec<String> {
        let text = format!("{MINIMAL}[sweep]\n\"workload.rate\" = {range}\n");
        let scenario = good(&text);
        let again = good(&scenario.to_toml());
        assert!(scenario.points.iter().zip(&again.points).all(|(a, b)| a.swept == b.swept), "{range}");
        scenario.points.iter().map(|p| p.swept[0].1.to_string()).collect()
    };
    let minutes = rates("{ from = \"1 /min\", to = \"10 /min\", step = \"1 /min\" }");
    assert_eq!(
        (minutes.len(), minutes[0].as_str(), minutes[6].as_str(), minutes[9].as_str()),
        (10, "1 /min", "7 /min", "10 /min")
    );
    let text = format!(
        "{MINIMAL}[sweep]\n\"workload.rate\" = {{ from = \"1 /min\", to = \"10 /min\", points = 10 }}\n"
    );
    let spread = good(&text);
    let per_second: Vec<f64> = spread.points.iter().map(|p| p.params.per_second("workload.rate")).collect();
    assert_eq!(per_second, (1..=10).map(|n| f64::from(n) / 60.0).collect::<Vec<_>>());
    assert_eq!(spread.points[2].swept[0].1.cell(), "0.05");
    // Mixed units: the longest one that is written.
    assert_eq!(rates("{ from = \"10 /min\", to = \"1 /s\", step = \"10 /min\" }").len(), 6);
    assert_eq!(
        rates("{ from = \"0.1 /s\", to = \"0.3 /s\", step = \"0.1 /s\" }"),
        ["0.1 /s", "0.2 /s", "0.3 /s"]
    );
    assert_eq!(
        rates("{ from = \"1 /h\", to = \"100 /h\", points = 3, scale = \"log\" }"),
        ["1 /h", "10 /h", "100 /h"]
    );
}

#[test]
fn what_the_command_line_mends_is_no_problem() {
    let sizes = "[size.smoke]\nreplicas = 2\n";
    let bad_value = format!("{MINIMAL}[protocol]\ninterval = 600\n{sizes}");
    let mended = with(&bad_value, None, &["protocol.interval=5 s"]).base;
    assert_eq!(mended.span("protocol.interval").as_nanos(), 5_000_000_000);
    with(&bad_value, Some("smoke"), &["protocol.interval=5 s"]);
    let bad_axis = format!("{MINIMAL}[sweep]\n\"protocol.gain\" = 3\n{sizes}");
    assert_eq!(with(&bad_axis, None, &["protocol.gain=[1, 2]"]).points.len(), 2);
    let bad_kind = MINIMAL.replace("nodes = 2", "nodes = 2\nloss = \"lots\"") + sizes;
    with(&bad_kind, None, &["network.loss.kind=none"]);
    let missing = MINIMAL.replace("share = 0.3", "") + sizes;
    with(&missing, None, &["adversary.share=0.1"]);
    // What suits the chosen size need not suit the others.
    let other = format!(
        "{MINIMAL}[protocol]\nmodel = {{ kind = \"loaded\", weight = 1 }}\n[size.full]\nprotocol.model = \"fair\"\n"
    );
    assert_eq!(with(&other, None, &["protocol.model.weight=2"]).base.number("protocol.model.weight"), 2.0);
    // What it does not touch is still a problem.
    let options = LoadOptions { sets: vec!["protocol.gain=2".into()], ..LoadOptions::default() };
    assert!(load_in(Path::new("."), &bad_value, &options).is_err());
    let broken = format!("{MINIMAL}[size.full]\nprotocol.interval = 5\n");
    let message = load_in(Path::new("."), &broken, &options).unwrap_err().to_string();
    assert!(message.contains("the number 5 has no unit"), "{message}");
}

#[test]
fn a_set_that_a_swept_table_would_hide_is_refused() {
    let text =
        format!("{MINIMAL}[sweep]\nprotocol.model = [\"fair\", {{ kind = \"loaded\", weight = 2 }}]\n");
    let options = LoadOptions { sets: vec!["protocol.model.weight=3".into()], ..LoadOptions::default() };
    let message = load_in(Path::new("."), &text, &options).unwrap_err().to_string();
    assert!(message.contains("`protocol.model` is swept"), "{message}");
    assert_eq!(with(&text, None, &["protocol.model={ kind = \"loaded\", weight = 3 }"]).points.len(), 1);
}

#[test]
fn the_wish_for_series_can_be_changed_in_part() {
    let wish = |sets: &[&str]| with(FULL, None, sets).series;
    assert_eq!(wish(&["series.replicas=1"]).replicas, Some(1));
    assert_eq!(wish(&["series.replicas=1"]).write, ["walk"]);
    assert!(wish(&["series.write=[]"]).write.is_empty());
    assert_eq!(with(MINIMAL, None, &["series.write=[\"walk\"]"]).series.write, ["walk"]);
}

#[test]
fn percentages_are_numbers_in_every_bound() {
    let text =
        format!("{MINIMAL}[[expect]]\nmetric = \"heads\"\nbetween = [\"5 %\", 0.5]\nat_most = \"60 %\"\n");
    assert_eq!(good(&text).expects[0].bounds, [Bound::AtMost(0.6), Bound::Between(0.05, 0.5)]);
}
