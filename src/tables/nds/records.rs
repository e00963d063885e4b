//! The official JSON: a list of records, or an object with the lists `top` and `mid`. Records of `mid` are numbered after those
//! of `top`.
//!
//! While the file is read, only the network, the number of parameters and the test errors of each record are kept.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::formats::text::json_with_nulls;
use crate::spaces::nds::{Nds, NetRecord};
use crate::tables::TableError;
use crate::tables::source_file::SourceFile;

/// What a table keeps of a record.
pub struct TrainedNetwork {
    pub arch: String,
    pub params: u64,
    /// In percent.
    pub accuracy: f64,
}

/// A record, or what is wrong with it.
pub type Entry = Result<TrainedNetwork, String>;

/// All records of a file, in the order of their numbers.
///
/// # Errors
/// The file is not JSON, or has no lists of objects; with the line.
pub fn read(file: &SourceFile, list: &'static Nds) -> Result<Vec<Entry>, TableError> {
    let text = json_with_nulls(&file.bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(&text);
    let entries = File(list).deserialize(&mut deserializer);
    let entries = entries.and_then(|entries| deserializer.end().map(|()| entries));
    entries.map_err(|error| TableError::bad_file(&file.path, Some(error.line() as u64), error.to_string()))
}

/// The fields that are read. They are checked later, because an error in one record must not end the reading of the file.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    net: Value,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    test_ep_top1: Value,
}

impl Fields {
    fn check(self, list: &'static Nds) -> Entry {
        let net: NetRecord = serde_json::from_value(self.net).map_err(|e| format!("`net`: {e}"))?;
        let arch = list.arch_of(&net, list.stem())?;
        let params = self.params.as_u64().ok_or("`params` is no count")?;
        let errors = self.test_ep_top1.as_array().ok_or("`test_ep_top1` is no list of test errors")?;
        let last = errors.last().ok_or("`test_ep_top1` is empty: the training did not end an epoch")?;
        let error = last.as_f64().filter(|error| (0.0..=100.0).contains(error));
        let error = error.ok_or_else(|| format!("the last test error is {last}, not a percentage"))?;
        Ok(TrainedNetwork { arch, params, accuracy: 100.0 - error })
    }
}

/// The whole file.
struct File(&'static Nds);

/// One list of records.
struct List(&'static Nds);

impl<'de> DeserializeSeed<'de> for File {
    type Value = Vec<Entry>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Entry>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for File {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records, or an object with the lists `top` and `mid`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, records: A) -> Result<Vec<Entry>, A::Error> {
        List(self.0).visit_seq(records)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut lists: A) -> Result<Vec<Entry>, A::Error> {
        let (mut top, mut mid) = (None, None);
        while let Some(name) = lists.next_key::<String>()? {
            let place = match name.as_str() {
                "top" => &mut top,
                "mid" => &mut mid,
                _ => {
                    lists.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *place = Some(lists.next_value_seed(List(self.0))?);
        }
        let missing = |name| serde::de::Error::missing_field(name);
        let mut all: Vec<Entry> = top.ok_or_else(|| missing("top"))?;
        all.append(&mut mid.ok_or_else(|| missing("mid"))?);
        Ok(all)
    }
}

impl<'de> DeserializeSeed<'de> for List {
    type Value = Vec<Entry>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Entry>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<Vec<Entry>, A::Error> {
        let mut all = vec![];
        while let Some(fields) = records.next_element::<Fields>()? {
            all.push(fields.check(self.0));
        }
        Ok(all)
    }
}
