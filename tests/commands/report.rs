//! `untrained report`.

use std::path::Path;

use predicates::prelude::*;

use crate::common::untrained_on;
use crate::support::nafbee_run;

#[test]
fn a_run_becomes_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("page.html");
    let mut command = untrained_on(Path::new("/nonexistent"));
    command.arg("report").arg(nafbee_run(2)).arg("--out").arg(&out).assert().success();
    let text = std::fs::read_to_string(&out).unwrap();
    for words in ["naswot has Kendall", "untrained score", "plotly.js", "cifar10/validation/200/mean"] {
        assert!(text.contains(words), "{words} is not in the page");
    }
}

#[test]
fn a_folder_that_is_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = untrained_on(Path::new("/nonexistent"));
    let failed = command.current_dir(folder.path()).args(["report", "."]).assert().failure();
    failed.stderr(predicate::str::contains("error: "));
    std::fs::create_dir(folder.path().join("runs")).unwrap();
    let mut command = untrained_on(Path::new("/nonexistent"));
    let failed = command.current_dir(folder.path()).args(["report", "."]).assert().failure();
    failed.stderr(predicate::str::contains("repeat the `untrained study` command"));
    assert!(!folder.path().join("page.html").exists());
}

#[test]
fn regions_of_a_page_are_filled_from_results() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/results/nats-10x1000/correlations.csv");
    std::fs::write(&page, format!("<!-- from {file}: tau_b of synflow -->\n<!-- end -->\n")).unwrap();
    let splice = || {
        let mut command = untrained_on(Path::new("/nonexistent"));
        command.arg("report").arg("--splice").arg(&page);
        command.assert()
    };
    splice().success().stdout(predicate::str::contains("changed"));
    assert!(std::fs::read_to_string(&page).unwrap().contains("| `synflow` | 0.586 ± 0.010 |"));
    splice().success().stdout(predicate::str::contains("as it was"));
    std::fs::write(&page, "nothing to fill\n").unwrap();
    splice().failure().stderr(predicate::str::contains("put `<!-- from FILE: WHAT -->`"));
}

#[test]
fn shells_and_manuals_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let on = || untrained_on(Path::new("/nonexistent"));
    for shell in ["bash", "zsh", "fish"] {
        let printed = on().args(["completions", shell]).assert().success();
        printed.stdout(predicate::str::contains("correlate").and(predicate::str::contains("report")));
    }
    let pages = folder.path().join("man1");
    on().args(["man", "--out"]).arg(&pages).assert().success();
    let score = std::fs::read_to_string(pages.join("untrained-score.1")).unwrap();
    assert!(score.contains("Examples") && pages.join("untrained.1").exists());
}
