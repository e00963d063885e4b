//! `untrained parity`: agreement with PyTorch on the committed golden set (noise inputs, nothing else needed), and on the
//! full golden files where `UNTRAINED_GOLDEN` and `UNTRAINED_DATA` name them.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use predicates::prelude::*;

use crate::common::{full_golden_set, real_data, untrained};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn parity_on(engine: &str, precision: &str, files: &[PathBuf]) -> Command {
    let mut command = untrained(&[]);
    command.args(["parity", "--device", "cpu", "--engine", engine, "--precision", precision]).args(files);
    command
}

fn parity(precision: &str, files: &[PathBuf]) -> Command {
    parity_on("native", precision, files)
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

/// The committed files; the networks of NDS stand in two files of the full set.
const COMMITTED: [&str; 9] = [
    "nb201.json",
    "nats_sss.json",
    "nafbee_vgg19.json",
    "nasbench101.json",
    "nafbee_bert.json",
    "nds.json",
    "transnas.json",
    "transnas_rbflex.json",
    "plainnet.json",
];
const FULL: [&str; 7] = [
    "nb201.json",
    "nats_sss.json",
    "nafbee_vgg19.json",
    "nds_cell.json",
    "nds_any.json",
    "transnas.json",
    "plainnet.json",
];

fn committed_set_agrees(engine: &str, precision: &str) {
    let assert = parity_on(engine, precision, &COMMITTED.map(golden)).assert().success();
    let [compared, within, outside, unknown, ..] = closing_line(&assert.get_output().stdout);
    assert_eq!(unknown, 0);
    assert!(compared >= 780, "only {compared} records were compared");
    assert_eq!((within, outside), (compared, 0));
}

#[test]
fn committed_set_agrees_in_f32() {
    committed_set_agrees("native", "f32");
}

#[test]
fn committed_set_agrees_in_f64() {
    committed_set_agrees("native", "f64");
}

#[test]
fn committed_set_agrees_on_burn_in_f32() {
    committed_set_agrees("burn", "f32");
}

#[test]
fn committed_set_agrees_on_burn_in_f64() {
    committed_set_agrees("burn", "f64");
}

/// The report on all records of the full golden files, in one precision. CIFAR-10's images are needed.
fn full_set(precision: &str) -> serde_json::Value {
    let files = FULL.map(|name| full_golden_set().join(name));
    let mut command = parity(precision, &files);
    let output = command.env("UNTRAINED_DATA", real_data()).args(["--format", "json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let compared = report["total"]["compared"].as_u64().unwrap();
    assert!(compared >= 2100, "only {compared} records were compared");
    assert_eq!(report["total"]["not_supported"], 0);
    report
}

/// Derivatives, and differences of means, jump when rounding moves one unit over a kink or a maximum to its neighbour:
/// METHODOLOGY section 4. Which records are met is chance, so a share of them is asked for; everything else must agree.
#[test]
#[ignore = "needs UNTRAINED_DATA and UNTRAINED_GOLDEN"]
fn full_set_agrees_in_f32_but_for_flipped_units() {
    let report = full_set("f32");
    let failures = report["failures"].as_array().unwrap();
    // GradSign counts signs, of which those next to zero turn by rounding; exact saliency squares a small difference of two
    // losses; ZiCo divides by deviations of two gradients, which nearly agree for some weights.
    let delicate = [
        "grad_norm",
        "snip",
        "plain",
        "fisher",
        "grasp",
        "jacob_cov",
        "epe_nas",
        "gradsign",
        "rbflex_hda",
        "zico",
        "saliency",
        "az_nas",
    ];
    for failure in failures {
        let proxy = failure["proxy"].as_str().unwrap();
        let hda = proxy == "rbflex" && failure["variant"] == "paper_hda_stable";
        // Weights of a class activation map are gradients; with batch statistics through a hundred layers of ZenNet-1M.
        let cam = proxy == "cam_nas" && failure["variant"].as_str().unwrap().ends_with("/train");
        assert!(hda || cam || delicate.contains(&proxy), "{failure}");
        assert_eq!(failure["agrees_in_f64"], true, "{failure}");
    }
    assert_eq!(report["passes"], true);
    let compared = report["total"]["compared"].as_u64().unwrap();
    assert!(failures.len() as u64 * 50 <= compared, "more than 2 % outside: {failures:#?}");
}

/// The files mark 61 records of NDS, TransNAS and NATS-Bench size networks as noise. Eight more are `gradsign` on gradients that
/// are zero in exact arithmetic, where the proxy counts what rounding may do.
#[test]
#[ignore = "needs UNTRAINED_DATA and UNTRAINED_GOLDEN"]
fn full_set_agrees_in_f64() {
    let report = full_set("f64");
    assert_eq!(report["total"]["outside"], 0, "{:#}", report["failures"]);
    let skipped = report["total"]["skipped"].as_u64().unwrap();
    assert!(skipped <= 61 + 8, "{skipped} records were not compared");
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
        record("nasbench301", "params", "all", "resolution 32", ""),
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
