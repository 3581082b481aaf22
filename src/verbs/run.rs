//! `run` and `check`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use astrarium_analysis::plot::{Picture, plot_all};
use astrarium_analysis::{Summary, gates};
use astrarium_engine::RunOptions;
use astrarium_runner::{ExecuteOptions, RunReport, Scenario, Status, default_directory, execute};

use super::load;
use crate::cli::{CheckArgs, Format, RunArgs};
use crate::interrupt::{self, INTERRUPTED};
use crate::{Failure, Outcome, shelf};

/// Violated oracles listed by name on the terminal.
const VIOLATIONS_SHOWN: usize = 10;

/// `run`
pub(crate) fn run(args: &RunArgs, out: &mut impl Write) -> Outcome {
    each(args, |scenario, interrupt| {
        let report = carry_out(args, scenario, interrupt)?;
        write!(out, "{}", Summary::of(scenario, &report.table).render(args.format.into()))?;
        conclude(args, &report, out)
    })
}

/// `check`
pub(crate) fn check(args: &CheckArgs, out: &mut impl Write) -> Outcome {
    if let Some(path) = &args.junit {
        expect_a_place(path)?;
    }
    let mut suites = Vec::new();
    let code = each(&args.run, |scenario, interrupt| {
        let report = carry_out(&args.run, scenario, interrupt)?;
        let mut code = conclude(&args.run, &report, out)?;
        if report.manifest.status != Status::Finished {
            return Ok(code);
        }
        let gates = gates::check(scenario, &report.table);
        let text = gates::render(&scenario.name, &gates, args.run.format.into());
        write!(out, "{text}")?;
        if gates.is_empty() {
            let none = format!("{}: no expectation applies to size `{}`", scenario.name, scenario.size);
            if args.run.format == Format::Table {
                writeln!(out, "{none}")?;
            } else {
                writeln!(io::stderr(), "{none}")?;
            }
        }
        let good = if args.strict { gates::Gate::passed } else { gates::Gate::stands };
        if code == 0 && !gates.iter().all(good) {
            code = 1;
        }
        suites.push((scenario.name.clone(), gates));
        Ok(code)
    })?;
    if let Some(path) = &args.junit {
        let xml = junit(&suites)?;
        std::fs::write(path, xml)
            .map_err(|e| Failure::with_code(3, format!("cannot write {}: {e}", path.display())))?;
    }
    Ok(code)
}

/// Whether a report can be written there at all, as far as can be told before the runs: they may take hours.
fn expect_a_place(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let refuse = |why: &str| Err(Failure::input(format!("--junit {}: {why}", path.display())));
    if path.is_dir() {
        return refuse("this is a directory; name a file in it");
    }
    if !folder.is_dir() {
        return refuse("there is no such folder; make it first, or name another file");
    }
    Ok(())
}

/// One JUnit document of all suites.
fn junit(suites: &[(String, Vec<gates::Gate>)]) -> Result<String, Failure> {
    let suites = suites.iter().map(|(name, gates)| (name.as_str(), gates.as_slice()));
    gates::junit(suites).map_err(|e| Failure::with_code(3, format!("cannot write the JUnit report: {e}")))
}

/// Loads every scenario before the first runs – a typo in the last must not cost the time of the others – then treats each;
/// the worst exit code counts.
fn each(
    args: &RunArgs,
    mut treat: impl FnMut(&Scenario, &'static AtomicBool) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    if args.out.is_some() && args.files.len() > 1 {
        return Err(Failure::input("--out names one directory: give one scenario file with it"));
    }
    let registry = shelf::registry();
    let scenarios =
        args.files.iter().map(|file| load(file, &args.choice, &registry)).collect::<Result<Vec<_>, _>>()?;
    if let Some(name) = twice(&scenarios) {
        return Err(Failure::input(format!(
            "two of the scenarios are named `{name}`: the results of one would replace those of the other; run them one \
             after the other, each with its own --out"
        )));
    }
    let interrupt = interrupt::listen();
    let mut worst = 0;
    for scenario in &scenarios {
        worst = worst.max(treat(scenario, interrupt)?);
        if worst == INTERRUPTED {
            break;
        }
    }
    Ok(worst)
}

/// A name that more than one scenario has.
fn twice(scenarios: &[Scenario]) -> Option<&str> {
    let names = scenarios.iter().map(|scenario| scenario.name.as_str());
    names.enumerate().find(|(i, name)| scenarios[..*i].iter().any(|s| s.name == *name)).map(|(_, name)| name)
}

/// Runs a scenario and writes its run directory, summary and plots.
fn carry_out(args: &RunArgs, scenario: &Scenario, interrupt: &AtomicBool) -> Result<RunReport, Failure> {
    let out: PathBuf = args.out.clone().unwrap_or_else(|| default_directory(&scenario.name));
    let options = ExecuteOptions {
        out,
        jobs: args.jobs.map_or(0, usize::from),
        resume: args.resume,
        quiet: args.quiet,
        argv: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        options: RunOptions { queue: args.queue.into(), ..RunOptions::default() },
    };
    let report = execute(scenario, &options, interrupt).map_err(|e| Failure::with_code(e.exit_code(), e))?;
    let failed = |what: &str, e: &dyn std::fmt::Display| {
        let directory = report.directory.display();
        Failure::with_code(
            3,
            format!("the runs are finished, but {what} in {directory} cannot be written: {e}"),
        )
    };
    Summary::of(scenario, &report.table).write(&report.directory).map_err(|e| failed("summary.csv", &e))?;
    let plots = report.directory.join("plots");
    plot_all(scenario, &report.table, &report.directory, &plots, &[Picture::Svg])
        .map_err(|e| failed("a plot", &e))?;
    Ok(report)
}

/// Says where the results are and what went wrong on the way; the exit code so far.
fn conclude(args: &RunArgs, report: &RunReport, out: &mut impl Write) -> Result<u8, Failure> {
    let mut notes = troubles(report);
    if !args.quiet {
        notes.splice(0..0, whereabouts(report));
    }
    // Results go to standard output; beside a document for machines there is no room for notes.
    if args.format == Format::Table {
        notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
    } else {
        notes.iter().try_for_each(|note| writeln!(io::stderr(), "{note}"))?;
    }
    Ok(match report.exit_code() {
        0 if report.manifest.violations > 0 => 1,
        code => code,
    })
}

/// What was done and where it lies.
fn whereabouts(report: &RunReport) -> Vec<String> {
    let manifest = &report.manifest;
    let mut notes: Vec<String> = report.notices.clone();
    notes.push(format!(
        "{} runs, {} events, {:.1} s, digest {} -> {}",
        manifest.runs,
        manifest.events,
        manifest.wall_seconds,
        manifest.digest,
        report.directory.display()
    ));
    let mut pictures: Vec<PathBuf> = std::fs::read_dir(report.directory.join("plots"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    pictures.sort();
    notes.extend(pictures.iter().map(|path| format!("plot {}", path.display())));
    notes
}

/// What went wrong: violated oracles, failed runs, an interrupt. Said even when quiet.
fn troubles(report: &RunReport) -> Vec<String> {
    let manifest = &report.manifest;
    let mut notes = Vec::new();
    let broken = manifest.oracles.iter().filter(|(_, count)| count.violated > 0);
    for (name, count) in broken.take(VIOLATIONS_SHOWN) {
        notes.push(format!(
            "oracle `{name}` violated in {} of {} runs: see findings.csv",
            count.violated,
            count.holds + count.violated + count.unknown
        ));
    }
    for failed in &manifest.failed {
        notes.push(format!(
            "point {} ({}), replica {} failed: {}\n  reproduce: {}",
            failed.point, failed.at, failed.replica, failed.message, failed.reproduce
        ));
    }
    if manifest.status == Status::Interrupted {
        notes.push(format!("interrupted after {} runs; go on with --resume", manifest.runs));
    }
    notes
}

impl From<Format> for astrarium_analysis::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Table => Self::Table,
            Format::Json => Self::Json,
            Format::Csv => Self::Csv,
        }
    }
}
