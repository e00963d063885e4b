//! `untrained score` and `untrained list`, as their users see them.

use predicates::prelude::*;

use crate::common::untrained;

fn scores(args: &[&str]) -> serde_json::Value {
    let assert = untrained(args).args(["--format", "json"]).assert().success();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

fn score_of<'a>(report: &'a serde_json::Value, proxy: &str) -> &'a serde_json::Value {
    report["scores"].as_array().unwrap().iter().find(|s| s["proxy"] == proxy).unwrap()
}

const SSS: [&str; 7] = ["score", "--space", "nats_sss", "--arch", "8:16:24:32:40", "--batch-size", "8"];

#[test]
fn scores_without_any_data_at_hand_say_so() {
    let report = scores(&SSS);
    assert!(report["batch"].as_str().unwrap().contains("synthetic"), "{}", report["batch"]);
    for proxy in ["params", "flops", "l2_norm", "random", "naswot", "rbflex", "zen", "grad_norm", "synflow"] {
        let score = score_of(&report, proxy);
        assert_eq!(score["status"], "ok", "{score}");
        assert!(score["score"].is_number(), "{score}");
    }
    assert_eq!(score_of(&report, "params")["score"], 115_490.0);
    assert_eq!(score_of(&report, "flops")["score"], 15_339_930.0);
}

#[test]
fn the_same_seeds_give_the_same_bits_and_other_seeds_do_not() {
    let with = |seeds: &[&str]| {
        let args = [&SSS[..], &["--proxies", "naswot,rbflex:hda_self,zen,l2_norm,random"], seeds].concat();
        let report = scores(&args);
        report["scores"].as_array().unwrap().iter().map(|s| s["score"].to_string()).collect::<Vec<_>>()
    };
    let first = with(&[]);
    assert_eq!(first, with(&[]));
    let other_weights = with(&["--weight-seed", "1"]);
    assert!(first.iter().zip(&other_weights).all(|(a, b)| a != b), "{first:?} {other_weights:?}");
    let other_data = with(&["--data-seed", "1"]);
    assert!(first[..3].iter().zip(&other_data[..3]).all(|(a, b)| a != b));
    assert_eq!(first[3..], other_data[3..]);
}

#[test]
fn a_dead_network_has_a_status_and_no_sentinel() {
    let arch = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
    let args =
        ["score", "--space", "nasbench201", "--arch", arch, "--dataset", "synthetic", "--batch-size", "4"];
    let report = scores(&[&args[..], &["--proxies", "params,naswot,rbflex:fixed,zen"]].concat());
    assert_eq!(score_of(&report, "params")["status"], "ok");
    for proxy in ["naswot", "rbflex:fixed", "zen"] {
        let score = score_of(&report, proxy);
        assert_eq!((&score["status"], &score["score"]), (&"non_finite".into(), &"-inf".into()), "{score}");
    }
}

#[test]
fn a_variant_without_meaning_is_skipped_with_its_reason() {
    let args =
        ["score", "--space", "nafbee_vgg19", "--arch", "GELU", "--dataset", "synthetic", "--batch-size", "2"];
    let report = scores(&[&args[..], &["--proxies", "naswot:double_count,params"]].concat());
    let score = score_of(&report, "naswot:double_count");
    assert_eq!(score["status"], "skipped");
    assert!(score["reason"].as_str().unwrap().contains("no activation"));
}

/// A published structure by its name; counts with 10 classes and E-score by an independent program.
#[test]
fn a_published_structure_goes_by_its_name() {
    let args = [
        "score",
        "--space",
        "plainnet",
        "--arch",
        "ZenNet-1M",
        "--dataset",
        "synthetic",
        "--batch-size",
        "2",
    ];
    let proxies = "params,params:model_size,flops:zen_nas,escore";
    let report = scores(&[&args[..], &["--proxies", proxies]].concat());
    assert!(
        report["arch"].as_str().unwrap().starts_with("SuperConvK3BNRELU(3,88,1,1)"),
        "{}",
        report["arch"]
    );
    assert_eq!(score_of(&report, "params")["score"], 994_674.0);
    assert_eq!(score_of(&report, "params:model_size")["score"], 985_105.0);
    assert_eq!(score_of(&report, "flops:zen_nas")["score"], 155_170_848.0);
    let escore = score_of(&report, "escore");
    assert!((escore["score"].as_f64().unwrap() - 4_892.948_842_719_584).abs() < 1e-6, "{escore}");
    assert!((escore["components"]["rho"].as_f64().unwrap() - 0.754_126_699_8).abs() < 1e-9, "{escore}");
}

#[test]
fn proxies_of_structures_are_skipped_elsewhere() {
    let proxies = [
        "escore",
        "incorporated",
        "zen:no_reslink",
        "params:no_reslink",
        "params:model_size",
        "flops:zen_nas",
    ];
    let report = scores(&[&SSS[..], &["--proxies", &proxies.join(",")]].concat());
    for proxy in proxies {
        let score = score_of(&report, proxy);
        assert_eq!(score["status"], "skipped", "{score}");
        assert!(score["reason"].as_str().unwrap().starts_with("nats_sss "), "{score}");
    }
}

/// A sample of a space that is too large to be looked through.
#[test]
fn large_spaces_are_sampled() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let args = ["score", "--space", "cam_nas", "--dataset", "synthetic", "--proxies", "params,escore:beta_0"];
    let more = ["--sample", "20", "--out", out.to_str().unwrap()];
    let assert = untrained(&[&args[..], &more].concat()).assert().success();
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(text.contains("40 records (ok 40"), "{text}");
}

/// NAS-Bench-201's official order is in its table: without it HDA over the space cannot choose its networks.
#[test]
fn hda_without_a_table_names_the_remedy() {
    let arch = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|";
    let args =
        ["score", "--space", "nasbench201", "--arch", arch, "--dataset", "synthetic", "--batch-size", "2"];
    let report = scores(&[&args[..], &["--proxies", "rbflex"]].concat());
    let score = score_of(&report, "rbflex");
    assert_eq!(score["status"], "failed");
    let reason = score["reason"].as_str().unwrap();
    assert!(
        reason.contains("untrained data fetch nasbench201") && reason.contains("rbflex:hda_self"),
        "{reason}"
    );
}

#[test]
fn bad_arguments_get_one_clear_sentence() {
    let cases: [(&[&str], &str); 10] = [
        (&["score", "--space", "plainnet", "--all", "--list"], "nobody lists the architectures of plainnet"),
        (&["score", "--space", "cam_nas", "--all", "--list"], "cam_nas has 754137930 architectures"),
        (&["score", "--space", "nats", "--arch", "8:8:8:8:8"], "unknown search space `nats`"),
        (&["score", "--space", "nats_sss", "--arch", "8:8:9:8:8"], "channel number 3 must be one of"),
        (&["score", "--space", "nafbee_vgg19", "--arch", "relu"], "did you mean `ReLU`"),
        (
            &["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--proxies", "nasvot"],
            "did you mean `naswot`",
        ),
        (
            &["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--dataset", "mnist"],
            "unknown data set `mnist`",
        ),
        (
            &["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--dataset", "cifar10"],
            "untrained data fetch cifar10",
        ),
        (&["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--device", "tpu"], "unknown device `tpu`"),
        (
            &["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--at-once", "2"],
            "--at-once divides threads among networks",
        ),
    ];
    for (args, expected) in cases {
        untrained(args).assert().failure().stderr(predicate::str::contains(expected));
    }
}

#[cfg(not(any(feature = "cuda", feature = "vulkan")))]
#[test]
fn a_device_that_is_not_compiled_in_is_refused_with_the_remedy() {
    let args = ["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--device", "cuda:1"];
    let sentence = predicate::str::contains("`cuda:1` is not compiled into this binary")
        .and(predicate::str::contains("--device cpu"));
    untrained(&args).assert().code(1).stderr(sentence);
}

#[test]
fn the_native_engine_refuses_other_devices_than_the_cpu() {
    let args =
        ["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--device", "cuda", "--engine", "native"];
    untrained(&args).assert().code(1).stderr(predicate::str::contains("use --engine burn"));
}

#[test]
fn lists_name_everything() {
    for (what, words) in [
        ("spaces", vec!["nasbench201", "nats_sss", "nafbee_vgg19", "15625", "plainnet", "that nobody lists"]),
        ("archs", vec!["plainnet", "ZenNet-1M", "EZenNet-1M-l", "SuperConvK3BNRELU(3,88,1,1)"]),
        ("proxies", vec!["naswot", "double_count", "higher is better", "arXiv:2006.04647"]),
        ("tables", vec!["nasbench201", "nafbee_bert", "validation", "licence"]),
        ("datasets", vec!["cifar10", "imagenet16_120", "synthetic", "noise"]),
    ] {
        let assert = untrained(&["list", what]).assert().success();
        let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
        words.iter().for_each(|word| assert!(text.contains(word), "{what}: {word}"));
        let assert = untrained(&["list", what, "--format", "json"]).assert().success();
        let value: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        assert!(value.as_array().unwrap().len() >= 3);
    }
}
