//! The command line.

use std::path::PathBuf;

use astrarium_engine::QueueKind;
use astrarium_runner::LoadOptions;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Puts distributed protocols to the test: real nodes on a modelled network, with curves, intervals and verdicts.
#[derive(Debug, Parser)]
#[command(name = "astrarium", version, about, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run scenarios with their sweeps and replicas; print the summary, write the run directory and its plots
    Run(RunArgs),
    /// Run scenarios, then evaluate their `expect` gates: one line each, exit code 1 when one fails
    Check(CheckArgs),
    /// List the systems and the scenarios that ship with them
    List,
    /// Print the fully resolved scenario: every parameter with unit, value, origin, meaning and source
    Explain(ExplainArgs),
    /// Print the JSON Schema of scenario files, for editors
    Schema {
        /// Only this system
        system: Option<String>,
    },
    /// Print a commented scenario to start from
    New {
        /// The system to simulate
        system: String,
    },
    /// Prove determinism: twice, other thread counts, other queues, another hash seed, snapshot in the middle, one digest
    Verify(VerifyArgs),
    /// Compare two run directories and name the first diverging event
    Diff {
        /// A run directory
        left: PathBuf,
        /// Another
        right: PathBuf,
    },
    /// Run a run directory again and compare the digests; optionally write the events of one run to a file
    Replay(ReplayArgs),
    /// Draw the plots of a run directory again
    Plot {
        /// The run directory
        directory: PathBuf,
        /// Image formats
        #[arg(long, value_delimiter = ',', default_values_t = [Image::Svg])]
        format: Vec<Image>,
    },
    /// Measure event queues, the engine and a protocol on this machine
    Bench(BenchArgs),
}

/// Image format of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Image {
    /// Scalable; text stays text
    Svg,
    /// Pixels
    Png,
}

impl std::fmt::Display for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Svg => "svg",
            Self::Png => "png",
        })
    }
}

/// Form of the results on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// The tidy summary
    Csv,
}

/// What changes a scenario.
#[derive(Debug, Clone, Args)]
pub(crate) struct Choice {
    /// Size of the experiment: smoke (seconds), full (as the specification asks); the body of the file when absent
    #[arg(long, value_name = "smoke|full")]
    pub(crate) size: Option<String>,
    /// Set a parameter, `network.nodes=100`; on a swept key replaces its axis by the value or list
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Seed of all randomness, 0 to 2^63 - 1
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Explore another order of simultaneous events, 0 to 2^63 - 1
    #[arg(long)]
    pub(crate) order_seed: Option<u64>,
    /// Runs per sweep point
    #[arg(long)]
    pub(crate) replicas: Option<u64>,
}

impl Choice {
    pub(crate) fn load_options(&self) -> LoadOptions {
        let Self { size, sets, seed, order_seed, replicas } = self.clone();
        LoadOptions { size, sets, seed, order_seed, replicas }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// Scenario files
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: Choice,
    /// Threads, 1 to 1024 [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Run directory [default: results/NAME]
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Go on with an interrupted sweep; its files become what an uninterrupted one would have written
    #[arg(long)]
    pub(crate) resume: bool,
    /// Form of the results on standard output
    #[arg(long, default_value = "table")]
    pub(crate) format: Format,
    /// No progress, no notices
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Pending-event set (the digest is the same)
    #[arg(long, default_value = "auto")]
    pub(crate) queue: QueueChoice,
}

/// Pending-event set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueueChoice {
    /// By size of the network
    Auto,
    /// Ordered map
    Reference,
    /// Binary heap
    Heap,
    /// Bucketed ring
    Ring,
}

impl From<QueueChoice> for QueueKind {
    fn from(choice: QueueChoice) -> Self {
        match choice {
            QueueChoice::Auto => Self::Auto,
            QueueChoice::Reference => Self::Reference,
            QueueChoice::Heap => Self::Heap,
            QueueChoice::Ring => Self::Ring,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Fail on gates that the runs leave open, too
    ///
    /// A gate is open when its demand is neither refuted nor shown: with few replicas the error is as large as what is asked.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write a JUnit report for a CI system
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArgs {
    /// Scenario file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArgs {
    /// Scenario files
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) choice: Choice,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ReplayArgs {
    /// The run directory
    pub(crate) directory: PathBuf,
    /// Only this sweep point (number in runs.csv); together with --replica
    #[arg(long, requires = "replica")]
    pub(crate) point: Option<usize>,
    /// Only this replica
    #[arg(long, requires = "point")]
    pub(crate) replica: Option<u64>,
    /// Write the events of that run here, one JSON object per line; links are followed, devices (/dev/stdout) written directly
    #[arg(long, value_name = "FILE", requires = "point")]
    pub(crate) trace: Option<PathBuf>,
    /// Only the events FROM..TO, by number, TO excluded
    #[arg(long, value_name = "FROM..TO", requires = "trace", value_parser = window)]
    pub(crate) window: Option<(u64, u64)>,
}

fn window(text: &str) -> Result<(u64, u64), String> {
    let parse = |s: &str| s.trim().parse::<u64>().map_err(|e| format!("`{s}` is no event number: {e}"));
    match text.split_once("..") {
        Some((from, to)) => match (parse(from)?, parse(to)?) {
            (from, to) if from < to => Ok((from, to)),
            (from, to) => Err(format!("no event is in {from}..{to}: FROM must be less than TO")),
        },
        None => Err("expected FROM..TO, for example 1000..2000".to_owned()),
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    /// Pending events in the PHOLD runs
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000, 1_000_000])]
    pub(crate) pending: Vec<u32>,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Form of the results
    #[arg(long, default_value = "table")]
    pub(crate) format: Format,
}
