//! The trace of one run: its events as they happen, one JSON object per line.
//!
//! A file is written beside its place and takes it when it is complete, so that a broken-off trace never stands for a whole
//! one; a link stays, and what it points to is written. Streams and devices are written directly.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use astrarium_engine::EventRecord;
use serde::Serialize;

use crate::diagnostics::Diagnostics;
use crate::experiment::Tape;
use crate::rundir::OWN;

/// Names of the process's own streams. Opening them as files would write at their beginning, over what is there.
const OUT: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
const ERR: [&str; 3] = ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"];
/// Links of links are followed so far.
const LINKS: usize = 40;

/// A trace while it is written.
pub(crate) struct Trace {
    state: Mutex<State>,
    /// The file that is to take its place; none for streams and devices.
    pending: Option<Pending>,
}

struct State {
    out: BufWriter<Box<dyn Write + Send>>,
    lines: u64,
    error: Option<io::Error>,
}

struct Pending {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
}

#[derive(Serialize)]
struct Line<'a> {
    index: u64,
    time_ns: u64,
    source: &'a str,
    node: &'a str,
    input: &'a str,
    hash: String,
}

impl Trace {
    /// Opens a trace, for a run of this run directory.
    pub(crate) fn open(path: &Path, directory: &Path) -> Result<Self, Diagnostics> {
        let refuse =
            |why: &str, help: &str| Diagnostics::of_file(path.display().to_string(), why.to_owned(), help);
        let unusable = |e: io::Error| refuse(&format!("cannot write the trace: {e}"), "name another file");
        let named = |names: &[&str]| names.iter().any(|name| Path::new(name) == path);
        if named(&OUT) {
            return Ok(Self::onto(Box::new(io::stdout())));
        }
        if named(&ERR) {
            return Ok(Self::onto(Box::new(io::stderr())));
        }
        let place = match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(refuse("the trace cannot be written: this is a directory", "name a file in it"));
            }
            Ok(found) if found.is_file() && found.permissions().readonly() => {
                return Err(refuse(
                    "the trace cannot be written: this file is read-only",
                    "name another file",
                ));
            }
            Ok(found) if found.is_file() => fs::canonicalize(path).map_err(unusable)?,
            Ok(_) => {
                let device = File::options().write(true).open(path).map_err(unusable)?;
                return Ok(Self::onto(Box::new(device)));
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => end_of_links(path).map_err(unusable)?,
            Err(e) => return Err(unusable(e)),
        };
        if is_own(&place, directory) {
            return Err(refuse("the trace would replace what the run directory holds", "name another file"));
        }
        Self::beside(place).map_err(unusable)
    }

    fn onto(out: Box<dyn Write + Send>) -> Self {
        Self::with(out, None)
    }

    fn with(out: Box<dyn Write + Send>, pending: Option<Pending>) -> Self {
        let state = State { out: BufWriter::new(out), lines: 0, error: None };
        Self { state: Mutex::new(state), pending }
    }

    fn beside(path: PathBuf) -> io::Result<Self> {
        let Some(name) = path.file_name() else { return Err(io::ErrorKind::InvalidFilename.into()) };
        let temporary = path.with_file_name(format!(".{}.{}.tmp", name.display(), std::process::id()));
        let file = File::create(&temporary)?;
        let pending = Pending { file: file.try_clone()?, temporary, path };
        if let Ok(before) = fs::metadata(&pending.path) {
            file.set_permissions(before.permissions())?;
        }
        Ok(Self::with(Box::new(file), Some(pending)))
    }

    /// Completes the trace: the number of its events.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        state.out.flush()?;
        let lines = state.lines;
        if let Some(Pending { file, temporary, path }) = &self.pending {
            file.sync_all()?;
            fs::rename(temporary, path)?;
        }
        self.pending = None;
        Ok(lines)
    }
}

impl Tape for Trace {
    fn take(&self, events: &[EventRecord]) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if state.error.is_some() {
                return false;
            }
            match write(&mut state.out, event) {
                Ok(()) => state.lines += 1,
                Err(error) => state.error = Some(error),
            }
        }
        state.error.is_none()
    }
}

fn write(out: &mut impl Write, event: &EventRecord) -> io::Result<()> {
    let EventRecord { index, time_ns, source, node, input, hash } = event;
    let hash = format!("{hash:032x}");
    serde_json::to_writer(&mut *out, &Line { index: *index, time_ns: *time_ns, source, node, input, hash })?;
    out.write_all(b"\n")
}

impl Drop for Trace {
    fn drop(&mut self) {
        if let Some(Pending { temporary, .. }) = &self.pending {
            // Broken off. A file left behind does no harm.
            let _ = fs::remove_file(temporary);
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("path", &self.pending.as_ref().map(|p| &p.path)).finish_non_exhaustive()
    }
}

/// Where a chain of links leads that ends at nothing.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            // No link.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links"))
}

/// Whether this is one of the files that make a run directory.
fn is_own(path: &Path, directory: &Path) -> bool {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let (Ok(parent), Ok(directory)) = (parent.canonicalize(), directory.canonicalize()) else { return false };
    let known = path.file_name().is_some_and(|name| OWN.iter().any(|own| name == *own));
    (known && parent == directory) || parent == directory.join(crate::canonical::INPUTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(index: u64) -> EventRecord {
        let text = || "x".to_owned();
        EventRecord { index, time_ns: index, source: text(), node: text(), input: text(), hash: 7 }
    }

    /// Writes two events.
    fn two(path: &Path) -> io::Result<u64> {
        let trace = Trace::open(path, Path::new("absent")).unwrap_or_else(|e| panic!("{e}"));
        assert!(trace.take(&[event(0)]));
        trace.take(&[event(1)]);
        trace.finish()
    }

    #[test]
    fn a_file_is_replaced_when_the_trace_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t");
        fs::write(&path, "before").unwrap();
        let broken = Trace::open(&path, folder.path()).unwrap();
        assert!(broken.take(&[event(0)]));
        drop(broken);
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), entries(folder.path())), ("before", 1));
        assert_eq!(two(&path).unwrap(), 2);
        assert_eq!((fs::read_to_string(&path).unwrap().lines().count(), entries(folder.path())), (2, 1));
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_what_they_point_to_is_written() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("deep")).unwrap();
        // One that leads to a file, one that leads to nothing yet by way of another.
        for (target, link) in [("deep/there", "a"), ("deep/new", "b"), ("b", "c")] {
            symlink(target, at(link)).unwrap();
        }
        fs::write(at("deep/there"), "before").unwrap();
        for (link, file) in [("a", "deep/there"), ("c", "deep/new")] {
            assert_eq!(two(&at(link)).unwrap(), 2);
            assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
            assert!(fs::symlink_metadata(at(file)).unwrap().is_file());
            assert_eq!(fs::read_to_string(at(file)).unwrap().lines().count(), 2);
        }
        symlink("round", at("round")).unwrap();
        let why = Trace::open(&at("round"), folder.path()).unwrap_err().to_string();
        assert!(why.contains("cannot write the trace"), "{why}");
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_and_stay() {
        assert_eq!(two(Path::new("/dev/null")).unwrap(), 2);
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        if Path::new("/dev/full").exists() {
            assert_eq!(two(Path::new("/dev/full")).unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn directories_and_the_run_directorys_own_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inputs")).unwrap();
        for (name, word) in
            [("", "is a directory"), ("runs.csv", "would replace"), ("inputs/a.csv", "would replace")]
        {
            let why = Trace::open(&folder.path().join(name), folder.path()).unwrap_err().to_string();
            assert!(why.contains(word) && why.contains("help"), "{name}: {why}");
        }
        assert_eq!(entries(folder.path()), 1);
    }
}
