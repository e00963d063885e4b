//! Spaces that are lists of records, from the list to a search (the list is of our own making).

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

use crate::common::untrained_on;

/// The program with a data folder, in which its cache is, too.
fn with_cache(data: &Path) -> Command {
    let mut command = untrained_on(data);
    command.env("UNTRAINED_CACHE", data.join("cache"));
    command
}

/// Six small networks of cells; wider ones err less.
fn data() -> tempfile::TempDir {
    let record = |i: usize| {
        let other = ["skip_connect", "avg_pool_3x3", "none"][i % 3];
        format!(
            r#"{{"params": 1, "net": {{"width": {}, "depth": 3, "genotype": {{
                "normal": [["sep_conv_3x3", 0], ["{other}", 1]], "normal_concat": [2],
                "reduce": [["max_pool_3x3", 0], ["skip_connect", 1]], "reduce_concat": [2]}}}}, "test_ep_top1": [90.0, {}.5]}}"#,
            4 + 2 * i,
            30 - i
        )
    };
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<String> = (0..6).map(record).collect();
    let text = format!(r#"{{"top": [{}], "mid": [{}]}}"#, records[..2].join(","), records[2..].join(","));
    std::fs::create_dir_all(dir.path().join("nds")).unwrap();
    std::fs::write(dir.path().join("nds/DARTS.json"), text).unwrap();
    dir
}

const SMALL: [&str; 6] = ["--dataset", "synthetic", "--batch-size", "4", "--resolution", "16"];

#[test]
fn files_may_name_records() {
    let data = data();
    let list = data.path().join("archs.txt");
    let score = |lines: &str| {
        std::fs::write(&list, lines).unwrap();
        let mut command = with_cache(data.path());
        command.args(["score", "--space", "nds_darts", "--proxies", "params", "--list", "--archs"]);
        command.arg(&list).args(SMALL).assert()
    };
    let plan = score("#1\n\nDARTS#5/imagenet\n").success().get_output().stdout.clone();
    assert!(String::from_utf8(plan).unwrap().contains("2 architectures of"));
    score("#1\n#9\n")
        .failure()
        .stderr(predicate::str::contains("archs.txt, line 2: table 'nds_darts' has no record '#9'"));
    score("#1\ndarts\n").failure().stderr(predicate::str::contains("line 2: not a nds_darts architecture"));
    // Without the list a label says what is missing.
    std::fs::remove_file(data.path().join("nds/DARTS.json")).unwrap();
    score("#1\n").failure().stderr(predicate::str::contains("line 1: table 'nds_darts' is not in"));
}

#[test]
fn a_list_is_scored_correlated_searched_and_drawn() {
    let data = data();
    let run = data.path().join("run");
    let score = |more: &[&str]| {
        let mut command = with_cache(data.path());
        command.args(["score", "--space", "nds_darts", "--proxies", "params,naswot,random"]).args(SMALL);
        command.args(more).arg("--out").arg(&run).assert()
    };
    score(&["--all"]).success().stdout(predicate::str::contains("18 records"));
    let on_run = |words: &[&str]| {
        let output =
            with_cache(data.path()).args(words).arg(&run).assert().success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    };
    // Parameters grow with the width, and so does the made-up accuracy.
    let correlations: serde_json::Value =
        serde_json::from_str(&on_run(&["correlate", "--format", "json"])).unwrap();
    assert!(correlations.to_string().contains("cifar10/test/100/mean"), "{correlations}");
    let text = on_run(&["correlate"]);
    let params = text.lines().find(|line| line.trim_start().starts_with("params")).unwrap_or_default();
    assert!(params.contains("1.000"), "{text}");
    assert!(
        on_run(&["search", "--samples", "2,6", "--trials", "20"]).contains("74.5"),
        "with all drawn, the widest"
    );
    let figure = data.path().join("figure.svg");
    on_run(&["plot", "--kind", "scatter", "--proxies", "naswot", "--out", figure.to_str().unwrap()]);
    assert!(std::fs::read_to_string(figure).unwrap().contains("nds_darts"));
    let more = tempfile::tempdir().unwrap();
    let mut command = with_cache(data.path());
    command.args(["score", "--space", "nds_darts", "--proxies", "params", "--sample", "7"]).args(SMALL);
    let refused = predicate::str::contains("nds_darts has 6 architectures, not 7");
    command.arg("--out").arg(more.path().join("run")).assert().failure().stderr(refused);
}

#[test]
fn records_have_labels() {
    let data = data();
    let one = |space: &str, arch: &str| {
        let mut command = with_cache(data.path());
        command.args(["score", "--space", space, "--arch", arch, "--proxies", "params"]).args(SMALL);
        command.assert()
    };
    let arch = "w8:d3:n=sep_conv_3x3@0+none@1=2:r=max_pool_3x3@0+skip_connect@1=2";
    one("nds_darts", "#2").success().stdout(predicate::str::contains(format!("cifar:{arch}")));
    one("nds_darts", "DARTS#2/imagenet")
        .success()
        .stdout(predicate::str::contains(format!("imagenet:{arch}")));
    one("nds_darts", "#6").failure().stderr(predicate::str::contains("no record '#6'"));
    one("nds_enas", "#0").failure().stderr(predicate::str::contains("untrained data fetch nds"));
    one("nds_resnet:naswot", "res_basic:w16s1:d1w16s1-d1w32s2").success();
}

#[test]
fn an_import_replaces_the_list() {
    let data = data();
    with_cache(data.path())
        .args(["data", "import", "nds_darts"])
        .assert()
        .success()
        .stdout(predicate::str::contains("6 records read"));
    std::fs::remove_file(data.path().join("nds/DARTS.json")).unwrap();
    let query = [
        "query",
        "--table",
        "nds_darts",
        "--arch",
        "#5",
        "--dataset",
        "cifar10",
        "--split",
        "test",
        "--epochs",
        "100",
    ];
    with_cache(data.path())
        .args(query)
        .args(["--runs", "mean"])
        .assert()
        .success()
        .stdout(predicate::str::contains("74.5 %"));
}
