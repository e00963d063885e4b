//! One record of a NATS-Bench archive: all training runs of one architecture, reduced to final accuracies.
//!
//! Layout of a record (a dict by training budget, `"01"`, `"12"`, `"90"` or `"200"` epochs): `arch_index`, `arch_str` and
//! `all_results`, a dict from (data set, training seed) to a run. A run has `epochs`, `params` in millions and
//! `eval_acc1es`, accuracies in percent by `<evaluation set>@<epoch>`, counted from 0.

use std::io::Read;

use bzip2::read::MultiBzDecoder;
use serde::{Deserialize, Serialize};

use crate::formats::pickle::{self, Limits, Value};
use crate::tables::{Query, Runs, Split};

/// Largest decompressed file that is read. Records have about 330 kB, the larger meta file 540 kB.
const MAX_UNCOMPRESSED: u64 = 64 << 20;

/// Names of data sets in the archives and here.
const DATASETS: [(&str, &str); 4] = [
    ("cifar10-valid", "cifar10_valid"),
    ("cifar10", "cifar10"),
    ("cifar100", "cifar100"),
    ("ImageNet16-120", "imagenet16_120"),
];

/// The part of a record that a table needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ArchiveRecord {
    pub(super) number: u32,
    pub(super) arch: String,
    /// Parameter counts by data set; `None` where the runs of the record disagree, as those of the official archives sometimes do
    /// (their API says that counts "may be incorrect").
    pub(super) params: Vec<(String, Option<u64>)>,
    /// Accuracies in percent of single runs, under canonical queries.
    pub(super) accuracies: Vec<(Query, f64)>,
}

/// Decompresses a `.pbz2` file.
pub(super) fn decompress(compressed: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = MultiBzDecoder::new(compressed).take(MAX_UNCOMPRESSED + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("the bzip2 data is truncated or damaged ({error})"))?;
    if bytes.len() as u64 > MAX_UNCOMPRESSED {
        return Err("it decompresses to more than 64 MiB and so is no record".to_owned());
    }
    Ok(bytes)
}

fn unpickle(bytes: &[u8]) -> Result<Value<'_>, String> {
    pickle::decode(bytes, &Limits::default()).map_err(|error| error.to_string())
}

/// The architectures that the meta file lists, in index order.
pub(super) fn architectures(compressed: &[u8]) -> Result<Vec<String>, String> {
    let bytes = decompress(compressed)?;
    let meta = unpickle(&bytes)?;
    let archs = field(&meta, "meta_archs")?.items().ok_or("'meta_archs' is no list")?;
    let text = |arch: &Value| {
        arch.as_str().map(str::to_owned).ok_or_else(|| format!("an architecture is {}", arch.kind()))
    };
    archs.iter().map(text).collect()
}

impl ArchiveRecord {
    /// Decodes a compressed record; `number` is the one in its file name.
    pub(super) fn decode(number: u32, compressed: &[u8]) -> Result<Self, String> {
        let bytes = decompress(compressed)?;
        let root = unpickle(&bytes)?;
        let budgets = root.entries().ok_or_else(|| format!("it is {} instead of a dict", root.kind()))?;
        let mut record = Self { number, arch: String::new(), params: Vec::new(), accuracies: Vec::new() };
        for (key, results) in budgets {
            let epochs = key.as_str().and_then(|text| text.parse().ok());
            let epochs =
                epochs.ok_or_else(|| format!("a training budget is {} instead of digits", key.kind()))?;
            record.add_budget(epochs, results).map_err(|reason| format!("budget {epochs}: {reason}"))?;
        }
        if record.accuracies.is_empty() {
            return Err("it holds no training run".to_owned());
        }
        Ok(record)
    }

    fn add_budget(&mut self, epochs: u32, results: &Value) -> Result<(), String> {
        match field(results, "arch_index")?.as_i64() {
            Some(index) if index == i64::from(self.number) => {}
            Some(index) => return Err(format!("arch_index is {index} instead of {}", self.number)),
            None => return Err("arch_index is no number".to_owned()),
        }
        let arch = field(results, "arch_str")?.as_str().ok_or("arch_str is no text")?;
        if self.arch.is_empty() {
            arch.clone_into(&mut self.arch);
        } else if self.arch != arch {
            return Err(format!("architecture '{arch}' differs from '{}' of another budget", self.arch));
        }
        let runs = field(results, "all_results")?;
        for (key, run) in runs.entries().ok_or("all_results is no dict")? {
            let Some([dataset, seed]) = key.items() else { return Err("a run's key is no pair".to_owned()) };
            let dataset = dataset.as_str().ok_or("a run's data set is no text")?;
            let seed = seed
                .as_i64()
                .and_then(|seed| u32::try_from(seed).ok())
                .ok_or("a training seed is no number")?;
            self.add_run(epochs, dataset, seed, run)
                .map_err(|reason| format!("{dataset}, seed {seed}: {reason}"))?;
        }
        Ok(())
    }

    fn add_run(&mut self, epochs: u32, dataset: &str, seed: u32, run: &Value) -> Result<(), String> {
        let known = DATASETS.iter().find(|(name, _)| *name == dataset);
        let (_, dataset) = known.ok_or("the data set is unknown")?;
        if field(run, "epochs")?.as_i64() != Some(epochs.into()) || epochs == 0 {
            return Err("its number of epochs is not that of the budget".to_owned());
        }
        self.add_params(dataset, field(run, "params")?)?;
        let curve = field(run, "eval_acc1es")?;
        for (set, split) in evaluation_sets(dataset) {
            let name = format!("{set}@{}", epochs - 1);
            let value = field(curve, &name)?;
            let accuracy =
                value.as_f64().ok_or_else(|| format!("{name} is {} instead of an accuracy", value.kind()))?;
            if !(0.0..=100.0).contains(&accuracy) {
                return Err(format!("accuracy {accuracy} of {name} is not within 0 and 100"));
            }
            let query = Query::new(dataset, *split, epochs, Runs::Seed(seed)).canonical();
            self.accuracies.push((query, accuracy));
        }
        Ok(())
    }

    /// Parameters are stored in millions; counts below 2^53 survive the multiplication and rounding.
    fn add_params(&mut self, dataset: &str, millions: &Value) -> Result<(), String> {
        let millions =
            millions.as_f64().ok_or_else(|| format!("params is {} instead of a number", millions.kind()))?;
        if !(0.0..1e6).contains(&millions) {
            return Err(format!("{millions} million parameters are not possible"));
        }
        let count = (millions * 1e6).round() as u64;
        let dataset = if dataset == "cifar10_valid" { "cifar10" } else { dataset };
        match self.params.iter_mut().find(|(name, _)| name == dataset) {
            Some((_, known)) if *known == Some(count) => {}
            Some((_, known)) => *known = None,
            None => self.params.push((dataset.to_owned(), Some(count))),
        }
        Ok(())
    }
}

/// The evaluation sets that the archive has for a data set, and their splits; see [`Split`].
fn evaluation_sets(dataset: &str) -> &'static [(&'static str, Split)] {
    match dataset {
        "cifar10" => &[("ori-test", Split::Test)],
        "cifar10_valid" => &[("x-valid", Split::Validation), ("ori-test", Split::Test)],
        _ => &[("x-valid", Split::Validation), ("x-test", Split::Test), ("ori-test", Split::FullTest)],
    }
}

fn field<'v, 'a>(value: &'v Value<'a>, name: &str) -> Result<&'v Value<'a>, String> {
    if value.entries().is_none() {
        return Err(format!("'{name}' is looked for in {} instead of a dict", value.kind()));
    }
    value.get(name).ok_or_else(|| format!("'{name}' is missing"))
}
