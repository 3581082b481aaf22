//! One module per group of verbs.

pub(crate) mod look;
pub(crate) mod plot;
pub(crate) mod run;
pub(crate) mod verify;

use std::io::{self, Write};
use std::path::Path;

use astrarium_runner::{Registry, Scenario};

use crate::Failure;
use crate::cli::Choice;
use crate::shelf;

/// Reads and resolves a scenario file; says on standard error what is hardly meant in it.
fn load(file: &Path, choice: &Choice, registry: &Registry) -> Result<Scenario, Failure> {
    let theories = shelf::theories();
    let scenario = Scenario::load(file, registry, shelf::vocabulary(&theories), &choice.load_options())?;
    for warning in scenario.warnings() {
        writeln!(io::stderr(), "warning: {}: {warning}", file.display())?;
    }
    Ok(scenario)
}
