//! Gates for people and for CI servers.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Gate, Judgement, Outcome};
use crate::summary::Format;

/// Columns of the gates as CSV.
const COLUMNS: [&str; 9] =
    ["scenario", "metric", "demand", "point", "outcome", "n", "measured", "expected", "sigmas"];

/// Failing points listed under a gate.
const LISTED: usize = 5;

/// One line per gate; under a gate that did not pass, its points that did not (five at most).
#[must_use]
pub fn lines(gates: &[Gate]) -> Vec<String> {
    let mut lines = Vec::new();
    for gate in gates {
        lines.push(headline(gate));
        let guilty: Vec<&(String, Judgement)> = blamed(gate).collect();
        lines.extend(
            guilty.iter().take(LISTED).map(|(at, judgement)| format!("        {}", describe(at, judgement))),
        );
        if guilty.len() > LISTED {
            lines.push(format!("        … and {} more points", guilty.len() - LISTED));
        }
    }
    lines
}

fn blamed(gate: &Gate) -> impl Iterator<Item = &(String, Judgement)> {
    gate.points.iter().filter(|(_, j)| j.outcome != Outcome::Pass)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Open => "OPEN",
        Outcome::Fail => "FAIL",
        Outcome::NoData => "NO DATA",
    }
}

fn headline(gate: &Gate) -> String {
    let count = match gate.points.len() {
        0 => "covers no point of the sweep: look at its `where`".to_owned(),
        1 => extreme(gate).map_or_else(String::new, |(at, j)| describe(at, j)),
        n => {
            let good = gate.points.iter().filter(|(_, j)| j.outcome == Outcome::Pass).count();
            let worst =
                extreme(gate).map(|(at, j)| format!("; tightest: {}", describe(at, j))).unwrap_or_default();
            format!("{good} of {n} points{worst}")
        }
    };
    let about = gate.about.as_ref().map(|a| format!(" – {a}")).unwrap_or_default();
    format!(
        "{:<7} {} {} · {count}{about} (line {})",
        word(gate.outcome()),
        gate.metric,
        gate.demand,
        gate.line
    )
}

/// The point nearest to failing: greatest distance in sigmas, or least room to the bound in interval widths.
fn extreme(gate: &Gate) -> Option<&(String, Judgement)> {
    let strain = |j: &Judgement| match (j.outcome, j.sigmas) {
        (Outcome::NoData, _) => f64::INFINITY,
        (Outcome::Fail, None) => f64::MAX,
        (Outcome::Open, None) => f64::MAX / 2.0,
        (_, Some(sigmas)) => sigmas.abs(),
        _ => {
            let room = j.measured.zip(j.expected).map_or(0.0, |(m, e)| (m - e).abs());
            let width = j.interval.map_or(0.0, |i| i.hi - i.lo);
            if width > 0.0 { -room / width } else { -room }
        }
    };
    gate.points.iter().max_by(|a, b| strain(&a.1).total_cmp(&strain(&b.1)))
}

fn describe(at: &str, judgement: &Judgement) -> String {
    let mut text = if at.is_empty() { String::new() } else { format!("{at}: ") };
    if let Some(measured) = judgement.measured {
        text.push_str(&format!("measured {}", round(measured)));
    }
    if let Some(expected) = judgement.expected {
        text.push_str(&format!(", expected {}", round(expected)));
    }
    if let Some(sigmas) = judgement.sigmas {
        text.push_str(&format!(", {sigmas:+.2} σ"));
    } else if let Some(interval) = judgement.interval {
        text.push_str(&format!(", interval {} – {}", round(interval.lo), round(interval.hi)));
    }
    if judgement.n > 0 {
        text.push_str(&format!(", n = {}", judgement.n));
    }
    if !judgement.remark.is_empty() {
        let joint = if judgement.measured.is_some() { "; " } else { "" };
        text.push_str(&format!("{joint}{}", judgement.remark));
    }
    text
}

fn round(value: f64) -> String {
    crate::plot::significant(value, 4)
}

/// The gates of a scenario as text: lines for people, an array of objects, or a table with one row per gate and point.
#[must_use]
pub fn render(scenario: &str, gates: &[Gate], format: Format) -> String {
    match format {
        Format::Table => lines(gates).iter().fold(String::new(), |text, line| text + line + "\n"),
        Format::Json => {
            let gates: Vec<_> = gates.iter().map(|gate| object(scenario, gate)).collect();
            format!("{:#}\n", serde_json::Value::Array(gates))
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(Vec::new());
            // Writing to memory cannot fail.
            let _ = csv.write_record(COLUMNS);
            for gate in gates {
                for (at, judgement) in &gate.points {
                    let cell = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
                    let Judgement { outcome, n, measured, expected, sigmas, .. } = judgement;
                    let figures = [n.to_string(), cell(*measured), cell(*expected), cell(*sigmas)];
                    let words = [scenario, &gate.metric, &gate.demand, at, word(*outcome)];
                    let _ = csv.write_record(words.into_iter().chain(figures.iter().map(String::as_str)));
                }
            }
            csv.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
        }
    }
}

fn object(scenario: &str, gate: &Gate) -> serde_json::Value {
    let points: Vec<_> = gate
        .points
        .iter()
        .map(|(at, j)| {
            let Judgement { n, measured, expected, sigmas, remark, .. } = j;
            serde_json::json!({
                "point": at,
                "outcome": word(j.outcome),
                "n": n,
                "measured": measured,
                "expected": expected,
                "sigmas": sigmas,
                "remark": remark,
            })
        })
        .collect();
    serde_json::json!({
        "scenario": scenario,
        "metric": gate.metric,
        "demand": gate.demand,
        "about": gate.about,
        "outcome": word(gate.outcome()),
        "line": gate.line,
        "points": points,
    })
}

/// The gates of some scenarios as a JUnit report: one suite per scenario, one case per gate. No times and no run id in it: same
/// results, same bytes.
///
/// # Errors
/// When the XML cannot be written; the texts of a scenario can always be.
pub fn junit<'a>(
    scenarios: impl IntoIterator<Item = (&'a str, &'a [Gate])>,
) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("astrarium");
    for (scenario, gates) in scenarios {
        let mut suite = TestSuite::new(scenario);
        suite.add_test_cases(gates.iter().map(|gate| case(scenario, gate)));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(scenario: &str, gate: &Gate) -> TestCase {
    let status = match gate.outcome() {
        Outcome::Pass => TestCaseStatus::success(),
        Outcome::Open => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(headline(gate));
            status
        }
        outcome => {
            let kind = if outcome == Outcome::Fail { NonSuccessKind::Failure } else { NonSuccessKind::Error };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(headline(gate));
            let details: Vec<String> = blamed(gate).map(|(at, j)| describe(at, j)).collect();
            status.set_description(details.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(format!("line {}: {} {}", gate.line, gate.metric, gate.demand), status);
    case.set_classname(scenario);
    case
}
