//! NAS-Bench-Macro: 6,561 networks on CIFAR-10, three training runs each.
//!
//! An accuracy is the best over the epochs of a run, on the test images. The field `flops` is not read: its numbers count
//! every layer, shortcut convolutions included, at the running resolution of a chain.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::content::TableData;
use super::source_file::SourceFile;
use super::spec::{Names, Origin, Published, Read};
use super::{JSON_FILES, OnError, Query, Runs, Split, TableError, TableSpec};
use crate::spaces::ArchError;
use crate::spaces::nasbench_macro::Layers;

const SIZE: usize = 6_561;
const EPOCHS: u32 = 50;
/// Training runs of an architecture.
const RUNS: usize = 3;

/// Registry entry.
pub(super) static SPEC: TableSpec = TableSpec {
    id: "nasbench_macro",
    title: "NAS-Bench-Macro",
    source: "github xiusu/NAS-Bench-Macro, data/nas-bench-macro_cifar10.json",
    licence: "Apache-2.0",
    citation: "X. Su et al., Prioritized architecture sampling with Monte-Carlo tree search, CVPR 2021",
    size: Some(SIZE),
    datasets: &["cifar10"],
    splits: &[Split::Test],
    budgets: &[EPOCHS],
    columns: &[
        ("arch", "eight digits; the position is their place in lexicographic order, as the file has none"),
        ("class", "smallest index of an equal network (3,969 classes)"),
        ("params:cifar10", "trainable parameters"),
        ("cifar10/test/50/<run>", "best test accuracy over the epochs of run 0, 1 or 2, in percent"),
    ],
    origin: Origin::Published(Published {
        kind: JSON_FILES,
        entry: "nasbench_macro",
        names: Names { of: |_| vec!["nas-bench-macro_cifar10.json".to_owned()], need_first: true },
        read,
        headline: |_| (Split::Test, EPOCHS),
    }),
};

fn read(spec: &TableSpec, paths: &[PathBuf], on_error: OnError) -> Result<Read, TableError> {
    let (mut records, mut malformed) = (vec![], vec![]);
    for path in paths {
        let file = SourceFile::read(path)?;
        let bad = |reason: String| TableError::bad_file(path, None, reason);
        let Entries(entries) = serde_json::from_slice(&file.bytes).map_err(|e| bad(e.to_string()))?;
        for (number, (arch, value)) in (0..).zip(entries) {
            match trained(&arch, value) {
                Ok((layers, runs)) => records.push((arch, layers, runs)),
                Err(reason) => {
                    on_error.met(TableError::bad_entry(spec.id, path, number, reason), &mut malformed)?;
                }
            }
        }
    }
    Ok((table(records), malformed))
}

fn table(mut records: Vec<(String, Layers, TrainingRuns)>) -> TableData {
    records.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let mut data = TableData::default();
    let mut first = HashMap::new();
    let classes =
        (0u32..).zip(&records).map(|(index, (_, layers, _))| *first.entry(layers.class()).or_insert(index));
    data.classes = Some(classes.collect());
    data.archs = records.iter().map(|(arch, ..)| arch.clone()).collect();
    data.params = vec![("cifar10".to_owned(), records.iter().map(|(.., runs)| Some(runs.params)).collect())];
    let column = |run: usize| {
        let query = Query::new("cifar10", Split::Test, EPOCHS, Runs::Seed(run as u32));
        (query, records.iter().map(|(.., runs)| runs.test_acc[run]).collect())
    };
    data.columns = (0..RUNS).map(column).collect();
    data
}

/// What the file says about the training runs of an architecture.
#[derive(Deserialize)]
struct TrainingRuns {
    /// Accuracy of each run in percent.
    test_acc: [f64; RUNS],
    mean_acc: f64,
    params: u64,
}

impl TrainingRuns {
    /// What is wrong with the numbers, if anything is.
    fn defect(&self) -> Option<String> {
        if let Some(accuracy) = self.test_acc.iter().find(|a| !(0.0..=100.0).contains(*a)) {
            return Some(format!("accuracy {accuracy} is not within 0 and 100 percent"));
        }
        let mean = self.test_acc.iter().sum::<f64>() / RUNS as f64;
        let printed = self.mean_acc;
        // A mean that is NaN is not near either.
        let near = (mean - printed).abs() <= 1e-6;
        (!near).then(|| format!("its mean accuracy is {mean}, not {printed}"))
    }
}

/// The layers and training runs of an entry of the file, or what is wrong with it.
fn trained(arch: &str, value: serde_json::Value) -> Result<(Layers, TrainingRuns), String> {
    let layers: Layers =
        arch.parse().map_err(|error: ArchError| format!("its name is no architecture: {}", error.reason))?;
    let runs: TrainingRuns =
        serde_json::from_value(value).map_err(|e| format!("architecture {arch}: {e}"))?;
    match runs.defect() {
        Some(defect) => Err(format!("architecture {arch}: {defect}")),
        None => Ok((layers, runs)),
    }
}

/// The entries of the file in its order. Reading ends with an error once there are more of them than architectures, so that a
/// hostile file cannot fill the memory.
struct Entries(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of architectures with test_acc, mean_acc and params")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries, M::Error> {
                let mut entries = vec![];
                while let Some(entry) = map.next_entry()? {
                    if entries.len() == SIZE {
                        return Err(M::Error::custom(format!("there are more than {SIZE} records")));
                    }
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(All)
    }
}
