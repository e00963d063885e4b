//! `untrained score` on BERT: scores, statuses, checkpoints.

use std::path::{Path, PathBuf};

use predicates::str::contains;
use untrained::graph::init::Scheme;
use untrained::graph::{Activation, ParamId, Weights};
use untrained::spaces::nafbee::TINY;

use crate::common::untrained;

fn report(args: &[&str]) -> serde_json::Value {
    let assert = untrained(args).args(["--format", "json"]).assert().success();
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

fn of<'a>(report: &'a serde_json::Value, proxy: &str) -> &'a serde_json::Value {
    report["scores"].as_array().unwrap().iter().find(|s| s["proxy"] == proxy).unwrap()
}

const TINY_GELU: [&str; 5] = ["score", "--space", "nafbee_bert:tiny", "--arch", "GELU"];

/// BERT-base on four short sentences of a data folder of our own.
#[test]
fn bert_base_is_scored_on_sentences() {
    let dir = super::sentences::small();
    let folder = dir.path().to_str().unwrap();
    let args =
        ["score", "--space", "nafbee_bert", "--arch", "GELU", "--dataset", "sst2", "--data-dir", folder];
    let small =
        ["--batch-size", "4", "--resolution", "8", "--proxies", "params,flops,naswot,rbflex:hda_self"];
    let report = report(&[&args[..], &small].concat());
    assert_eq!(of(&report, "params")["score"], 109_483_778.0);
    assert!(report["batch"].as_str().unwrap().contains("SST-2 train, 4 of 6920 sentences"));
    assert_eq!(report["weights"], "default");
    let rbflex = of(&report, "rbflex:hda_self");
    assert_eq!(rbflex["status"], "ok", "{rbflex}");
    assert_eq!(rbflex["components"]["l_k"], (12 * 8 * 3072 + 768) as f64);
    assert_eq!(rbflex["components"]["l_q"], 768.0);
    assert_eq!(of(&report, "naswot")["components"]["units"], (12 * 8 * 3072 + 768) as f64);
}

/// Every proxy either has a score or says why it has none.
#[test]
fn proxies_of_images_are_skipped() {
    let dir = super::sentences::small();
    let folder = dir.path().to_str().unwrap();
    let fixed = ["--dataset", "sst2", "--data-dir", folder, "--batch-size", "2", "--resolution", "8"];
    let report = report(&[&TINY_GELU[..], &fixed].concat());
    let with = |status: &str| -> Vec<&str> {
        let all = report["scores"].as_array().unwrap().iter().filter(|s| s["status"] == status);
        all.map(|s| s["proxy"].as_str().unwrap()).collect()
    };
    let scored = [
        "params",
        "flops",
        "layers",
        "l2_norm",
        "random",
        "grad_norm",
        "snip",
        "plain",
        "grasp",
        "fisher",
        "synflow",
        "gradsign",
        "ntk",
        "naswot",
        "das",
        "swap",
        "rbflex",
        "zico",
    ];
    assert_eq!(with("ok"), scored, "{report}");
    let skipped = with("skipped");
    for proxy in ["jacob_cov", "epe_nas", "zen", "meco", "az_nas", "eproxy", "linear_regions", "saliency"] {
        assert!(skipped.contains(&proxy), "{proxy}: {report}");
    }
    assert!(
        of(&report, "jacob_cov")["reason"].as_str().unwrap().contains("token ids, which have no gradient")
    );
    assert!(of(&report, "zen")["reason"].as_str().unwrap().contains("Gaussian noise"));
    assert_eq!(with("failed"), Vec::<&str>::new());
}

#[test]
fn a_data_set_of_the_other_kind_is_refused() {
    let args = [&TINY_GELU[..], &["--dataset", "synthetic"]].concat();
    untrained(&args).assert().failure().stderr(contains("take sentences; use --dataset sst2"));
    let args = ["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--dataset", "synthetic_text"];
    untrained(&args).assert().failure().stderr(contains("take images"));
    let long = ["score", "--space", "nafbee_bert", "--arch", "ReLU", "--dataset", "synthetic_text"];
    let args = [&long[..], &["--resolution", "513", "--proxies", "params"]].concat();
    untrained(&args).assert().failure().stderr(contains("513 tokens, but there are 512 positions"));
}

/// The small network's weights as a checkpoint, under names that `name` gives.
fn checkpoint(path: &Path, seed: u64, name: impl Fn(&str) -> Option<String>) {
    let graph = TINY.build(Activation::Gelu, 1, 2).unwrap();
    let weights = Weights::init(&graph, Scheme::Default, seed);
    let trainable: Vec<(ParamId, _)> = graph.trainable().collect();
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (id, param) in trainable {
        let Some(name) = name(&param.name) else { continue };
        let start = data.len();
        data.extend(weights.get(id).iter().flat_map(|w| w.to_le_bytes()));
        let entry =
            serde_json::json!({ "dtype": "F32", "shape": param.shape, "data_offsets": [start, data.len()] });
        header.insert(name, entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(data);
    std::fs::write(path, bytes).unwrap();
}

/// As the first checkpoints of encoders were written.
fn old_name(name: &str) -> Option<String> {
    let name = name.strip_prefix("bert.").unwrap_or(name);
    let norm = name.contains("LayerNorm");
    Some(if norm { name.replace(".weight", ".gamma").replace(".bias", ".beta") } else { name.to_owned() })
}

fn folder() -> (tempfile::TempDir, tempfile::TempDir, PathBuf) {
    let (data, dir) = (super::sentences::small(), tempfile::tempdir().unwrap());
    let file = dir.path().join("bert.safetensors");
    (data, dir, file)
}

fn scores_with(data: &Path, more: &[&str]) -> serde_json::Value {
    let fixed =
        ["--dataset", "sst2", "--data-dir", data.to_str().unwrap(), "--batch-size", "2", "--resolution", "8"];
    let proxies = ["--proxies", "l2_norm,naswot,rbflex:hda_self,grad_norm,swap"];
    report(&[&TINY_GELU[..], &fixed, &proxies, more].concat())
}

fn numbers(report: &serde_json::Value) -> Vec<String> {
    report["scores"].as_array().unwrap().iter().map(|s| s["score"].to_string()).collect()
}

/// A checkpoint that holds the weights of seed 5 gives the scores of seed 5 when it is kept, whatever the seed.
#[test]
fn a_checkpoint_that_is_kept_is_the_network() {
    let (data, _dir, file) = folder();
    let drawn = numbers(&scores_with(data.path(), &["--weight-seed", "5"]));
    for names in [old_name as fn(&str) -> Option<String>, |name| Some(name.to_owned())] {
        checkpoint(&file, 5, names);
        let kept = ["--checkpoint", file.to_str().unwrap(), "--linear-weights", "kept"];
        let report = scores_with(data.path(), &kept);
        // SWAP insists on its own initialisation, which is drawn by the seed.
        assert_eq!(numbers(&report)[..4], drawn[..4], "{report}");
        assert_ne!(numbers(&report)[4], "null");
        let weights = report["weights"].as_str().unwrap();
        assert!(weights.contains("bert.safetensors") && weights.contains("linear weights kept"), "{weights}");
    }
}

/// Drawn anew: linear weights follow scheme and seed, biases and embeddings stay those of the checkpoint.
#[test]
fn linear_weights_are_redrawn() {
    let (data, _dir, file) = folder();
    checkpoint(&file, 5, |name| Some(name.to_owned()));
    let checkpoint = ["--checkpoint", file.to_str().unwrap()];
    let with = |more: &[&str]| scores_with(data.path(), &[&checkpoint[..], more].concat());
    let report = with(&["--weight-seed", "1"]);
    assert!(report["weights"].as_str().unwrap().contains("linear weights redrawn (xavier_uniform)"));
    let portable = scores_with(data.path(), &["--weight-seed", "1", "--init", "xavier_uniform"]);
    // The norm of the linear weights is that of Xavier's; what depends on biases and embeddings differs.
    assert_eq!(numbers(&report)[0], numbers(&portable)[0]);
    assert_ne!(numbers(&report)[3], numbers(&portable)[3]);
    assert_ne!(numbers(&report), numbers(&with(&["--weight-seed", "2"])));
    assert_ne!(numbers(&report)[0], numbers(&with(&["--weight-seed", "1", "--init", "normal01"]))[0]);
}

#[test]
fn wrong_checkpoints_say_what_is_wrong() {
    let (data, _dir, file) = folder();
    let path = file.to_str().unwrap();
    let fails = |space: &str, more: &[&str], says: &str| {
        let args = ["score", "--space", space, "--arch", "GELU", "--data-dir", data.path().to_str().unwrap()];
        let dataset = if space == "nafbee_vgg19" { "synthetic" } else { "sst2" };
        let rest = ["--dataset", dataset, "--batch-size", "2", "--proxies", "params", "--checkpoint", path];
        untrained(&[&args[..], &rest, more].concat()).assert().failure().stderr(contains(says));
    };
    checkpoint(&file, 5, |name| (!name.contains("word_embeddings")).then(|| name.to_owned()));
    fails("nafbee_bert:tiny", &[], "no tensor `bert.embeddings.word_embeddings.weight`");
    checkpoint(&file, 5, |name| Some(name.to_owned()));
    fails("nafbee_bert", &[], "`bert.embeddings.word_embeddings.weight` has shape [1000, 64]");
    fails("nafbee_vgg19", &[], "nafbee_vgg19 has no checkpoints");
    fails("nafbee_bert:tiny", &["--linear-weights", "kept", "--init", "normal01"], "leave one of them out");
    std::fs::write(&file, &std::fs::read(&file).unwrap()[..5000]).unwrap();
    fails("nafbee_bert:tiny", &[], "truncated");
    let args = [&TINY_GELU[..], &["--linear-weights", "kept"]].concat();
    untrained(&args).assert().failure().stderr(contains("--checkpoint"));
}

/// A run names its checkpoint, is verified with it, and is not continued with another one.
#[test]
fn a_run_knows_its_checkpoint() {
    let (data, dir, file) = folder();
    checkpoint(&file, 5, |name| Some(name.to_owned()));
    let (out, folder) = (dir.path().join("run"), data.path().to_str().unwrap().to_owned());
    let run = || {
        let args =
            ["score", "--space", "nafbee_bert:tiny", "--all", "--dataset", "sst2", "--data-dir", &folder];
        let rest = [
            "--batch-size",
            "2",
            "--resolution",
            "8",
            "--special-tokens",
            "cls",
            "--proxies",
            "naswot,rbflex",
        ];
        let mut command = untrained(&[&args[..], &rest].concat());
        command.args(["--checkpoint", file.to_str().unwrap(), "--out", out.to_str().unwrap()]);
        command
    };
    run().assert().success().stdout(contains("22 records"));
    let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let key = &manifest["key"];
    assert_eq!((&key["special_tokens"], &key["attention_mask"]), (&"cls".into(), &"padding".into()));
    assert_eq!((&key["init"], &key["resolution"]), (&"xavier_uniform".into(), &8.into()));
    assert_eq!(key["checkpoint"]["linear_weights"], "redrawn");
    assert_eq!(key["checkpoint"]["sha256"].as_str().unwrap().len(), 64);
    let verify = || untrained(&["verify", out.to_str().unwrap(), "--data-dir", &folder, "--count", "22"]);
    verify().assert().success().stdout(contains("22 of 22 records are identical to the last bit"));
    checkpoint(&file, 6, |name| Some(name.to_owned()));
    run().assert().failure().stderr(contains("checkpoint"));
    verify().assert().failure().stderr(contains("has changed since the run began"));
}
