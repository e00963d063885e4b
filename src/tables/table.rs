//! A loaded table and its queries.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::content::TableData;
use super::nearest::nearest;
use super::{Query, Runs, TableError, TableSpec};
use crate::spaces::nds::{Label, Nds};

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
#[derive(Debug)]
pub struct Table {
    spec: &'static TableSpec,
    provenance: Provenance,
    data: TableData,
    /// Architectures in the order of their strings, found when the first one is looked up. A map would hold every string of
    /// a table of half a million a second time.
    by_string: OnceLock<Vec<u32>>,
}

impl Table {
    pub(super) fn new(spec: &'static TableSpec, provenance: Provenance, data: TableData) -> Self {
        Self { spec, provenance, data, by_string: OnceLock::new() }
    }

    /// What the table is.
    pub fn spec(&self) -> &'static TableSpec {
        self.spec
    }

    /// Where the numbers were read from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Number of architectures.
    #[expect(clippy::len_without_is_empty, reason = "no table is empty")]
    pub fn len(&self) -> usize {
        self.data.archs.len()
    }

    /// The architecture string at an index.
    ///
    /// # Panics
    /// If `index` is not below [`Table::len`].
    pub fn arch(&self, index: usize) -> &str {
        &self.data.archs[index]
    }

    /// All architecture strings in index order.
    pub fn archs(&self) -> &[String] {
        &self.data.archs
    }

    /// Index of an architecture string, written exactly as the benchmark writes it.
    pub fn index_of(&self, arch: &str) -> Option<usize> {
        let archs = &self.data.archs;
        let by_string = self.by_string.get_or_init(|| {
            let mut indices: Vec<u32> = (0..).take(archs.len()).collect();
            indices.sort_unstable_by_key(|i| archs[*i as usize].as_str());
            indices
        });
        let place = by_string.binary_search_by_key(&arch, |i| archs[*i as usize].as_str()).ok()?;
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
            nearest: nearest(arch, &self.data.archs).to_owned(),
        })
    }

    /// Index of the architecture of a record, where the source counts records (NDS).
    pub fn record(&self, number: usize) -> Option<usize> {
        let records = self.data.records.as_ref()?;
        records.iter().position(|of_arch| of_arch.iter().any(|n| *n as usize == number))
    }

    /// As [`Table::find`]; also understands the labels of records, `#RECORD` and `FILE#RECORD`.
    ///
    /// # Errors
    /// [`TableError::UnknownArchitecture`], or [`TableError::UnknownRecord`].
    pub fn named(&self, text: &str) -> Result<usize, TableError> {
        let Some(label) = Label::parse(text).filter(|_| self.data.records.is_some()) else {
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
        let value = self.answer(query)?.at(index);
        if value.is_nan() {
            return Err(self.missing(query, 1, index));
        }
        Ok(value)
    }

    /// The accuracies of all architectures in percent, in index order.
    ///
    /// # Errors
    /// The table cannot answer the query, or lacks the value for some architectures.
    pub fn column(&self, query: &Query) -> Result<Cow<'_, [f64]>, TableError> {
        let values = match self.answer(query)? {
            Answer::Column(values) => Cow::Borrowed(values),
            runs @ Answer::Runs(_) => (0..self.len()).map(|i| runs.at(i)).collect(),
        };
        match values.iter().position(|v| v.is_nan()) {
            None => Ok(values),
            Some(first) => Err(self.missing(query, values.iter().filter(|v| v.is_nan()).count(), first)),
        }
    }

    /// Number of trainable parameters of an architecture with a data set's classifier, where the source has it.
    pub fn params(&self, index: usize, dataset: &str) -> Option<u64> {
        let dataset = if dataset == "cifar10_valid" { "cifar10" } else { dataset };
        let (_, counts) = self.data.params.iter().find(|(name, _)| name == dataset)?;
        counts.get(index).copied().flatten()
    }

    /// Isomorphism class of an architecture: the smallest index of an architecture that computes the same function
    /// for the same weights. Known for NAS-Bench-201.
    pub fn isomorphism_class(&self, index: usize) -> Option<usize> {
        self.data.classes.as_ref()?.get(index).map(|&class| class as usize)
    }

    /// The queries that this table can answer, sorted; archives answer single seeds and their mean.
    pub fn available(&self) -> Vec<Query> {
        let stored = self.data.columns.iter().map(|(query, _)| query);
        let all: BTreeSet<Query> = stored.flat_map(|q| [q.clone(), q.with_runs(Runs::Mean)]).collect();
        all.into_iter().collect()
    }

    fn answer(&self, query: &Query) -> Result<Answer<'_>, TableError> {
        let wanted = query.canonical();
        if let Some((_, values)) = self.data.columns.iter().find(|(stored, _)| *stored == wanted) {
            return Ok(Answer::Column(values));
        }
        let of_mean = |stored: &Query| wanted.runs == Runs::Mean && stored.with_runs(Runs::Mean) == wanted;
        let runs = self.data.columns.iter().filter(|(stored, _)| of_mean(stored));
        let runs: Vec<&[f64]> = runs.map(|(_, values)| values.as_slice()).collect();
        if runs.is_empty() { Err(self.no_answer(query)) } else { Ok(Answer::Runs(runs)) }
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

/// A stored column, or the columns of single runs to average.
enum Answer<'t> {
    Column(&'t [f64]),
    Runs(Vec<&'t [f64]>),
}

impl Answer<'_> {
    /// NaN if there is no value.
    fn at(&self, index: usize) -> f64 {
        match self {
            Self::Column(values) => values[index],
            Self::Runs(runs) => {
                let present = runs.iter().map(|values| values[index]).filter(|v| !v.is_nan());
                let (sum, count) = present.fold((0.0, 0u32), |(sum, n), v| (sum + v, n + 1));
                sum / f64::from(count)
            }
        }
    }
}
