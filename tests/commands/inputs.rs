//! Inputs as people have them: other notations and dialects at every entrance, scores in other tools' files.

use std::fs;

use crate::common::{run, untrained};
use crate::runs;
use crate::support::nafbee_run;
use predicates::str::contains;
use untrained::analysis::from_run;
use untrained::store::Run;

/// Index 2631 of NAS-Bench-201.
const CELL: &str = "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|";

#[test]
fn lists_of_architectures_may_be_in_any_notation() {
    let dir = tempfile::tempdir().unwrap();
    let (list, out) = (dir.path().join("list"), dir.path().join("run"));
    fs::write(&list, format!("\u{feff}{CELL}\r\n(4, 0, 3, 1, 4, 3)\r\n\u{a0}\"{CELL}\"\r\n")).unwrap();
    let args =
        ["--space", "nasbench201", "--dataset", "synthetic", "--batch-size", "2", "--resolution", "16"];
    let more = ["--proxies", "params", "--archs", list.to_str().unwrap()];
    runs::command(&out, &[&args[..], &more].concat()).assert().success().stdout(contains("3 records (ok 3,"));
    assert!(runs::records(&out).iter().all(|record| record.arch == CELL));
}

#[test]
fn an_index_names_an_architecture() {
    let one = |arch: &str| {
        let args = [
            "score",
            "--space",
            "nats_sss",
            "--dataset",
            "synthetic",
            "--batch-size",
            "2",
            "--resolution",
            "16",
        ];
        untrained(&[&args[..], &["--proxies", "params", "--arch", arch]].concat()).assert()
    };
    one("#1").success().stdout(contains("8:8:8:8:16"));
    one(" '#32767' ").success().stdout(contains("64:64:64:64:64"));
    one("#32768").failure().stderr(contains("nats_sss has the architectures #0 to #32767"));
}

#[test]
fn messages_name_marks_that_cannot_be_seen() {
    let args = ["score", "--space", "nats_sss", "--dataset", "synthetic", "--proxies", "params", "--arch"];
    let assert = untrained(&[&args[..], &["8:8:\u{200b}8:8:8"]].concat()).assert().failure();
    assert.stderr(contains("8:8:<U+200B>8:8:8"));
}

#[test]
fn data_sets_have_the_names_of_papers() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let args = ["--space", "nats_sss", "--dataset", "Synthetic", "--batch-size", "2", "--resolution", "16"];
    runs::command(&out, &[&args[..], &["--sample", "2", "--proxies", "params"]].concat()).assert().success();
    assert_eq!(Run::open(&out).unwrap().manifest.key.dataset, "synthetic");
    let query = [
        "query",
        "--table",
        "nafbee_vgg19",
        "--arch",
        "ReLU",
        "--dataset",
        "CIFAR-10",
        "--split",
        "validation",
    ];
    let known = untrained(&[&query[..], &["--epochs", "200", "--runs", "mean"]].concat()).assert().success();
    known.stdout(contains("cifar10/validation/200/mean: "));
}

/// What `records` writes for other tools is read again.
#[test]
fn the_form_of_nas_bench_suite_zero_is_written_and_read() {
    let folder = nafbee_run(1);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("zc.json");
    let text = run(&["records", folder, "--format", "suite-zero"]);
    fs::write(&file, &text).unwrap();
    let scores: serde_json::Value = serde_json::from_str(&text).unwrap();
    for record in runs::records(folder.as_ref()) {
        let written = &scores["synthetic"][&record.arch][&record.proxy];
        assert_eq!(written["score"].as_f64(), record.score);
        assert!(written["time"].as_f64().unwrap() > 0.0);
    }
    let args =
        ["compare", "--space", "nafbee_vgg19", "--dataset", "synthetic", "--format", "json", "--scores"];
    let read = run(&[&args[..], &[file.to_str().unwrap()]].concat());
    let own = run(&["correlate", folder, "--format", "json"]);
    let tau = |json: &str, proxy: &str| {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let row = json["rows"].as_array().unwrap().iter().find(|row| row["name"] == proxy).unwrap().clone();
        row["cells"].as_array().unwrap().iter().find(|cell| cell["column"] == "tau_b").unwrap()["value"]
            .as_f64()
    };
    assert_eq!(tau(&read, "naswot"), tau(&own, "naswot"));
    let several = untrained(&["records", nafbee_run(2), "--format", "suite-zero"]).assert().failure();
    several.stderr(contains("the run has 2 repetitions"));
}

/// A record of `az_nas` holds parts to rank; what is exported under its name is the sum of ranks.
#[test]
fn scores_over_the_set_are_exported_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    runs::score(&out, &["--sample", "4", "--proxies", "az_nas,params"]).assert().success();
    let set = from_run(&Run::open(&out).unwrap(), "run").unwrap();
    let text = run(&["records", out.to_str().unwrap(), "--format", "jsonl"]);
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let exported: Vec<f64> =
        lines.filter(|line| line["proxy"] == "az_nas").map(|line| line["score"].as_f64().unwrap()).collect();
    let expected: Vec<f64> = (set.cells("az_nas").into_iter())
        .map(|cell| if let untrained::analysis::ScoreCell::Ok(score) = cell { score } else { f64::NAN })
        .collect();
    assert_eq!(exported, expected);
    assert!(exported.iter().all(|score| *score <= 0.0), "sums of logarithms of shares: {exported:?}");
}

#[test]
fn architectures_that_the_table_lacks_are_counted() {
    let folder = nafbee_run(1);
    let part = tempfile::tempdir().unwrap();
    fs::copy(format!("{folder}/manifest.json"), part.path().join("manifest.json")).unwrap();
    let mut journal =
        untrained::store::journal::Journal::open(&part.path().join("records.jsonl"), 0).unwrap();
    for mut record in runs::records(folder.as_ref()) {
        if record.index == 3 {
            record.arch = "Softplus".to_owned();
        }
        journal.append(&record).unwrap();
    }
    let set = from_run(&Run::open(part.path()).unwrap(), "part").unwrap();
    let table =
        untrained::tables::load_with_cache("nafbee_vgg19", &untrained::data::DataDirs::default(), None)
            .unwrap();
    let query = "cifar10/validation/200/mean".parse().unwrap();
    let options = untrained::analysis::Options::default();
    let correlations = untrained::analysis::correlate(&set, &table, &query, &options).unwrap();
    assert!(correlations.iter().all(|c| (c.samples[0].n, c.samples[0].excluded.no_accuracy) == (10, 1)));
}
