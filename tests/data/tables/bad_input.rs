//! Damaged or missing tables: the error names the place and what to do.

use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use untrained::data::{DataDirs, Silent};
use untrained::tables::{self, ImportOptions, OnError, Query, TableError};

use super::support::{macro_folder, sss_folder, write};
use crate::common::real_file;

/// The message of loading NATS-SSS from a made-up file after `edit`.
fn sss_error(edit: impl FnOnce(String) -> String) -> String {
    let (_dir, dirs) = sss_folder(edit);
    tables::load_with_cache("nats_sss", &dirs, None).unwrap_err().to_string()
}

#[track_caller]
fn assert_mentions(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
}

#[test]
fn an_undamaged_made_up_table_loads() {
    let (_dir, dirs) = sss_folder(|text| text);
    let table = tables::load_with_cache("nats_sss", &dirs, None).unwrap();
    assert_eq!(table.params(7, "cifar10"), Some(10_007));
    assert_eq!(table.params(7, "cifar100"), None);
    assert_eq!(table.available(), ["cifar10/test/90/mean".parse::<Query>().unwrap()]);
}

#[test]
fn a_truncated_table_is_refused_at_its_last_line() {
    let message = sss_error(|text| text[..text.len() / 2].to_owned());
    assert_mentions(&message, &["Cifar10-NATS.csv, line ", "truncated", "untrained data verify"]);
    // Cut between lines, inside the last field, and before the last newline.
    let message = sss_error(|text| text.split_inclusive('\n').take(101).collect());
    assert_mentions(&message, &["ends after 100 of 32768 rows"]);
    let message = sss_error(|text| text.trim_end().to_owned());
    assert_mentions(&message, &["line 32769", "last line has no end"]);
}

#[test]
fn accuracies_that_are_no_percentages_are_refused_with_their_line() {
    for bad in ["NaN", "inf", "-1", "100.5", "", "high"] {
        let message = sss_error(|text| text.replace("4,4,10004,50.4", &format!("4,4,10004,{bad}")));
        assert_mentions(&message, &["line 6", "accuracy"]);
    }
    let message = sss_error(|text| text.replace(",5", ",0.5").replace(",6", ",0.6").replace(",7", ",0.7"));
    assert!(message.contains("line"), "{message}");
}

#[test]
fn fractions_in_place_of_percent_are_recognised() {
    let message = sss_error(|text| {
        let mut lines = text.lines();
        let header = lines.next().unwrap().to_owned();
        lines.fold(header + "\n", |all, line| all + line.rsplit_once(',').unwrap().0 + ",0.5\n")
    });
    assert_mentions(&message, &["fractions where percent are due"]);
}

#[test]
fn gaps_extra_rows_and_wrong_headers_are_refused() {
    let message = sss_error(|text| text.replacen("10,10,10010", "10,12,10010", 1));
    assert_mentions(&message, &["line 12", "index 12 stands where 10 is due"]);
    let message = sss_error(|text| text + "32768,32768,1,50\n");
    assert_mentions(&message, &["line 32770", "more than 32768 rows"]);
    let message = sss_error(|text| text.replacen("accuracy", "acc", 1));
    assert_mentions(&message, &["line 1", "no column 'accuracy'", "num_param"]);
    let message = sss_error(|text| text.replacen("3,3,10003,50.3", "3,3,10003", 1));
    assert_mentions(&message, &["line 5", "3 fields instead of 4"]);
    let message = sss_error(|_| String::new());
    assert_mentions(&message, &["line 1", "no column"]);
}

#[test]
fn a_file_that_is_not_text_is_refused() {
    let (dir, dirs) = sss_folder(|text| text);
    write(&dir.path().join("tables/Cifar10-NATS.csv"), b",index,num_param,accuracy\n0,0,1,\xff\xfe\n");
    let message = tables::load_with_cache("nats_sss", &dirs, None).unwrap_err().to_string();
    assert_mentions(&message, &["line 2", "not UTF-8"]);
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn swapped_isomorphism_strings_and_duplicates_are_refused() {
    let path = real_file("tables/nats_bench.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let damaged = |line: &str| {
        let mut lines = lines.clone();
        lines[7] = line;
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("nats_bench.csv"), (lines.join("\n") + "\n").as_bytes());
        tables::load_with_cache("nasbench201", &DataDirs::only(dir.path()), None).unwrap_err().to_string()
    };
    assert_mentions(&damaged(lines[3]), &["nats_bench.csv", "occurs twice"]);
    let (kept, _) = lines[7].rsplit_once(',').unwrap();
    assert_mentions(&damaged(&format!("{kept},0")), &["line 8", "isomorphism string '0'"]);
    assert_mentions(&damaged("90,70,40,|conv~0|,0"), &["line 8", "no NAS-Bench-201 architecture"]);
}

/// The message of loading NAS-Bench-Macro from a made-up file after `edit`.
fn macro_error(edit: impl FnOnce(String) -> String) -> String {
    let (_dir, dirs) = macro_folder(edit);
    tables::load_with_cache("nasbench_macro", &dirs, None).unwrap_err().to_string()
}

#[test]
fn a_made_up_json_table_loads_and_comes_from_the_cache() {
    let (dir, dirs) = macro_folder(|text| text);
    let cache = dir.path().join("cache");
    for _ in 0..2 {
        let table = tables::load_with_cache("nasbench_macro", &dirs, Some(&cache)).unwrap();
        assert_eq!((table.arch(5), table.params(5, "cifar10")), ("00000012", Some(1005)));
        let runs =
            ["0", "1", "2", "mean"].map(|run| format!("cifar10/test/50/{run}").parse::<Query>().unwrap());
        assert_eq!(runs.map(|query| table.accuracy(5, &query).unwrap()), [50.5, 51.5, 52.5, 51.5]);
        // Behind the first layer of a stage identities may stand anywhere.
        let class = |arch| table.isomorphism_class(table.find(arch).unwrap());
        assert_eq!(class("00001000"), class("00010000"));
        assert_ne!(class("00100000"), class("00010000"));
        assert_eq!(table.provenance().kind, "JSON files");
    }
}

/// Records are counted from 0 in the order of the file, which begins with 22222222.
#[test]
fn malformed_records_are_named() {
    let first = r#""22222222": {"test_acc": [66.0, 67.0, 68.0], "mean_acc": 67.0,"#;
    let changed = |to: &str| macro_error(|text| text.replacen(first, to, 1));
    assert!(macro_error(|text| text.replacen(first, "", 1)).contains("nas-bench-macro_cifar10.json"));
    for (to, parts) in [
        (r#""2222222": {"test_acc": [66.0, 67.0, 68.0], "mean_acc": 67.0,"#, &["record 0", "7 digits"][..]),
        (
            r#""22222223": {"test_acc": [66.0, 67.0, 68.0], "mean_acc": 67.0,"#,
            &["record 0", "must be 0, 1 or 2"],
        ),
        (r#""22222222": {"test_acc": [66.0, 67.0], "mean_acc": 67.0,"#, &["record 0", "22222222"]),
        (r#""22222222": {"test_acc": [66.0, 67.0, 168.0], "mean_acc": 67.0,"#, &["record 0", "accuracy 168"]),
        (r#""22222222": {"test_acc": [66.0, 67.0, "x"], "mean_acc": 67.0,"#, &["record 0", "22222222"]),
        (r#""22222222": {"test_acc": [66.0, 67.0, 68.0], "mean_acc": 66.0,"#, &["record 0", "mean accuracy"]),
        (r#""22222222": {"test_acc": [66.0, 67.0, 68.0],"#, &["record 0", "mean_acc"]),
        (r#""22222221": {"test_acc": [66.0, 67.0, 68.0], "mean_acc": 67.0,"#, &["'22222221' occurs twice"]),
    ] {
        assert_mentions(&changed(to), parts);
    }
    assert_mentions(
        &macro_error(|text| text.replacen("\"params\": 1003", "\"params\": -3", 1)),
        &["record 6557", "00000010"],
    );
    let cut_off = macro_error(|text| text[..text.len() / 2].to_owned());
    assert_mentions(&cut_off, &["nas-bench-macro_cifar10.json", "EOF", "line 1 column"]);
    assert_mentions(
        &macro_error(|text| format!("{{{first} \"params\": 1}}, {}", &text[1..])),
        &["more than 6561"],
    );
    assert_mentions(&macro_error(|_| "{}".to_owned()), &["0 architectures instead of 6561"]);
    assert_mentions(&macro_error(|_| "[]".to_owned()), &["an object of architectures"]);
}

/// A data folder whose NAS-Bench-101 file holds this text, packed.
fn packed_cells(text: &str) -> (tempfile::TempDir, DataDirs) {
    let mut packer = GzEncoder::new(vec![], Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("nasbench101/nasbench101_compact.csv.gz"), &packer.finish().unwrap());
    let dirs = DataDirs::only(dir.path());
    (dir, dirs)
}

#[test]
fn malformed_cells_are_named() {
    let error = |text: &str| {
        let (_dir, dirs) = packed_cells(text);
        tables::load_with_cache("nasbench101", &dirs, None).unwrap_err().to_string()
    };
    let second = |row: &str| {
        error(&format!("vertices,bits,ops,params,test_acc\n7,1205349,02001,8555530,0.920606\n{row}\n"))
    };
    for (row, part) in [
        ("7,1335845,11010,5878154", "no five fields"),
        ("7,1335845,11010,5878154,0.886452,", "no five fields"),
        ("6,1335845,11010,5878154,0.886452", "'6' vertices, but 5 operations"),
        ("7,x,11010,5878154,0.886452", "'x' are no edges"),
        ("7,4194303,11010,5878154,0.886452", "edges between more than 7 vertices"),
        ("7,2097151,11010,5878154,0.886452", "21 edges"),
        ("3,3,1,882570,0.886452", "no vertex reads vertex 1"),
        ("7,1335845,11310,5878154,0.886452", "operation '3'"),
        ("7,1335845,11010,-5,0.886452", "'-5' is no count"),
        ("7,1335845,11010,5878154,1.886452", "accuracy '1.886452'"),
        ("7,1335845,11010,5878154,NaN", "accuracy 'NaN'"),
        ("4,51,10,1,0.5", "numbers the vertices"),
    ] {
        assert_mentions(&second(row), &["nasbench101_compact.csv.gz, record 1: ", part, "--skip-malformed"]);
    }
    assert_mentions(&second("2,1,,882570,0.837707"), &["2 architectures instead of 423624"]);
    assert_mentions(&second("7,1205349,02001,8555530,0.920606"), &["2 architectures instead of 423624"]);
    assert_mentions(&error("vertices,bits,ops,params\n"), &["line 1", "header is not"]);
    assert_mentions(&error("vertices,bits,ops,params,test_acc\n7,1"), &["truncated"]);
    assert_mentions(&error(""), &["line 1", "header is not"]);
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn a_cut_off_archive_of_cells_is_refused_and_malformed_ones_can_be_left_out() {
    let path = real_file("nasbench101/nasbench101_compact.csv.gz");
    let whole = std::fs::read(path).unwrap();
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("nasbench101_compact.csv.gz"), &whole[..whole.len() / 2]);
    let load = |dirs: &DataDirs| tables::load_with_cache("nasbench101", dirs, None);
    let message = load(&DataDirs::only(dir.path())).unwrap_err().to_string();
    assert_mentions(&message, &["nasbench101_compact.csv.gz", "cannot be unpacked"]);

    let mut text = String::new();
    flate2::read::GzDecoder::new(&whole[..]).read_to_string(&mut text).unwrap();
    let text = text.replacen("7,1335845,11010,5878154,", "7,1335845,11010,many,", 1);
    let (dir, dirs) = packed_cells(&text);
    assert_mentions(&load(&dirs).unwrap_err().to_string(), &["record 1", "'many' is no count"]);
    let cache = dir.path().join("cache");
    let options = |on_error| ImportOptions { source: None, cache: Some(cache.clone()), on_error };
    assert!(tables::import("nasbench101", &dirs, &options(OnError::Stop), &Silent).is_err());
    let report = tables::import("nasbench101", &dirs, &options(OnError::Skip), &Silent).unwrap();
    assert_eq!((report.imported, report.malformed.len()), (423_623, 1));
    let table = tables::load_with_cache("nasbench101", &dirs, Some(&cache)).unwrap();
    assert_eq!(table.len(), 423_623);
    assert_eq!(table.params(1, "cifar10"), Some(3_729_162));
}

#[test]
fn a_missing_table_names_the_folder_and_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let message =
        tables::load_with_cache("nasbench201", &DataDirs::only(dir.path()), None).unwrap_err().to_string();
    assert_mentions(&message, &[&dir.path().display().to_string(), "untrained data fetch nasbench201"]);
}

#[test]
fn a_query_that_cannot_be_answered_lists_those_that_can() {
    let (_dir, dirs) = sss_folder(|text| text);
    let table = tables::load_with_cache("nats_sss", &dirs, None).unwrap();
    for text in ["cifar10/validation/90/mean", "cifar10/test/12/mean", "cifar10/test/90/777"] {
        let error = table.accuracy(0, &text.parse().unwrap()).unwrap_err();
        assert!(matches!(error, TableError::NoAnswer { .. }));
        assert_mentions(&error.to_string(), &[text, "cifar10/test/90/mean", "official archive"]);
    }
    let message = table.column(&"sst2/test/90/mean".parse().unwrap()).unwrap_err().to_string();
    assert!(!message.contains("archive"), "{message}");
    let outside = table.accuracy(32_768, &"cifar10/test/90/mean".parse().unwrap()).unwrap_err();
    assert_mentions(&outside.to_string(), &["0 to 32767"]);
}

#[test]
fn an_unknown_architecture_points_to_the_nearest() {
    let table =
        tables::load_with_cache("nafbee_vgg19", &DataDirs::only(Path::new("/nonexistent")), None).unwrap();
    assert_mentions(&table.find("relu").unwrap_err().to_string(), &["'relu'", "nearest is 'ReLU'"]);
    let (_dir, dirs) = sss_folder(|text| text);
    let table = tables::load_with_cache("nats_sss", &dirs, None).unwrap();
    assert_mentions(&table.find("8:8:8:8").unwrap_err().to_string(), &["nearest is '8:8:8:8:8'"]);
    assert_eq!(table.index_of("8:8:8:8:9"), None);
}
