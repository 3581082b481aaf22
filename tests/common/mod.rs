//! Running the command in a folder of its own, with the repository's scenarios in reach.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(missing_docs, reason = "test support")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An empty folder in which `scenarios/` leads to the repository's.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        #[cfg(unix)]
        std::os::unix::fs::symlink(repository().join("scenarios"), folder.path().join("scenarios"))
            .expect("a link to the scenarios");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file in the temporary folder");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("cannot read {name}: {e}"))
    }

    /// The command, not yet started.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_astrarium"));
        command.args(args).current_dir(self.folder.path());
        command
    }

    /// Runs the command with these words.
    pub(crate) fn run(&self, words: &str) -> Output {
        self.command(words.split_whitespace()).output().expect("the command starts")
    }

    /// Runs the command and demands an exit code; what it printed.
    pub(crate) fn expect(&self, code: i32, words: &str) -> Said {
        let said = Said::of(&self.run(words));
        assert_eq!(said.code, Some(code), "astrarium {words}\n{}\n{}", said.out, said.err);
        said
    }
}

/// What a command printed.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
