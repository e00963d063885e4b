//! Shared by the tests of commands that compare scores with accuracies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use assert_cmd::prelude::*;

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

/// The folder of a small run: the eleven activations, two images, cheap proxies, one to three repetitions. All tests share it, so
/// none may write to it.
pub fn nafbee_run(repetitions: usize) -> &'static str {
    static RUNS: [OnceLock<String>; 3] = [const { OnceLock::new() }; 3];
    RUNS[repetitions - 1].get_or_init(|| score_nafbee(&repetitions.to_string()))
}

fn score_nafbee(repetitions: &str) -> String {
    let folder = shared_folder(&format!("nafbee_run_{repetitions}")).display().to_string();
    let space = ["score", "--space", "nafbee_vgg19", "--all", "--dataset", "synthetic"];
    let cheap = ["--proxies", "naswot,l2_norm", "--batch-size", "2", "--repetitions", repetitions];
    run(&[&space[..], &cheap, &["--out", &folder]].concat());
    folder
}

/// Where a test may leave a run for others: a path without what an earlier build left there, which would be gone on with.
pub fn shared_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}
