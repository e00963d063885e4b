//! `untrained parity`: agreement with PyTorch on the committed golden set (noise inputs, nothing else needed), and on the
//! full golden files where `UNTRAINED_GOLDEN` and `UNTRAINED_DATA` name them.

use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::prelude::*;
use predicates::prelude::*;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn parity(precision: &str, files: &[PathBuf]) -> Command {
    let mut command = Command::cargo_bin("untrained").unwrap();
    command.args(["parity", "--device", "cpu", "--precision", precision]).args(files);
    command
}

/// The counts of the closing line: compared, within, outside, not supported, skipped, tolerance over 1 %.
fn closing_line(output: &[u8]) -> [usize; 6] {
    let text = String::from_utf8_lossy(output);
    let last = text.lines().last().unwrap_or_default();
    let numbers: Vec<usize> =
        last.split(", ").filter_map(|part| part.rsplit(' ').next()?.parse().ok()).collect();
    assert!(last.starts_with("compared "), "{text}");
    numbers.try_into().unwrap()
}

const FILES: [&str; 3] = ["nb201.json", "nats_sss.json", "nafbee_vgg19.json"];

fn committed_set_agrees(precision: &str) {
    let assert = parity(precision, &FILES.map(golden)).assert().success();
    let [compared, within, outside, ..] = closing_line(&assert.get_output().stdout);
    assert!(compared >= 160, "only {compared} records were compared");
    assert_eq!((within, outside), (compared, 0));
}

#[test]
fn committed_set_agrees_in_f32() {
    committed_set_agrees("f32");
}

#[test]
fn committed_set_agrees_in_f64() {
    committed_set_agrees("f64");
}

/// All records of the full golden files, in one precision; CIFAR-10 images are needed.
fn full_set_agrees(precision: &str) {
    let (Some(folder), Some(_)) = (std::env::var_os("UNTRAINED_GOLDEN"), std::env::var_os("UNTRAINED_DATA"))
    else {
        println!("skipped: UNTRAINED_GOLDEN and UNTRAINED_DATA are not both set");
        return;
    };
    let files = FILES.map(|name| Path::new(&folder).join(name));
    let assert = parity(precision, &files).assert().success();
    let [compared, within, outside, ..] = closing_line(&assert.get_output().stdout);
    assert!(compared >= 750, "only {compared} records were compared");
    assert_eq!((within, outside), (compared, 0));
}

#[test]
fn full_set_agrees_in_f32() {
    full_set_agrees("f32");
}

#[test]
fn full_set_agrees_in_f64() {
    full_set_agrees("f64");
}

/// A value that is not ours must be found out.
#[test]
fn a_wrong_value_fails_with_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.json");
    let record = r#"{"space":"nats_sss","arch":"8:8:8:8:8","seed":0,"init":"default","input":null,"batch":null,
        "proxy":"params","variant":"all","value":11715.0,"exact":true}"#;
    std::fs::write(&path, format!(r#"{{"networks":[],"records":[{record}]}}"#)).unwrap();
    let assert = parity("f32", &[path]).assert().code(1);
    assert_eq!(closing_line(&assert.get_output().stdout), [1, 0, 1, 0, 0, 0]);
}

#[test]
fn what_is_not_known_is_counted_and_not_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.json");
    let record = |space: &str, proxy: &str, variant: &str, input: &str, more: &str| {
        format!(
            r#"{{"space":"{space}","arch":"8:8:8:8:8","seed":7,"init":"default","input":"{input}","batch":4,
            "proxy":"{proxy}","variant":"{variant}","value":1.0{more}}}"#
        )
    };
    let noise = "normal(input) 4x3x32x32, labels cifar10_test[0..4]";
    let records = [
        record("plainnet", "params", "all", "resolution 32", ""),
        record("nats_sss", "divination", "all", noise, ""),
        record("nats_sss", "naswot", "thrice", noise, ""),
        record("nats_sss", "naswot", "single_count", "moonlight", ""),
        record("nats_sss", "naswot", "single_count", noise, r#","rtol_f32":1e-5,"unstable":true"#),
        record("nats_sss", "naswot", "single_count", noise, r#","degenerate":"noise""#),
    ];
    std::fs::write(&path, format!(r#"{{"records":[{}]}}"#, records.join(","))).unwrap();
    let assert = parity("f32", &[path]).assert().success();
    assert_eq!(closing_line(&assert.get_output().stdout), [0, 0, 0, 4, 2, 0]);
}

#[test]
fn a_malformed_architecture_in_a_golden_file_is_outside_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.json");
    let record = r#"{"space":"nb201","arch":"|none~0|","seed":0,"proxy":"params","variant":"all","value":1,"exact":true}"#;
    std::fs::write(&path, format!(r#"{{"records":[{record}]}}"#)).unwrap();
    parity("f32", &[path])
        .assert()
        .code(1)
        .stdout(predicate::str::contains("not a nasbench201 architecture"));
}

#[test]
fn unreadable_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.json");
    std::fs::write(&path, r#"{"networks": [], "records": [{"space": "nb2"#).unwrap();
    parity("f32", &[path]).assert().code(1).stderr(predicate::str::contains("cut.json is not a golden file"));
    let missing = folder.path().join("none.json");
    parity("f32", &[missing]).assert().code(1).stderr(predicate::str::contains("none.json"));
}

#[test]
fn json_output_carries_the_same_counts() {
    let assert = parity("f32", &[golden("nats_sss.json")]).args(["--format", "json"]).assert().success();
    let value: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(value["total"]["outside"], 0);
    assert_eq!(value["total"]["compared"], value["total"]["within"]);
}
