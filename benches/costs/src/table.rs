//! The measured figures, their limits, and the table that they are compared with.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;

/// The file of the figures that CI compares with.
pub(crate) const TABLE: &str = "table.txt";

/// That of the times, which differ from machine to machine.
pub(crate) const TIMES: &str = "times.txt";

/// How far a figure may be from the table, in percent: other versions of the compiler and of Tokio move it a
/// little.
const TOLERANCE: u64 = 5;

/// What something costs, compared with what the same thing costs with Tokio alone.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) figure: u64,
    /// The figure that it is compared with, and the highest ratio to it that is allowed.
    pub(crate) beside: Option<(u64, f64)>,
    /// The highest value that is allowed.
    pub(crate) most: Option<u64>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, figure: u64, unit: &'static str) -> Row {
        Row { what: what.into(), unit, figure, beside: None, most: None }
    }

    pub(crate) fn beside(mut self, other: u64, at_most: f64) -> Row {
        self.beside = Some((other, at_most));
        self
    }

    pub(crate) fn at_most(mut self, most: u64) -> Row {
        self.most = Some(most);
        self
    }

    fn ratio(&self) -> Option<(f64, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "figures are far below 2^52")]
        self.beside.map(|(other, at_most)| (self.figure as f64 / other as f64, at_most))
    }
}

#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new(rows: Vec<Row>) -> Table {
        Table { rows }
    }

    /// Describes each limit that is exceeded, and each figure that has moved.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let before = read();
        let mut complaints = Vec::new();
        for row in &self.rows {
            let Row { what, unit, figure, most, .. } = row;
            if let Some((ratio, at_most)) = row.ratio().filter(|(ratio, at_most)| ratio > at_most) {
                complaints.push(format!("{what}: {ratio:.2} times as much, at most {at_most}"));
            }
            if let Some(most) = most.filter(|most| figure > most) {
                complaints.push(format!("{what}: {figure} {unit}, at most {most}"));
            }
            match before.get(what) {
                None => complaints.push(format!("{what}: not in the table")),
                Some(old) if figure.abs_diff(*old) * 100 > old * TOLERANCE => {
                    complaints.push(format!("{what}: {figure} {unit}, in the table {old}"));
                }
                Some(_) => {}
            }
        }
        if !complaints.is_empty() {
            complaints.push("where that is meant, write the table anew with `--update`".into());
        }
        complaints
    }

    pub(crate) fn write(&self, file: &str) {
        fs::write(path(file), self.to_string()).expect("the table can be written");
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let Row { what, unit, figure, .. } = row;
            write!(f, "{what:<44} {figure:>8} {unit}")?;
            if let Some((ratio, at_most)) = row.ratio() {
                write!(f, ", ratio {ratio:.2}, at most {at_most}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// Reads the figures of the table that CI compares with, by their names.
fn read() -> BTreeMap<String, u64> {
    let text = fs::read_to_string(path(TABLE)).unwrap_or_default();
    let figure = |line: &str| {
        let (what, rest) = line.split_at_checked(44)?;
        Some((what.trim_end().to_owned(), rest.split_whitespace().next()?.parse().ok()?))
    };
    text.lines().filter_map(figure).collect()
}
