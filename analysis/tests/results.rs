//! From a scenario and its table to summary, gates and figures, on a toy system whose results are written by hand.

use std::path::Path;

use astrarium_analysis::gates::{Outcome as Verdict, check, junit, lines};
use astrarium_analysis::plot::{Picture, SeriesRows, figures, plot_all, svg};
use astrarium_analysis::theory::names;
use astrarium_analysis::theory::race::{Start, double_spend};
use astrarium_analysis::{Format, Summary};
use astrarium_runner::{
    Complaint, Experiment, Files, Kind, LoadOptions, MetricSpec, Outcome, ParamSpec, Params, Registry,
    RunContext, RunError, RunRow, RunTable, Scenario, SeriesSpec, SystemSpec, Vocabulary,
};

struct Toy(SystemSpec);

impl Experiment for Toy {
    fn spec(&self) -> &SystemSpec {
        &self.0
    }

    fn validate(&self, _: &Params, _: &Files) -> Result<(), Complaint> {
        Ok(())
    }

    fn run(&self, _: &Params, _: &RunContext<'_>) -> Result<Outcome, RunError> {
        Err(RunError::Failed("tables are written by hand here".to_owned()))
    }
}

fn toy() -> Toy {
    let mut spec = SystemSpec::new("toy", "a toy");
    let source = "chosen";
    spec.params = vec![
        ParamSpec::new("adversary.share", Kind::Share, "adversary's share of the hash power", source)
            .default("0.3"),
        ParamSpec::new("adversary.confirmations", Kind::integer(1, 200), "confirmations", source)
            .default("6"),
        ParamSpec::new("adversary.tie_share", Kind::Share, "share that follows her in a tie", source)
            .default("0.5"),
    ];
    spec.metrics = vec![
        MetricSpec::event("attack_success", "the attack succeeded"),
        MetricSpec::quantity("revenue_share", "", "share of the revenue"),
        MetricSpec::quantity("delay", "ms", "delay"),
    ];
    spec.series = vec![SeriesSpec { name: "wave", x: "time (ms)", y: "share of nodes", about: "a wave" }];
    Toy(spec)
}

fn scenario(text: &str) -> Scenario {
    let mut registry = Registry::new();
    registry.register(toy());
    let names = names();
    let vocabulary = Vocabulary { theories: &names };
    let head = "name = \"toy\"\nsystem = \"toy\"\nabout = \"A toy scenario\"\nreplicas = 4\n";
    let text = format!("{head}{text}");
    let path = Path::new("toy.toml");
    Scenario::from_text(&text, path, Files::default(), &registry, vocabulary, &LoadOptions::default())
        .unwrap()
}

/// A table in which `value(point, replica)` gives the metrics in the order of the declaration.
fn table(scenario: &Scenario, replicas: u64, value: impl Fn(usize, u64) -> [Option<f64>; 3]) -> RunTable {
    let mut table = RunTable::new(scenario);
    for point in 0..scenario.points.len() {
        for replica in 0..replicas {
            table.rows.push(RunRow {
                point,
                replica,
                seed: replica,
                digest: Default::default(),
                events: 10 * (point as u64 + 1),
                metrics: value(point, replica).to_vec(),
                violations: Vec::new(),
            });
        }
    }
    table
}

/// A table in which the share of successes follows the closed form times `bias`, exactly up to one run.
fn race_table(scenario: &Scenario, n: u64, bias: f64) -> RunTable {
    let exact = |point: usize| {
        let params = &scenario.points[point].params;
        let z = params.count("adversary.confirmations") as u32;
        double_spend(params.share("adversary.share"), z, Start::ROSENFELD).unwrap()
    };
    table(scenario, n, |point, replica| {
        let hits = (bias * exact(point) * n as f64).round() as u64;
        [Some(f64::from(u8::from(replica < hits))), None, None]
    })
}

const RACE: &str = r#"
[sweep]
"adversary.share" = { from = 0.1, to = 0.4, step = 0.1 }
"adversary.confirmations" = [1, 6]
[[expect]]
metric = "attack_success"
theory = "double-spend"
sigmas = 3.5
[[expect]]
metric = "attack_success"
where = { "adversary.share" = 0.1, "adversary.confirmations" = 6 }
at_most = 0.002
[[plot]]
x = "adversary.share"
y = "attack_success"
series = "adversary.confirmations"
theory = "double-spend"
"#;

// Computed with Python: statistics.mean, statistics.stdev, quantiles by hand (type 7), Wilson and Student ends with 30 digits.
#[test]
fn the_summary_equals_figures_computed_elsewhere() {
    let scenario = scenario(
        "[sweep]\n\"adversary.share\" = [0.3]\n[[expect]]\nmetric = \"attack_success\"\ntheory = \"double-spend\"\n",
    );
    let delays = [12.0, 15.5, 9.0, 31.0];
    let table = table(&scenario, 4, |_, r| {
        [Some(f64::from(u8::from(r == 2))), None, (r != 3).then_some(delays[r as usize])]
    });
    let text = Summary::of(&scenario, &table).render(Format::Csv);
    let rows: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(
        text.lines().next().unwrap(),
        "adversary.share,metric,unit,n,mean,sd,p5,p50,p95,p99,ci_lo,ci_hi,ci_method,theory"
    );
    assert_eq!(rows.len(), 4, "a metric that no run observed has no row: {text}");
    let close = |row: usize, column: usize, want: f64| {
        let got: f64 = rows[row][column].parse().unwrap();
        assert!((got - want).abs() < 1e-9, "row {row} column {column}: {got} instead of {want}");
    };
    assert_eq!(rows[1][..4], ["0.3", "attack_success", "", "4"]);
    for (column, want) in [
        (4, 0.25),
        (5, 0.5),
        (6, 0.0),
        (7, 0.0),
        (8, 0.85),
        (9, 0.97),
        (10, 0.045_587_260_809_7),
        (11, 0.699_358_157_417_6),
        (13, 0.156_449_581_92),
    ] {
        close(1, column, want);
    }
    assert_eq!(rows[1][12], "wilson");
    assert_eq!(rows[2][..4], ["0.3", "delay", "ms", "3"]);
    for (column, want) in [
        (4, 12.166_666_666_667),
        (5, 3.253_203_549_324),
        (6, 9.3),
        (7, 12.0),
        (8, 15.15),
        (9, 15.43),
        (10, 4.085_261_045_791),
        (11, 20.248_072_287_542),
    ] {
        close(2, column, want);
    }
    assert_eq!((rows[2][12], rows[2][13]), ("student", ""));
    assert_eq!(rows[3][1], "events");
}

#[test]
fn a_table_for_people_has_one_aligned_line_per_point() {
    let scenario = scenario(RACE);
    let summary = Summary::of(&scenario, &race_table(&scenario, 2_000, 1.0));
    let text = summary.render(Format::Table);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2 + 8, "{text}");
    assert!(lines[0].starts_with("share  confirmations") && lines[0].ends_with("theory"), "{text}");
    assert!(lines.iter().all(|l| l.chars().count() == lines[1].chars().count()), "{text}");
    assert!(lines.iter().any(|l| l.contains("0.1564")), "{text}");
}

#[test]
fn json_is_an_array_of_objects() {
    let scenario = scenario(RACE);
    let text = Summary::of(&scenario, &race_table(&scenario, 100, 1.0)).render(Format::Json);
    let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
    let first = &rows[0];
    assert_eq!(first["metric"], "attack_success");
    assert_eq!(first["swept"]["adversary.share"], 0.1);
    assert_eq!(first["ci_method"], "wilson");
    assert!(first["theory"].is_number());
}

#[test]
fn an_honest_table_passes_its_gates_and_a_biased_one_fails() {
    let scenario = scenario(RACE);
    let honest = check(&scenario, &race_table(&scenario, 2_000, 1.0));
    assert!(honest.iter().all(|g| g.passed()), "{:#?}", lines(&honest));
    assert_eq!(honest[0].points.len(), 8);
    assert_eq!(honest[1].points.len(), 1);
    assert_eq!(lines(&honest).len(), 2, "one line per gate");
    let biased = check(&scenario, &race_table(&scenario, 2_000, 1.3));
    assert_eq!(biased[0].outcome(), Verdict::Fail);
    let text = lines(&biased).join("\n");
    assert!(text.contains("FAIL") && text.contains("adversary.share = 0.4") && text.contains('σ'), "{text}");
}

#[test]
fn nothing_measured_is_never_a_pass() {
    let scenario = scenario(
        "[sweep]\n\"adversary.share\" = [0.1, 0.2]\n[[expect]]\nmetric = \"delay\"\nat_most = 1e9\n\
         [[expect]]\nmetric = \"attack_success\"\nwhere = { \"adversary.confirmations\" = 7 }\nat_most = 1\n\
         [[expect]]\nmetric = \"attack_success\"\ntheory = \"stale-rate\"\n",
    );
    let gates = check(&scenario, &race_table(&scenario, 50, 1.0));
    assert_eq!(gates.iter().map(|g| g.outcome()).collect::<Vec<_>>(), [Verdict::NoData; 3]);
    let text = lines(&gates).join("\n");
    for wanted in
        ["no run observed `delay`", "covers no point", "lacks protocol.block_interval, propagation_mean_ms"]
    {
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }
}

// Fifty fair points, one gate: Bonferroni keeps the false alarms of the whole gate at 5 %. A plain 95 % test of each point would
// fail this table, where the worst of fifty points is 2.4 standard errors high.
#[test]
fn many_points_share_the_confidence_of_their_gate() {
    let scenario = scenario(
        "[sweep]\n\"adversary.share\" = { from = 0.01, to = 0.5, step = 0.01 }\n\
         [[expect]]\nmetric = \"attack_success\"\nat_most = 0.5\n",
    );
    let with_worst = |hits: u64| {
        table(&scenario, 400, |point, r| {
            let heads = if point == 7 { hits } else { 200 };
            [Some(f64::from(u8::from(r < heads))), None, None]
        })
    };
    assert_eq!(check(&scenario, &with_worst(200))[0].outcome(), Verdict::Pass);
    let open = check(&scenario, &with_worst(224));
    assert_eq!(open[0].outcome(), Verdict::Open);
    assert!(open[0].stands() && !open[0].passed());
    let xml = junit([("toy", open.as_slice())]).unwrap();
    assert!(xml.contains("skipped") && xml.contains("more replicas decide"), "{xml}");
    assert_eq!(check(&scenario, &with_worst(240))[0].outcome(), Verdict::Fail);
}

#[test]
fn junit_counts_failures_and_names_points() {
    let scenario = scenario(RACE);
    let text = junit([("toy", check(&scenario, &race_table(&scenario, 2_000, 1.3)).as_slice())]).unwrap();
    assert!(text.contains("tests=\"2\"") && text.contains("failures=\"1\""), "{text}");
    assert!(text.contains("adversary.share = 0.4"));
    let mut reader = quick_xml::Reader::from_str(&text);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
}

fn keep(name: &str, figure: &astrarium_analysis::plot::Figure) {
    if let Some(folder) = option_env!("ASTRARIUM_KEEP_FIGURES") {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), astrarium_analysis::plot::png(figure).unwrap())
            .unwrap();
    }
}

#[test]
fn a_curve_has_a_series_per_value_and_theory_between_the_points() {
    let scenario = scenario(RACE);
    let all = figures(&scenario, &race_table(&scenario, 2_000, 1.0), &SeriesRows::default());
    let (name, figure) = &all[0];
    keep("toy-race", figure);
    assert_eq!(name, "attack_success");
    assert_eq!(figure.series.iter().map(|s| s.label.as_str()).collect::<Vec<_>>(), ["1", "6"]);
    assert_eq!(figure.legend, "confirmations");
    assert!(figure.series[1].theory.len() > 150 && figure.series[1].marks.len() == 4);
    let (_, y) = figure.series[1].theory.iter().find(|(x, _)| *x == 0.3).copied().unwrap();
    assert!((y - 0.156_449_581_92).abs() < 1e-12);
    assert!(
        figure.footer.contains("n = 2000 per point") && figure.footer.contains("seed 1"),
        "{}",
        figure.footer
    );
}

#[test]
fn selfish_mining_is_drawn_over_honest_mining_with_its_threshold() {
    let scenario = scenario(
        "[sweep]\n\"adversary.share\" = { from = 0.1, to = 0.45, step = 0.05 }\n\"adversary.tie_share\" = [0.0, 0.5, 1.0]\n\
         [[plot]]\nx = \"adversary.share\"\ny = \"revenue_share\"\nseries = \"adversary.tie_share\"\ntheory = \"selfish-mining\"\n",
    );
    let table = table(&scenario, 20, |point, r| {
        let params = &scenario.points[point].params;
        let (a, g) = (params.share("adversary.share"), params.share("adversary.tie_share"));
        let exact = astrarium_analysis::theory::selfish::relative_revenue(a, g).unwrap();
        [None, Some(exact + 0.004 * ((r % 5) as f64 - 2.0)), None]
    });
    let (_, figure) = figures(&scenario, &table, &SeriesRows::default()).remove(0);
    keep("toy-selfish", &figure);
    let comparison = figure.comparison.as_ref().unwrap();
    let crossings: Vec<(usize, f64)> = comparison.crossings.iter().map(|c| (c.0, c.1)).collect();
    assert_eq!(crossings.len(), 2, "γ = 1 pays from the start: {crossings:?}");
    assert!(
        (crossings[0].1 - 1.0 / 3.0).abs() < 1e-3 && (crossings[1].1 - 0.25).abs() < 1e-3,
        "{crossings:?}"
    );
}

#[test]
fn an_axis_that_only_follows_another_is_not_named_beside_it() {
    let scenario = scenario(
        "[sweep]\nzip = [[\"adversary.tie_share\", \"adversary.confirmations\"]]\n\"adversary.tie_share\" = [0.0, 0.5]\n\
         \"adversary.confirmations\" = [1, 6]\n\"adversary.share\" = [0.1, 0.2]\n\
         [[plot]]\nx = \"adversary.share\"\ny = \"revenue_share\"\nseries = \"adversary.tie_share\"\n\
         [[plot]]\nx = \"adversary.share\"\ny = \"revenue_share\"\n",
    );
    let table = table(&scenario, 2, |_, r| [None, Some(0.1 * r as f64), None]);
    let figures = figures(&scenario, &table, &SeriesRows::default());
    for (name, figure) in &figures {
        let labels: Vec<&str> = figure.series.iter().map(|s| s.label.as_str()).collect();
        assert_eq!(labels, ["0 %", "50 %"], "{name}");
    }
    assert_eq!(figures.len(), 2);
}

#[test]
fn no_sweep_no_plot_and_few_runs_still_give_figures() {
    let scenario = scenario("");
    let table =
        table(&scenario, 40, |_, r| [Some(f64::from(u8::from(r % 3 == 0))), None, Some(20.0 + r as f64)]);
    let all = figures(&scenario, &table, &SeriesRows::default());
    let names: Vec<&str> = all.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["attack_success", "delay"]);
    for (name, figure) in &all {
        keep(&format!("toy-{name}"), figure);
        assert!(!figure.is_empty(), "{name}");
        svg(figure).unwrap();
    }
}

#[test]
fn files_are_written_whole_and_figures_without_data_are_named() {
    let scenario = scenario(
        "[[plot]]\ny = \"delay\"\nkind = \"cdf\"\n[[plot]]\ny = \"revenue_share\"\nkind = \"cdf\"\n\
         [[plot]]\nseries_name = \"wave\"\n[[plot]]\ny = \"delay\"\nkind = \"bars\"\n",
    );
    let table = table(&scenario, 5, |_, r| [None, None, Some(1.0 + r as f64)]);
    let folder = tempfile::tempdir().unwrap();
    let mut csv = "point,replica,series,x,y\n".to_owned();
    for replica in 0..5 {
        for i in 0..50 {
            csv.push_str(&format!("0,{replica},wave,{},{}\n", 10 * i + replica, f64::from(i) / 49.0));
        }
    }
    std::fs::write(folder.path().join("series.csv"), csv).unwrap();
    let out = folder.path().join("plots");
    let drawn = plot_all(&scenario, &table, folder.path(), &out, &[Picture::Svg]).unwrap();
    let files: Vec<String> =
        drawn.files.iter().map(|f| f.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(files, ["delay.svg", "wave.svg", "delay-2.svg"]);
    assert_eq!(drawn.skipped, ["Revenue share"]);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 3, "no temporary file is left");
    let nowhere = folder.path().join("series.csv").join("plots");
    let error = plot_all(&scenario, &table, folder.path(), &nowhere, &[Picture::Svg]).unwrap_err();
    assert!(error.to_string().contains("series.csv"), "{error}");
}
