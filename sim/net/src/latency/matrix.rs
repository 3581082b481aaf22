//! Latency tables from files.

use std::path::Path;

use crate::error::NetError;
use crate::latency::MOST_ROWS;
use crate::region::Regions;
use crate::text;

/// Greatest delay a file may hold, in milliseconds (one day).
const MOST_MS: f64 = 86_400e3;

impl Regions {
    /// Reads a table of one-way latencies in milliseconds from a CSV file. Lines that begin with `#` are comments.
    ///
    /// By region, with a head and each region's share of the nodes (rows in the order of the head):
    /// ```csv
    /// region,share,north,south
    /// north,0.7,20,120
    /// south,0.3,120,15
    /// ```
    /// or by node, numbers only, one row and one column per node (the diagonal is not used):
    /// ```csv
    /// 0,20,35
    /// 20,0,15
    /// 35,15,0
    /// ```
    /// Rows are senders; the table need not be symmetric. At most 2,000 rows.
    ///
    /// # Errors
    /// The file and line of the first thing that is wrong.
    pub fn from_csv(path: &Path) -> Result<Self, NetError> {
        Self::parse_csv(&text::read(path)?, path)
    }

    fn parse_csv(content: &str, path: &Path) -> Result<Self, NetError> {
        let bad = |line: Option<u64>, problem: String, help: &str| text::error(path, line, problem, help);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(content.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| {
                bad(e.position().map(csv::Position::line), e.to_string(), "give comma-separated numbers")
            })?;
            let line = record.position().map(|at| line_of(content, at));
            // The head of a table by region is not one of its rows.
            let head = rows.first().is_some_and(|(_, first): &Row| is_head(first));
            if rows.len() == MOST_ROWS + usize::from(head) {
                return Err(bad(
                    line,
                    format!("has more than {MOST_ROWS} rows"),
                    "use fewer regions, or regions at all",
                ));
            }
            rows.push((line, record));
        }
        let Some((_, head)) = rows.first() else {
            return Err(bad(None, "has no rows".into(), "give a table of milliseconds"));
        };
        if is_head(head) { by_region(&rows, path) } else { by_node(&rows, path) }
    }
}

/// The line on which a record begins: the reader's position is before the comments and blank lines in front of it.
fn line_of(content: &str, position: &csv::Position) -> u64 {
    let rest = content.get(position.byte() as usize..).unwrap_or_default();
    let passed = rest.lines().take_while(|line| line.is_empty() || line.starts_with('#')).count();
    position.line() + passed as u64
}

fn is_head(record: &csv::StringRecord) -> bool {
    record.get(0) == Some("region")
}

type Row = (Option<u64>, csv::StringRecord);

fn by_region(rows: &[Row], path: &Path) -> Result<Regions, NetError> {
    let (head_line, head) = &rows[0];
    let names: Vec<String> = head.iter().skip(2).map(String::from).collect();
    if head.get(1) != Some("share") || names.is_empty() {
        let problem = "begins with `region` but not with `region,share,…`".to_string();
        return Err(text::error(path, *head_line, problem, "give the head `region,share,NAME,NAME…`"));
    }
    if let Some((column, name)) =
        names.iter().enumerate().find(|(i, name)| name.is_empty() || names[..*i].contains(name))
    {
        let problem = match name.as_str() {
            "" => format!("has no name for region {}", column + 1),
            twice => format!("has the region `{twice}` twice"),
        };
        return Err(text::error(path, *head_line, problem, "give every region a name of its own"));
    }
    if rows.len() - 1 != names.len() {
        let problem = format!("has {} rows for {} regions", rows.len() - 1, names.len());
        return Err(text::error(path, None, problem, "give one row for each region of the head"));
    }
    let mut shares = Vec::new();
    let mut mean_ms = Vec::new();
    for ((line, row), name) in rows[1..].iter().zip(&names) {
        if row.get(0) != Some(name) {
            let problem = format!("has the row `{}` where `{name}` is due", row.get(0).unwrap_or(""));
            return Err(text::error(path, *line, problem, "list the rows in the order of the head"));
        }
        let share = number(row.get(1).unwrap_or(""), 0.0, 1.0)
            .map_err(|problem| text::error(path, *line, problem, "a share is a number from 0 to 1"))?;
        shares.push(share);
        push_row(&mut mean_ms, &row.iter().skip(2).collect::<Vec<_>>(), names.len(), None, *line, path)?;
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > 0.01 {
        let problem = format!("has shares that sum to {sum}");
        return Err(text::error(path, None, problem, "shares must sum to 1 (within 0.01)"));
    }
    let shares = shares.iter().map(|s| s / sum).collect();
    Ok(Regions { names, shares, mean_ms, rates: None })
}

fn by_node(rows: &[Row], path: &Path) -> Result<Regions, NetError> {
    let mut mean_ms = Vec::with_capacity(rows.len() * rows.len());
    for (index, (line, row)) in rows.iter().enumerate() {
        push_row(&mut mean_ms, &row.iter().collect::<Vec<_>>(), rows.len(), Some(index), *line, path)?;
    }
    Ok(Regions { names: Vec::new(), shares: Vec::new(), mean_ms, rates: None })
}

/// Appends one row; `diagonal` names the cell that may be zero.
fn push_row(
    mean_ms: &mut Vec<f64>,
    cells: &[&str],
    side: usize,
    diagonal: Option<usize>,
    line: Option<u64>,
    path: &Path,
) -> Result<(), NetError> {
    if cells.len() != side {
        let problem = format!("has {} latencies in this row instead of {side}", cells.len());
        return Err(text::error(path, line, problem, "the table must be square"));
    }
    for (column, cell) in cells.iter().enumerate() {
        let least = if diagonal == Some(column) { 0.0 } else { 1e-6 };
        let ms = number(cell, least, MOST_MS).map_err(|problem| {
            text::error(
                path,
                line,
                problem,
                "a latency is a number of milliseconds from 0.000001 to 86400000",
            )
        })?;
        mean_ms.push(ms);
    }
    Ok(())
}

fn number(cell: &str, min: f64, max: f64) -> Result<f64, String> {
    match cell.parse::<f64>() {
        Ok(x) if (min..=max).contains(&x) => Ok(x),
        Ok(_) => Err(format!("has `{cell}`, which is out of range")),
        Err(_) => Err(format!("has `{cell}`, which is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: &str) -> Result<Regions, String> {
        Regions::parse_csv(content, Path::new("m.csv")).map_err(|e| e.to_string())
    }

    #[test]
    fn both_forms_are_read() {
        let by_region = parse("# made up\nregion,share,n,s\nn, 0.7 ,20,120\ns,0.3,125,15\n").unwrap();
        assert_eq!(by_region.names, ["n", "s"]);
        assert_eq!(by_region.mean_ms, [20.0, 120.0, 125.0, 15.0]);
        assert!((by_region.shares[0] - 0.7).abs() < 1e-12);
        let by_node = parse("0,20,35\n20,0,15\n35,15,0\n").unwrap();
        assert!(by_node.by_node() && by_node.len() == 3);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let why = |content: &str| parse(content).unwrap_err();
        assert!(why("").contains("m.csv: has no rows"));
        assert!(why("0,1\n1\n").starts_with("m.csv:2: has 1 latencies in this row instead of 2"));
        assert!(why("0,x\n1,0\n").starts_with("m.csv:1: has `x`, which is no number"));
        assert!(why("0,-1\n1,0\n").contains("out of range"));
        assert!(why("0,NaN\n1,0\n").contains("out of range"));
        assert!(why("0,0\n1,0\n").contains("m.csv:1: has `0`, which is out of range"));
        assert!(why("region,n\nn,1\n").contains("region,share"));
        assert!(why("region,share,n,s\nn,1,1,1\n").contains("1 rows for 2 regions"));
        assert!(why("region,share,n,s\nn,.5,1,1\nx,.5,1,1\n").starts_with("m.csv:3: has the row `x`"));
        assert!(why("region,share,n,s\nn,.5,1,1\ns,.4,1,1\n").contains("sum to 0.9"));
        assert!(why("region,share,n\nn,1.5,1\n").contains("out of range"));
        let twice = "# c\nregion,share,n,s,n\nn,.5,1,1,1\ns,.5,1,1,1\nn,0,1,1,1\n";
        assert!(why(twice).starts_with("m.csv:2: has the region `n` twice"), "{}", why(twice));
        assert!(why("region,share,n,\nn,.5,1,1\n,.5,1,1\n").starts_with("m.csv:1: has no name for region 2"));
    }

    #[test]
    fn two_thousand_rows_are_the_most() {
        let by_node = |n: usize| vec!["1"; n].join(",") + "\n";
        let why = parse(&by_node(MOST_ROWS + 1).repeat(MOST_ROWS + 1)).unwrap_err();
        assert!(why.starts_with("m.csv:2001: has more than 2000 rows"), "{why}");
        assert_eq!(parse(&by_node(MOST_ROWS).repeat(MOST_ROWS)).unwrap().len(), MOST_ROWS);
        let head = |n: usize| (0..n).map(|i| format!(",r{i}")).collect::<String>();
        let row = |i: usize, n: usize| format!("r{i},{}{}\n", 1.0 / n as f64, ",1".repeat(n));
        let by_region = |n: usize| {
            let rows: String = (0..n).map(|i| row(i, n)).collect();
            format!("region,share{}\n{rows}", head(n))
        };
        assert_eq!(parse(&by_region(MOST_ROWS)).unwrap().len(), MOST_ROWS);
        let why = parse(&by_region(MOST_ROWS + 1)).unwrap_err();
        assert!(why.starts_with("m.csv:2002: has more than 2000 rows"), "{why}");
    }
}
