//! `untrained search saliency`.

use std::path::Path;

use crate::common::untrained;
use predicates::prelude::*;
use predicates::str::contains;

const QUICK: [&str; 15] = [
    "search",
    "saliency",
    "--dataset",
    "synthetic",
    "--resolution",
    "8",
    "--train-images",
    "24",
    "--validation-images",
    "24",
    "--batch-size",
    "8",
    "--epochs",
    "1",
    "--width=2",
];

fn arguments<'a>(out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [&QUICK[..], &["--out", out.to_str().unwrap()], more].concat()
}

#[test]
fn a_supernet_is_trained_and_its_operations_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let search = |more: &[&str]| untrained(&arguments(folder.path(), more)).assert();
    search(&["--threads", "1"]).success().stdout(contains("saliency: |").and(contains("largest alpha: |")));
    let result = folder.path().join("result.json");
    let read =
        || -> Vec<serde_json::Value> { serde_json::from_slice(&std::fs::read(&result).unwrap()).unwrap() };
    let first = read();
    let rules: Vec<&str> =
        first[0]["selections"].as_array().unwrap().iter().map(|s| s["rule"].as_str().unwrap()).collect();
    assert_eq!(rules.len(), 8);
    assert!(rules.contains(&"Fisher, before training") && rules.contains(&"random"));
    // More repetitions go on where the first ended, on any number of threads.
    search(&["--repetitions", "2", "--threads", "2"]).success();
    let both = read();
    assert_eq!((both.len(), &both[0]), (2, &first[0]));
    assert_ne!(both[0]["alphas"], both[1]["alphas"]);
    assert!(folder.path().join("page.html").is_file());
    search(&["--images", "9"]).failure().stderr(contains("images-of-saliency 500"));
    // The same images, divided otherwise, are another search.
    let mut divided = arguments(folder.path(), &[]);
    let at = divided.iter().position(|word| *word == "--train-images").unwrap();
    (divided[at + 1], divided[at + 3]) = ("16", "32");
    untrained(&divided).assert().failure().stderr(contains("images-sha256").and(contains("another folder")));
}

#[test]
fn what_cannot_be_trained_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let search = |more: &[&str]| untrained(&arguments(folder.path(), more)).assert();
    search(&["--batch-size", "1"]).failure().stderr(contains("--batch-size"));
    search(&["--rate", "1e30"]).failure().stderr(contains("lower --rate"));
}
