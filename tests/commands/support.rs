//! Runs that tests of several commands share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::common::run;

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
