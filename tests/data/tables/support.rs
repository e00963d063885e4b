//! Shared by the tests of tables.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use untrained::data::DataDirs;
use untrained::tables::{self, Query, Table};

use crate::common::real_dirs;

/// NAS-Bench-101 from its file, whose 423,624 cells are read once for all tests.
pub fn nasbench101() -> &'static Table {
    static TABLE: LazyLock<Table> =
        LazyLock::new(|| tables::load_with_cache("nasbench101", &real_dirs(), None).unwrap());
    &TABLE
}

/// A data folder with a made-up NATS-SSS CSV file for CIFAR-10; `edit` may damage its text.
pub fn sss_folder(edit: impl FnOnce(String) -> String) -> (tempfile::TempDir, DataDirs) {
    let mut text = ",index,num_param,accuracy\n".to_owned();
    for i in 0..32_768 {
        writeln!(text, "{i},{i},{},{}", 10_000 + i, 50.0 + f64::from(i % 400) / 10.0).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("tables/Cifar10-NATS.csv"), edit(text).as_bytes());
    let dirs = DataDirs::only(dir.path());
    (dir, dirs)
}

/// A data folder with a made-up NAS-Bench-Macro file, its records in reverse order; `edit` may damage its text.
pub fn macro_folder(edit: impl FnOnce(String) -> String) -> (tempfile::TempDir, DataDirs) {
    let record = |i: usize| {
        let arch: String =
            (0..8u32).rev().map(|place| char::from(b'0' + (i / 3usize.pow(place) % 3) as u8)).collect();
        let accuracy = 50.0 + (i % 400) as f64 / 10.0;
        let all = [accuracy, accuracy + 1.0, accuracy + 2.0];
        format!(
            r#""{arch}": {{"test_acc": {all:?}, "mean_acc": {:?}, "std": 0.8, "params": {}, "flops": 1}}"#,
            accuracy + 1.0,
            1000 + i
        )
    };
    let records: Vec<String> = (0..6561).rev().map(record).collect();
    let dir = tempfile::tempdir().unwrap();
    let text = edit(format!("{{{}}}", records.join(", ")));
    write(&dir.path().join("nasbench-macro/nas-bench-macro_cifar10.json"), text.as_bytes());
    let dirs = DataDirs::only(dir.path());
    (dir, dirs)
}

/// Writes a file, making its folder.
pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub fn query(text: &str) -> Query {
    text.parse().unwrap()
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[track_caller]
pub fn assert_close(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} within {tolerance}");
}
