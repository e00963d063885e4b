//! `untrained correlate`: correlations of a run, their formats, and agreement with scipy on published scores.

use std::path::Path;

use crate::common::{run, untrained};
use crate::runs;
use crate::support::nafbee_run;
use predicates::prelude::*;
use untrained::analysis::{Options, correlate, from_run};
use untrained::data::{DataDirs, Silent};
use untrained::store::Run;
use untrained::store::journal::Journal;
use untrained::tables;

#[test]
fn a_run_is_correlated_with_baselines_counts_and_facts() {
    let folder = nafbee_run(3);
    let text = run(&["correlate", folder, "--format", "text"]);
    for expected in [
        "untrained correlate",
        "cifar10/validation/200/mean",
        "synthetic (made-up images in place of real ones)",
        "± sample standard deviation over repetitions",
        "tau_b",
        "naswot",
        "params",
        "random",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&run(&["correlate", folder, "--format", "json"])).unwrap();
    let cell = |row: &str, column: &str| -> f64 {
        let rows = json["rows"].as_array().unwrap();
        let row = rows.iter().find(|r| r["name"] == row).unwrap_or_else(|| panic!("no row {row}"));
        let cells = row["cells"].as_array().unwrap();
        cells.iter().find(|c| c["column"] == column).unwrap_or_else(|| panic!("no {column}"))["value"]
            .as_f64()
            .unwrap()
    };
    assert_eq!((cell("naswot", "reps"), cell("naswot", "n"), cell("naswot", "excluded")), (3.0, 33.0, 0.0));
    // All activations have no parameters of their own: equal scores, and no correlation.
    assert_eq!(cell("params", "tied scores"), 3.0 * 55.0);
    // GELU and SiLU reach the same accuracy.
    assert_eq!(cell("naswot", "tied accuracies"), 3.0);
}

#[test]
fn a_single_repetition_has_an_interval_and_tau_a_can_be_asked_for() {
    let folder = nafbee_run(1);
    let text = run(&["correlate", folder, "--tau", "a", "--bootstrap", "200", "--level", "0.9"]);
    assert!(text.contains("90 % percentile bootstrap over architectures, 200 resamples"), "{text}");
    assert!(text.contains("tau_a") && text.contains('['), "{text}");
    let again = run(&["correlate", folder, "--tau", "a", "--bootstrap", "200", "--level", "0.9"]);
    assert_eq!(text, again, "intervals are a function of the seed");
}

#[test]
fn proxies_are_tested_against_a_reference() {
    let folder = nafbee_run(3);
    let csv = run(&["correlate", folder, "--reference", "naswot", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let p: Vec<f64> =
        records.iter().filter(|r| r[3].starts_with("p(tau_b")).map(|r| r[4].parse().unwrap()).collect();
    assert!(!p.is_empty() && p.iter().all(|p| (0.0..=1.0).contains(p)), "{csv}");
    untrained(&[])
        .args(["correlate", folder, "--reference", "zico"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("--reference zico: the scores have"));
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    untrained(&[]).args(["correlate"]).assert().code(2);
    let nowhere = ["correlate", "/nonexistent/run"];
    untrained(&[]).args(nowhere).assert().failure().stderr(predicate::str::contains("/nonexistent/run"));
    let folder = nafbee_run(1);
    untrained(&[])
        .args(["correlate", folder, "--table-dataset", "cifar100"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("cannot answer 'cifar100/validation/200/mean'"));
    untrained(&[])
        .args(["correlate", folder, "--level", "95"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("between 0 and 1"));
    untrained(&[])
        .args(["correlate", folder, "--out", "table.xlsx"])
        .assert()
        .failure()
        .stderr(predicate::str::contains("--format"));
}

#[test]
fn a_run_is_read_into_columns_with_what_is_missing() {
    let folder = nafbee_run(2);
    let part = tempfile::tempdir().unwrap();
    std::fs::copy(Path::new(&folder).join("manifest.json"), part.path().join("manifest.json")).unwrap();
    let mut journal = Journal::open(&part.path().join("records.jsonl"), 0).unwrap();
    for record in runs::records(folder.as_ref()) {
        if !(record.proxy == "naswot" && record.index == 4 && record.repetition == 1) {
            journal.append(&record).unwrap();
        }
    }
    let set = from_run(&Run::open(part.path()).unwrap(), "x").unwrap();
    assert_eq!((set.space.as_str(), set.dataset.as_str(), set.stand_in), ("nafbee_vgg19", "synthetic", true));
    assert_eq!(set.samples.iter().map(|s| s.rows.len()).collect::<Vec<_>>(), [11, 11]);
    let table = tables::load("nafbee_vgg19", &DataDirs::only(folder.as_ref()), &Silent).unwrap();
    let query = "cifar10/validation/200/mean".parse().unwrap();
    let correlations = correlate(&set, &table, &query, &Options::default()).unwrap();
    let naswot = correlations.iter().find(|c| c.proxy == "naswot").unwrap();
    assert_eq!((naswot.samples[0].n, naswot.samples[0].excluded.missing), (11, 0));
    assert_eq!((naswot.samples[1].n, naswot.samples[1].excluded.missing), (10, 1));
}
