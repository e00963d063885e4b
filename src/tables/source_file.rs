//! CSV files of tables. They are read strictly: a damaged file is refused, with the line at fault, and never read in part.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::TableError;

/// Largest file that is read. The largest CSV file of a table has 3 MB.
const MAX_BYTES: u64 = 64 << 20;

/// A file held in memory.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// The unit in which a file states accuracies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Percent,
    Fraction,
}

/// The requested fields of one row, in the order of the request.
pub(super) struct CsvRow<'r> {
    /// Zero-based number of the row after the header.
    pub(super) number: usize,
    fields: Vec<&'r str>,
}

impl SourceFile {
    /// Reads a file of at most 64 MiB.
    pub(super) fn read(path: &Path) -> Result<Self, TableError> {
        Self::read_up_to(path, MAX_BYTES)
    }

    /// Reads a file of at most `limit` bytes.
    pub(super) fn read_up_to(path: &Path, limit: u64) -> Result<Self, TableError> {
        let failed = || TableError::unread(path);
        let mut bytes = Vec::new();
        File::open(path).map_err(failed())?.take(limit + 1).read_to_end(&mut bytes).map_err(failed())?;
        if bytes.len() as u64 > limit {
            let reason = format!("it is larger than {} MiB and so is no table", limit >> 20);
            return Err(TableError::bad_file(path, None, reason));
        }
        Ok(Self { path: path.to_path_buf(), bytes })
    }

    /// The file's name without folders, or an empty string.
    pub(super) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Calls `each` for the columns `names` of all rows, which must be exactly `size`.
    ///
    /// # Errors
    /// A missing column, a row with too few or too many fields, another number of rows, an unterminated last line,
    /// or whatever `each` finds; with the line.
    pub(super) fn rows(
        &self,
        names: &[&str],
        size: usize,
        mut each: impl FnMut(&CsvRow) -> Result<(), String>,
    ) -> Result<(), TableError> {
        let bad = |line: Option<u64>, reason: String| TableError::bad_file(&self.path, line, reason);
        let mut reader = csv::ReaderBuilder::new().from_reader(self.bytes.as_slice());
        let header = reader.headers().map_err(|e| bad(Some(1), e.to_string()))?;
        let places = places(header, names).map_err(|reason| bad(Some(1), reason))?;
        let mut record = csv::StringRecord::new();
        let mut number = 0;
        loop {
            let line = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) if number == size => {
                    return Err(bad(Some(line), format!("there are more than {size} rows")));
                }
                Ok(true) => {}
                Err(error) => return Err(bad(Some(line), row_error(&error))),
            }
            let fields = places.iter().map(|&i| record.get(i).unwrap_or_default()).collect();
            each(&CsvRow { number, fields }).map_err(|reason| bad(Some(line), reason))?;
            number += 1;
        }
        if number != size {
            let reason = format!("the file ends after {number} of {size} rows; it is truncated");
            return Err(bad(Some(reader.position().line()), reason));
        }
        if self.bytes.last() != Some(&b'\n') {
            return Err(bad(Some(number as u64 + 1), "the last line has no end; it is truncated".to_owned()));
        }
        Ok(())
    }
}

/// Parameter counts and accuracies in percent, by architecture.
pub(super) type CountsAndAccuracies = (Vec<Option<u64>>, Vec<f64>);

impl SourceFile {
    /// Reads a file of MONET (github vilhess/MONET), which has the columns `index`, `num_param` and `accuracy`.
    pub(super) fn monet(&self, size: usize, unit: Unit) -> Result<CountsAndAccuracies, TableError> {
        let (mut params, mut accuracies) = (Vec::with_capacity(size), Vec::with_capacity(size));
        self.rows(&["index", "num_param", "accuracy"], size, |row| {
            row.check_index(0)?;
            params.push(Some(row.count(1)?));
            accuracies.push(row.accuracy(2, unit)?);
            Ok(())
        })?;
        Ok((params, accuracies))
    }
}

fn places(header: &csv::StringRecord, names: &[&str]) -> Result<Vec<usize>, String> {
    let place = |name: &&str| {
        let found = header.iter().position(|column| column == *name);
        found.ok_or_else(|| {
            let columns = header.iter().collect::<Vec<_>>().join(", ");
            format!(
                "the header has no column '{name}', only {}",
                columns.chars().take(200).collect::<String>()
            )
        })
    };
    names.iter().map(place).collect()
}

fn row_error(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the row has {len} fields instead of {expected_len}; it is truncated or damaged")
        }
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

impl CsvRow<'_> {
    /// Text of the `i`-th requested column.
    pub(super) fn text(&self, i: usize) -> &str {
        self.fields.get(i).copied().unwrap_or_default()
    }

    /// A non-negative whole number.
    pub(super) fn count(&self, i: usize) -> Result<u64, String> {
        let text = self.text(i);
        text.parse().map_err(|_| format!("'{text}' is no count"))
    }

    /// Checks that an index column holds the number of the row.
    pub(super) fn check_index(&self, i: usize) -> Result<(), String> {
        let index = self.count(i)?;
        if index == self.number as u64 {
            return Ok(());
        }
        Err(format!(
            "architecture index {index} stands where {} is due; rows are missing or out of order",
            self.number
        ))
    }

    /// The negative of a loss, as TransNAS's files state it.
    pub(super) fn negative_loss(&self, i: usize) -> Result<f64, String> {
        let text = self.text(i);
        let value: f64 = text.parse().map_err(|_| format!("'{text}' is no loss"))?;
        match value.is_finite() && value <= 0.0 {
            true => Ok(value),
            false => Err(format!("'{text}' is no negative loss")),
        }
    }

    /// An accuracy, converted to percent from the file's unit.
    pub(super) fn accuracy(&self, i: usize, unit: Unit) -> Result<f64, String> {
        let text = self.text(i);
        let value: f64 = text.parse().map_err(|_| format!("'{text}' is no accuracy"))?;
        let (range, factor) = match unit {
            Unit::Percent => (0.0..=100.0, 1.0),
            Unit::Fraction => (0.0..=1.0, 100.0),
        };
        if !range.contains(&value) {
            return Err(format!("accuracy {text} is not within {} and {}", range.start(), range.end()));
        }
        Ok(value * factor)
    }
}
