//! `untrained search`: draws, protocols, and the known rows of oracle and parameter count.

mod analysis_support;

use analysis_support::{baselines_of, nafbee_run, real_data, run, untrained};
use assert_cmd::prelude::*;
use predicates::prelude::*;
use untrained::analysis::{accuracies, pool};
use untrained::data::DataDirs;
use untrained::search::top1::{Pool, Protocol, Request, top1};
use untrained::spaces::NetworkInput;
use untrained::tables;

#[test]
fn a_run_is_searched_beside_baselines_and_oracle() {
    let (_dir, folder) = nafbee_run(2);
    let args = ["search", &folder, "--samples", "2,11", "--trials", "50"];
    let text = run(&args);
    for expected in
        ["oracle", "params", "random", "naswot", "cifar10/validation/200/mean", "independent", "11, 11"]
    {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert_eq!(text, run(&args), "draws are a function of the seed");
    let json = run(&[&args[..], &["--format", "json", "--protocol", "running-best"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let oracle = json["rows"].as_array().unwrap().iter().find(|row| row["name"] == "oracle").unwrap();
    let all = oracle["cells"].as_array().unwrap().iter().find(|cell| cell["column"] == "S=11").unwrap();
    // With all eleven drawn the oracle always finds ReLU.
    assert_eq!((all["value"].as_f64(), all["std"].as_f64()), (Some(91.06), Some(0.0)));
}

#[test]
fn a_draw_that_is_too_large_is_refused() {
    let (_dir, folder) = nafbee_run(1);
    untrained().args(["search", &folder, "--samples", "10,100"]).assert().failure().stderr(
        predicate::str::contains("repetition 0 has only 11").and(predicate::str::contains("--samples")),
    );
    untrained().args(["search", &folder, "--samples", "0"]).assert().failure();
}

/// Without `--samples` the sizes are those that there are architectures for.
#[test]
fn the_usual_sizes_are_those_that_fit() {
    let (_dir, folder) = nafbee_run(1);
    let text = run(&["search", &folder, "--trials", "5"]);
    assert!(text.contains("S=10") && !text.contains("S=100"), "{text}");
    let dir = tempfile::tempdir().unwrap();
    let scores = dir.path().join("few.csv");
    std::fs::write(&scores, "arch,score\nReLU,1\nGELU,2\nSiLU,3\n").unwrap();
    let of = ["--space", "nafbee_vgg19", "--dataset", "cifar10", "--trials", "5"];
    let text = run(&[&["search", "--scores", scores.to_str().unwrap()], &of[..]].concat());
    assert!(text.contains("S=3"), "{text}");
}

/// Mean and standard deviation of the test accuracy that an oracle selects, and the mean that the largest number of
/// parameters does, for S = 10, 100, 1000: recomputed from the benchmarks' tables with 500, 500 and 50 runs.
struct Known {
    space: &'static str,
    dataset: (&'static str, usize, usize),
    oracle: [(f64, f64); 3],
    params: [f64; 3],
}

const C10: (&str, usize, usize) = ("cifar10", 32, 10);
const C100: (&str, usize, usize) = ("cifar100", 32, 100);
const IN16: (&str, usize, usize) = ("imagenet16_120", 16, 120);

#[rustfmt::skip]
const KNOWN: [Known; 6] = [
    Known { space: "nasbench201", dataset: C10, oracle: [(93.08, 0.54), (93.87, 0.22), (94.22, 0.13)], params: [92.52, 93.22, 93.51] },
    Known { space: "nasbench201", dataset: C100, oracle: [(69.77, 1.13), (71.56, 0.81), (72.86, 0.39)], params: [68.48, 69.94, 70.66] },
    Known { space: "nasbench201", dataset: IN16, oracle: [(43.35, 1.75), (45.68, 0.66), (46.68, 0.38)], params: [40.49, 41.85, 41.76] },
    Known { space: "nats_sss", dataset: C10, oracle: [(92.60, 0.36), (93.12, 0.18), (93.40, 0.12)], params: [92.40, 92.98, 93.18] },
    Known { space: "nats_sss", dataset: C100, oracle: [(68.55, 1.00), (69.91, 0.43), (70.62, 0.30)], params: [67.24, 69.24, 70.14] },
    Known { space: "nats_sss", dataset: IN16, oracle: [(43.13, 1.56), (45.23, 0.71), (46.43, 0.47)], params: [42.53, 44.73, 45.85] },
];

#[test]
fn oracle_and_parameter_count_find_what_they_are_known_to_find() {
    let Some(data) = real_data("oracle_and_parameter_count_find_what_they_are_known_to_find") else { return };
    let dirs = DataDirs::only(&data);
    for known in KNOWN {
        let table = tables::load(known.space, &dirs).unwrap();
        let (dataset, resolution, classes) = known.dataset;
        let set = baselines_of(&table, dataset, NetworkInput { resolution, classes });
        let epochs = table.spec().budgets.iter().max().unwrap();
        let query = format!("{dataset}/test/{epochs}/mean").parse().unwrap();
        let accuracies = accuracies(&set.samples[0], &table, &query).unwrap();
        let params = pool(set.column("params").unwrap(), 0);
        for (i, (sample_size, runs)) in [(10, 500.0), (100, 500.0), (1000, 50.0f64)].into_iter().enumerate() {
            let scores = vec![accuracies.as_slice(), &params];
            let pool = Pool { repetition: 0, size: table.len(), scores, accuracies: &accuracies };
            let request = Request { sample_size, trials: 500, protocol: Protocol::Independent, seed: 0 };
            let found = top1(&[pool], &request).unwrap();
            let expected = [known.oracle[i].0, known.params[i]];
            for (rule, (found, expected)) in ["oracle", "params"].iter().zip(found.iter().zip(expected)) {
                let summary = found.summary().unwrap();
                // Both means are of finite samples; the known one is rounded to two decimals.
                let error = summary.std.unwrap() * (1.0 / 500.0 + 1.0 / runs).sqrt() + 0.005 / 3.0;
                let distance = (summary.mean - expected).abs() / error;
                assert!(
                    distance < 3.0,
                    "{} {dataset}, S = {sample_size}, {rule}: {summary:?}, known {expected}",
                    known.space
                );
                println!(
                    "{} {dataset} S = {sample_size} {rule}: {:.2} known {expected} ({distance:.1} errors)",
                    known.space, summary.mean
                );
            }
        }
    }
}
