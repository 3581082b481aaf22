//! What scenario files mean: overlays, sweeps, units, canonical form.

mod common;

use astrarium_runner::{Bound, LoadOptions, Origin, Value};
use common::{FULL, MINIMAL, good, load, load_in};
use std::path::Path;

fn with(text: &str, size: Option<&str>, sets: &[&str]) -> astrarium_runner::Scenario {
    let options = LoadOptions {
        size: size.map(str::to_string),
        sets: sets.iter().map(ToString::to_string).collect(),
        ..LoadOptions::default()
    };
    load_in(Path::new("."), text, &options).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_whole_language_resolves() {
    let scenario = good(FULL);
    assert_eq!((scenario.seed, scenario.replicas, scenario.points.len(), scenario.runs()), (7, 5, 15, 75));
    let params = &scenario.points[0].params;
    assert_eq!(params.span("protocol.interval").as_nanos(), 600_000_000_000);
    assert_eq!(params.text("network.latency.kind"), "regions");
    assert_eq!(params.text("network.loss.kind"), "none");
    assert_eq!(params.number("protocol.model.weight"), 3.0);
    assert_eq!(params.bytes("protocol.size"), 535_000);
    assert!(!params.has("stop.time") && params.wants_series("walk"));
    let fault = &params.faults()[0];
    assert_eq!((fault.id.as_str(), fault.kind.as_str()), ("fault-1", "partition"));
    assert_eq!(fault.list("split"), [Value::Number(0.6), Value::Number(0.4)]);
    assert_eq!(scenario.expects.len(), 2);
    assert_eq!(scenario.expects[0].bounds, [Bound::AtMost(0.002)]);
    assert_eq!(scenario.claims[0].id, "chiron/CL-58");
}

#[test]
fn the_first_axis_is_the_slowest() {
    let scenario = good(FULL);
    let at = |i: usize| {
        let p = &scenario.points[i].params;
        (p.share("adversary.share"), p.integer("adversary.confirmations"))
    };
    assert_eq!([at(0), at(1), at(2), at(3), at(14)], [(0.1, 1), (0.1, 2), (0.1, 6), (0.2, 1), (0.5, 6)]);
    assert_eq!(scenario.points[3].label(), "adversary.share = 0.2, adversary.confirmations = 1");
}

#[test]
fn file_then_size_then_set() {
    assert_eq!(with(FULL, None, &[]).replicas, 5);
    assert_eq!(with(FULL, Some("smoke"), &[]).replicas, 2);
    assert_eq!(with(FULL, Some("smoke"), &["replicas=9"]).replicas, 9);
    assert_eq!(with(FULL, Some("smoke"), &[]).points.len(), 6);
    let full = with(FULL, Some("full"), &["protocol.interval=5 s"]);
    assert_eq!(full.base.span("protocol.interval").as_nanos(), 5_000_000_000);
    let origin = |s: &astrarium_runner::Scenario, key: &str| s.base.entry(key).unwrap().origin.clone();
    assert_eq!(origin(&full, "protocol.interval"), Origin::Set);
    assert_eq!(origin(&with(FULL, Some("full"), &[]), "protocol.interval"), Origin::Size("full".into()));
    assert_eq!(origin(&full, "workload.rate"), Origin::File);
    assert_eq!(origin(&full, "protocol.size"), Origin::Default);
    assert_eq!(origin(&full, "adversary.share"), Origin::Sweep);
    let flags =
        LoadOptions { seed: Some(99), order_seed: Some(4), replicas: Some(3), ..LoadOptions::default() };
    let flagged = load_in(Path::new("."), FULL, &flags).unwrap();
    assert_eq!((flagged.seed, flagged.order_seed, flagged.replicas), (99, 4, 3));
    assert_eq!((good(FULL).order_seed, with(FULL, None, &["order_seed=6"]).order_seed), (0, 6));
}

#[test]
fn a_set_on_a_swept_key_replaces_its_axis() {
    let one = with(FULL, None, &["adversary.share=0.25"]);
    assert_eq!(one.points.len(), 3);
    assert_eq!(one.points[0].swept[0], ("adversary.share".to_string(), Value::Number(0.25)));
    assert_eq!(with(FULL, None, &["adversary.share=[0.1, \"20 %\"]"]).points.len(), 6);
    assert_eq!(with(FULL, None, &["sweep.adversary.share={from=0, to=1, points=3}"]).points.len(), 9);
    // A new axis appears where there was none.
    assert_eq!(with(FULL, None, &["sweep.protocol.mode=[\"gentle\",\"wild\"]"]).points.len(), 30);
}

#[test]
fn a_set_on_a_swept_field_of_a_fault_replaces_its_axis() {
    let text = format!(
        "{MINIMAL}[[fault]]\nid = \"cut\"\nkind = \"partition\"\nat = \"1 s\"\nsplit = [0.5, 0.5]\n[sweep]\n\
         \"fault.cut.for\" = [\"1 s\", \"2 s\"]\n\"fault.cut.split\" = [[0.5, 0.5], [0.4, 0.6]]\n\
         [size.smoke]\n\"fault.cut.for\" = \"9 s\"\n"
    );
    let lengths = |size: Option<&str>, sets: &[&str]| -> Vec<u64> {
        let points = with(&text, size, sets).points;
        points.iter().map(|p| p.params.faults()[0].span("for").as_nanos() / 1_000_000_000).collect()
    };
    assert_eq!(lengths(None, &[]), [1, 1, 2, 2]);
    assert_eq!(lengths(None, &["fault.cut.for=5 s"]), [5, 5]);
    assert_eq!(lengths(None, &["fault.cut.for=[\"5 s\", \"1 min\"]"]), [5, 5, 60, 60]);
    assert_eq!(lengths(Some("smoke"), &[]), [9, 9]);
    // A list is one value of a field that is a list.
    let one = with(&text, None, &["fault.cut.split=[0.7, 0.3]"]);
    assert_eq!(one.points.len(), 2);
    assert_eq!(one.points[1].params.faults()[0].list("split"), [Value::Number(0.7), Value::Number(0.3)]);
    for (set, why) in [
        ("fault.cut.for=[]", "the axis `fault.cut.for` is empty"),
        ("fault.cut.for=[\"5 s\", \"5000 ms\"]", "`fault.cut.for`"),
        ("fault.cut.for=5", "the number 5 has no unit"),
    ] {
        let options = LoadOptions { sets: vec![set.into()], ..LoadOptions::default() };
        let message = load_in(Path::new("."), &text, &options).unwrap_err().to_string();
        assert!(message.contains(why) && message.contains("--set fault.cut.for="), "{set}: {message}");
    }
}

#[test]
fn a_set_may_complete_a_variant() {
    let set = |s: &str| with(MINIMAL, None, &[s]).base;
    assert_eq!(set("network.latency.one_way=10 ms").span("network.latency.one_way").as_nanos(), 10_000_000);
    assert_eq!(set("network.loss={kind=\"bernoulli\", p=0.1}").share("network.loss.p"), 0.1);
    let changed = with(FULL, None, &["network.topology.kind=star"]).base;
    assert_eq!(changed.text("network.topology.kind"), "star");
    assert!(!changed.has("network.topology.degree"));
    assert_eq!(
        with(FULL, None, &["fault.fault-1.for=30 s"]).base.faults()[0].span("for").as_nanos(),
        30_000_000_000
    );
}

#[test]
fn stop_is_replaced_as_a_whole() {
    let text = format!("stop = {{ time = \"5 d\" }}\n{MINIMAL}[size.smoke]\nstop = {{ flips = 3 }}\n");
    assert!(with(&text, None, &[]).base.has("stop.time"));
    let smoke = with(&text, Some("smoke"), &[]).base;
    assert!(!smoke.has("stop.time"));
    assert_eq!(smoke.integer("stop.flips"), 3);
}

#[test]
fn zipped_axes_advance_together() {
    let text = format!(
        "{MINIMAL}[sweep]\n\"adversary.share\" = [0.1, 0.2]\n\"protocol.mode\" = [\"gentle\", \"wild\"]\n\
         \"adversary.confirmations\" = [1, 2]\nzip = [[\"adversary.share\", \"adversary.confirmations\"]]\n"
    );
    let scenario = good(&text);
    let labels: Vec<String> = scenario.points.iter().map(astrarium_runner::Point::label).collect();
    assert_eq!(
        labels,
        [
            "adversary.share = 0.1, protocol.mode = gentle, adversary.confirmations = 1",
            "adversary.share = 0.1, protocol.mode = wild, adversary.confirmations = 1",
            "adversary.share = 0.2, protocol.mode = gentle, adversary.confirmations = 2",
            "adversary.share = 0.2, protocol.mode = wild, adversary.confirmations = 2",
        ]
    );
}

#[test]
fn variants_and_faults_can_be_swept() {
    let text = format!(
        "{MINIMAL}[[fault]]\nid = \"cut\"\nkind = \"partition\"\nat = \"1 s\"\nsplit = [0.5, 0.5]\n[sweep]\n\
         \"protocol.model\" = [\"fair\", {{ kind = \"loaded\", weight = 2 }}]\n\"fault.cut.for\" = [\"1 s\", \"2 s\"]\n"
    );
    let scenario = good(&text);
    assert_eq!(scenario.points.len(), 4);
    assert_eq!(scenario.points[3].label(), "protocol.model = loaded, fault.cut.for = 2 s");
    assert!(!scenario.points[0].params.has("protocol.model.weight"));
    assert_eq!(scenario.points[2].params.number("protocol.model.weight"), 2.0);
    assert_eq!(scenario.points[3].params.faults()[0].span("for").as_nanos(), 2_000_000_000);
    // Same kind twice: the fields tell the values apart, defaults included.
    let text = MINIMAL.to_string()
        + "[sweep]\nprotocol.model = [{ kind = \"loaded\", weight = 1 }, { kind = \"loaded\", weight = 2 }]\n";
    assert_eq!(good(&text).points[1].label(), "protocol.model = loaded(delay=1 s, weight=2)");
    assert_eq!(load(&good(&text).to_toml()).unwrap().points[1].label(), good(&text).points[1].label());
}

#[test]
fn gates_can_belong_to_sizes() {
    assert_eq!(with(FULL, Some("smoke"), &[]).expects.len(), 1);
    assert_eq!(with(FULL, Some("full"), &[]).expects.len(), 2);
}

#[test]
fn points_match_the_filter_of_a_gate() {
    let scenario = good(FULL);
    let matching: Vec<usize> =
        scenario.points.iter().filter(|p| p.matches(&scenario.expects[0].filter)).map(|p| p.index).collect();
    assert_eq!(matching, [2]);
}

#[test]
fn the_canonical_form_is_a_fixed_point() {
    for text in [MINIMAL, FULL] {
        let once = good(text).to_toml();
        let again = load(&once).unwrap_or_else(|e| panic!("{once}\n{e}"));
        assert_eq!(again.to_toml(), once);
    }
    let smoke = with(FULL, Some("smoke"), &["protocol.line=1500 kbit/s", "stop.time=36 h"]).to_toml();
    assert_eq!(good(&smoke).to_toml(), smoke);
    assert!(smoke.contains("\nline = \"1.5 Mbit/s\"\n") && smoke.contains("\ntime = \"36 h\"\n"), "{smoke}");
}

#[test]
fn a_resolved_scenario_has_the_same_points() {
    let (a, b) = (good(FULL), good(&good(FULL).to_toml()));
    for (p, q) in a.points.iter().zip(&b.points) {
        assert_eq!(p.swept, q.swept);
        let values = |p: &astrarium_runner::Point| -> Vec<(String, Value)> {
            p.params.iter().map(|(k, e)| (k.to_string(), e.value.clone())).collect()
        };
        assert_eq!(values(p), values(q));
    }
}

#[test]
fn the_largest_sweep_resolves() {
    let text = format!(
        "{MINIMAL}[sweep]\n\"adversary.share\" = {{ from = 0, to = 0.3, points = 316 }}\n\
         \"protocol.interval\" = {{ from = \"1 s\", to = \"316 s\", step = \"1 s\" }}\n"
    );
    let scenario = good(&text);
    assert_eq!(scenario.points.len(), 99_856);
    let last = &scenario.points[99_855].params;
    assert_eq!(
        (last.share("adversary.share"), last.span("protocol.interval").as_nanos()),
        (0.3, 316_000_000_000)
    );
}

#[test]
fn faults_beyond_the_end_of_the_run_are_warned_of() {
    let fault = |id: &str, times: &str| {
        let kind = if times.contains("for") { "crash" } else { "stop" };
        format!("[[fault]]\nkind = \"{kind}\"\nid = \"{id}\"\nnodes = [1]\n{times}\n")
    };
    let warned = |stop: &str, faults: &str| good(&format!("{stop}\n{MINIMAL}{faults}")).warnings();
    let in_time = fault("a", "at = \"59 s\"") + &fault("b", "at = \"10 s\"\nfor = \"50 s\"");
    assert!(warned("stop = { time = \"60 s\" }", &in_time).is_empty());
    // Without a time the end is not known.
    assert!(warned("stop = { flips = 3 }", &fault("a", "at = \"36500 d\"")).is_empty());
    let late = fault("a", "at = \"60 s\"") + &fault("b", "at = \"10 s\"\nfor = \"51 s\"");
    assert_eq!(
        warned("stop = { time = \"60 s\" }", &late),
        [
            "fault `a` (stop) begins at 1 min, but the run ends at 1 min (stop.time): it never happens",
            "fault `b` (crash) begins at 10 s for 51 s, but the run ends at 1 min (stop.time): it does not heal within the run",
        ]
    );
    // Once per fault, however many points.
    let swept = late + "[sweep]\n\"stop.time\" = [\"10 s\", \"61 s\", \"100 s\"]\n";
    let warnings = warned("", &swept);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings.iter().all(|warning| warning.ends_with("it never happens (at 1 of 3 points)")),
        "{warnings:?}"
    );
}
