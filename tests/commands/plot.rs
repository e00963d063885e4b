//! `untrained plot`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use predicates::prelude::*;
use tempfile::TempDir;

use crate::common::untrained_on;
use crate::support::shared_folder;

/// The folder of a run over all activations, two repetitions, with proxies that cost nothing. All tests share it.
fn run() -> &'static Path {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = shared_folder("plot_run");
        let space = ["score", "--space", "nafbee_vgg19", "--all", "--dataset", "synthetic"];
        let cheap = ["--proxies", "l2_norm,random", "--batch-size", "2", "--repetitions", "2", "--out"];
        untrained_on(Path::new("/nonexistent")).args(space).args(cheap).arg(&folder).assert().success();
        folder
    })
}

fn plot(folder: &TempDir, kind: &str, out: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = untrained_on(Path::new("/nonexistent"));
    command.arg("plot").arg(run()).args(["--kind", kind, "--out", out]).args(more);
    command.current_dir(folder.path()).assert()
}

#[test]
fn every_kind_draws_and_says_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, more, words) in [
        ("scatter", &["--proxies", "l2_norm"][..], "l2_norm on nafbee_vgg19 with synthetic"),
        // The only score that is no baseline.
        ("scatter", &[], "l2_norm on nafbee_vgg19 with synthetic"),
        ("scatter", &["--proxies", "random", "--axis", "signed-log", "--repetition", "1"], "repetition 1"),
        ("bars", &[], "nafbee_vgg19 cifar10"),
        ("bars", &["--figure", "pearson"], "Pearson&apos;s r"),
        ("bars", &["--metric", "regret@2"], "Regret@2"),
        ("box", &[], "each point is a repetition"),
        ("heatmap", &[], "accuracy"),
        ("top1", &["--samples", "2,5", "--trials", "20"], "S = 5: 20 trials"),
    ] {
        plot(&folder, kind, "out.svg", more).success();
        let document = std::fs::read_to_string(folder.path().join("out.svg")).unwrap();
        assert!(document.contains(words), "{kind}: {words} is not in the figure");
        assert!(document.contains("cifar10/validation/200/mean"), "{kind}: which accuracy?");
        assert!(document.contains("untrained --data-dir"), "{kind}: which command?");
    }
}

#[test]
fn the_same_command_writes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let draw = || {
        plot(&folder, "bars", "out.png", &[]).success();
        std::fs::read(folder.path().join("out.png")).unwrap()
    };
    let first = draw();
    assert!(first.starts_with(b"\x89PNG"));
    assert_eq!(first, draw());
}

#[test]
fn scores_made_elsewhere_are_drawn_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().join("mine.csv");
    std::fs::write(&scores, "arch,mine\nReLU,3\nGELU,2.5\nSELU,nan\nELU,1\n").unwrap();
    let mut command = untrained_on(Path::new("/nonexistent"));
    command.args(["plot", "--space", "nafbee_vgg19", "--dataset", "synthetic", "--scores"]).arg(&scores);
    command.args(["--kind", "scatter", "--proxies", "mine", "--out"]).arg(folder.path().join("mine.svg"));
    command.assert().success();
    let document = std::fs::read_to_string(folder.path().join("mine.svg")).unwrap();
    for name in ["ReLU", "GELU", "ELU", "n = 3", "1 excluded"] {
        assert!(document.contains(name), "{name}");
    }
    assert!(!document.contains("SELU"), "its score is not finite");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, out, more, words) in [
        ("bars", "out.pdf", &[][..], ".svg or .png"),
        ("scatter", "out.svg", &["--proxies", "l2_norm,random"], "name it with --proxies"),
        ("scatter", "out.svg", &["--proxies", "zen"], "--proxies zen"),
        ("scatter", "out.svg", &["--proxies", "random", "--repetition", "7"], "--repetition 7"),
        ("top1", "out.svg", &["--samples", "12"], "has only 11"),
        ("heatmap", "out.svg", &["--table-dataset", "cifar10,cifar100"], "one accuracy"),
        ("bars", "no/such/folder/out.svg", &[], "no/such/folder/out.svg"),
    ] {
        plot(&folder, kind, out, more).failure().stderr(predicate::str::contains(words));
    }
}
