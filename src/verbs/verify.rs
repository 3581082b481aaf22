//! Verbs about determinism: `verify`, `diff`, `replay`.

use std::io::Write;
use std::path::Path;

use astrarium_runner::{Mismatch, QuantityDifference, ReplayOptions, RunDifference, RunDirectory};

use super::load;
use crate::cli::{ReplayArgs, VerifyArgs};
use crate::interrupt::{self, INTERRUPTED};
use crate::{Failure, Outcome, shelf};

/// `verify`
pub(crate) fn verify(args: &VerifyArgs, out: &mut impl Write) -> Outcome {
    let registry = shelf::registry();
    // All files are read before the first runs: a typo in the last must not cost the time of the others.
    let scenarios =
        args.files.iter().map(|file| load(file, &args.choice, &registry)).collect::<Result<Vec<_>, _>>()?;
    let interrupt = interrupt::listen();
    let mut code = 0;
    for scenario in &scenarios {
        writeln!(out, "{} ({}, {} points)", scenario.name, scenario.size, scenario.points.len())?;
        let report = astrarium_runner::verify(scenario, interrupt).map_err(|why| {
            let code = if interrupt.load(std::sync::atomic::Ordering::Relaxed) { INTERRUPTED } else { 3 };
            Failure::with_code(code, why)
        })?;
        for check in &report.checks {
            let mark = if check.mismatch.is_none() { "same" } else { "DIFFERENT" };
            writeln!(out, "  {mark:<10} {} ({} runs)", check.name, check.runs)?;
            if let Some(mismatch) = &check.mismatch {
                print_mismatch(mismatch, out)?;
            }
        }
        if !report.passed() {
            code = 1;
        }
    }
    Ok(code)
}

fn print_mismatch(mismatch: &Mismatch, out: &mut impl Write) -> Result<(), Failure> {
    let Mismatch { point, at, replica, seed, what, divergence } = mismatch;
    writeln!(out, "    point {point} ({at}), replica {replica}, seed {seed}: {what}")?;
    if let Some(divergence) = divergence {
        for line in divergence.to_string().lines() {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

/// `diff`
pub(crate) fn diff(left: &Path, right: &Path, out: &mut impl Write) -> Outcome {
    let registry = shelf::registry();
    let theories = shelf::theories();
    let (a, b) = (RunDirectory::open(left)?, RunDirectory::open(right)?);
    let report =
        astrarium_runner::diff(&a, &b, &registry, shelf::vocabulary(&theories), interrupt::listen())?;
    for note in &report.notes {
        writeln!(out, "{note}")?;
    }
    for setting in &report.settings {
        let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".to_owned());
        writeln!(out, "setting {}: {} | {}", setting.key, show(&setting.left), show(&setting.right))?;
    }
    writeln!(
        out,
        "{} runs compared, {} differ, {} only on the left, {} only on the right",
        report.compared, report.differing, report.left_only, report.right_only
    )?;
    for quantity in &report.quantities {
        print_quantity(quantity, out)?;
    }
    if let Some(first) = &report.first {
        print_first(first, out)?;
    }
    if report.interrupted {
        writeln!(out, "interrupted: the first diverging event was not looked for to the end")?;
        return Ok(INTERRUPTED);
    }
    Ok(u8::from(!report.equal()))
}

fn print_quantity(quantity: &QuantityDifference, out: &mut impl Write) -> Result<(), Failure> {
    let show = |value: &str| if value.is_empty() { "(none)".to_owned() } else { value.to_owned() };
    let by = quantity.by.map_or_else(|| "first".to_owned(), |by| format!("at most by {by}"));
    writeln!(
        out,
        "  {:<28} differs in {} runs, {by} at point {}, replica {}: {} | {}",
        quantity.name,
        quantity.runs,
        quantity.point,
        quantity.replica,
        show(&quantity.left),
        show(&quantity.right)
    )?;
    Ok(())
}

fn print_first(first: &RunDifference, out: &mut impl Write) -> Result<(), Failure> {
    let RunDifference { point, right_point, at, replica, .. } = first;
    let right =
        if point == right_point { String::new() } else { format!(", on the right point {right_point}") };
    writeln!(out, "first differing run: point {point} ({at}){right}, replica {replica}")?;
    writeln!(out, "  digests {} | {}", first.left, first.right)?;
    for note in &first.notes {
        writeln!(out, "  {note}")?;
    }
    if let Some(divergence) = &first.divergence {
        write!(out, "{divergence}")?;
    }
    Ok(())
}

/// `replay`
pub(crate) fn replay(args: &ReplayArgs, out: &mut impl Write) -> Outcome {
    let registry = shelf::registry();
    let theories = shelf::theories();
    let directory = RunDirectory::open(&args.directory)?;
    let options = ReplayOptions {
        only: args.point.zip(args.replica),
        trace: args.trace.as_deref(),
        window: args.window,
    };
    let interrupt = interrupt::listen();
    let report =
        astrarium_runner::replay(&directory, &registry, shelf::vocabulary(&theories), options, interrupt)?;
    writeln!(out, "{} runs, {} not as recorded", report.runs, report.differing.len())?;
    for run in report.differing.iter().take(20) {
        let recorded = run.recorded.map_or_else(|| "not recorded".to_owned(), |digest| digest.to_string());
        let now = run.now.as_ref().map_or_else(Clone::clone, ToString::to_string);
        writeln!(out, "  point {}, replica {}: {recorded}, now {now}", run.point, run.replica)?;
    }
    if let Some(outcome) = &report.outcome {
        writeln!(out, "digest {}, {} events", outcome.digest, outcome.events)?;
        for (name, value) in &outcome.metrics {
            writeln!(out, "  {name:<28} {value}")?;
        }
        for finding in &outcome.findings {
            writeln!(out, "  {:<10} {:<24} {:?}", finding.promise, finding.oracle, finding.verdict)?;
        }
    }
    if report.interrupted {
        writeln!(out, "interrupted: the other runs were not repeated")?;
        return Ok(INTERRUPTED);
    }
    if let Some(trace) = &args.trace {
        writeln!(out, "{} events written to {}", report.traced, trace.display())?;
    }
    Ok(u8::from(!report.differing.is_empty()))
}
