//! What a run leaves beside its row: verdicts and time series.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::journal::{Journal, Record};
use crate::manifest::OracleCount;

/// Adds a run's verdicts to the counts per oracle.
pub(crate) fn count_findings(record: &Record, counts: &mut BTreeMap<String, OracleCount>) {
    for finding in &record.findings {
        let count = counts.entry(finding.oracle.clone()).or_default();
        match finding.verdict.as_str() {
            "holds" => count.holds += 1,
            "violated" => count.violated += 1,
            _ => count.unknown += 1,
        }
    }
}

/// `findings.csv`: what did not hold.
pub(crate) fn write_findings(journal: &mut Journal, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["point", "replica", "oracle", "promise", "verdict", "witness"])?;
    journal.details(|record| {
        for finding in record.findings.iter().filter(|f| f.verdict != "holds") {
            let (point, replica) = (record.point.to_string(), record.replica.to_string());
            csv.write_record([
                &point,
                &replica,
                &finding.oracle,
                &finding.promise,
                &finding.verdict,
                &finding.text,
            ])?;
        }
        Ok(())
    })?;
    csv.flush()
}

/// `series.csv`.
pub(crate) fn write_series(journal: &mut Journal, out: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["point", "replica", "series", "x", "y"])?;
    journal.details(|record| {
        let (point, replica) = (record.point.to_string(), record.replica.to_string());
        for (series, x, y) in &record.series {
            csv.write_record([&point, &replica, series, x, y])?;
        }
        Ok(())
    })?;
    csv.flush()
}
