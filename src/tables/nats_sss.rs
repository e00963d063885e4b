//! NATS-Bench size search space: five channel numbers, 32,768 networks on three data sets.

use super::content::TableData;
use super::source_file::{SourceFile, Unit};
use super::spec::{Names, Origin};
use super::{Query, Runs, Split, TableError, TableSpec};

const SIZE: usize = 32_768;

/// Registry entry.
pub(super) static SPEC: TableSpec = TableSpec {
    id: "nats_sss",
    title: "NATS-Bench size search space",
    source: "github vilhess/MONET, benchmark_scores/*-NATS.csv; or the official archive NATS-sss-v1_0-50262-simple \
             (github D-X-Y/NATS-Bench)",
    licence: "MIT (NATS-Bench); the CSV files' repository states none of its own for the numbers",
    citation: "X. Dong et al., NATS-Bench, TPAMI 2021",
    size: Some(SIZE),
    datasets: &["cifar10", "cifar10_valid", "cifar100", "imagenet16_120"],
    splits: &Split::ALL,
    budgets: &[1, 12, 90],
    columns: &[
        ("arch", "channel numbers c1:c2:c3:c4:c5; the position is the official index"),
        ("params:<data set>", "trainable parameters with that data set's classifier"),
        (
            "<data set>/<split>/<epochs>/<runs>",
            "accuracy in percent after the last epoch of that training budget",
        ),
    ],
    origin: Origin::Files {
        names: Names { of: names, need_first: false },
        read,
        archive_entry: "nats_sss_archive",
        archs,
    },
};

/// Name and data set of the CSV files: test accuracy at 90 epochs in percent.
const FILES: [(&str, &str); 3] = [
    ("Cifar10-NATS.csv", "cifar10"),
    ("Cifar100-NATS.csv", "cifar100"),
    ("ImageNet-NATS.csv", "imagenet16_120"),
];

fn names(_: &TableSpec) -> Vec<String> {
    FILES.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn read(files: &[SourceFile]) -> Result<TableData, TableError> {
    let mut data = TableData { archs: all_archs(), ..TableData::default() };
    for file in files {
        let known = FILES.iter().find(|(name, _)| *name == file.name());
        let (_, dataset) =
            known.ok_or_else(|| TableError::bad_file(&file.path, None, "unknown file name"))?;
        let (params, accuracies) = file.monet(SIZE, Unit::Percent)?;
        // One value does not show its unit, but the whole column does: some network is always better than one percent.
        if accuracies.iter().all(|&accuracy| accuracy <= 1.0) {
            let reason = "all accuracies are at most 1: they are fractions where percent are due";
            return Err(TableError::bad_file(&file.path, None, reason));
        }
        data.params.push(((*dataset).to_owned(), params));
        data.columns.push((Query::new(dataset, Split::Test, 90, Runs::Mean), accuracies));
    }
    Ok(data)
}

/// The archive's meta file must list the same architectures in the same order.
fn archs(meta: Vec<String>) -> Result<TableData, String> {
    let expected = all_archs();
    if let Some(index) = meta.iter().zip(&expected).position(|(a, b)| a != b) {
        return Err(format!("architecture {index} is '{}' instead of '{}'", meta[index], expected[index]));
    }
    Ok(TableData { archs: meta, ..TableData::default() })
}

/// All architectures in index order: lexicographic in the five channel numbers 8, 16, ..., 64, the last one fastest.
fn all_archs() -> Vec<String> {
    (0..SIZE).map(arch_string).collect()
}

fn arch_string(index: usize) -> String {
    let channels = |shift: usize| 8 * (1 + ((index >> shift) & 7));
    [12, 9, 6, 3, 0].map(|shift| channels(shift).to_string()).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_counts_lexicographically() {
        assert_eq!(arch_string(0), "8:8:8:8:8");
        assert_eq!(arch_string(1), "8:8:8:8:16");
        assert_eq!(arch_string(11), "8:8:8:16:32");
        assert_eq!(arch_string(SIZE - 1), "64:64:64:64:64");
    }

    #[test]
    fn a_meta_file_in_another_order_is_refused() {
        let mut meta = all_archs();
        meta.swap(3, 4);
        assert!(archs(meta).unwrap_err().contains("architecture 3"));
    }
}
