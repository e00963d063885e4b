//! `untrained compare`: scores made elsewhere beside ours.

use std::fs;
use std::path::Path;

use crate::common::{real_data, real_file, run, untrained, untrained_on};
use crate::support::nafbee_run;
use predicates::prelude::*;

/// The published scores of the embedded table as a file of scores made elsewhere.
fn published(dir: &Path) -> String {
    let text = include_str!("../../data/nafbee_vgg19.csv");
    let lines = text.lines().map(|line| {
        let (arch, rest) = line.split_once(',').unwrap();
        format!("{arch},{}", rest.split_once(',').unwrap().1)
    });
    let path = dir.join("published.csv");
    fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    path.display().to_string()
}

const NAFBEE: [&str; 4] = ["--space", "nafbee_vgg19", "--dataset", "cifar10"];

fn values(json: &str, column: &str) -> Vec<(String, f64)> {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let of_row = |row: &serde_json::Value| {
        let cells = row["cells"].as_array().unwrap();
        let cell = cells.iter().find(|cell| cell["column"] == column)?;
        Some((row["name"].as_str().unwrap().to_owned(), cell["value"].as_f64()?))
    };
    json["rows"].as_array().unwrap().iter().filter_map(of_row).collect()
}

#[test]
fn published_scores_give_the_correlations_that_scipy_gives() {
    let dir = tempfile::tempdir().unwrap();
    let scores = published(dir.path());
    let json = run(&[&["compare", "--scores", &scores, "--format", "json"][..], &NAFBEE].concat());
    // scipy.stats.kendalltau, pearsonr and spearmanr of the columns of data/nafbee_vgg19.csv with its accuracy
    for (column, expected) in [
        ("tau_b", [("rbflex", 0.550_481_882_563_180_3), ("naswot", -0.240_740_740_740_740_73)]),
        ("pearson", [("rbflex", 0.622_927_788_183_004_2), ("synflow", -0.249_029_708_075_736_2)]),
        ("spearman", [("rbflex", 0.751_710_378_504_038_7), ("zico", -0.187_214_611_872_146_14)]),
    ] {
        let found = values(&json, column);
        for (proxy, expected) in expected {
            let (_, value) = found.iter().find(|(name, _)| name == proxy).unwrap();
            assert!((value - expected).abs() < 1e-12, "{column} of {proxy}: {value}");
        }
    }
}

/// nDCG by scikit-learn 1.9.1 (`ndcg_score` of gains 2^accuracy - 1, and of scipy's `rankdata` less 1), regret and overlap counted, tau-b
/// of the five most accurate by scipy 1.17.1, all of data/nafbee_vgg19.csv.
#[test]
fn metrics_of_the_best_are_those_of_scikit_learn_and_scipy() {
    let dir = tempfile::tempdir().unwrap();
    let scores = published(dir.path());
    let metrics = "ndcg@3,ndcg_rank@3,regret@2,overlap@30%,tau_b_best@50%,tau_b_above@90.6,partial_tau";
    let args = ["compare", "--scores", &scores, "--metrics", metrics, "--format", "json"];
    let json = run(&[&args[..], &NAFBEE].concat());
    for (column, expected) in [
        ("ndcg@3", [("rbflex", 0.884_958_876_776_543_6), ("zico", 0.481_077_955_500_184_3)]),
        ("ndcg_rank@3", [("rbflex", 0.881_337_077_170_105_1), ("zico", 0.458_881_586_444_890_5)]),
        ("regret@2", [("rbflex", 0.0), ("naswot", 0.03)]),
        ("overlap@30%", [("rbflex", 1.0 / 3.0), ("naswot", 1.0 / 3.0)]),
    ] {
        let found = values(&json, column);
        for (proxy, expected) in expected {
            let (_, value) = found.iter().find(|(name, _)| name == proxy).unwrap();
            assert!((value - expected).abs() < 1e-12, "{column} of {proxy}: {value}");
        }
        assert!(found.iter().any(|(name, _)| name == "random"), "{column}");
    }
    // Every activation has a network of the same size: what is left when that is held constant is not defined, and neither are
    // taus of the counts themselves.
    assert!(values(&json, "partial_tau").is_empty());
    // Equal scores find what chance finds: three of eleven are among the best.
    let overlaps = values(&json, "overlap@30%");
    let (_, params) = overlaps.iter().find(|(name, _)| name == "params").unwrap();
    assert!((params - 3.0 / 11.0).abs() < 1e-12, "{overlaps:?}");
    let text = run(&[&["compare", "--scores", &scores, "--metrics", metrics][..], &NAFBEE].concat());
    for expected in ["tau_b_best@50%", "regret@2: the highest accuracy less", "*0.00 ["] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let wrong = ["compare", "--scores", &scores, "--metrics", "ndcg"];
    let says = predicate::str::contains("takes a number of architectures from 1 on; write ndcg@100");
    untrained(&[]).args(wrong).args(NAFBEE).assert().code(2).stderr(says);
}

#[test]
fn only_the_architectures_of_a_list_count() {
    let dir = tempfile::tempdir().unwrap();
    let (scores, list) = (published(dir.path()), dir.path().join("few.txt"));
    fs::write(&list, "ReLU\nGELU\nMish\nSELU\n").unwrap();
    let args = ["compare", "--scores", &scores, "--archs", list.to_str().unwrap()];
    let text = run(&[&args[..], &NAFBEE].concat());
    assert!(text.contains("the 4 of 11 architectures that are in "), "{text}");
    let json = run(&[&args[..], &NAFBEE, &["--format", "json"]].concat());
    assert!(values(&json, "n").iter().all(|(_, n)| *n == 4.0), "{json}");
    let subset = ["compare", "--scores", &scores, "--archs", "suite_zero"];
    let says = predicate::str::contains("--archs suite_zero: a subset of nasbench201, not of nafbee_vgg19");
    untrained(&[]).args(subset).args(NAFBEE).assert().failure().stderr(says);
}

#[test]
fn a_direction_turns_the_sign() {
    let dir = tempfile::tempdir().unwrap();
    let scores = published(dir.path());
    let lower = ["--lower-is-better", "naswot", "--columns", "naswot,rbflex", "--format", "json"];
    let json = run(&[&["compare", "--scores", &scores][..], &NAFBEE, &lower].concat());
    let found = values(&json, "tau_b");
    assert_eq!(
        found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["rbflex", "naswot", "random"]
    );
    assert!((found[1].1 - 0.240_740_740_740_740_73).abs() < 1e-12, "{found:?}");
}

#[test]
fn scores_join_a_run_on_its_samples() {
    let (dir, folder) = (tempfile::tempdir().unwrap(), nafbee_run(2));
    let mine = dir.path().join("mine.csv");
    fs::write(&mine, "arch,score\nReLU,1\nGELU,nan\nSiLU,3\nMish,2\nELU,0\n").unwrap();
    let args = ["compare", "--scores", mine.to_str().unwrap(), "--run", folder, "--reference", "naswot"];
    let json = run(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(values(&json, "n").iter().find(|(name, _)| name == "mine").unwrap().1, 8.0);
    assert_eq!(values(&json, "excluded").iter().find(|(name, _)| name == "mine").unwrap().1, 14.0);
    assert!(values(&json, "tau_b").iter().any(|(name, _)| name == "naswot"));
    let text = run(&args);
    assert!(text.contains("mine: 2 not finite, excluded; 12 not recorded, excluded"), "{text}");
}

#[test]
fn common_architectures_are_the_same_for_every_proxy() {
    let (dir, folder) = (tempfile::tempdir().unwrap(), nafbee_run(2));
    let mine = dir.path().join("mine.csv");
    fs::write(&mine, "arch,score\nReLU,1\nGELU,nan\nSiLU,3\nMish,2\nELU,0\n").unwrap();
    let args = ["compare", "--scores", mine.to_str().unwrap(), "--run", folder, "--common"];
    let json = run(&[&args[..], &["--format", "json"]].concat());
    // Five architectures in two repetitions; a score that is not finite is a record all the same.
    let n = values(&json, "n");
    assert!(n.len() > 3 && n.iter().all(|(name, n)| *n == if name == "mine" { 8.0 } else { 10.0 }), "{n:?}");
    let text = run(&args);
    assert!(text.contains("the 10 of 22 architectures that all proxies have"), "{text}");
    assert!(!text.contains("not recorded"), "{text}");
    fs::write(&mine, "arch,score\n").unwrap();
    untrained(&[]).args(args).assert().failure();
}

#[test]
fn the_policy_for_scores_that_are_not_finite_is_explicit() {
    let dir = tempfile::tempdir().unwrap();
    let mine = dir.path().join("mine.csv");
    fs::write(&mine, "arch,score\nReLU,3\nGELU,2\nMish,1\nELU,nan\nSELU,-inf\n").unwrap();
    let args =
        [&["compare", "--scores", mine.to_str().unwrap()][..], &NAFBEE, &["--format", "json"]].concat();
    let find =
        |json: &str, column| values(json, column).into_iter().find(|(name, _)| name == "mine").map(|f| f.1);
    let excluded = run(&args);
    assert_eq!((find(&excluded, "n"), find(&excluded, "tau_b")), (Some(3.0), Some(1.0)));
    let worst = run(&[&args[..], &["--non-finite", "worst"]].concat());
    assert_eq!((find(&worst, "n"), find(&worst, "pearson")), (Some(5.0), None));
    // Of ten pairs nine are concordant and one is tied in score: 9 / sqrt(9 * 10).
    assert!((find(&worst, "tau_b").unwrap() - 9.0 / 90f64.sqrt()).abs() < 1e-15);
}

#[test]
fn mistakes_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.csv");
    for (text, expected) in [
        ("arch,score\nReLU,1\nRelu,2\n", "mine.csv, line 3: not a nafbee_vgg19 architecture"),
        ("arch,score\nReLU,1\nReLU,2\n", "mine.csv, line 3: architecture `ReLU` stands in line 2 already"),
        ("arch,score\nReLU,many\n", "mine.csv, line 2: `many` in column `score` is no number"),
        ("arch,score\nReLU\n", "mine.csv: "),
        ("arch\nReLU\n", "no column of scores"),
    ] {
        fs::write(&path, text).unwrap();
        let args = [&["compare", "--scores", path.to_str().unwrap()][..], &NAFBEE].concat();
        untrained(&[]).args(args).assert().failure().stderr(predicate::str::contains(expected));
    }
    untrained(&[]).args(["compare", "--space", "nafbee_vgg19"]).assert().code(2);
    untrained(&[])
        .args(["compare", "--scores", path.to_str().unwrap()])
        .assert()
        .failure()
        .stderr(predicate::str::contains("--scores needs --space and --dataset"));
}

/// tau-b, Spearman and Pearson by scipy 1.x of NAS-Bench-Suite-Zero's scores of 9,445 networks with the test accuracy of
/// nats_bench.csv.
const SUITE_ZERO: [(&str, f64, f64, f64); 6] = [
    ("synflow", 0.581_179, 0.777_79, 0.594_054),
    ("nwot", 0.624_334, 0.811_418, 0.135_947),
    ("params", 0.623_074, 0.799_111, 0.514_729),
    ("grasp", 0.377_603, 0.537_115, -0.008_644),
    ("plain", -0.234_115, -0.351_521, -0.239_434),
    ("zen", 0.109_922, 0.114_674, 0.135_917),
];

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nasbench_suite_zero_scores_give_the_correlations_that_scipy_gives() {
    let scores = real_file("reference-scores/nbsuitezero_nb201_cifar10_scores.csv");
    let columns: Vec<&str> = SUITE_ZERO.iter().map(|(name, ..)| *name).collect();
    let mut command = untrained_on(&real_data());
    command.args(["compare", "--space", "nasbench201", "--dataset", "cifar10"]);
    command.args(["--format", "json", "--bootstrap", "0", "--columns", &columns.join(",")]);
    let output = command.arg("--scores").arg(scores).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = String::from_utf8(output.stdout).unwrap();
    for (proxy, tau, rho, r) in SUITE_ZERO {
        for (column, expected) in [("tau_b", tau), ("spearman", rho), ("pearson", r)] {
            let (_, value) = values(&json, column).into_iter().find(|(name, _)| name == proxy).unwrap();
            assert!((value - expected).abs() < 1e-6, "{column} of {proxy}: {value} and {expected}");
        }
        assert_eq!(values(&json, "n").iter().find(|(name, _)| name == proxy).unwrap().1, 9445.0);
    }
}

/// Metrics by scikit-learn 1.9.1, scipy 1.17.1 and counting, of two of NAS-Bench-Suite-Zero's proxies without equal scores, as above.
const OF_THE_BEST: [(&str, [f64; 2]); 11] = [
    ("ndcg@100", [0.503_435, 0.430_001]),
    ("ndcg_rank@1000", [0.857_955, 0.766_182]),
    ("overlap@1%", [0.021_277, 0.042_553]),
    ("overlap@5%", [0.262_712, 0.127_119]),
    ("overlap@10%", [0.389_418, 0.237_037]),
    ("regret@1", [1.058_333, 0.808_333]),
    ("regret@10", [0.753_333, 0.808_333]),
    ("tau_b_best@10%", [-0.053_545, 0.010_133]),
    ("tau_b_above@90", [0.409_189, 0.346_395]),
    ("ndcg@1000", [0.657_235, 0.531_694]),
    ("partial_tau", [0.403_318, 0.475_028]),
];

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn nasbench_suite_zero_scores_give_the_metrics_that_scikit_learn_gives() {
    let scores = real_file("reference-scores/nbsuitezero_nb201_cifar10_scores.csv");
    let metrics: Vec<&str> = OF_THE_BEST.iter().map(|(name, _)| *name).collect();
    let mut command = untrained_on(&real_data());
    command.args(["compare", "--space", "nasbench201", "--dataset", "cifar10", "--columns", "nwot,epe_nas"]);
    command.args(["--format", "json", "--bootstrap", "0", "--metrics", &metrics.join(",")]);
    let output = command.arg("--scores").arg(scores).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = String::from_utf8(output.stdout).unwrap();
    for (metric, expected) in OF_THE_BEST {
        let found = values(&json, metric);
        for (proxy, expected) in ["nwot", "epe_nas"].into_iter().zip(expected) {
            let (_, value) = found.iter().find(|(name, _)| name == proxy).unwrap();
            assert!((value - expected).abs() < 1e-6, "{metric} of {proxy}: {value} and {expected}");
        }
    }
}

/// On the 9,445 architectures of NAS-Bench-Suite-Zero: nDCG@1000 of FLOPs and tau-b of the number of parameter tensors on CIFAR-10, CIFAR-100
/// and ImageNet16-120, as VKDNW (CVPR 2025, arXiv:2502.04975) prints them.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn metrics_of_the_best_are_those_that_are_published_for_a_subset() {
    let scores = real_file("reference-scores/nbsuitezero_nb201_cifar10_scores.csv");
    let mut command = untrained_on(&real_data());
    command.args(["compare", "--space", "nasbench201", "--dataset", "cifar10", "--columns", "zen"]);
    command.args([
        "--archs",
        "suite_zero",
        "--metrics",
        "ndcg@1000,tau_b",
        "--bootstrap",
        "0",
        "--format",
        "csv",
    ]);
    command.args(["--table-dataset", "cifar10,cifar100,imagenet16_120"]);
    let output = command.arg("--scores").arg(scores).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut reader = csv::Reader::from_reader(&output.stdout[..]);
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let find = |proxy: &str, dataset: &str, column: &str| -> f64 {
        let wanted = |r: &&csv::StringRecord| r[0] == *proxy && r[2].ends_with(dataset) && r[3] == *column;
        records.iter().find(wanted).unwrap()[4].parse().unwrap()
    };
    let published = [("cifar10", 0.743, 0.626), ("cifar100", 0.576, 0.646), ("imagenet16_120", 0.403, 0.623)];
    for (dataset, ndcg, tau) in published {
        for (proxy, column, expected) in [("flops", "ndcg@1000", ndcg), ("layers", "tau_b", tau)] {
            let found = find(proxy, dataset, column);
            assert!((found - expected).abs() < 5.5e-4, "{proxy}, {dataset}, {column}: {found}");
        }
        assert_eq!(find("flops", dataset, "n"), 9445.0);
    }
}

#[test]
fn a_space_of_text_has_its_table_and_baselines() {
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().join("mine.csv");
    std::fs::write(&scores, "arch,mine\nReLU,1\nGELU,2.5\nSELU,0.5\n").unwrap();
    let bert = ["--space", "nafbee_bert", "--dataset", "sst2"];
    let mut command = untrained(&[]);
    command.args(["compare", "--scores"]).arg(&scores).args(bert).args(["--format", "csv"]);
    let accuracy = predicates::str::contains("sst2/validation/3/mean");
    let baselines =
        predicates::str::contains("random,baseline").and(predicates::str::contains("params,baseline"));
    command.assert().success().stdout(accuracy.and(baselines));
    let mut command = untrained(&[]);
    command.args(["compare", "--scores"]).arg(&scores).args(["--space", "nafbee_bert", "--dataset", "sst3"]);
    command.assert().failure().stderr(predicates::str::contains("sst3"));
}

/// Cells of NAS-Bench-101 may be numbered in any order: they are the table's cells, once each.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn renumbered_cells_are_those_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().join("mine.csv");
    let compare = |cells: &str| {
        std::fs::write(&scores, format!("arch,mine\n{cells}=0,2\nconv3x3@0=1,3\nconv1x1@0=1,-3\n")).unwrap();
        let mut command = untrained_on(&real_data());
        command.env("UNTRAINED_CACHE", folder.path().join("cache")).args([
            "compare",
            "--space",
            "nasbench101",
        ]);
        command.args(["--dataset", "cifar10", "--format", "csv", "--scores"]).arg(&scores).assert()
    };
    let (canonical, renumbered) = ("conv3x3@0/conv1x1@0=1.2,1\n", "conv1x1@0/conv3x3@0=1.2,1\n");
    let text = |cells| compare(cells).success().get_output().stdout.clone();
    assert!(!text(canonical).is_empty());
    assert_eq!(text(canonical), text(renumbered));
    let twice = predicates::str::contains("stands in line 2 already");
    compare(&format!("{canonical}{renumbered}")).failure().stderr(twice);
}
