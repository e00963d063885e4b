//! A file of scores as fields of text, whatever its format.

use std::collections::BTreeMap;

use super::ImportError;
use crate::formats::text::{clean, json_of_python};

type Record = serde_json::Map<String, serde_json::Value>;
/// Facts of each proxy, by architecture.
type SuiteZero = BTreeMap<String, BTreeMap<String, serde_json::Value>>;

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
        let mut reader = csv::ReaderBuilder::new();
        reader.trim(csv::Trim::Headers).delimiter(delimiter(text));
        let mut reader = reader.from_reader(text.as_bytes());
        let bad =
            |error: csv::Error| ImportError::Malformed { name: name.to_owned(), reason: error.to_string() };
        let header = reader.headers().map_err(bad)?.iter().map(|name| clean(name).to_owned()).collect();
        let lines = reader.into_records().map(|record| {
            let record = record.map_err(bad)?;
            let place = record.position().map_or(0, |position| first_line(text, position));
            Ok(ScoreLine { place, fields: record.iter().map(str::to_owned).collect() })
        });
        let lines = lines.collect::<Result<_, ImportError>>()?;
        Ok(Self { name: name.to_owned(), unit: "line", header, lines })
    }

    /// An array of objects, or objects one after another (JSON lines). A column is a key that any of them has.
    fn json(name: &str, text: &str) -> Result<Self, ImportError> {
        let bad = |reason: String| ImportError::Malformed { name: name.to_owned(), reason };
        let json = json_of_python(text.as_bytes());
        let records: Result<Vec<Record>, _> = match text.trim_start().starts_with('[') {
            true => serde_json::from_slice(&json),
            false => serde_json::Deserializer::from_slice(&json).into_iter().collect(),
        };
        let records = records.map_err(|error| {
            bad(format!("not an array of objects such as {{\"arch\": ..., \"score\": ...}}: {error}"))
        })?;
        let mut header: Vec<String> = vec![];
        for key in records.iter().flat_map(Record::keys) {
            if !header.contains(key) {
                header.push(key.clone());
            }
        }
        let mut file = Self { name: name.to_owned(), unit: "record", header, lines: vec![] };
        for (mut record, place) in records.into_iter().zip(1..) {
            let mut line = ScoreLine { place, fields: vec![] };
            for column in &file.header {
                let value = record.remove(column).unwrap_or_default();
                line.fields.push(field(value).map_err(|reason| file.at(&line, reason))?);
            }
            file.lines.push(line);
        }
        Ok(file)
    }

    /// The file of NAS-Bench-Suite-Zero: `{dataset: {architecture: {proxy: {"score": ..., ...}, ...}}}`; `None` for another one.
    pub fn suite_zero(name: &str, text: &str, dataset: &str) -> Result<Option<Self>, ImportError> {
        if !text.trim_start().starts_with('{') {
            return Ok(None);
        }
        let Ok(file) =
            serde_json::from_slice::<BTreeMap<String, SuiteZero>>(&json_of_python(text.as_bytes()))
        else {
            return Ok(None);
        };
        let plain = |name: &str| name.to_lowercase().replace('-', "_");
        let known = file.keys().cloned().collect::<Vec<_>>().join(", ");
        let Some((_, archs)) = file.into_iter().find(|(key, _)| plain(key) == plain(dataset)) else {
            let reason = format!(
                "it has scores with {known} and none with {dataset}; name one of them with --dataset"
            );
            return Err(ImportError::Malformed { name: name.to_owned(), reason });
        };
        let mut records = vec![];
        for (arch, proxies) in archs {
            let scores =
                proxies.into_iter().filter_map(|(proxy, facts)| Some((proxy, facts.get("score")?.clone())));
            records.push(serde_json::Value::Object(
                std::iter::once(("arch".to_owned(), arch.into())).chain(scores).collect(),
            ));
        }
        Self::json(name, &serde_json::Value::Array(records).to_string()).map(Some)
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

/// What stands between the fields: comma, semicolon or tab, whichever the header has most of outside quotes.
fn delimiter(text: &str) -> u8 {
    let header = text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or_default();
    let bare: String = header.split('"').step_by(2).collect();
    let count = |delimiter: u8| bare.bytes().filter(|b| *b == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
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
    crate::formats::text::shown(text, 60)
}
