//! A file of scores as fields of text, whatever its format.

use super::ImportError;

/// The header of a file of scores and its lines, which have equal columns.
pub(super) struct ScoreFile {
    name: String,
    /// What a [`ScoreLine::place`] counts: `line` or `record`.
    pub unit: &'static str,
    pub header: Vec<String>,
    pub lines: Vec<ScoreLine>,
}

/// The fields of one architecture: a line of a CSV file, or a record of a JSON array.
pub(super) struct ScoreLine {
    pub place: u64,
    fields: Vec<String>,
}

impl ScoreLine {
    /// The field of a column.
    pub fn field(&self, column: usize) -> &str {
        self.fields.get(column).map_or("", String::as_str)
    }
}

impl ScoreFile {
    /// JSON begins with a bracket, CSV with its header.
    pub fn parse(name: &str, text: &str) -> Result<Self, ImportError> {
        let json = text.trim_start().starts_with(['[', '{']);
        let file = if json { Self::json(name, text)? } else { Self::csv(name, text)? };
        let twice = file.header.iter().enumerate().find(|(i, column)| file.header[..*i].contains(column));
        match twice {
            Some((_, column)) => Err(file.malformed(format!("two columns are called `{}`", shown(column)))),
            None => Ok(file),
        }
    }

    fn csv(name: &str, text: &str) -> Result<Self, ImportError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_bytes());
        let bad =
            |error: csv::Error| ImportError::Malformed { name: name.to_owned(), reason: error.to_string() };
        let header = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
        let lines = reader.into_records().map(|record| {
            let record = record.map_err(bad)?;
            let place = record.position().map_or(0, |position| first_line(text, position));
            Ok(ScoreLine { place, fields: record.iter().map(str::to_owned).collect() })
        });
        let lines = lines.collect::<Result<_, ImportError>>()?;
        Ok(Self { name: name.to_owned(), unit: "line", header, lines })
    }

    fn json(name: &str, text: &str) -> Result<Self, ImportError> {
        let bad = |reason: String| ImportError::Malformed { name: name.to_owned(), reason };
        let records: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(text).map_err(|error| {
                bad(format!("not an array of objects such as {{\"arch\": ..., \"score\": ...}}: {error}"))
            })?;
        let header: Vec<String> = records.first().map_or(vec![], |record| record.keys().cloned().collect());
        let mut file = Self { name: name.to_owned(), unit: "record", header, lines: vec![] };
        for (record, place) in records.into_iter().zip(1..) {
            let mut line = ScoreLine { place, fields: vec![String::new(); file.header.len()] };
            for (key, value) in record {
                let column = file.header.iter().position(|column| *column == key);
                let column =
                    column.ok_or_else(|| file.at(&line, format!("`{}` is not in record 1", shown(&key))))?;
                line.fields[column] = field(value).map_err(|reason| file.at(&line, reason))?;
            }
            file.lines.push(line);
        }
        Ok(file)
    }

    /// An error of the file as a whole.
    pub fn malformed(&self, reason: String) -> ImportError {
        ImportError::Malformed { name: self.name.clone(), reason }
    }

    /// An error of one line.
    pub fn at(&self, line: &ScoreLine, reason: String) -> ImportError {
        ImportError::At { name: self.name.clone(), place: format!("{} {}", self.unit, line.place), reason }
    }
}

fn field(value: serde_json::Value) -> Result<String, String> {
    match value {
        serde_json::Value::Null => Ok(String::new()),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        serde_json::Value::String(text) => Ok(text),
        other => Err(format!("`{}` is neither number nor text", shown(&other.to_string()))),
    }
}

/// The line on which a record begins. The reader's position is that of the blank lines before the record, so that their
/// number is added.
fn first_line(text: &str, position: &csv::Position) -> u64 {
    let from = text.as_bytes().get(position.byte() as usize..).unwrap_or_default();
    let blank = from.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

/// A piece of hostile text for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect()
}
