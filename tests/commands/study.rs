//! `untrained study`.

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use untrained::stats::{kendall, pearson};
use untrained::study::{QUICK_START, STUDIES, Study, catalogue, printed};

use crate::common::untrained_on;

/// A study that takes a second: three of the eleven activations, two images.
const SMALL: &str = r#"name = "small"
title = "A small study"
source = "Table 9 of nowhere"
about = ["For the tests."]
search = [{ samples = 2, trials = 20 }, { samples = 500, trials = 20 }]

[settings]
sample = "all"
repetitions = 2
batch_size = 2
vary = ["weights"]

[[run]]
id = "vgg19"
space = "nafbee_vgg19"
dataset = "synthetic"
accuracies = ["cifar10/validation/200/mean"]
proxies = ["l2_norm", "random"]
published = [
    { method = "L2", proxies = ["l2_norm"], kendall = 0.9, pearson = 0.5, note = "nobody knows why", top1 = { 2 = [90.0, 0.5] } },
]
"#;

/// The program in a folder, without any data.
fn untrained_in(folder: &Path) -> Command {
    let mut command = untrained_on(Path::new("/nonexistent"));
    command.current_dir(folder);
    command
}

fn small(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), text).unwrap();
    folder
}

/// Names and bytes of all files of a result but the runs.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let all = entries(folder).chain(entries(&folder.join("figures"))).filter(|path| path.is_file());
    all.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

#[test]
fn a_study_writes_tables_figures_and_a_report_and_repeats_them_exactly() {
    let folder = small(SMALL);
    let run = || untrained_in(folder.path()).args(["study", "small.toml"]).assert().success();
    let output = run().get_output().stdout.clone();
    let shown = String::from_utf8(output).unwrap();
    for words in ["- tau_b -", "paper", "ours", "difference", "0.900", "nobody knows why", "report.md"] {
        assert!(shown.contains(words), "{words} is not in\n{shown}");
    }
    let first = files(&folder.path().join("study/small"));
    for table in ["comparison", "correlations", "searches", "vgg19-scores"] {
        for ending in ["txt", "csv", "json", "md", "tex"] {
            assert!(first.contains_key(&format!("{table}.{ending}")), "{table}.{ending}");
        }
    }
    for figure in
        ["bars-tau_b", "boxes-tau_b", "bars-pearson", "vgg19-proxies", "vgg19-top1", "vgg19-l2_norm"]
    {
        assert!(
            first.contains_key(&format!("{figure}.svg")) && first.contains_key(&format!("{figure}.png")),
            "{figure}"
        );
    }
    let report = String::from_utf8(first["report.md"].clone()).unwrap();
    let page = String::from_utf8(first["page.html"].clone()).unwrap();
    assert!(page.contains("Table 9 of nowhere") && page.contains("tau_b, difference"));
    let again = untrained_in(folder.path()).args(["report", "study/small", "--out", "p.html"]).assert();
    again.success();
    let again = std::fs::read_to_string(folder.path().join("p.html")).unwrap();
    assert!(again.contains("Table 9 of nowhere") && again.contains("tau_b, difference"));
    for words in [
        "A small study",
        "Table 9 of nowhere",
        "untrained --data-dir",
        "no searches with S = 500",
        "figures/bars-tau_b.svg",
    ] {
        assert!(report.contains(words), "{words} is not in\n{report}");
    }
    // The second time everything is there already, and the result has the same bytes.
    run().stderr(predicate::str::contains("44 of 44 records are there already"));
    let second = files(&folder.path().join("study/small"));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(second[name] == *bytes, "{name} differs");
    }
}

#[test]
fn changed_sizes_are_recorded() {
    let folder = small(SMALL);
    let mut command = untrained_in(folder.path());
    command.args(["study", "small.toml", "--out", "quick", "--scale", "0.3", "--repetitions", "1"]);
    command.assert().success().stdout(predicate::str::contains("--scale 0.3 --repetitions 1"));
    let report = std::fs::read_to_string(folder.path().join("quick/report.md")).unwrap();
    assert!(
        report.contains("The sizes of the study were changed with `--scale 0.3 --repetitions 1`"),
        "{report}"
    );
    assert!(report.contains("1 repetitions of up to 3 architectures"), "{report}");
}

#[test]
fn the_plan_is_listed_without_scoring() {
    let folder = small(SMALL);
    let mut command = untrained_in(folder.path());
    command
        .args(["study", "small.toml", "--list"])
        .assert()
        .success()
        .stdout(predicate::str::contains("44 records"));
    assert!(!folder.path().join("study").exists());
}

#[test]
fn mistakes_are_named() {
    let folder = small(&SMALL.replace("repetitions = 2", "repetitions = -2"));
    for (args, words) in [
        (&["study", "small.toml"][..], "small.toml, line 9: "),
        (&["study", "rbflex-table9"], "known studies: own-table"),
        (&["study", "--only", "nb201"], "no run `nb201`; it has cells, vgg19, vgg19-gradients"),
        (&["study", "--scale", "0"], "no positive number"),
        (&["study", "rbflex-table1", "--out", "x"], "nasbench201"),
    ] {
        untrained_in(folder.path()).args(args).assert().failure().stderr(predicate::str::contains(words));
    }
}

#[test]
fn embedded_studies_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let list =
        |more: &[&str]| untrained_in(folder.path()).args(["list", "studies"]).args(more).assert().success();
    list(&[])
        .stdout(predicate::str::contains("rbflex-table1").and(predicate::str::contains("nb201-cifar10")));
    let json: serde_json::Value =
        serde_json::from_slice(&list(&["--format", "json"]).get_output().stdout).unwrap();
    let listed = |key: &str, value: &str| json.as_array().unwrap().iter().any(|entry| entry[key] == *value);
    for (name, _) in STUDIES {
        assert!(listed("id", name) && listed("study", name), "{name}");
    }
    for item in catalogue() {
        assert!(listed("id", &item.id), "{}", item.id);
    }
}

#[test]
fn each_id_stands_alone_on_its_line_and_is_a_study_or_has_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let output = untrained_in(folder.path()).args(["list", "studies"]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for entry in text.trim().split("\n\n") {
        let (id, facts) = entry.split_once('\n').unwrap();
        assert!(!id.contains(' ') && facts.lines().all(|line| line.starts_with("  ")), "{entry}");
        assert!(facts.contains("  data: ") || facts.contains("  no study: "), "{entry}");
    }
    assert!(text.contains("nasbench201 (missing: untrained data fetch nasbench201)"), "{text}");
}

#[test]
fn a_figure_in_another_study_is_found_and_one_without_a_study_has_its_reason() {
    assert_eq!(Study::find("rbflex-figure13").unwrap().name.get_ref(), "rbflex-figure1");
    let folder = tempfile::tempdir().unwrap();
    let mut command = untrained_in(folder.path());
    command
        .args(["study", "incorporated-table2"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("have to be trained"));
}

#[test]
fn all_studies_are_listed_and_stop_when_the_budget_is_used_up() {
    let folder = tempfile::tempdir().unwrap();
    let all =
        |more: &[&str]| untrained_in(folder.path()).args(["study", "all"]).args(more).assert().success();
    let list = all(&["--list"]);
    let text = String::from_utf8(list.get_output().stdout.clone()).unwrap();
    assert!(STUDIES.iter().all(|(name, _)| text.contains(name)), "{text}");
    // The first is begun at least.
    all(&["--budget", "1s", "--sample", "2", "--repetitions", "1"])
        .stderr(predicate::str::contains("the same command goes on"));
    let runs = std::fs::read_dir(folder.path().join("study/own-table/runs")).unwrap();
    assert!(runs.count() > 0);
}

#[test]
fn the_quick_start_needs_no_data_and_has_two_halves() {
    let folder = tempfile::tempdir().unwrap();
    let start = ["study", "--only", "cells,vgg19", "--sample", "3", "--repetitions", "1", "--out", "mine"];
    untrained_in(folder.path()).args(start).assert().success();
    for name in QUICK_START {
        let result = |file: &str| std::fs::read_to_string(folder.path().join("mine").join(name).join(file));
        assert!(result("report.md").unwrap().contains("tau_b"), "{name}");
        assert!(result("page.html").is_ok() && result("figures/bars-tau_b.svg").is_ok(), "{name}");
    }
}

#[test]
fn printed_numbers_get_verdicts() {
    let study = SMALL
        .replace("\nsource", "\nitems = [\"rbflex-table4\"]\nsource")
        .replace("proxies = [\"l2_norm\", \"random\"]\n", "proxies = [\"l2_norm\", \"synflow\"]\n")
        .replace(
            "published = [\n",
            "published = [\n    { method = \"synflow\", proxies = [\"synflow\"] },\n",
        );
    let folder = small(&study);
    let args = ["study", "small.toml", "--scale", "0.3", "--repetitions", "1"];
    untrained_in(folder.path()).args(args).assert().success();
    let page = untrained_in(folder.path()).arg("verdicts").assert().success();
    let page = String::from_utf8(page.get_output().stdout.clone()).unwrap();
    let row =
        page.lines().find(|line| line.starts_with("| synflow | nafbee_vgg19 cifar10 | Kendall correlation"));
    assert!(
        row.is_some_and(|row| row.contains("| 0.019 |") && row.contains("vgg19 synflow --scale 0.3")),
        "{page}"
    );
    let csv = untrained_in(folder.path()).args(["verdicts", "--csv"]).assert().success();
    assert_eq!(csv::Reader::from_reader(&csv.get_output().stdout[..]).records().count(), printed().len());
}

#[test]
fn the_committed_page_of_verdicts_is_that_of_the_committed_results() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = untrained_in(root).args(["verdicts", "results"]).assert().success();
    let committed = std::fs::read_to_string(root.join("results/verdicts.md")).unwrap();
    // The command of the test names a data folder.
    let page = String::from_utf8_lossy(&page.get_output().stdout).replace("--data-dir /nonexistent ", "");
    assert!(page == committed, "`untrained verdicts results > results/verdicts.md` mends it");
}

/// Table IV prints its scores, so its correlations can be computed again: tau-b agrees, Pearson's r of the gradient-based
/// proxies does not. The study's notes say so.
#[test]
fn correlations_of_table_iv_follow_from_its_scores_as_the_notes_say() {
    let mut reader =
        csv::Reader::from_path(concat!(env!("CARGO_MANIFEST_DIR"), "/data/nafbee_vgg19.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let column = |name: &str| -> Vec<f64> {
        let at = header.iter().position(|h| h == name).unwrap();
        rows.iter().map(|row| row[at].parse().unwrap()).collect()
    };
    let study = Study::find("rbflex-table4").unwrap();
    for published in study.runs.iter().flat_map(|run| &run.published) {
        let proxy = published.proxies.get_ref()[0].0.to_string();
        let (scores, accuracies) = (column(&proxy), column("accuracy"));
        let printed = |quantity: &str| {
            published.printed.iter().find(|row| row.quantity == quantity).map(|row| row.value()).unwrap()
        };
        // A note says which of the two does not follow, and what does.
        let follows = |name: &str, quantity: &str, ours: f64, tolerance: f64| match published
            .note
            .as_ref()
            .filter(|note| note.contains(name))
        {
            Some(note) => {
                assert!(note.ends_with(&format!("{name} = {ours:.3}")), "{proxy}: {note}, not {ours}")
            }
            None => assert!((ours - printed(quantity)).abs() < tolerance, "{proxy}: {name} {ours}"),
        };
        let tau = kendall(&scores, &accuracies).unwrap().tau_b().unwrap();
        follows("tau-b", "Kendall correlation", tau, 1.5e-3);
        let r = pearson(&scores, &accuracies).unwrap().unwrap();
        follows(" r", "Pearson correlation", r, 6e-3);
    }
}
