//! What can be wrong with a network's description, said for people.

/// Why a network cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// A value, or a combination of values, that cannot be.
    #[error("network.{field} {problem}; {help}")]
    Config {
        /// The field to blame, relative to the network's configuration, for example `topology.degree`.
        field: &'static str,
        /// What is wrong, as the end of a sentence about the field.
        problem: String,
        /// What would be right, or what to do.
        help: String,
    },
    /// A file that cannot be read or understood.
    #[error("{path}{}: {problem}; {help}", line.map_or_else(String::new, |l| format!(":{l}")))]
    File {
        /// The file as it was named.
        path: String,
        /// Line, counted from 1, where there is one.
        line: Option<u64>,
        /// What is wrong.
        problem: String,
        /// What was expected, or what to do.
        help: String,
    },
    /// A random graph that stayed in pieces.
    #[error(
        "network.topology is in {parts} parts after {attempts} attempts; raise its degree or link probability, \
         or set network.allow_disconnected = true"
    )]
    Disconnected {
        /// Connected components of the last attempt.
        parts: usize,
        /// Graphs tried.
        attempts: u64,
    },
}

impl NetError {
    pub(crate) fn config(field: &'static str, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Config { field, problem: problem.into(), help: help.into() }
    }
}
