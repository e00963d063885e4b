//! Tables that `untrained train` writes: one line for each accuracy, `arch,dataset,split,epochs,seed,accuracy`, of any space. One of them,
//! of small networks of NAS-Bench-201's cells, is compiled in.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::content::TableData;
use super::own::describe;
use super::source_file::{SourceFile, Unit};
use super::spec::Origin;
use super::{CSV_FILES, Provenance, Query, Runs, Split, Table, TableError, TableSpec};
use crate::store::files::sha256;

const COLUMNS: [&str; 6] = ["arch", "dataset", "split", "epochs", "seed", "accuracy"];

const MEANINGS: &[(&str, &str)] = &[
    ("arch", "architecture, in its space's canonical form"),
    (
        "<data set>/<split>/<epochs>/<seed>",
        "accuracy in percent of the training with this seed, after its last epoch",
    ),
];

/// 200 cells that this program trained; `data/README.md` has the command.
pub(super) static NASBENCH201_SMALL: TableSpec = TableSpec {
    id: "nasbench201_small",
    title: "Small networks of NAS-Bench-201's cells, trained by this program",
    source: "`untrained train` (data/README.md)",
    licence: "that of this program",
    citation: "this program; the cells are those of Dong and Yang, NAS-Bench-201, ICLR 2020",
    size: Some(200),
    datasets: &["synthetic_hard"],
    splits: &[Split::Validation, Split::Test],
    budgets: &[12],
    columns: MEANINGS,
    origin: Origin::Embedded {
        read: || {
            let bytes = include_bytes!("../../data/nasbench201_small.csv").to_vec();
            parse(&SourceFile { path: PathBuf::from("nasbench201_small.csv"), bytes }, &str::to_owned)
        },
    },
};

/// The table in a file that `untrained train --table` has written, or one of the same columns; `canonical` is the form in which
/// architectures are looked up.
///
/// # Errors
/// A file that cannot be read, or the line that is no accuracy.
pub fn read(path: &Path, canonical: &dyn Fn(&str) -> String) -> Result<Table, TableError> {
    let file = SourceFile::read(path)?;
    let data = parse(&file, canonical)?;
    let name = path.display().to_string();
    let spec = TableSpec {
        licence: "that of the file",
        columns: MEANINGS,
        ..describe(&name, data.columns.iter().map(|(query, _)| query))
    };
    let provenance =
        Provenance { kind: CSV_FILES, files: vec![path.to_path_buf()], sha256: sha256(&file.bytes) };
    let defect = |reason| TableError::bad_table(path, None, reason);
    let frame = data.into_frame(None).map_err(defect)?;
    Table::new(Box::leak(Box::new(spec)), provenance, frame).map_err(defect)
}

fn parse(file: &SourceFile, canonical: &dyn Fn(&str) -> String) -> Result<TableData, TableError> {
    let (mut archs, mut places): (Vec<String>, HashMap<String, usize>) = Default::default();
    let mut columns: BTreeMap<Query, BTreeMap<usize, f64>> = BTreeMap::new();
    let lines = file.bytes.iter().filter(|byte| **byte == b'\n').count();
    let read = file.rows(&COLUMNS, lines.saturating_sub(1), |row| {
        let arch = canonical(row.text(0));
        let place = *places.entry(arch.clone()).or_insert_with(|| {
            archs.push(arch.clone());
            archs.len() - 1
        });
        let query: Query = [row.text(1), row.text(2), row.text(3), row.text(4)]
            .join("/")
            .parse()
            .map_err(|error: TableError| error.to_string())?;
        if query.runs == Runs::Mean {
            return Err("the seed is a number, not mean".to_owned());
        }
        let twice = format!("{arch} has the accuracy {query} twice");
        match columns.entry(query).or_default().insert(place, row.accuracy(5, Unit::Percent)?) {
            None => Ok(()),
            Some(_) => Err(twice),
        }
    });
    read.map_err(|error| match error {
        TableError::BadFile { path, line, reason } => TableError::bad_table(&path, line, reason),
        other => other,
    })?;
    let count = archs.len();
    let column = |values: BTreeMap<usize, f64>| -> Vec<f64> {
        (0..count).map(|i| values.get(&i).copied().unwrap_or(f64::NAN)).collect()
    };
    let columns = columns.into_iter().map(|(query, values)| (query, column(values))).collect();
    Ok(TableData { archs, columns, ..TableData::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "arch,dataset,split,epochs,seed,accuracy\n";

    fn of(lines: &str) -> Result<Table, TableError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.csv");
        std::fs::write(&path, format!("{HEAD}{lines}")).unwrap();
        read(&path, &|arch| arch.to_lowercase())
    }

    #[test]
    fn accuracies_are_found_by_seed_and_in_the_mean() {
        let lines = "A,synthetic,test,3,0,40\nA,synthetic,test,3,7,50\nB,synthetic,test,3,0,60\nB,synthetic,validation,3,0,61\n";
        let table = of(lines).unwrap();
        let accuracy = |arch: &str, query: &str| {
            table
                .accuracy(table.find(arch).unwrap(), &query.parse().unwrap())
                .map_err(|error| error.to_string())
        };
        assert_eq!(accuracy("a", "synthetic/test/3/mean"), Ok(45.0));
        assert_eq!(accuracy("a", "synthetic/test/3/7"), Ok(50.0));
        assert_eq!(accuracy("b", "synthetic/test/3/mean"), Ok(60.0), "the mean of the seeds that there are");
        assert_eq!(accuracy("b", "synthetic/validation/3/0"), Ok(61.0));
        assert!(accuracy("b", "synthetic/test/3/7").unwrap_err().contains("lacks"));
        let spec = table.spec();
        assert_eq!((spec.datasets, spec.budgets), (&["synthetic"][..], &[3][..]));
        assert_eq!(spec.headline("synthetic"), (Split::Test, 3));
    }

    #[test]
    fn a_line_that_is_no_accuracy_is_named() {
        let said = |lines: &str| of(lines).unwrap_err().to_string();
        for (lines, reason) in [
            ("a,synthetic,test,3,0,140\n", "140"),
            ("a,synthetic,train,3,0,40\n", "train"),
            ("a,synthetic,test,3,mean,40\n", "seed"),
            ("a,synthetic,test,3,0,40\na,synthetic,test,3,0,41\n", "twice"),
            ("a,synthetic,test,3,0\n", "line 2"),
            ("", "no architectures"),
        ] {
            assert!(
                said(lines).contains(reason) && said(lines).contains("untrained train"),
                "{}",
                said(lines)
            );
        }
    }

    /// Every network has three seeds and both splits, and the accuracies tell networks apart.
    #[test]
    fn the_embedded_table_is_whole() {
        let table =
            crate::tables::load("nasbench201_small", &Default::default(), &crate::data::Silent).unwrap();
        assert_eq!(table.available().len(), 2 * 4);
        for query in table.available() {
            let column = table.column(&query).unwrap();
            let (low, high) =
                column.iter().fold((100.0f64, 0.0f64), |(low, high), x| (low.min(*x), high.max(*x)));
            assert!(high < 97.0 && high - low > 20.0, "{query}: {low} to {high}");
        }
    }
}
