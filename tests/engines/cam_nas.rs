//! The proxy `cam_nas`: every choice, and what is said where a teacher is missing or knows other classes.

use std::path::Path;

use untrained::data::DataDirs;
use untrained::datasets::{self, BatchRequest, Split};
use untrained::engine::NativeEngine;
use untrained::passes::{CandidateSet, Inputs, Network, Setup};
use untrained::proxies::{PROXIES, ProxyRef};
use untrained::scoring::{self, Outcome, Seeds, Status, prepare};
use untrained::spaces::{NetworkInput, find};

use crate::common::{real_data, real_dirs, real_file, untrained_on};

/// Scores of a small network on two synthetic images, for a run with so many classes.
fn score(dirs: &DataDirs, classes: usize, proxies: &[String]) -> Vec<Outcome> {
    let setup = Setup {
        space: find("nats_sss").unwrap(),
        input: NetworkInput { resolution: 32, classes },
        seeds: Seeds { weight: 5, data: 6, sample: 7 },
        init: Default::default(),
        precision: Default::default(),
        repetition: 0,
        candidates: None,
    };
    let request = BatchRequest::new("synthetic", Split::Train, 2, 6);
    let inputs = Inputs::of(datasets::batch(&request, dirs).unwrap(), 6);
    let engine = NativeEngine::new();
    let set = CandidateSet { setup, engine: &engine, inputs: &inputs, order: &|_| None };
    let proxies: Vec<ProxyRef> = proxies.iter().map(|name| name.parse().unwrap()).collect();
    let network = Network::build(setup, "8:16:8:24:16").unwrap();
    scoring::score(&engine, &network, &inputs, &prepare(&proxies, &set))
}

fn reason(outcome: &Outcome) -> String {
    outcome.result.as_ref().unwrap_err().to_string()
}

#[test]
fn a_missing_teacher_is_named() {
    let dirs = DataDirs::only(Path::new("/nonexistent"));
    let outcomes = score(&dirs, 10, &["cam_nas".into(), "params".into()]);
    assert_eq!([outcomes[0].status(), outcomes[1].status()], [Status::Failed, Status::Ok]);
    let reason = reason(&outcomes[0]);
    assert!(
        reason.contains("cifar10_resnet20.safetensors, ") && reason.contains("cifar10_teachers` says"),
        "{reason}"
    );
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn every_choice_scores_a_network() {
    let dirs = real_dirs();
    let proxy = PROXIES.iter().find(|p| p.name == "cam_nas").unwrap();
    let axes = proxy.details.axes.iter().filter(|axis| axis.name != "teacher");
    // Thousands of passes; cam.rs compares it with a public package.
    let choices = axes.flat_map(|a| a.choices).map(|c| c.name).filter(|name| *name != "ss_cam");
    let mut names: Vec<String> = choices.map(|c| format!("cam_nas:{c}")).collect();
    names.extend(["cam_nas:cifar10_resnet56", "cam_nas:resnet18+own_classes"].map(String::from));
    let outcomes = score(&dirs, 10, &names);
    for outcome in &outcomes {
        assert_eq!(outcome.status(), Status::Ok, "{}: {:?}", outcome.proxy, outcome.result);
        let score = outcome.result.as_ref().unwrap();
        let part = |name: &str| score.components.iter().find(|(n, _)| *n == name).unwrap().1;
        let unit = outcome.proxy.to_string().contains("unit_l2");
        let expected = if unit { 1.0 / (1.0 + part("distance")) } else { 1.0 / part("distance") };
        assert_eq!(score.value, expected, "{}", outcome.proxy);
    }
    // Alone it gives the same bits as beside others.
    let alone = score(&dirs, 10, &["cam_nas".into()]);
    let beside = outcomes.iter().find(|o| o.proxy.to_string() == "cam_nas").unwrap();
    assert_eq!(alone[0].result, beside.result);
}

#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn other_classes_need_a_choice() {
    let outcomes = score(&real_dirs(), 100, &["cam_nas".into(), "cam_nas:own_classes".into()]);
    let reason = reason(&outcomes[0]);
    assert!(reason.contains("knows 10 classes and the candidates 100"), "{reason}");
    assert_eq!(outcomes[1].status(), Status::Ok);
}

/// The manifest identifies the teacher's file, and a run is not continued with another one.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn the_teachers_file_is_identified() {
    let name = "cifar10_resnet20.safetensors";
    let bytes = std::fs::read(real_file(&format!("weights/{name}"))).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (out, other) = (dir.path().join("run"), dir.path().join("data/weights"));
    let score = |data: &Path| {
        let fixed =
            ["score", "--space", "nats_sss", "--dataset", "synthetic", "--batch-size", "2", "--sample", "1"];
        untrained_on(data).args(fixed).args(["--proxies", "cam_nas", "--out"]).arg(&out).assert()
    };
    score(&real_data()).success();
    let files = untrained::store::Run::open(&out).unwrap().manifest.proxies[0].files.clone();
    assert_eq!(files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), [name]);
    assert_eq!(files[0].sha256.len(), 64);
    // The same numbers behind another header: another file.
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let padded =
        [&(length as u64 + 1).to_le_bytes()[..], &bytes[8..8 + length], b" ", &bytes[8 + length..]].concat();
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join(name), padded).unwrap();
    score(other.parent().unwrap()).failure().stderr(predicates::str::contains("proxy cam_nas from"));
}
