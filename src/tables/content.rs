//! The content of a table as its source gives it, before it is validated.

use std::collections::HashSet;

use polars::prelude::*;

use super::Query;

/// Name of the column of architecture strings.
pub(super) const ARCH: &str = "arch";
/// Name of the column of record numbers, separated by blanks.
pub(super) const RECORDS: &str = "records";
/// Name of the column of isomorphism classes.
pub(super) const CLASS: &str = "class";

/// Name of the column of parameter counts for a data set.
pub(super) fn params_of(dataset: &str) -> String {
    format!("params:{dataset}")
}

/// The columns of a table; architectures are in index order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TableData {
    /// Architecture strings.
    pub(super) archs: Vec<String>,
    /// For each architecture the numbers of its records, where the source lists trainings and not architectures.
    pub(super) records: Option<Vec<Vec<u32>>>,
    /// For each architecture the smallest index of an isomorphic one.
    pub(super) classes: Option<Vec<u32>>,
    /// Parameter counts by data set; `None` where a source has none.
    pub(super) params: Vec<(String, Vec<Option<u64>>)>,
    /// Accuracies in percent, under canonical queries; NaN where the source has none.
    pub(super) columns: Vec<(Query, Vec<f64>)>,
}

impl TableData {
    /// The table as a frame: one row per architecture, in index order. Its columns are `arch`, `records`, `class`,
    /// `params:<data set>`, and one for each stored query, which bears the query's text as its name. Missing values are null.
    ///
    /// # Errors
    /// The first defect of a table that must have `size` architectures (`None` allows any number).
    pub(super) fn into_frame(self, size: Option<usize>) -> Result<DataFrame, String> {
        if let Some(defect) = self.defect(size) {
            return Err(defect);
        }
        let mut columns = vec![Column::new(ARCH.into(), self.archs)];
        if let Some(records) = self.records {
            let text = |numbers: Vec<u32>| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
            columns.push(Column::new(RECORDS.into(), records.into_iter().map(text).collect::<Vec<_>>()));
        }
        columns.extend(self.classes.map(|classes| Column::new(CLASS.into(), classes)));
        let params = self.params.into_iter();
        columns.extend(params.map(|(dataset, counts)| Column::new(params_of(&dataset).into(), counts)));
        columns.extend(self.columns.into_iter().map(|(query, values)| {
            let values: Vec<Option<f64>> = values.into_iter().map(|v| (!v.is_nan()).then_some(v)).collect();
            Column::new(query.to_string().into(), values)
        }));
        DataFrame::new_infer_height(columns).map_err(|e| e.to_string())
    }

    /// The first error in the content.
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
}
