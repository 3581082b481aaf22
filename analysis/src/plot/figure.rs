//! What a figure shows, free of pixels.

/// How numbers of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notation {
    /// Plain numbers.
    #[default]
    Number,
    /// Shares as percent.
    Percent,
    /// Seconds, written in the unit that reads best.
    Seconds,
}

/// One axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Title with unit.
    pub title: String,
    /// Logarithmic.
    pub log: bool,
    /// How its numbers are written.
    pub notation: Notation,
    /// Names of the positions 0, 1, 2 …; empty for a numeric axis.
    pub categories: Vec<String>,
}

/// One measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Abscissa.
    pub x: f64,
    /// Ordinate.
    pub y: f64,
    /// Confidence interval of the ordinate.
    pub interval: Option<(f64, f64)>,
}

/// How the marks of a series are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Draw {
    /// Marks with error bars over a faint line.
    #[default]
    Marks,
    /// A line with a shaded band, no marks (many points: time series).
    Line,
    /// A staircase (empirical distribution).
    Steps,
    /// Marks only (single runs).
    Dots,
    /// Bars from zero with error bars.
    Bars,
}

/// One series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Legend text.
    pub label: String,
    /// Measured values, in order of x.
    pub marks: Vec<Mark>,
    /// How they are drawn.
    pub draw: Draw,
    /// The closed form on a fine grid; empty when there is none.
    pub theory: Vec<(f64, f64)>,
    /// Lower and upper bound of theory at some x; empty when there are none.
    pub bounds: Vec<(f64, f64, f64)>,
}

/// A line of comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Legend text.
    pub label: String,
    /// Its points.
    pub line: Vec<(f64, f64)>,
    /// What it means where a closed form crosses it, and the crossings.
    pub crossing: String,
    /// The crossings: series, x, y.
    pub crossings: Vec<(usize, f64, f64)>,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// Title.
    pub title: String,
    /// What it is, in a sentence.
    pub subtitle: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What tells the series apart, for example `confirmations`.
    pub legend: String,
    /// The series.
    pub series: Vec<Series>,
    /// Name of the closed form that the dashed lines show.
    pub theory: Option<String>,
    /// A line of comparison.
    pub comparison: Option<Comparison>,
    /// What the bars and bands around measured values are, for example `95 % interval (wilson)`.
    pub interval: Option<String>,
    /// Footer: runs per point, scenario, seed, version.
    pub footer: String,
}

impl Figure {
    /// True when there is nothing to draw: such a figure is never written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|s| s.marks.is_empty())
    }
}
