//! `untrained bench`: the shape of its output, reuse, and agreement with `untrained score`. No time is judged.

use predicates::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

use crate::common::{run, untrained};

fn list(folder: &tempfile::TempDir, lines: &str) -> PathBuf {
    let path = folder.path().join("archs.txt");
    std::fs::write(&path, lines).unwrap();
    path
}

/// Lines of a run over `archs` on 8 x 8 noise, as (rows, summaries).
fn bench(space: &str, archs: &str, more: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let path = list(&folder, archs);
    let mut command = untrained(&["bench", "--space", space, "--batch-size", "4", "--resolution", "8"]);
    command.args(["--repeats", "1", "--device", "cpu", "--format", "json", "--archs"]).arg(path).args(more);
    let output = command.assert().success().get_output().stdout.clone();
    let lines = String::from_utf8(output).unwrap();
    let values: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    values.into_iter().partition(|v| v["summary"].is_null())
}

fn of<'a>(rows: &'a [Value], proxy: &str) -> Vec<&'a Value> {
    rows.iter().filter(|r| r["proxy"] == proxy).collect()
}

const SSS: &str = "8:8:8:8:8\n\n 16:8:8:8:8 \n8:8:8:8:8\n";

#[test]
fn every_architecture_and_proxy_has_a_line_with_the_scores_of_the_score_command() {
    let (rows, summaries) = bench("nats_sss", SSS, &["--proxies", "naswot,zen,params"]);
    assert_eq!(rows.len(), 4 * 3);
    for proxy in ["forward", "naswot", "zen", "params"] {
        let rows = of(&rows, proxy);
        let archs: Vec<&Value> = rows.iter().map(|r| &r["arch"]).collect();
        assert_eq!(archs, ["8:8:8:8:8", "8:8:8:8:8", "16:8:8:8:8"], "{proxy}");
        assert!(rows[0]["compute_ms"].as_f64().unwrap() > 0.0 && rows[0]["build_ms"].as_f64().unwrap() > 0.0);
        // An exact duplicate is never measured again.
        assert_eq!((&rows[1]["reused_from"], &rows[1]["compute_ms"]), (&archs[0].clone(), &Value::Null));
        assert_eq!(rows[1]["score"], rows[0]["score"]);
    }
    let args =
        ["score", "--space", "nats_sss", "--arch", "16:8:8:8:8", "--dataset", "noise", "--resolution", "8"];
    let more = ["--batch-size", "4", "--proxies", "naswot,zen,params", "--format", "json", "--device", "cpu"];
    let output = untrained(&[&args[..], &more].concat()).assert().success().get_output().stdout.clone();
    let report: Value = serde_json::from_slice(&output).unwrap();
    for score in report["scores"].as_array().unwrap() {
        let row = of(&rows, score["proxy"].as_str().unwrap())[2];
        assert_eq!(row["score"], score["score"], "{row}");
    }
    let summary = summaries.iter().find(|s| s["summary"] == "naswot").unwrap();
    assert_eq!((&summary["n"], &summary["listed"], &summary["reused"]), (&2.into(), &3.into(), &1.into()));
    assert_eq!((&summary["threads"], &summary["batch"]), (&1.into(), &4.into()));
    for key in ["mean_total_ms", "median_build_ms", "median_compute_ms", "p95_compute_ms", "scores_per_s"] {
        assert!(summary[key].as_f64().unwrap() > 0.0, "{key} in {summary}");
    }
    let first = &summaries[0];
    assert_eq!((&first["summary"], &first["median_ratio_to_forward"]), (&"forward".into(), &1.0.into()));
}

/// Two cells that are equal but for their names, and one with a dead convolution besides.
const CELLS: &str = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|
|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|
|none~0|+|none~0|none~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|
";

#[test]
fn equal_networks_are_measured_once_where_the_proxy_allows_it() {
    for (dedupe, distinct) in [("exact", 3), ("equal", 2), ("isomorphic", 1)] {
        let more = ["--proxies", "zen,params", "--dedupe", dedupe];
        let (rows, summaries) = bench("nasbench201", CELLS, &more);
        let count = |proxy: &str| {
            let summary = summaries.iter().find(|s| s["summary"] == proxy).unwrap();
            (summary["distinct"].as_u64().unwrap(), summary["reused"].as_u64().unwrap())
        };
        assert_eq!(count("zen"), (distinct, 3 - distinct), "{dedupe}");
        // Parameters are counted for every network: the dead convolution has some.
        assert_eq!(count("params"), (3, 0), "{dedupe}");
        let params: Vec<f64> = of(&rows, "params").iter().filter_map(|r| r["score"].as_f64()).collect();
        assert!(params[0] == params[1] && params[2] > params[0], "{params:?}");
        let zen = of(&rows, "zen");
        assert_eq!(zen.len(), 3);
        for row in zen.iter().filter(|r| r["reused_from"].is_string()) {
            assert_eq!(row["reused_from"], rows[0]["arch"]);
        }
    }
}

#[test]
fn dead_branches_are_left_out_where_the_definition_allows_it() {
    let dead = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|\n\
                |nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|\n";
    let (rows, _) = bench("nasbench201", dead, &["--proxies", "naswot,naswot:reachable,params"]);
    let left_out = |proxy: &str, i: usize| of(&rows, proxy)[i]["macs_left_out"].clone();
    // The second cell's convolution to node 1 leads nowhere: 5 cells each of 16, 32 and 64 channels at 8, 4 and 2
    // pixels. Its activation is in front of it, so that not even a proxy that counts the activation needs it.
    let macs: u64 = [(16, 8), (32, 4), (64, 2)].map(|(c, side)| 5 * 9 * c * c * side * side).iter().sum();
    assert_eq!(left_out("forward", 1), macs);
    // NASWOT does not look at the logits either, 64 x 10 weights and 10 biases.
    assert_eq!(left_out("naswot", 1), macs + 650);
    // The first cell's convolution works on zeros and is on the way to the logits.
    assert_eq!((left_out("forward", 0), left_out("naswot:reachable", 0)), (0.into(), 650.into()));
    assert_eq!(left_out("params", 0), Value::Null);
}

#[test]
fn threads_and_shared_passes_change_no_score() {
    let archs = "8:8:8:8:8\n16:8:8:8:8\n8:16:8:8:8\n8:8:16:8:8\n";
    let proxies = ["--proxies", "naswot,rbflex:fixed+whole_batch"];
    let (alone, _) = bench("nats_sss", archs, &proxies);
    let (parallel, summaries) =
        bench("nats_sss", archs, &[&proxies[..], &["--threads", "3", "--together"]].concat());
    for row in &alone {
        let same = |r: &&Value| r["arch"] == row["arch"] && r["proxy"] == row["proxy"];
        assert_eq!(parallel.iter().find(same).unwrap()["score"], row["score"]);
        if row["proxy"] != "forward" {
            let together = of(&parallel, "together").into_iter().find(|r| r["arch"] == row["arch"]).unwrap();
            assert_eq!(together["scores"][row["proxy"].as_str().unwrap()], row["score"]);
        }
    }
    let together = summaries.last().unwrap();
    assert_eq!(together["summary"], "together");
    assert!(together["median_ratio_to_dearest"].as_f64().unwrap() > 0.0, "{together}");
}

#[test]
fn non_finite_and_missing_scores_keep_their_lines() {
    let dead = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|\n";
    let (rows, summaries) = bench("nasbench201", dead, &["--proxies", "zen,rbflex"]);
    assert_eq!(
        (&of(&rows, "zen")[0]["score"], &of(&rows, "zen")[0]["status"]),
        (&"-inf".into(), &"non_finite".into())
    );
    // HDA needs the table, which is not at hand.
    let failed = of(&rows, "rbflex")[0];
    assert_eq!((&failed["score"], &failed["status"]), (&Value::Null, &"failed".into()));
    assert!(failed["reason"].as_str().unwrap().contains("untrained data fetch nasbench201"));
    let counts: Vec<_> = summaries.iter().map(|s| (s["failed"].as_u64(), s["non_finite"].as_u64())).collect();
    assert_eq!(counts, [(Some(0), Some(0)), (Some(0), Some(1)), (Some(1), Some(0))]);
}

#[test]
fn the_text_table_has_a_line_for_every_proxy() {
    let args = ["bench", "--space", "nats_sss", "--archs", "-", "--proxies", "naswot,params", "--together"];
    let more = ["--batch-size", "4", "--resolution", "8", "--repeats", "1", "--device", "cpu"];
    let mut command = untrained(&[&args[..], &more].concat());
    let assert = command.write_stdin(SSS).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    for start in ["nats_sss: batch 4", "proxy ", "forward ", "naswot ", "params ", "together "] {
        assert_eq!(text.lines().filter(|l| l.starts_with(start)).count(), 1, "{start}\n{text}");
    }
    assert!(text.contains("1 reused") && text.contains("times the dearest"), "{text}");
}

#[test]
fn bad_arguments_get_one_clear_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let bad = list(&folder, "8:8:8:8:8\n8:8:9:8:8\n");
    let bad = bad.to_str().unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["--space", "nats_sss", "--archs", bad], "archs.txt, line 2: not a nats_sss architecture"),
        (&["--space", "nats_sss", "--archs", "/no/such/list"], "--archs /no/such/list"),
        (&["--space", "nats_sss", "--dedupe", "isomorphic"], "--dedupe exact"),
        (&["--space", "nats_sss", "--proxies", "nasvot"], "did you mean `naswot`"),
        (&["--space", "nats_sss", "--dataset", "cifar10"], "untrained data fetch cifar10"),
        (&["--space", "nats_sss", "--threads", "0"], "--threads"),
    ];
    for (args, expected) in cases {
        untrained(&["bench"]).args(args).assert().failure().stderr(predicate::str::contains(expected));
    }
}

#[test]
fn help_teaches_with_examples() {
    let help = untrained(&["bench", "--help"]).assert().success();
    for text in ["untrained bench --space nasbench201", "reused_from", "--together", "another sample"] {
        help.get_output().stdout.windows(text.len()).find(|w| *w == text.as_bytes()).expect(text);
    }
}

/// The kernels' table needs no space, has a line for each shape, and says the same in JSON.
#[test]
fn kernels_are_measured_against_the_roof() {
    let run =
        |format: &str| crate::common::run(&["bench", "--kernels", "--batch-size", "1", "--format", format]);
    let value: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    let shapes = value["gflops"].as_array().unwrap();
    let text = run("text");
    assert_eq!(text.lines().filter(|line| line.contains(" -> ")).count(), shapes.len(), "{text}");
    assert!(
        value["roof"].as_f64().unwrap() > 0.0 && shapes.iter().all(|s| s["tiles"].as_f64().unwrap() > 0.0)
    );
}

#[test]
fn a_bench_without_a_space_is_wrong_usage() {
    untrained(&["bench"]).assert().code(2);
}

/// The parts of a score's time are all named, add up, and most of them took some time.
#[test]
fn the_time_of_a_score_is_divided_into_kinds_of_work() {
    let args = ["bench", "--work", "--space", "nats_sss", "--proxies", "grad_norm", "--batch-size", "2"];
    let text = run(&args);
    for part in
        ["packing weights", "convolution tiles", "weight gradients", "reductions", "page faults", "100 %"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&run(&[&args[..], &["--format", "json"]].concat())).unwrap();
    let parts = |proxy: &str| json["work"][proxy]["ms"].as_object().unwrap().clone();
    let of = |proxy: &str, part: &str| parts(proxy)[part].as_f64().unwrap();
    assert!(of("grad_norm", "weight gradients") > 0.0 && of("grad_norm", "convolution tiles") > 0.0);
    assert_eq!(of("forward", "weight gradients"), 0.0);
}
