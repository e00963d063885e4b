//! Lists of NDS records: both official forms, damaged ones (files of our own making), and facts of the real ones.

use untrained::data::{DataDirs, Silent};
use untrained::tables::{self, ImportOptions, OnError, Query, Table};

use super::support::{assert_close, max, write};
use crate::common::real_dirs;

/// A record like the official ones, of a CIFAR-10 list; `width` tells the networks apart.
fn record(width: usize, errors: &str) -> String {
    let cell = r#"[["sep_conv_3x3", 0], ["skip_connect", 1]]"#;
    format!(
        r#"{{"job_id": "1", "params": {}, "flops": 7, "net": {{"aux": false, "depth": 3, "drop_prob": 0.0, "width": {width},
            "genotype": {{"normal": {cell}, "normal_concat": [2], "reduce": {cell}, "reduce_concat": [2]}}}},
            "optim": {{"max_ep": 3, "note": "NaN, \"Infinity\""}}, "min_test_top1": 5.0, "test_ep_top1": {errors},
            "train_ep_loss": [NaN, Infinity]}}"#,
        1000 + width
    )
}

fn arch(width: usize) -> String {
    format!("cifar:w{width}:d3:n=sep_conv_3x3@0+skip_connect@1=2:r=sep_conv_3x3@0+skip_connect@1=2")
}

fn folder(text: &str) -> (tempfile::TempDir, DataDirs) {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("nds/DARTS.json"), text.as_bytes());
    let dirs = DataDirs::only(dir.path());
    (dir, dirs)
}

fn load(text: &str) -> Result<Table, String> {
    let (_dir, dirs) = folder(text);
    tables::load_with_cache("nds_darts", &dirs, None).map_err(|e| e.to_string())
}

fn query() -> Query {
    "cifar10/test/100/mean".parse().unwrap()
}

#[test]
fn both_forms_of_a_file_are_read() {
    let (a, b, c) = (record(8, "[90, 20.5]"), record(10, "[7.25]"), record(12, "[50.0, NaN, 30]"));
    for text in
        [format!("[{a}, {b}, {c}]"), format!(r#"{{"mid": [{c}], "notes": {{"x": [1]}}, "top": [{a}, {b}]}}"#)]
    {
        let table = load(&text).unwrap();
        assert_eq!(table.archs(), [arch(8), arch(10), arch(12)]);
        assert_eq!(*table.column(&query()).unwrap(), [79.5, 92.75, 70.0]);
        assert_eq!(table.params(1, "cifar10"), Some(1010));
        assert_eq!(table.available(), [query()]);
    }
}

/// A network that was trained twice stands once, with the mean; records keep their numbers.
#[test]
fn records_of_one_network_are_runs_of_it() {
    let records = [record(8, "[20]"), record(10, "[30]"), record(8, "[10]")];
    let table = load(&format!("[{}]", records.join(","))).unwrap();
    assert_eq!(table.archs(), [arch(8), arch(10)]);
    assert_eq!(*table.column(&query()).unwrap(), [85.0, 70.0]);
    assert_eq!(
        (table.record(0), table.record(1), table.record(2), table.record(3)),
        (Some(0), Some(1), Some(0), None)
    );
    for (label, index) in [("#2", 0), ("DARTS#1", 1), (arch(10).as_str(), 1)] {
        assert_eq!(table.named(label).unwrap(), index, "{label}");
    }
    for label in ["#3", "ENAS#1", "DARTS_in#1"] {
        let message = table.named(label).unwrap_err().to_string();
        assert!(message.contains(label) && message.contains("no record"), "{message}");
    }
}

#[test]
fn damaged_files_say_where() {
    let good = record(8, "[20]");
    for (text, parts) in [
        (String::new(), &["DARTS.json", "EOF"][..]),
        (good[..good.len() / 2].to_owned(), &["DARTS.json", "line"]),
        (format!("[{good}"), &["DARTS.json, line"]),
        (format!("[{good}] trailing"), &["trailing"]),
        ("7".to_owned(), &["a list of records, or an object"]),
        (format!(r#"{{"top": [{good}]}}"#), &["mid"]),
        ("[]".to_owned(), &["no architectures"]),
        (format!("[{good}, 3]"), &["line"]),
        (format!("[{good}, {{}}]"), &["DARTS.json, record 1", "`net`"]),
        (format!("[{good}, {}]", record(10, "[]")), &["record 1", "empty"]),
        (format!("[{good}, {}]", record(10, "[20, NaN]")), &["record 1", "null"]),
        (format!("[{}]", record(10, "[120]")), &["record 0", "120"]),
        (
            format!("[{}]", good.replace("sep_conv_3x3", "sep_conv_8x8")),
            &["record 0", "sep_conv_8x8", "known"],
        ),
        (
            format!("[{}]", good.replace("\"skip_connect\", 1", "\"skip_connect\", 4")),
            &["record 0", "input of a node"],
        ),
        (format!("[{}]", good.replace("1008", "-3")), &["record 0", "`params`"]),
        (format!("[{}]", good.replace("\"depth\": 3,", "")), &["record 0", "lacks `depth`"]),
    ] {
        let message = load(&text).unwrap_err();
        for part in parts {
            assert!(message.contains(part), "'{part}' is not in: {message}");
        }
    }
}

#[test]
fn an_import_keeps_the_records_and_may_leave_bad_ones_out() {
    let text =
        format!("[{}, {}, {}, {}]", record(8, "[20]"), record(9, "[]"), record(8, "[10]"), record(10, "[1]"));
    let (dir, dirs) = folder(&text);
    let cache = tempfile::tempdir().unwrap();
    let mut options =
        ImportOptions { source: None, cache: Some(cache.path().into()), on_error: OnError::Stop };
    let message = tables::import("nds_darts", &dirs, &options, &Silent).unwrap_err().to_string();
    assert!(message.contains("record 1") && message.contains("--skip-malformed"), "{message}");
    options.on_error = OnError::Skip;
    let report = tables::import("nds_darts", &dirs, &options, &Silent).unwrap();
    assert_eq!((report.imported, report.malformed.len()), (3, 1));
    // Record numbers are still those of the file.
    std::fs::remove_file(dir.path().join("nds/DARTS.json")).unwrap();
    let table = tables::load_with_cache("nds_darts", &dirs, Some(cache.path())).unwrap();
    assert_eq!(*table.column(&query()).unwrap(), [85.0, 99.0]);
    assert_eq!((table.record(2), table.record(3), table.record(1)), (Some(0), Some(1), None));
    assert_eq!(table.provenance().kind, "JSON files");
}

#[test]
fn the_cache_gives_the_same_table() {
    let (_dir, dirs) = folder(&format!("[{}, {}]", record(8, "[20]"), record(10, "[30]")));
    let cache = tempfile::tempdir().unwrap();
    let first = tables::load_with_cache("nds_darts", &dirs, Some(cache.path())).unwrap();
    assert!(cache.path().join("index.json").exists());
    let second = tables::load_with_cache("nds_darts", &dirs, Some(cache.path())).unwrap();
    assert_eq!((first.archs(), first.provenance()), (second.archs(), second.provenance()));
    assert_eq!((second.record(1), second.params(1, "cifar10")), (Some(1), Some(1010)));
    assert_eq!(first.column(&query()).unwrap(), second.column(&query()).unwrap());
}

#[test]
fn a_missing_list_names_its_entry() {
    let dir = tempfile::tempdir().unwrap();
    let error =
        tables::load_with_cache("nds_resnext_b:naswot", &DataDirs::only(dir.path()), None).unwrap_err();
    assert!(error.to_string().contains("untrained data fetch nds`"), "{error}");
}

/// Lengths and the smallest last test error of the ImageNet lists, taken from the files with a JSON reader of another language.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn the_imagenet_lists_have_the_known_facts() {
    for (id, networks, best) in FACTS {
        let table = tables::load_with_cache(id, &real_dirs(), None).unwrap();
        let column = table.column(&"imagenet/test/50/mean".parse().unwrap()).unwrap();
        assert_eq!(table.len(), networks, "{id}");
        assert_close(max(&column), best, 1e-9);
    }
}

const FACTS: [(&str, usize, f64); 7] = [
    ("nds_amoeba_in", 124, 71.856),
    ("nds_darts_in", 121, 72.000),
    ("nds_enas_in", 117, 71.072),
    ("nds_nasnet_in", 122, 69.544),
    ("nds_pnas_in", 119, 71.116),
    ("nds_resnext_a_in", 130, 70.016),
    ("nds_resnext_b_in", 164, 72.546),
];
