//! `plot`: the figures of a run directory again, for example as PNG.

use std::io::Write;
use std::path::Path;

use astrarium_analysis::plot::{Picture, plot_all};
use astrarium_runner::RunDirectory;

use crate::cli::Image;
use crate::{Failure, Outcome, shelf};

/// `plot`
pub(crate) fn plot(directory: &Path, images: &[Image], out: &mut impl Write) -> Outcome {
    let registry = shelf::registry();
    let theories = shelf::theories();
    let run = RunDirectory::open(directory)?;
    let scenario = run.scenario(&registry, shelf::vocabulary(&theories))?;
    let table = run.table(&scenario)?;
    let formats: Vec<Picture> = images
        .iter()
        .map(|image| match image {
            Image::Svg => Picture::Svg,
            Image::Png => Picture::Png,
        })
        .collect();
    let drawn = plot_all(&scenario, &table, directory, &directory.join("plots"), &formats)
        .map_err(|e| Failure::with_code(3, e))?;
    for file in &drawn.files {
        writeln!(out, "{}", file.display())?;
    }
    for title in &drawn.skipped {
        writeln!(out, "no data for the figure `{title}`")?;
    }
    Ok(0)
}
