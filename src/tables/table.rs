//! A loaded table and its queries.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::OnceLock;

use polars::prelude::*;

use super::content::{ARCH, CLASS, RECORDS, params_of};
use super::nearest::nearest;
use super::{Query, Runs, TableError, TableSpec};
use crate::spaces::nds::{Label, Nds};
use crate::store::frame_file::{numbers, texts};

/// Where a loaded table's numbers were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// `"the program"`, `"CSV files"`, `"JSON files"` or `"the official archive"`.
    pub kind: &'static str,
    /// The files read; empty for an embedded table.
    pub files: Vec<PathBuf>,
    /// SHA-256 over the contents of `files` in order, in hexadecimal; for an archive, of its meta file.
    pub sha256: String,
}

/// Trained accuracies of all architectures of a search space.
///
/// ```
/// use untrained::data::{DataDirs, Silent};
/// use untrained::tables;
///
/// let table = tables::load("nafbee_vgg19", &DataDirs::default(), &Silent)?;
/// let accuracies = table.accuracies(&"cifar10/validation/200/mean".parse()?)?;
/// assert_eq!(accuracies.get_column_names(), ["index", "arch", "accuracy"]);
/// assert_eq!(accuracies.column("arch")?.str()?.get(0), Some(table.arch(0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Table {
    spec: &'static TableSpec,
    provenance: Provenance,
    frame: DataFrame,
    archs: StringChunked,
    /// Indices of the architectures, sorted by their strings when the first one is looked up. A map would hold every string
    /// a second time, and there are tables of half a million.
    by_string: OnceLock<Vec<u32>>,
    /// Index of the architecture of each record, where the source lists trainings (NDS).
    by_record: OnceLock<HashMap<usize, usize>>,
}

impl Table {
    /// A table of a frame as [`TableData::into_frame`](super::content::TableData::into_frame) makes it.
    pub(super) fn new(
        spec: &'static TableSpec,
        provenance: Provenance,
        frame: DataFrame,
    ) -> Result<Self, String> {
        let archs = texts(&frame, ARCH)?.clone();
        let (by_string, by_record) = (OnceLock::new(), OnceLock::new());
        Ok(Self { spec, provenance, frame, archs, by_string, by_record })
    }

    /// What the table is.
    pub fn spec(&self) -> &'static TableSpec {
        self.spec
    }

    /// Where the numbers were read from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Everything that the source states, one architecture a row, in index order: `arch`, `params:<data set>` (u64), and one column
    /// of percentages for each accuracy of the source, named by its query; what the source does not have is null.
    pub fn frame(&self) -> DataFrame {
        self.frame.clone()
    }

    /// Number of architectures.
    #[expect(clippy::len_without_is_empty, reason = "no table is empty")]
    pub fn len(&self) -> usize {
        self.archs.len()
    }

    /// The architecture string at an index.
    ///
    /// # Panics
    /// If `index` is not below [`Table::len`].
    pub fn arch(&self, index: usize) -> &str {
        assert!(index < self.len(), "architecture {index} of {}", self.len());
        self.archs.get(index).unwrap_or_default()
    }

    /// All architecture strings in index order.
    pub fn archs(&self) -> Vec<&str> {
        self.archs.iter().map(Option::unwrap_or_default).collect()
    }

    /// Index of an architecture string, written exactly as the benchmark writes it.
    pub fn index_of(&self, arch: &str) -> Option<usize> {
        let string = |i: &u32| self.archs.get(*i as usize).unwrap_or_default();
        let by_string = self.by_string.get_or_init(|| {
            let mut indices: Vec<u32> = (0..).take(self.len()).collect();
            indices.sort_unstable_by_key(string);
            indices
        });
        let place = by_string.binary_search_by_key(&arch, string).ok()?;
        Some(by_string[place] as usize)
    }

    /// As [`Table::index_of`].
    ///
    /// # Errors
    /// [`TableError::UnknownArchitecture`], which names the nearest string of the table.
    pub fn find(&self, arch: &str) -> Result<usize, TableError> {
        self.index_of(arch).ok_or_else(|| TableError::UnknownArchitecture {
            id: self.spec.id.to_owned(),
            arch: arch.chars().take(200).collect(),
            nearest: nearest(arch, self.archs().into_iter()).to_owned(),
        })
    }

    /// Index of the architecture of a record, where the source lists trainings (NDS).
    pub fn record(&self, number: usize) -> Option<usize> {
        let records = texts(&self.frame, RECORDS).ok()?;
        let by_record = self.by_record.get_or_init(|| {
            let numbers = |text: &str| text.split(' ').map_while(|n| n.parse().ok()).collect::<Vec<usize>>();
            let each = records.iter().flatten().map(numbers).zip(0..);
            each.flat_map(|(numbers, index)| numbers.into_iter().map(move |number| (number, index))).collect()
        });
        by_record.get(&number).copied()
    }

    /// As [`Table::find`]; also understands the labels of records, `#RECORD` and `FILE#RECORD`.
    ///
    /// # Errors
    /// [`TableError::UnknownArchitecture`], or [`TableError::UnknownRecord`].
    pub fn named(&self, text: &str) -> Result<usize, TableError> {
        let Some(label) = Label::parse(text).filter(|_| self.frame.column(RECORDS).is_ok()) else {
            return self.find(text);
        };
        let fits =
            label.file.is_empty() || Nds::of_file(label.file).is_some_and(|list| list.id() == self.spec.id);
        let index = self.record(label.record).filter(|_| fits);
        index.ok_or_else(|| TableError::UnknownRecord { id: self.spec.id.to_owned(), label: text.to_owned() })
    }

    /// The accuracy of one architecture in percent.
    ///
    /// # Errors
    /// The index is out of range, the table cannot answer the query, or it lacks the value for this architecture.
    pub fn accuracy(&self, index: usize, query: &Query) -> Result<f64, TableError> {
        if index >= self.len() {
            let last = self.len().saturating_sub(1);
            return Err(TableError::IndexOutOfRange { id: self.spec.id.to_owned(), index, last });
        }
        let value = mean(&self.answer(query)?, index);
        value.ok_or_else(|| self.missing(query, 1, index))
    }

    /// The accuracies of all architectures in percent, in index order.
    ///
    /// # Errors
    /// The table cannot answer the query, or lacks the value for some architectures.
    pub fn column(&self, query: &Query) -> Result<Vec<f64>, TableError> {
        let answer = self.answer(query)?;
        let values: Vec<f64> = (0..self.len()).map(|i| mean(&answer, i).unwrap_or(f64::NAN)).collect();
        match values.iter().position(|v| v.is_nan()) {
            None => Ok(values),
            Some(first) => Err(self.missing(query, values.iter().filter(|v| v.is_nan()).count(), first)),
        }
    }

    /// The accuracies of all architectures as a frame with the columns `index` (u32), `arch` and `accuracy` (percent, null where the
    /// table has none).
    ///
    /// # Errors
    /// The table cannot answer the query.
    pub fn accuracies(&self, query: &Query) -> Result<DataFrame, TableError> {
        let index: Vec<u32> = (0..).take(self.len()).collect();
        let answer = self.answer(query)?;
        let values: Vec<Option<f64>> = (0..self.len()).map(|i| mean(&answer, i)).collect();
        let columns = vec![
            Column::new("index".into(), index),
            self.archs.clone().into_column(),
            Column::new("accuracy".into(), values),
        ];
        // The columns were made for this and have one length.
        Ok(DataFrame::new_infer_height(columns).unwrap_or_default())
    }

    /// Number of trainable parameters of an architecture with a data set's classifier, where the source has it.
    pub fn params(&self, index: usize, dataset: &str) -> Option<u64> {
        let dataset = if dataset == "cifar10_valid" { "cifar10" } else { dataset };
        self.frame.column(&params_of(dataset)).ok()?.u64().ok()?.get(index)
    }

    /// Isomorphism class of an architecture: the smallest index of an architecture that computes the same function
    /// for the same weights. Known for NAS-Bench-201.
    pub fn isomorphism_class(&self, index: usize) -> Option<usize> {
        self.frame.column(CLASS).ok()?.u32().ok()?.get(index).map(|class| class as usize)
    }

    /// The queries that this table can answer, sorted; archives answer single seeds and their mean.
    pub fn available(&self) -> Vec<Query> {
        let all: BTreeSet<Query> = self.stored().flat_map(|q| [q.with_runs(Runs::Mean), q]).collect();
        all.into_iter().collect()
    }

    /// The queries that have columns. The names of the other columns are no queries.
    fn stored(&self) -> impl Iterator<Item = Query> {
        self.frame.get_column_names().into_iter().filter_map(|name| name.parse().ok())
    }

    /// The columns whose mean answers a query: one, or those of single training runs.
    fn answer(&self, query: &Query) -> Result<Vec<&Float64Chunked>, TableError> {
        let wanted = query.canonical();
        let column = |query: &Query| numbers(&self.frame, &query.to_string()).ok();
        if let Some(column) = column(&wanted) {
            return Ok(vec![column]);
        }
        let of_mean = |stored: &Query| wanted.runs == Runs::Mean && stored.with_runs(Runs::Mean) == wanted;
        let runs: Vec<_> = self.stored().filter(of_mean).filter_map(|query| column(&query)).collect();
        if runs.is_empty() { Err(self.no_answer(query)) } else { Ok(runs) }
    }

    fn no_answer(&self, query: &Query) -> TableError {
        let covered = self.spec.budgets.contains(&query.budget)
            && self.spec.splits.contains(&query.split)
            && self.spec.datasets.contains(&query.dataset.as_str());
        let hint = if covered && self.provenance.kind == super::CSV_FILES {
            "; the official archive answers more, see `untrained data import`"
        } else {
            ""
        };
        TableError::NoAnswer {
            id: self.spec.id.to_owned(),
            source_kind: self.provenance.kind,
            query: query.clone(),
            available: self.available().iter().map(Query::to_string).collect::<Vec<_>>().join(", "),
            hint,
        }
    }

    fn missing(&self, query: &Query, count: usize, first: usize) -> TableError {
        TableError::MissingValues { id: self.spec.id.to_owned(), query: query.clone(), count, first }
    }
}

/// The mean of the values that columns have at an index; `None` if they have none.
fn mean(columns: &[&Float64Chunked], index: usize) -> Option<f64> {
    let present = columns.iter().filter_map(|values| values.get(index));
    let (sum, count) = present.fold((0.0, 0u32), |(sum, n), v| (sum + v, n + 1));
    (count > 0).then(|| sum / f64::from(count))
}
