//! Tables that a program brings along.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::content::{ARCH, TableData, params_of};
use super::spec::Origin;
use super::{Provenance, Query, Split, Table, TableError, TableSpec};
use crate::store::frame_file::{numbers, texts};

impl Table {
    /// A table of accuracies of your own: `arch`, and for each accuracy a column of percentages (f64, null where there is none) that
    /// bears the text of its query (`cifar10/test/200/mean`); `params:<data set>` (u64) may stand beside. What is known about
    /// the table is kept until the program ends, as for all tables.
    ///
    /// # Errors
    /// [`TableError::BadFrame`]: no or another column, an architecture that occurs twice, a number that is no percentage.
    pub fn own(id: &str, frame: &DataFrame) -> Result<Self, TableError> {
        let bad = |reason| TableError::BadFrame { id: id.to_owned(), reason };
        let data = read(frame).map_err(bad)?;
        let spec = describe(id, data.columns.iter().map(|(query, _)| query));
        let provenance = Provenance { kind: "the program", files: vec![], sha256: String::new() };
        let frame = data.into_frame(None).map_err(bad)?;
        Self::new(Box::leak(Box::new(spec)), provenance, frame).map_err(bad)
    }
}

fn read(frame: &DataFrame) -> Result<TableData, String> {
    let archs = texts(frame, ARCH)?.iter().map(|arch| arch.unwrap_or_default().to_owned()).collect();
    let mut data = TableData { archs, ..TableData::default() };
    for column in frame.columns() {
        let name = column.name().as_str();
        if let Some(dataset) = name.strip_prefix(&params_of("")) {
            let counts = column.u64().map_err(|e| e.to_string())?;
            data.params.push((dataset.to_owned(), counts.iter().collect()));
        } else if name != ARCH {
            let query: Query = name.parse().map_err(|error: TableError| error.to_string())?;
            let values = numbers(frame, name)?.iter().map(|value| value.unwrap_or(f64::NAN));
            data.columns.push((query.canonical(), values.collect()));
        }
    }
    match data.columns.is_empty() {
        true => Err("it has no column of accuracies".to_owned()),
        false => Ok(data),
    }
}

/// What its queries say about a table that is in no registry; `id` is its name and its source. It is kept until the program ends, as
/// everything is that is known of tables.
pub(super) fn describe<'q>(id: &str, queries: impl Iterator<Item = &'q Query> + Clone) -> TableSpec {
    let id: &'static str = id.to_owned().leak();
    let datasets: BTreeSet<&str> = queries.clone().map(|query| query.dataset.as_str()).collect();
    let datasets: Vec<&'static str> = datasets.into_iter().map(|name| &*name.to_owned().leak()).collect();
    let has = |split: &Split| queries.clone().any(|query| query.split == *split);
    let splits: Vec<Split> = Split::ALL.into_iter().filter(has).collect();
    let budgets: BTreeSet<u32> = queries.clone().map(|query| query.budget).collect();
    TableSpec {
        id,
        title: id,
        source: id,
        licence: "not stated",
        citation: id,
        size: None,
        datasets: datasets.leak(),
        splits: splits.leak(),
        budgets: budgets.into_iter().collect::<Vec<u32>>().leak(),
        columns: &[],
        // Nothing reads it by its id.
        origin: Origin::Embedded { read: || Ok(TableData::default()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(query: &str, archs: [&str; 2], values: [Option<f64>; 2]) -> Result<Table, TableError> {
        let columns = vec![Column::new("arch".into(), archs), Column::new(query.into(), values)];
        Table::own("mine", &DataFrame::new_infer_height(columns).unwrap())
    }

    #[test]
    fn a_table_of_ones_own_answers() {
        let query = "cifar10/test/200/mean";
        let table = table(query, ["a", "b"], [Some(90.5), None]).unwrap();
        assert_eq!(table.accuracy(0, &query.parse().unwrap()).unwrap(), 90.5);
        assert!(table.accuracy(1, &query.parse().unwrap()).is_err());
        assert_eq!(table.spec().headline("cifar10"), (Split::Test, 200));
    }

    #[test]
    fn frames_that_are_no_tables_are_refused() {
        let cases = [
            (table("cifar10/test/200/mean", ["a", "a"], [Some(1.0), None]), "occurs twice"),
            (table("cifar10/test/200/mean", ["a", "b"], [Some(101.0), None]), "101"),
            (table("accuracy", ["a", "b"], [Some(1.0), None]), "'accuracy' is no query"),
            (Table::own("mine", &DataFrame::default()), "arch"),
        ];
        for (refused, reason) in cases {
            let error = refused.unwrap_err().to_string();
            assert!(error.starts_with("table 'mine': ") && error.contains(reason), "{error}");
        }
    }
}
