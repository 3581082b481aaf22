//! Before anything runs: may this directory be used, and what is in it?

use std::fs;
use std::io;
use std::path::Path;

use crate::execute::{ExecuteError, ExecuteOptions, RunReport};
use crate::lock::{LOCK, Lock};
use crate::manifest::{Manifest, Mark, Status};
use crate::rundir::RUNS;
use crate::scenario::Scenario;
use crate::table::RunTable;

pub(crate) fn refuse(out: &Path, what: &str, e: &io::Error) -> ExecuteError {
    ExecuteError::Refused(format!("{what} {}: {e}", out.display()))
}

/// Makes sure that the directory is ours or nobody's, and keeps other runs out of it until the lock is dropped.
pub(crate) fn occupy(out: &Path) -> Result<Lock, ExecuteError> {
    if out.as_os_str().is_empty() {
        // Joined with a file's name it would be the current directory, whatever that holds.
        return Err(ExecuteError::Refused("the run directory has no name; name one with --out".into()));
    }
    let unusable = |e| refuse(out, "cannot use the directory", &e);
    let ours = !matches!(Manifest::read(out).map_err(unusable)?, Mark::Foreign);
    if !ours && !is_free(out).map_err(unusable)? {
        return Err(ExecuteError::Refused(format!(
            "{} is not empty and was not written by astrarium; name another directory with --out",
            out.display()
        )));
    }
    fs::create_dir_all(out)
        .and_then(|()| Lock::take(out))
        .map_err(|e| refuse(out, "cannot write the run directory", &e))?
        .ok_or_else(|| {
            ExecuteError::Refused(format!(
                "{} is in use by another run; wait until it ends, or name another directory with --out",
                out.display()
            ))
        })
}

/// What an earlier run left in the directory.
pub(crate) enum Found {
    /// All that this one would do.
    Finished(Box<RunReport>),
    /// Something to go on with, or to be replaced, or nothing: the manifest to begin with, and what the user should know.
    Open(Box<Manifest>, Vec<String>),
}

/// Looks at what is in the directory; `hash` is that of the scenario to be run.
pub(crate) fn look(scenario: &Scenario, options: &ExecuteOptions, hash: &str) -> Result<Found, ExecuteError> {
    let out = &options.out;
    let earlier = Manifest::read(out).map_err(|e| refuse(out, "cannot use the directory", &e))?;
    let mut manifest = Manifest::begin(scenario, hash, &options.version, &options.argv, &options.options);
    let mut notices = Vec::new();
    match earlier {
        Mark::Ours(earlier) if options.resume => {
            if let Some(differs) = difference(&earlier, &manifest) {
                return Err(ExecuteError::Refused(format!(
                    "cannot resume {}: {differs}; repeat the command of that run, or leave out --resume to start anew",
                    out.display()
                )));
            }
            if earlier.status == Status::Finished && earlier.failed_runs == 0 {
                return finished(scenario, options, *earlier).map(|report| Found::Finished(Box::new(report)));
            }
            manifest.wall_seconds = earlier.wall_seconds;
        }
        Mark::Ours(earlier) => notices.push(replaced(out, &earlier)),
        Mark::Unreadable(why) if options.resume => {
            return Err(ExecuteError::Refused(format!(
                "cannot resume {}: {why}; leave out --resume to start anew",
                out.display()
            )));
        }
        Mark::Unreadable(why) => notices.push(format!("replacing the results in {}: {why}", out.display())),
        Mark::Foreign if options.resume => {
            notices.push(format!("{} holds no run to resume: starting anew", out.display()));
        }
        Mark::Foreign => {}
    }
    Ok(Found::Open(Box::new(manifest), notices))
}

fn replaced(out: &Path, earlier: &Manifest) -> String {
    let unfinished = if earlier.status == Status::Finished { "" } else { "unfinished " };
    format!("replacing the {unfinished}results of `{}` in {}", earlier.scenario, out.display())
}

/// Why an earlier run cannot be continued by this one.
fn difference(earlier: &Manifest, now: &Manifest) -> Option<String> {
    if earlier.scenario_hash != now.scenario_hash {
        return Some("its resolved scenario differs from this one".into());
    }
    // The order seed is part of the scenario, and every queue gives the same digest.
    if earlier.options.snapshot_at != now.options.snapshot_at {
        return Some("it was run with another snapshot".into());
    }
    if earlier.version != now.version {
        return Some(format!("it was begun by version {}, this is {}", earlier.version, now.version));
    }
    None
}

fn is_free(out: &Path) -> io::Result<bool> {
    match fs::read_dir(out) {
        // A run that was killed before it wrote anything leaves its lock.
        Ok(mut entries) => Ok(entries.all(|entry| entry.is_ok_and(|e| e.file_name() == LOCK))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(e),
    }
}

fn finished(
    scenario: &Scenario,
    options: &ExecuteOptions,
    manifest: Manifest,
) -> Result<RunReport, ExecuteError> {
    let path = options.out.join(RUNS);
    let table = fs::File::open(&path)
        .map_err(|e| e.to_string())
        .and_then(|file| RunTable::read_csv(scenario, io::BufReader::new(file)))
        .map_err(|e| {
            let help = "leave out --resume to start anew";
            ExecuteError::Refused(format!("cannot read {}: {e}; {help}", path.display()))
        })?;
    let mut now = manifest.clone();
    now.summarise(&table, scenario);
    if now.digest != manifest.digest {
        return Err(ExecuteError::Refused(format!(
            "{} is not what the run wrote: it was edited since; leave out --resume to start anew",
            path.display()
        )));
    }
    let notices = vec![format!("{} is already finished: nothing to resume", options.out.display())];
    Ok(RunReport { directory: options.out.clone(), manifest, table, notices })
}
