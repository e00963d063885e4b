//! NDS: the lists of records of Radosavovic et al. (ICCV 2019), in their official JSON.
//!
//! A record describes one training; its accuracy is 100 minus the last entry of `test_ep_top1`. An architecture that was
//! trained more than once has one row, at the position of its first record, with the mean accuracy and the numbers of all
//! its records.

mod records;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use super::content::TableData;
use super::source_file::SourceFile;
use super::spec::{Names, Origin, Published, Read};
use super::{JSON_FILES, OnError, Query, Runs, Split, TableError, TableSpec};
use crate::spaces::nds::{LISTS, Nds};
use records::TrainedNetwork;

/// Largest file that is read. The largest list has 25,000 networks with about 4 kB each.
const MAX_BYTES: u64 = 1 << 30;

/// Registry entries: one for each list.
pub(super) static SPECS: LazyLock<Vec<TableSpec>> = LazyLock::new(|| LISTS.iter().map(spec).collect());

/// Data set and epochs of training, from section 3 of the paper.
fn trained_on(list: &Nds) -> (&'static [&'static str; 1], &'static [u32; 1]) {
    if list.on_imagenet() { (&["imagenet"], &[50]) } else { (&["cifar10"], &[100]) }
}

fn spec(list: &'static Nds) -> TableSpec {
    let (datasets, budgets) = trained_on(list);
    TableSpec {
        id: list.id(),
        title: list.title(),
        source: "the official records, https://dl.fbaipublicfiles.com/nds/data.zip (github facebookresearch/nds)",
        licence: "MIT",
        citation: "Radosavovic et al., On network design spaces for visual recognition, ICCV 2019",
        size: None,
        datasets,
        splits: &[Split::Test],
        budgets,
        columns: &[
            ("arch", "architecture string; the position is that of its first record"),
            ("records", "numbers of the architecture's records in the file"),
            ("params:<data set>", "trainable parameters, as the record has them"),
            (
                "<data set>/test/<epochs>/mean",
                "100 minus the last test error of the record; mean over equal networks",
            ),
        ],
        origin: Origin::Published(Published {
            kind: JSON_FILES,
            entry: "nds",
            names: Names { of: names, need_first: true },
            read,
            headline,
        }),
    }
}

/// Each list has one data set and one budget.
fn headline(dataset: &str) -> (Split, u32) {
    (Split::Test, if dataset == "imagenet" { 50 } else { 100 })
}

fn list_of(spec: &TableSpec) -> Option<&'static Nds> {
    LISTS.iter().find(|list| list.id() == spec.id)
}

fn names(spec: &TableSpec) -> Vec<String> {
    list_of(spec).map(|list| format!("{}.json", list.file)).into_iter().collect()
}

fn read(spec: &TableSpec, paths: &[PathBuf], on_error: OnError) -> Result<Read, TableError> {
    let (Some(list), [path]) = (list_of(spec), paths) else { return Ok((TableData::default(), vec![])) };
    let file = SourceFile::read_up_to(path, MAX_BYTES)?;
    let mut malformed = vec![];
    let mut rows = Rows::default();
    for (number, record) in (0..).zip(records::read(&file, list)?) {
        match record {
            Ok(record) => rows.add(number, record),
            Err(reason) => {
                let error = TableError::bad_entry(spec.id, path, number, reason);
                on_error.met(error, &mut malformed)?;
            }
        }
    }
    let (datasets, budgets) = trained_on(list);
    Ok((rows.finish(datasets[0], budgets[0]), malformed))
}

/// The records that were read so far, grouped by architecture.
#[derive(Default)]
struct Rows {
    place: HashMap<String, usize>,
    archs: Vec<String>,
    numbers: Vec<Vec<u32>>,
    params: Vec<Option<u64>>,
    accuracies: Vec<Vec<f64>>,
}

impl Rows {
    fn add(&mut self, number: u32, record: TrainedNetwork) {
        let row = match self.place.get(&record.arch) {
            Some(row) => *row,
            None => {
                self.place.insert(record.arch.clone(), self.archs.len());
                self.archs.push(record.arch);
                self.numbers.push(vec![]);
                self.params.push(Some(record.params));
                self.accuracies.push(vec![]);
                self.archs.len() - 1
            }
        };
        self.numbers[row].push(number);
        self.accuracies[row].push(record.accuracy);
    }

    fn finish(self, dataset: &str, epochs: u32) -> TableData {
        let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let accuracies = self.accuracies.iter().map(mean).collect();
        TableData {
            archs: self.archs,
            records: Some(self.numbers),
            params: vec![(dataset.to_owned(), self.params)],
            columns: vec![(Query::new(dataset, Split::Test, epochs, Runs::Mean), accuracies)],
            ..TableData::default()
        }
    }
}
