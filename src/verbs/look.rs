//! Verbs that run nothing: `list`, `explain`, `schema`, `new`.

use std::collections::BTreeMap;
use std::io::Write;

use astrarium_runner::{Files, LoadOptions, Registry, Scenario};

use super::load;
use crate::cli::ExplainArgs;
use crate::shelf::{self, SCENARIOS};
use crate::{Failure, Outcome};

/// `list`
pub(crate) fn list(out: &mut impl Write) -> Outcome {
    let registry = shelf::registry();
    let theories = shelf::theories();
    writeln!(out, "Systems:")?;
    for system in registry.iter() {
        let spec = system.spec();
        writeln!(out, "  {:<12} {}", spec.name, spec.about)?;
    }
    writeln!(out, "\nScenarios (astrarium run FILE, --size smoke for seconds, --size full as specified):")?;
    for shipped in SCENARIOS {
        let path = shipped.path.as_ref();
        let options = LoadOptions::default();
        let files = Files::default();
        let vocabulary = shelf::vocabulary(&theories);
        let about = Scenario::from_text(shipped.text, path, files, &registry, vocabulary, &options)
            .map_or_else(|_| String::new(), |scenario| scenario.about);
        writeln!(out, "  {}\n      {about}", shipped.path)?;
    }
    writeln!(out, "\nClosed forms (theory = \"…\"):")?;
    for theory in astrarium_analysis::theory::registry() {
        writeln!(out, "  {:<20} {}", theory.name, theory.about)?;
    }
    Ok(0)
}

/// `explain`
pub(crate) fn explain(args: &ExplainArgs, out: &mut impl Write) -> Outcome {
    let scenario = load(&args.file, &args.choice, &shelf::registry())?;
    write!(out, "{}", scenario.explain())?;
    Ok(0)
}

/// `schema`: of one system, or of all by name.
pub(crate) fn schema(system: Option<&str>, out: &mut impl Write) -> Outcome {
    let registry = shelf::registry();
    let theories = shelf::theories();
    let vocabulary = shelf::vocabulary(&theories);
    let json = match system {
        Some(name) => astrarium_runner::schema(find(&registry, name)?.spec(), vocabulary),
        None => {
            let all: BTreeMap<&str, _> = registry
                .iter()
                .map(|system| (system.spec().name, astrarium_runner::schema(system.spec(), vocabulary)))
                .collect();
            serde_json::json!(all)
        }
    };
    let text = serde_json::to_string_pretty(&json).map_err(|e| Failure::with_code(3, e))?;
    writeln!(out, "{text}")?;
    Ok(0)
}

/// `new`
pub(crate) fn new(system: &str, out: &mut impl Write) -> Outcome {
    let registry = shelf::registry();
    write!(out, "{}", astrarium_runner::template(find(&registry, system)?.spec()))?;
    Ok(0)
}

fn find(
    registry: &Registry,
    name: &str,
) -> Result<std::sync::Arc<dyn astrarium_runner::Experiment>, Failure> {
    registry.get(name).ok_or_else(|| {
        let known: Vec<&str> = registry.names().collect();
        let hint =
            registry.nearest(name).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::input(format!(
            "there is no system `{name}`{hint}\n  = expected: one of {}",
            known.join(", ")
        ))
    })
}
