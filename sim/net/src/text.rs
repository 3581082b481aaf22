//! Reading the text files that a network is described by, with errors that name file and line.

use std::io::Read;
use std::path::Path;

use crate::error::NetError;

/// Larger files are refused before they are read: 256 MiB hold a graph of ten million links.
const MOST_BYTES: u64 = 256 << 20;

/// An error about a file.
pub(crate) fn error(path: &Path, line: Option<u64>, problem: String, help: &str) -> NetError {
    NetError::File { path: path.display().to_string(), line, problem, help: help.into() }
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, NetError> {
    let failed = |e: std::io::Error| error(path, None, format!("cannot be read: {e}"), "check the path");
    let file = std::fs::File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(error(path, None, "is not a file".into(), "name a text file"));
    }
    if about.len() > MOST_BYTES {
        let problem = format!("is {} MiB large", about.len() >> 20);
        return Err(error(path, None, problem, "at most 256 MiB are accepted"));
    }
    let mut bytes = Vec::new();
    // The file may grow while it is read; the limit holds all the same.
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    let mark = "\u{feff}".as_bytes();
    // Editors and spreadsheets put a byte order mark in front; it is no text.
    if bytes.starts_with(mark) {
        bytes.drain(..mark.len());
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = e.utf8_error().valid_up_to();
        let line = line_of(&e.as_bytes()[..good], good);
        error(path, Some(line), "is not UTF-8 text".into(), "save it as UTF-8")
    })
}

/// The line, counted from 1, on which byte `offset` lies.
pub(crate) fn line_of(bytes: &[u8], offset: usize) -> u64 {
    1 + bytes[..offset.min(bytes.len())].iter().filter(|&&b| b == b'\n').count() as u64
}
