//! The command `astrarium`: parses, calls, prints – no logic (design §8).

mod bench;
mod cli;
mod interrupt;
mod shelf;
mod verbs;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Verb};

/// What went wrong, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// Bad input: exit code 2.
    pub(crate) fn input(message: impl ToString) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// Something else: exit code 3 (internal), or what the library says.
    pub(crate) fn with_code(code: u8, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<astrarium_runner::Diagnostics> for Failure {
    fn from(diagnostics: astrarium_runner::Diagnostics) -> Self {
        Self::input(diagnostics)
    }
}

impl From<astrarium_runner::ReplayError> for Failure {
    fn from(error: astrarium_runner::ReplayError) -> Self {
        match error {
            astrarium_runner::ReplayError::Input(diagnostics) => diagnostics.into(),
            // As for standard output: the reader of a pipe went away.
            astrarium_runner::ReplayError::Trace { error, .. }
                if error.kind() == io::ErrorKind::BrokenPipe =>
            {
                error.into()
            }
            error => Self::with_code(3, error),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::BrokenPipe { 0 } else { 3 };
        Self::with_code(code, format!("cannot print: {error}"))
    }
}

/// The verb's exit code: 0 ok, 1 an expectation or oracle failed, 3 a run failed, 130 interrupted.
pub(crate) type Outcome = Result<u8, Failure>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = io::stdout().lock();
    let outcome = dispatch(cli.verb, &mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    match outcome {
        Ok(code) => ExitCode::from(code),
        // The reader of a pipe went away (`astrarium list | head`): nobody is left to be told.
        Err(failure) if failure.code == 0 => ExitCode::SUCCESS,
        Err(failure) => {
            let prefix = if failure.message.starts_with("error") { "" } else { "error: " };
            let _ = writeln!(io::stderr(), "{prefix}{}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(verb: Verb, out: &mut impl Write) -> Outcome {
    match verb {
        Verb::Run(args) => verbs::run::run(&args, out),
        Verb::Check(args) => verbs::run::check(&args, out),
        Verb::List => verbs::look::list(out),
        Verb::Explain(args) => verbs::look::explain(&args, out),
        Verb::Schema { system } => verbs::look::schema(system.as_deref(), out),
        Verb::New { system } => verbs::look::new(&system, out),
        Verb::Verify(args) => verbs::verify::verify(&args, out),
        Verb::Diff { left, right } => verbs::verify::diff(&left, &right, out),
        Verb::Replay(args) => verbs::verify::replay(&args, out),
        Verb::Plot { directory, format } => verbs::plot::plot(&directory, &format, out),
        Verb::Bench(args) => bench::bench(&args, out),
    }
}
