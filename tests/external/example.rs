//! `scripts/external_proxy.py`: the template counts convolutions, and what it asks for is the run's.

use std::process::Command;

use predicates::prelude::*;
use predicates::str::contains;
use untrained::datasets::{self, BatchRequest, Split};
use untrained::store::Run;

use super::{ARCHS, Bench, runs};

fn python(test: &str) -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        println!("{test}: skipped: python3 not found");
    }
    found
}

/// Twenty cells of NAS-Bench-201, which differ in two edges.
fn cells() -> Vec<String> {
    let first = ["skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];
    let last = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];
    let cell = |a, b| format!("|{a}~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|{b}~2|");
    first.iter().flat_map(|a| last.iter().map(move |b| cell(a, b))).collect()
}

fn example() -> String {
    format!("convs=python3 '{}/scripts/external_proxy.py'", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_example_counts_convolutions_and_its_run_is_as_any_other() {
    if !python("the_example_counts_convolutions_and_its_run_is_as_any_other") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let external = example();
    let list = dir.path().join("list");
    std::fs::write(&list, cells().join("\n")).unwrap();
    let fixed = ["--space", "nasbench201", "--dataset", "synthetic", "--resolution", "16", "--archs"];
    let rest = [list.to_str().unwrap(), "--repetitions", "2", "--threads", "2", "--external", &external];
    let args = [&fixed[..], &rest].concat();
    runs::command(&out, &args).assert().success().stdout(contains("40 records (ok 40,"));
    let run = Run::open(&out).unwrap();
    let facts = &run.manifest.proxies[0];
    assert_eq!((facts.proxy.as_str(), facts.version), ("external:convs", 1));
    assert_eq!(facts.direction, "higher_is_better");
    assert!(facts.command.as_ref().unwrap().starts_with("python3 "), "{facts:?}");
    let mut seen = std::collections::BTreeSet::new();
    for record in &run.records {
        let count = record.arch.matches("nor_conv").count() as f64;
        let large = record.arch.matches("nor_conv_3x3").count() as f64;
        assert_eq!(record.score, Some(count), "{}", record.arch);
        let parts = [("nor_conv_1x1".to_owned(), count - large), ("nor_conv_3x3".to_owned(), large)];
        assert_eq!(record.components, parts);
        seen.insert(count as u32);
    }
    assert!(seen.len() > 2, "{seen:?}");
    // Built-in proxies join the run, and the command is not needed to verify those or to export.
    let with = [&args[..], &["--proxies", "params"]].concat();
    runs::command(&out, &with)
        .assert()
        .success()
        .stdout(contains("80 records").and(contains(" 40 of them new")));
    let folder = out.to_str().unwrap();
    runs::untrained(&["verify", folder, "--count", "5"])
        .assert()
        .success()
        .stdout(contains("5 of 5 records"));
    runs::untrained(&["records", folder]).assert().success().stdout(contains("external:convs"));
}

#[test]
fn one_architecture_is_scored_and_another_space_is_skipped() {
    if !python("one_architecture_is_scored_and_another_space_is_skipped") {
        return;
    }
    let external = example();
    let score = |space: &str, arch: &str| {
        let args = ["score", "--space", space, "--arch", arch, "--dataset", "synthetic", "--batch-size", "2"];
        let more = ["--format", "json", "--external", &external];
        let assert = runs::untrained(&[&args[..], &more].concat()).assert().success();
        let report: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        assert_eq!(report["scores"].as_array().unwrap().len(), 1, "{report}");
        report["scores"][0].clone()
    };
    let cell = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";
    let scored = score("nasbench201", cell);
    assert_eq!(
        (&scored["score"], &scored["components"]["nor_conv_3x3"]),
        (&3.0.into(), &2.0.into()),
        "{scored}"
    );
    let skipped = score("nats_sss", ARCHS[0]);
    assert_eq!((&skipped["proxy"], &skipped["status"]), (&"external:convs".into(), &"skipped".into()));
    assert!(skipped["reason"].as_str().unwrap().contains("nasbench201 cells only"), "{skipped}");
}

/// What the command is sent are the images and labels of the run, to the last bit.
#[test]
fn the_batch_that_is_asked_for_is_the_runs() {
    if !python("the_batch_that_is_asked_for_is_the_runs") {
        return;
    }
    let bench = Bench::new();
    let script = format!(
        "import sys\nsys.path.insert(0, '{}/scripts')\nimport external_proxy as e\ne.WANTS = ['batch']\n\
         def score(arch, hello, batch):\n    total = 0.0\n    for x in batch['images']:\n        total += x\n    \
         return total, {{'labels': sum(batch['labels']), 'images': batch['shape'][0], 'seed': hello['seeds']['data']}}\n\
         e.score = score\ne.main()\n",
        env!("CARGO_MANIFEST_DIR")
    );
    let file = bench.path("sum.py");
    std::fs::write(&file, script).unwrap();
    let external = format!("sum=python3 -B '{}'", file.display());
    bench.score("run", &external, &["--repetitions", "2"]).assert().success();
    for record in bench.records("run") {
        let request = BatchRequest {
            resolution: Some(16),
            ..BatchRequest::new("synthetic", Split::Train, 4, u64::from(record.repetition))
        };
        let batch = datasets::batch(&request, &untrained::data::DataDirs::resolve(None)).unwrap();
        let total = batch.images.iter().fold(0.0, |sum, x| sum + f64::from(*x));
        assert_eq!(record.score, Some(total));
        let labels = batch.labels.iter().map(|l| f64::from(*l)).sum::<f64>();
        let parts = [("images", 4.0), ("labels", labels), ("seed", f64::from(record.repetition))];
        assert_eq!(record.components, parts.map(|(name, value)| (name.to_owned(), value)));
    }
}
