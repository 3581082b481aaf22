//! A coin-flipping system: small, fast, with every kind of parameter and a few planted faults.
#![allow(dead_code, unreachable_pub)] // Every test file uses its own part of this.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use astrarium_engine::{Checkpoint, Digest, EventRecord, Finding, Promise, Verdict};
use astrarium_node::hash::{mix, mix_wide};
use astrarium_runner::{
    Complaint, Diagnostics, Experiment, Files, Kind, LoadOptions, MetricSpec, Outcome, ParamSpec, Params,
    Registry, RunContext, RunError, Sample, Scenario, SeriesSpec, SystemSpec, Variant, Vocabulary, faults,
};

/// Closed forms the tests may name.
pub const VOCABULARY: Vocabulary<'static> = Vocabulary { theories: &["coin", "coin-lower", "coin-upper"] };

/// Flips coins.
pub struct Coin {
    spec: SystemSpec,
    /// Runs carried out, for tests that count.
    pub runs: std::sync::Arc<AtomicU64>,
}

impl Coin {
    pub fn new() -> Self {
        let mut spec = SystemSpec::new("coin", "flips a coin");
        spec.params = params();
        spec.metrics = vec![
            MetricSpec::event("attack_success", "more heads than tails"),
            MetricSpec::quantity("heads", "", "number of heads"),
            MetricSpec::quantity("rare", "s", "absent in odd replicas"),
        ];
        spec.series = vec![SeriesSpec { name: "walk", x: "flip", y: "lead", about: "lead of heads" }];
        spec.network = true;
        Self { spec, runs: std::sync::Arc::default() }
    }
}

fn params() -> Vec<ParamSpec> {
    let flag = |key, about| ParamSpec::new(key, Kind::Bool, about, "test").default("false");
    let replica = |key, about| ParamSpec::new(key, Kind::integer(0, 1_000_000), about, "test").optional();
    vec![
        ParamSpec::new("stop.flips", Kind::integer(1, 1_000_000), "flips per run", "test").default("20"),
        ParamSpec::new("stop.time", Kind::span("1 s", "100 d"), "virtual time", "test").optional(),
        ParamSpec::new("protocol.interval", Kind::span("1 ms", "1000 d"), "time between flips", "test")
            .default("\"10 s\""),
        ParamSpec::new("protocol.size", Kind::Bytes, "size of a coin", "test").default("\"535 kB\""),
        ParamSpec::new("protocol.line", Kind::BitRate, "rate of the line", "test").default("\"20 Mbit/s\""),
        ParamSpec::new("protocol.mode", Kind::Choice(&["gentle", "wild"]), "how it is thrown", "test")
            .default("\"gentle\""),
        ParamSpec::new("protocol.gain", Kind::number(-1.0, 1000.0), "a number", "test").default("1.0"),
        ParamSpec::new("protocol.model", model(), "the coin", "test").default("\"fair\""),
        ParamSpec::new("protocol.weights", Kind::list(Kind::number(0.0, 10.0), 1, 3), "weights", "test")
            .default("[1.0, 2.0]"),
        ParamSpec::new("workload.rate", Kind::PerSecond, "throws", "test").default("\"5 tx/s\""),
        ParamSpec::new("adversary.share", Kind::Share, "probability of heads", "test"),
        ParamSpec::new("adversary.confirmations", Kind::integer(0, 100), "unused", "test").default("6"),
        flag("planted.nondeterminism", "every run differs from event 13 on"),
        replica("planted.fail", "this replica fails"),
        replica("planted.panic", "this replica panics"),
        flag("planted.violation", "the oracle is violated in even replicas"),
        flag("planted.nan", "a metric is not a number"),
    ]
}

fn model() -> Kind {
    Kind::Variants(vec![
        Variant::new("fair", "as it is", vec![]),
        Variant::new(
            "loaded",
            "with a weight",
            vec![
                ParamSpec::new("weight", Kind::number(0.0, 100.0), "grams", "test"),
                ParamSpec::new("delay", Kind::span("0 s", "1 d"), "delay", "test").default("\"1 s\""),
            ],
        ),
        Variant::new("file", "from a file", vec![ParamSpec::new("file", Kind::File, "the file", "test")]),
    ])
}

/// Makes planted runs differ from each other.
static CALLS: AtomicU64 = AtomicU64::new(0);

impl Experiment for Coin {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, _: &Files) -> Result<(), Complaint> {
        if params.text("protocol.mode") == "wild" && params.share("adversary.share") > 0.9 {
            return Err(Complaint {
                key: "adversary.share".into(),
                problem: "a wild coin cannot be that biased".into(),
                help: "at most 0.9 with mode = \"wild\"".into(),
            });
        }
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        if context.interrupted() {
            return Err(RunError::Interrupted);
        }
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        planted(params, context.seed, number)?;
        Ok(flip(params, context))
    }
}

/// The replica is recognised by its seed, since a run does not know its number.
fn planted(params: &Params, seed: u64, _: u64) -> Result<(), RunError> {
    let is = |key: &str| {
        params.opt_integer(key).is_some_and(|r| astrarium_runner::replica_seed(1, r as u64) == seed)
    };
    if is("planted.fail") {
        return Err(RunError::Failed("planted failure".into()));
    }
    assert!(!is("planted.panic"), "planted panic");
    Ok(())
}

fn flip(params: &Params, context: &RunContext<'_>) -> Outcome {
    let share = params.share("adversary.share");
    let flips = params.count("stop.flips") as u64;
    let mut outcome = Outcome::default();
    let (mut heads, mut digest) = (0u64, Digest::default());
    let noise = if params.flag("planted.nondeterminism") { CALLS.fetch_add(1, Ordering::Relaxed) } else { 0 };
    for i in 0..flips {
        let word =
            mix(context.seed ^ context.options.order_seed, if i >= 13 { i ^ (noise << 32) } else { i });
        let is_head = (word >> 11) as f64 / (1u64 << 53) as f64 <= share;
        heads += u64::from(is_head);
        let term = mix_wide(i, word, u64::from(is_head), 7);
        digest.add(term);
        if context.options.record.contains(&i) {
            outcome.recording.push(EventRecord {
                index: i,
                time_ns: i * 1_000,
                source: "coin".into(),
                node: "table".into(),
                input: format!("{word:016x}"),
                hash: term,
            });
        }
        if context.options.checkpoint_every > 0 && (i + 1) % context.options.checkpoint_every == 0 {
            outcome.checkpoints.push(Checkpoint { events: i + 1, digest });
        }
        if params.wants_series("walk") {
            outcome.series.push(Sample { series: "walk", x: i as f64, y: heads as f64 / 3.0 });
        }
    }
    outcome.metrics.push(("heads", if params.flag("planted.nan") { f64::NAN } else { heads as f64 }));
    outcome.metrics.push(("attack_success", f64::from(u8::from(heads * 2 > flips))));
    if heads % 2 == 0 {
        outcome.metrics.push(("rare", heads as f64 / 7.0));
    }
    let verdict = if params.flag("planted.violation") && heads % 2 == 0 {
        Verdict::Violated { witness: format!("{heads} heads, \"even\"\nat the end") }
    } else {
        Verdict::Holds
    };
    outcome.findings.push(Finding { oracle: "odd", promise: Promise::Always, verdict, level: None });
    outcome.digest = digest;
    outcome.events = flips;
    outcome.end_ns = flips * 1_000;
    outcome
}

/// A registry with the coin.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(Coin::new());
    registry
}

/// Resolves a text as the file `test.toml` in a folder.
pub fn load_in(folder: &Path, text: &str, options: &LoadOptions) -> Result<Scenario, Diagnostics> {
    let files = Files { base: folder.to_path_buf() };
    Scenario::from_text(text, Path::new("test.toml"), files, &registry(), VOCABULARY, options)
}

/// Resolves a text with no files beside it.
pub fn load(text: &str) -> Result<Scenario, Diagnostics> {
    load_in(Path::new("."), text, &LoadOptions::default())
}

/// Resolves a text that must be right.
pub fn good(text: &str) -> Scenario {
    load(text).unwrap_or_else(|e| panic!("{e}"))
}

/// The shortest scenario of the coin.
pub const MINIMAL: &str =
    "name = \"toss\"\nsystem = \"coin\"\n[network]\nnodes = 2\n[adversary]\nshare = 0.3\n";

/// A scenario that uses the whole language.
pub const FULL: &str = r#"
name     = "toss"
system   = "coin"
about    = "Everything at once"
seed     = 7
replicas = 5
stop     = { flips = 12 }

[network]
nodes     = 60
topology  = { kind = "random", degree = 8 }
latency   = { kind = "regions", table = "bitcoin-2019" }
loss      = "none"

[protocol]
interval = "600 s"
model    = { kind = "loaded", weight = 3 }

[workload]
rate = "5 tx/s"

[adversary]
share         = 0.3
confirmations = 6

[[fault]]
kind  = "partition"
at    = "100 s"
for   = "60 s"
split = [0.6, 0.4]

[sweep]
"adversary.share"         = { from = 0.1, to = 0.5, step = 0.1 }
"adversary.confirmations" = [1, 2, 6]

[[expect]]
metric  = "attack_success"
where   = { "adversary.share" = 0.1, "adversary.confirmations" = 6 }
at_most = 0.002

[[expect]]
metric = "attack_success"
theory = "coin"
sigmas = 3.5
size   = ["full", "default"]

[[plot]]
x = "adversary.share"
y = "attack_success"
series = "adversary.confirmations"
theory = "coin"

[[claim]]
id = "chiron/CL-58"

[series]
write = ["walk"]
replicas = 2

[size.smoke]
replicas = 2
"sweep.adversary.share" = [0.1, 0.3]

[size.full]
replicas = 100
protocol.interval = "10 min"
"#;
