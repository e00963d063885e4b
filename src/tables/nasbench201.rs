//! NAS-Bench-201, the topology search space of NATS-Bench: 15,625 cells on three data sets.

use std::collections::HashMap;

use super::content::TableData;
use super::source_file::{SourceFile, Unit};
use super::spec::{Names, Origin};
use super::{Query, Runs, Split, TableError, TableSpec};
use crate::spaces::SearchSpace;
use crate::spaces::nasbench201::FULL;

const SIZE: usize = 15_625;

/// Registry entry.
pub(super) static SPEC: TableSpec = TableSpec {
    id: "nasbench201",
    title: "NAS-Bench-201 (NATS-Bench topology search space)",
    source: "github v-tao/nats-bench-landscape, nats_bench.csv (test); github vilhess/MONET, benchmark_scores/*-NB201.csv \
             (validation, parameters); or the official archive NATS-tss-v1_0-3ffb9-simple (github D-X-Y/NATS-Bench)",
    licence: "MIT (NATS-Bench); the CSV files' repositories state none of their own for the numbers",
    citation: "X. Dong and Y. Yang, NAS-Bench-201, ICLR 2020; X. Dong et al., NATS-Bench, TPAMI 2021",
    size: Some(SIZE),
    datasets: &["cifar10", "cifar10_valid", "cifar100", "imagenet16_120"],
    splits: &Split::ALL,
    budgets: &[12, 200],
    columns: &[
        ("arch", "architecture string, as NATS-Bench writes it; the position is the official index"),
        ("class", "smallest index of an isomorphic architecture (6,466 classes)"),
        ("params:<data set>", "trainable parameters with that data set's classifier"),
        (
            "<data set>/<split>/<epochs>/<runs>",
            "accuracy in percent after the last epoch of that training budget",
        ),
    ],
    origin: Origin::Files {
        names: Names { of: names, need_first: true },
        read,
        archive_entry: "nats_tss_archive",
        archs,
    },
};

/// Validation files: name, data set.
const VALIDATION_FILES: [(&str, &str); 3] = [
    ("Cifar10-NB201.csv", "cifar10"),
    ("Cifar100-NB201.csv", "cifar100"),
    ("ImageNet-NB201.csv", "imagenet16_120"),
];

/// The test file, which also lists the architectures, and the validation files.
fn names(_: &TableSpec) -> Vec<String> {
    let validation = VALIDATION_FILES.iter().map(|(name, _)| *name);
    std::iter::once("nats_bench.csv").chain(validation).map(str::to_owned).collect()
}

fn read(files: &[SourceFile]) -> Result<TableData, TableError> {
    let mut data = TableData::default();
    for file in files {
        match VALIDATION_FILES.iter().find(|(name, _)| *name == file.name()) {
            Some((_, dataset)) => read_validation(file, dataset, &mut data)?,
            None => read_test(file, &mut data)?,
        }
    }
    Ok(data)
}

fn read_test(file: &SourceFile, data: &mut TableData) -> Result<(), TableError> {
    let names = [
        "CIFAR10TestAccuracy200Epochs",
        "CIFAR100TestAccuracy200Epochs",
        "ImageNetTestAccuracy200Epochs",
        "ArchitectureString",
        "UniqueString",
    ];
    let mut accuracies = [const { Vec::new() }; 3];
    let mut archs = Vec::with_capacity(SIZE);
    let mut classes = Classes::default();
    file.rows(&names, SIZE, |row| {
        for (i, column) in accuracies.iter_mut().enumerate() {
            column.push(row.accuracy(i, Unit::Percent)?);
        }
        let unique = classes.add(row.text(3))?;
        if unique != row.text(4) {
            return Err(format!("isomorphism string '{}' does not belong to the architecture", row.text(4)));
        }
        archs.push(row.text(3).to_owned());
        Ok(())
    })?;
    data.archs = archs;
    data.classes = Some(classes.of_index);
    for ((_, dataset), values) in VALIDATION_FILES.iter().zip(accuracies) {
        data.columns.push((Query::new(dataset, Split::Test, 200, Runs::Mean), values));
    }
    Ok(())
}

fn read_validation(file: &SourceFile, dataset: &str, data: &mut TableData) -> Result<(), TableError> {
    let (params, accuracies) = file.monet(SIZE, Unit::Fraction)?;
    data.params.push((dataset.to_owned(), params));
    data.columns.push((Query::new(dataset, Split::Validation, 200, Runs::Mean), accuracies));
    Ok(())
}

/// The archive's meta file lists the architectures in index order.
fn archs(meta: Vec<String>) -> Result<TableData, String> {
    let mut classes = Classes::default();
    for (index, arch) in meta.iter().enumerate() {
        classes.add(arch).map_err(|reason| format!("architecture {index}: {reason}"))?;
    }
    Ok(TableData { archs: meta, classes: Some(classes.of_index), ..TableData::default() })
}

/// Groups architectures by isomorphism string while they are read in index order.
#[derive(Default)]
struct Classes {
    first: HashMap<String, u32>,
    of_index: Vec<u32>,
}

impl Classes {
    fn add(&mut self, arch: &str) -> Result<String, String> {
        let unique =
            isomorphism_string(arch).ok_or_else(|| format!("'{arch}' is no NAS-Bench-201 architecture"))?;
        let index = u32::try_from(self.of_index.len()).map_err(|_| "too many architectures".to_owned())?;
        self.of_index.push(*self.first.entry(unique.clone()).or_insert(index));
        Ok(unique)
    }
}

/// The string that isomorphic cells share (NATS-Bench, `to_unique_str` with zero considered); equal to the
/// `UniqueString` of all 15,625 rows of nats_bench.csv.
fn isomorphism_string(arch: &str) -> Option<String> {
    FULL.isomorphism_class(arch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isomorphism_strings_follow_the_official_rule() {
        let string = isomorphism_string(
            "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
        );
        let expected = "((0)@nor_conv_3x3)@avg_pool_3x3+(0)@nor_conv_3x3+((0)@nor_conv_3x3)@nor_conv_3x3+0";
        assert_eq!(string.as_deref(), Some(expected));
        let zero = isomorphism_string("|none~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|skip_connect~2|");
        assert_eq!(zero.as_deref(), Some("#+#+#+#"));
    }

    #[test]
    fn malformed_architectures_have_none() {
        for arch in [
            "",
            "|none~0|",
            "|none~0|+|none~0|none~1|+|none~0|none~1|none~1|",
            "|none~0|+|none~0|none~1|+|none~0|none~1|conv~2|",
            "|none~0|+|none~0|none~1|+|none~0|none~1|none~2",
            "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|+|none~0|none~1|none~2|none~3|",
        ] {
            assert_eq!(isomorphism_string(arch), None, "{arch}");
        }
    }
}
