//! The journal of a run directory: every finished run is appended as one line with a checksum, so that a killed sweep loses
//! at most the line it was writing.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::hash::Hasher;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use astrarium_engine::{Finding, Verdict};
use astrarium_node::hash::StableHasher;
use serde::{Deserialize, Serialize};

use crate::experiment::{Outcome, Sample};
use crate::points::replica_seed;
use crate::scenario::Scenario;
use crate::table::RunRow;

/// First line: which scenario the runs belong to.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    scenario: String,
    metrics: Vec<String>,
}

/// An oracle's verdict as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptFinding {
    pub(crate) oracle: String,
    pub(crate) promise: String,
    /// `holds`, `violated` or `unknown`.
    pub(crate) verdict: String,
    /// Witness or reason.
    pub(crate) text: String,
}

/// One run. Floats are kept as their shortest exact text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) point: usize,
    pub(crate) replica: u64,
    digest: String,
    events: u64,
    metrics: Vec<String>,
    pub(crate) findings: Vec<KeptFinding>,
    pub(crate) series: Vec<(String, String, String)>,
}

impl Record {
    /// What is kept of an outcome, or what is wrong with it.
    pub(crate) fn new(
        scenario: &Scenario,
        point: usize,
        replica: u64,
        outcome: &Outcome,
    ) -> Result<Self, String> {
        let specs = &scenario.system().metrics;
        let mut metrics = vec![String::new(); specs.len()];
        for (name, value) in &outcome.metrics {
            let Some(column) = specs.iter().position(|m| m.name == *name) else {
                return Err(format!(
                    "the run reports the metric `{name}`, which its system does not declare"
                ));
            };
            if !value.is_finite() {
                return Err(format!("the metric `{name}` is {value}"));
            }
            metrics[column] = value.to_string();
        }
        let wish = &scenario.series;
        let kept = wish.replicas.is_none_or(|n| replica < n);
        let keep = |s: &&Sample| kept && wish.write.iter().any(|w| w == s.series);
        let sample = |s: &Sample| (s.series.to_string(), s.x.to_string(), s.y.to_string());
        Ok(Self {
            point,
            replica,
            digest: outcome.digest.to_string(),
            events: outcome.events,
            metrics,
            findings: outcome.findings.iter().map(keep_finding).collect(),
            series: outcome.series.iter().filter(keep).map(sample).collect(),
        })
    }

    /// The row of the results table.
    pub(crate) fn row(&self, seed: u64) -> Option<RunRow> {
        let metric = |text: &String| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
        Some(RunRow {
            point: self.point,
            replica: self.replica,
            seed: replica_seed(seed, self.replica),
            digest: self.digest.parse().ok()?,
            events: self.events,
            metrics: self.metrics.iter().map(metric).collect::<Option<_>>()?,
            violations: self
                .findings
                .iter()
                .filter(|f| f.verdict == "violated")
                .map(|f| f.oracle.clone())
                .collect(),
        })
    }

    /// True when more than its row must be looked up in the journal at the end.
    pub(crate) fn has_details(&self) -> bool {
        !self.series.is_empty() || self.findings.iter().any(|f| f.verdict != "holds")
    }
}

fn keep_finding(finding: &Finding) -> KeptFinding {
    let (verdict, text) = match &finding.verdict {
        Verdict::Holds => ("holds", ""),
        Verdict::Violated { witness } => ("violated", witness.as_str()),
        Verdict::Unknown { reason } => ("unknown", reason.as_str()),
    };
    KeptFinding {
        oracle: finding.oracle.to_string(),
        promise: finding.promise.to_string(),
        verdict: verdict.to_string(),
        text: text.to_string(),
    }
}

/// The journal, open for appending.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    length: u64,
    /// Where the lines with more than a row begin.
    pub(crate) details: BTreeMap<(usize, u64), u64>,
}

impl Journal {
    /// Starts an empty journal.
    pub(crate) fn create(path: &Path, scenario_hash: &str, metrics: &[String]) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let mut journal = Self { file, length: 0, details: BTreeMap::new() };
        let header = Header { scenario: scenario_hash.to_string(), metrics: metrics.to_vec() };
        journal.write(&line(&header)?)?;
        journal.sync()?;
        Ok(journal)
    }

    /// Reopens a journal: hands every whole record to `each` and cuts off a torn end. `None` when it belongs to another
    /// scenario or is no journal.
    pub(crate) fn resume(
        path: &Path,
        scenario_hash: &str,
        metrics: &[String],
        mut each: impl FnMut(Record),
    ) -> io::Result<Option<Self>> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let mut reader = BufReader::new(file);
        let mut buffer = Vec::new();
        reader.read_until(b'\n', &mut buffer)?;
        match parse::<Header>(&buffer) {
            Some(header) if header.scenario == scenario_hash && header.metrics == metrics => {}
            _ => return Ok(None),
        }
        let mut length = buffer.len() as u64;
        let mut details = BTreeMap::new();
        loop {
            buffer.clear();
            if reader.read_until(b'\n', &mut buffer)? == 0 {
                break;
            }
            let Some(record) = parse::<Record>(&buffer) else { break };
            if record.has_details() {
                details.insert((record.point, record.replica), length);
            }
            length += buffer.len() as u64;
            each(record);
        }
        let mut file = reader.into_inner();
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Some(Self { file, length, details }))
    }

    /// Appends runs; they survive the death of the process from here on.
    pub(crate) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let mut text = Vec::new();
        for record in records {
            if record.has_details() {
                self.details.insert((record.point, record.replica), self.length + text.len() as u64);
            }
            text.extend(line(record)?);
        }
        self.write(&text)
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.write_all(text)?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Makes what was appended survive the death of the machine.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Reads the runs with findings or series, in the order of points and replicas.
    pub(crate) fn details(&mut self, mut each: impl FnMut(&Record) -> io::Result<()>) -> io::Result<()> {
        let offsets: Vec<u64> = self.details.values().copied().collect();
        for offset in offsets {
            self.file.seek(SeekFrom::Start(offset))?;
            let mut buffer = Vec::new();
            BufReader::new((&self.file).take(self.length - offset)).read_until(b'\n', &mut buffer)?;
            let record = parse::<Record>(&buffer);
            each(&record.ok_or_else(|| io::Error::other("the journal changed while the sweep ran"))?)?;
        }
        Ok(())
    }
}

/// `checksum json\n`.
fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(value)?;
    let mut line = format!("{:016x} ", checksum(&json)).into_bytes();
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

fn parse<T: for<'de> Deserialize<'de>>(line: &[u8]) -> Option<T> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(17)?;
    let sum = u64::from_str_radix(std::str::from_utf8(sum).ok()?.trim_end(), 16).ok()?;
    if sum != checksum(json) {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = StableHasher::new(0);
    hasher.write(bytes);
    hasher.finish()
}
