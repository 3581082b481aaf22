//! Figures: measured values with their intervals over the closed form, as SVG and PNG.
//!
//! Layout and text are drawn here on plotters' primitives; its charts know neither legends outside the data nor upper limits. Nothing
//! depends on installed fonts, and the same data give the same bytes.

mod canvas;
mod compose;
mod curves;
mod draw;
mod figure;
mod layout;
mod lettering;
mod output;
mod palette;
mod scale;
mod timeseries;

use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use astrarium_runner::{RunTable, SERIES, Scenario, write_atomically};

pub use compose::figures;
pub use figure::{Axis, Comparison, Draw, Figure, Mark, Notation, Series};
pub use output::{png, svg};
pub(crate) use scale::significant;
pub use timeseries::SeriesRows;

/// Why a figure was not made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// There is nothing to show.
    #[error("figure `{title}` has no data: no run observed what it shows")]
    Empty {
        /// Title of the figure.
        title: String,
    },
    /// The drawing backend failed.
    #[error("cannot draw: {0}")]
    Drawing(String),
    /// The time series cannot be read.
    #[error("line {line} of series.csv is unreadable: {why}; run the scenario again")]
    Series {
        /// Line in the file, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// The reason the operating system gives.
        source: io::Error,
    },
}

/// A file format of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// Scalable, with text as text.
    Svg,
    /// Pixels, twice the nominal size.
    Png,
}

impl Picture {
    /// Extension of its files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }
}

/// What [`plot_all`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Files written, in the order of the scenario's figures.
    pub files: Vec<PathBuf>,
    /// Titles of figures for which there are no data.
    pub skipped: Vec<String>,
}

/// Draws the figures of a scenario into `out`, each in every format, wholly or not at all. Time series are read from
/// `series.csv` of the run directory when there is one.
///
/// # Errors
/// The first [`PlotError`]; a figure without data is none, it is listed in [`Drawn::skipped`].
pub fn plot_all(
    scenario: &Scenario,
    table: &RunTable,
    run_directory: &Path,
    out: &Path,
    formats: &[Picture],
) -> Result<Drawn, PlotError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| PlotError::File { path, source }
    };
    let recorded = run_directory.join(SERIES);
    let series = match File::open(&recorded) {
        Ok(file) => SeriesRows::read(BufReader::new(file))?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => SeriesRows::default(),
        Err(e) => return Err(failed(&recorded)(e)),
    };
    fs::create_dir_all(out).map_err(failed(out))?;
    let mut drawn = Drawn::default();
    for (name, figure) in figures(scenario, table, &series) {
        if figure.is_empty() {
            drawn.skipped.push(figure.title);
            continue;
        }
        for format in formats {
            let bytes = match format {
                Picture::Svg => svg(&figure)?.into_bytes(),
                Picture::Png => png(&figure)?,
            };
            let path = out.join(format!("{name}.{}", format.extension()));
            write_atomically(&path, |file| file.write_all(&bytes)).map_err(failed(&path))?;
            drawn.files.push(path);
        }
    }
    Ok(drawn)
}
