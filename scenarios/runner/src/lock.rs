//! One run at a time in a directory.
//!
//! The kernel releases the lock when its holder ends, however it ends: what a killed run leaves is an unlocked file, which
//! the next run takes over.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The locked file, in the run directory; it is there only while a run is going, or after one was killed.
pub(crate) const LOCK: &str = ".lock";

/// The exclusive use of a directory, until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    /// Open, and thereby locked.
    _file: File,
}

impl Lock {
    /// Takes the lock of a directory that exists; `None` when another run has it.
    pub(crate) fn take(directory: &Path) -> io::Result<Option<Self>> {
        let path = directory.join(LOCK);
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                // A file system without locks: better an unguarded run than none.
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(e)) => return Err(e),
            }
            if is_at(&file, &path)? {
                return Ok(Some(Self { path, _file: file }));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while still locked, so that nobody else's is removed. A file left behind does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// Is the file still the one at its path? Its last holder may have removed it between opening and locking, and then
/// somebody else may have locked a new one.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;

    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (held.dev(), held.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Elsewhere the system keeps a file in place while somebody has it open.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert!(first.is_some());
        assert!(Lock::take(folder.path()).unwrap().is_none());
        drop(first);
        assert!(!folder.path().join(LOCK).exists());
        // What a killed run leaves does not count.
        fs::write(folder.path().join(LOCK), "").unwrap();
        assert!(Lock::take(folder.path()).unwrap().is_some());
    }

    #[test]
    fn many_contenders_never_hold_it_together() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let folder = tempfile::tempdir().unwrap();
        let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        if let Some(_lock) = Lock::take(folder.path()).unwrap() {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            taken.fetch_add(1, Ordering::SeqCst);
                            // Long enough for another to open, lock and enter.
                            (0..20).for_each(|_| std::thread::yield_now());
                            inside.fetch_sub(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
    }
}
