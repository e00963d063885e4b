//! Shared by the tests of commands that compare scores with accuracies.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::path::PathBuf;
use std::process::Command;

use assert_cmd::prelude::*;
use untrained::analysis::{Sample, ScoreSet, add_baselines};
use untrained::spaces::NetworkInput;
use untrained::tables::Table;

/// The binary, without any data.
pub fn untrained() -> Command {
    let mut command = Command::cargo_bin("untrained").unwrap();
    command.env("UNTRAINED_DATA", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// What a successful command prints.
pub fn run(args: &[&str]) -> String {
    let assert = untrained().args(args).assert().success();
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// The folder with real data, or `None` after printing that the test is skipped.
pub fn real_data(test: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("UNTRAINED_DATA").map(PathBuf::from).filter(|dir| dir.is_dir());
    if dir.is_none() {
        println!("{test}: skipped, UNTRAINED_DATA names no folder");
    }
    dir
}

/// A small run: the eleven activations, two images, cheap proxies.
pub fn nafbee_run(repetitions: usize) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("run").display().to_string();
    let repetitions = repetitions.to_string();
    run(&[
        "score",
        "--space",
        "nafbee_vgg19",
        "--all",
        "--dataset",
        "synthetic",
        "--proxies",
        "naswot,l2_norm",
        "--batch-size",
        "2",
        "--repetitions",
        &repetitions,
        "--out",
        &folder,
    ]);
    (dir, folder)
}

/// All architectures of a table with the baselines only.
pub fn baselines_of(table: &Table, dataset: &str, input: NetworkInput) -> ScoreSet {
    let samples = vec![Sample { repetition: 0, weight_seed: 0, archs: table.archs().to_vec() }];
    let mut set = ScoreSet {
        space: table.spec().id.to_owned(),
        dataset: dataset.to_owned(),
        input,
        source: "the table".to_owned(),
        stand_in: false,
        samples,
        columns: vec![],
    };
    add_baselines(&mut set).unwrap();
    set
}
