//! What a table holds, as every source delivers it: before validation, look-up and provenance.

use std::collections::HashSet;

use super::Query;

/// Columns of a table in index order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TableData {
    /// Architecture strings.
    pub(super) archs: Vec<String>,
    /// For each architecture the numbers of its records, where the source counts records and not architectures.
    pub(super) records: Option<Vec<Vec<u32>>>,
    /// For each architecture the smallest index of an isomorphic one.
    pub(super) classes: Option<Vec<u32>>,
    /// Parameter counts by data set; `None` where a source has none.
    pub(super) params: Vec<(String, Vec<Option<u64>>)>,
    /// Accuracies in percent, under canonical queries; NaN where the source has none.
    pub(super) columns: Vec<(Query, Vec<f64>)>,
}

impl TableData {
    /// The first thing wrong with a table of `size` architectures (`None`: as many as it has), whatever its source.
    pub(super) fn defect(&self, size: Option<usize>) -> Option<String> {
        let size = size.unwrap_or(self.archs.len());
        if size == 0 {
            return Some("it has no architectures".to_owned());
        }
        if self.archs.len() != size {
            return Some(format!("it has {} architectures instead of {size}", self.archs.len()));
        }
        let mut seen = HashSet::with_capacity(size);
        if let Some(twice) = self.archs.iter().find(|arch| !seen.insert(arch.as_str())) {
            return Some(format!("architecture '{twice}' occurs twice"));
        }
        let lengths = self.columns.iter().map(|(query, values)| (query.to_string(), values.len()));
        let lengths =
            lengths.chain(self.params.iter().map(|(dataset, v)| (format!("params of {dataset}"), v.len())));
        let lengths = lengths.chain(self.records.iter().map(|v| ("record numbers".to_owned(), v.len())));
        let lengths = lengths.chain(self.classes.iter().map(|v| ("isomorphism classes".to_owned(), v.len())));
        for (name, length) in lengths {
            if length != size {
                return Some(format!("column {name} has {length} values instead of {size}"));
            }
        }
        self.columns.iter().find_map(|(query, values)| {
            let range = query.range();
            let value = values.iter().find(|v| !v.is_nan() && !range.contains(*v))?;
            Some(format!(
                "value {value} in column {query} is not within {} and {}",
                range.start(),
                range.end()
            ))
        })
    }

    /// Whether every architecture has an accuracy in some column of the largest budget, so that an import of a
    /// few sample records is told from a complete one.
    pub(super) fn is_complete(&self) -> bool {
        let Some(budget) = self.columns.iter().map(|(query, _)| query.budget).max() else { return false };
        let full = self.columns.iter().filter(|(query, _)| query.budget == budget);
        let full: Vec<_> = full.map(|(_, values)| values).collect();
        (0..self.archs.len()).all(|i| full.iter().any(|values| values.get(i).is_some_and(|v| !v.is_nan())))
    }
}
