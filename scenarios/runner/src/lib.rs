//! The scenario language, units, registry, sweeps, resume, run directories.
