//! What a system declares about itself: its parameters with units, ranges, defaults and sources, and its metrics.
//!
//! The parser, `explain`, the JSON Schema and the template of `new` are all derived from these declarations.

use crate::units;

/// A system as a scenario file sees it.
#[derive(Debug, Clone)]
pub struct SystemSpec {
    /// The name used in `system = "…"`.
    pub name: &'static str,
    /// One sentence: what is simulated.
    pub about: &'static str,
    /// Parameters of `[protocol]`, `[workload]`, `[adversary]`, `stop` …: every dotted key the system understands,
    /// except those of `[network]`, which are added when `network` is true.
    pub params: Vec<ParamSpec>,
    /// What a run measures.
    pub metrics: Vec<MetricSpec>,
    /// Time series a run can record when the scenario asks for them.
    pub series: Vec<SeriesSpec>,
    /// Whether `[network]` and `[[fault]]` are understood.
    pub network: bool,
    /// Whether the system's packets name sockets and not nodes, so that middleboxes (`network.nat`, fault `nat-rebind`) mean
    /// something to it.
    pub addressed: bool,
    /// Values that the scenario of `new` sets, as TOML literals by dotted key: where the default, or an arbitrary value of the
    /// right kind, would be refused or show nothing.
    pub examples: &'static [(&'static str, &'static str)],
    /// A commented scenario for `new`; empty means: generate it from the declarations.
    pub template: &'static str,
}

impl SystemSpec {
    /// A system without parameters or metrics yet.
    #[must_use]
    pub fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            params: Vec::new(),
            metrics: Vec::new(),
            series: Vec::new(),
            network: false,
            addressed: false,
            examples: &[],
            template: "",
        }
    }

    /// Every parameter a scenario of this system may set: its own, and `[network]`'s when it takes them.
    #[must_use]
    pub fn all_params(&self) -> Vec<ParamSpec> {
        let mut all = self.params.clone();
        if self.network {
            all.extend(crate::network::params());
        }
        if self.network && self.addressed {
            all.push(crate::network::middleboxes());
        }
        all
    }

    /// The declaration of a metric.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&MetricSpec> {
        self.metrics.iter().find(|m| m.name == name)
    }
}

/// One parameter.
#[derive(Debug, Clone)]
pub struct ParamSpec {
    /// Dotted key, for example `protocol.block_interval`; inside a [`Variant`], relative to its table.
    pub key: &'static str,
    /// Type, unit and range.
    pub kind: Kind,
    /// Default as a TOML literal (`"\"600 s\""`, `"8"`, `"{ kind = \"none\" }"`).
    pub default: Option<&'static str>,
    /// Without a default: may the parameter be left out? Then [`Params::has`](crate::Params::has) tells.
    pub optional: bool,
    /// What it means.
    pub about: &'static str,
    /// Where meaning and default come from: paper and section, standard, measurement.
    pub source: &'static str,
}

impl ParamSpec {
    /// A required parameter.
    #[must_use]
    pub const fn new(key: &'static str, kind: Kind, about: &'static str, source: &'static str) -> Self {
        Self { key, kind, default: None, optional: false, about, source }
    }

    /// Gives it a default, written as a TOML literal.
    #[must_use]
    pub fn default(mut self, literal: &'static str) -> Self {
        self.default = Some(literal);
        self
    }

    /// Lets it be absent.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// True when a scenario must give it.
    #[must_use]
    pub fn required(&self) -> bool {
        self.default.is_none() && !self.optional
    }
}

/// Type, unit and range of a parameter. All bounds are inclusive.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// A finite number without unit.
    Number {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// A share in `0..=1`, written `0.3` or `"30 %"`.
    Share,
    /// A duration, `"50 ms"`; bounds in nanoseconds.
    Span {
        /// Least value in nanoseconds.
        min: u64,
        /// Greatest value in nanoseconds.
        max: u64,
    },
    /// A bit rate, `"20 Mbit/s"`, above zero.
    BitRate,
    /// A size, `"535 kB"` or `"256 KiB"`.
    Bytes,
    /// A rate of events, `"5 tx/s"`.
    PerSecond,
    /// Any text.
    Text,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A file; relative paths start at the scenario's folder. It must exist.
    File,
    /// A list of values of one kind.
    List {
        /// Kind of the elements.
        of: Box<Kind>,
        /// Least length.
        min_len: usize,
        /// Greatest length.
        max_len: usize,
    },
    /// A table whose `kind` chooses its other fields; a bare word is shorthand for `{ kind = "word" }`.
    Variants(Vec<Variant>),
}

/// One alternative of [`Kind::Variants`].
#[derive(Debug, Clone)]
pub struct Variant {
    /// The word in `kind = "…"`.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Its fields, with keys relative to the table.
    pub params: Vec<ParamSpec>,
}

impl Variant {
    /// An alternative with fields.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str, params: Vec<ParamSpec>) -> Self {
        Self { name, about, params }
    }
}

impl Kind {
    /// A whole number in `min..=max`.
    #[must_use]
    pub const fn integer(min: i64, max: i64) -> Self {
        Self::Integer { min, max }
    }

    /// A number in `min..=max`.
    #[must_use]
    pub const fn number(min: f64, max: f64) -> Self {
        Self::Number { min, max }
    }

    /// A duration between two durations written with units.
    ///
    /// # Panics
    /// When a bound is not a duration: a programmer's error.
    #[must_use]
    pub fn span(min: &str, max: &str) -> Self {
        let bound = |text: &str| match units::parse_span(text) {
            Ok(nanos) => nanos,
            Err(why) => panic!("bound of a duration: {text:?} {why}"),
        };
        Self::Span { min: bound(min), max: bound(max) }
    }

    /// A list of `min_len..=max_len` values.
    #[must_use]
    pub fn list(of: Self, min_len: usize, max_len: usize) -> Self {
        Self::List { of: Box::new(of), min_len, max_len }
    }

    /// What is expected here, in words with an example.
    #[must_use]
    pub fn expectation(&self) -> String {
        match self {
            Self::Bool => "true or false".into(),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Share => units::SHARE_EXAMPLE.into(),
            Self::Span { min, max } => format!(
                "{} (from {} to {})",
                units::SPAN_EXAMPLE,
                units::format_span(*min),
                units::format_span(*max)
            ),
            Self::BitRate => units::BIT_RATE_EXAMPLE.into(),
            Self::Bytes => units::BYTES_EXAMPLE.into(),
            Self::PerSecond => units::PER_SECOND_EXAMPLE.into(),
            Self::Text => "a text in quotes".into(),
            Self::Choice(words) => format!("one of {}", quoted(words.iter().copied())),
            Self::File => "the path of an existing file, relative to the scenario file".into(),
            Self::List { of, min_len, max_len } => {
                format!("a list of {} values, each {}", lengths(*min_len, *max_len), of.expectation())
            }
            Self::Variants(variants) => {
                format!("a table with `kind` = one of {}", quoted(variants.iter().map(|v| v.name)))
            }
        }
    }

    /// The unit in which a value of this kind is plotted and written to CSV files; empty for plain numbers and words.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Span { .. } => "s",
            Self::BitRate => "bit/s",
            Self::Bytes => "B",
            Self::PerSecond => "1/s",
            _ => "",
        }
    }
}

/// `"a", "b", "c"`.
pub(crate) fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")
}

fn lengths(min: usize, max: usize) -> String {
    match (min, max) {
        (a, b) if a == b => format!("exactly {a}"),
        (a, usize::MAX) => format!("at least {a}"),
        (a, b) => format!("{a} to {b}"),
    }
}

/// How a metric is summarised over replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// 0 or 1 per replica: a proportion with a Wilson interval.
    Event,
    /// Any number per replica: a mean with a Student interval.
    Quantity,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricSpec {
    /// Stable column name in `runs.csv`.
    pub name: &'static str,
    /// Unit, empty for counts and shares.
    pub unit: &'static str,
    /// How replicas are summarised.
    pub kind: MetricKind,
    /// What is measured, from where to where.
    pub about: &'static str,
}

impl MetricSpec {
    /// A metric that is 0 or 1 per replica.
    #[must_use]
    pub const fn event(name: &'static str, about: &'static str) -> Self {
        Self { name, unit: "", kind: MetricKind::Event, about }
    }

    /// A metric that is a number per replica.
    #[must_use]
    pub const fn quantity(name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self { name, unit, kind: MetricKind::Quantity, about }
    }
}

/// One time series a run can record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesSpec {
    /// Name in `series.csv` and in `[series]`.
    pub name: &'static str,
    /// Title and unit of the abscissa, for example `time (ms)`.
    pub x: &'static str,
    /// Title and unit of the ordinate.
    pub y: &'static str,
    /// What it shows.
    pub about: &'static str,
}
