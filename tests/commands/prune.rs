//! `untrained search prune`: interruptions and threads.

use std::path::Path;

use crate::common::{run, untrained};
use predicates::str::contains;

fn arguments<'a>(out: &'a Path, threads: &'a str) -> Vec<&'a str> {
    let small = ["--dataset", "synthetic", "--batch-size", "4", "--resolution", "8", "--threads", threads];
    [&["search", "prune", "--out", out.to_str().unwrap()], &small[..]].concat()
}

#[test]
fn a_supernet_is_pruned_to_a_cell_and_interruptions_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| dir.path().join(name));
    let text = run(&arguments(&one, "1"));
    assert!(text.contains("pruned: |") && text.contains("random: |"), "{text}");
    let result = std::fs::read(one.join("result.json")).unwrap();
    let found: serde_json::Value = serde_json::from_slice(&result).unwrap();
    let rounds = found[0]["pruned"]["rounds"].as_array().unwrap();
    assert_eq!(
        rounds.iter().map(|r| r["changes"].as_array().unwrap().len()).collect::<Vec<_>>(),
        [24, 18, 12]
    );
    let arch = found[0]["pruned"]["arch"].as_str().unwrap();
    // What is left is an architecture of the benchmark.
    let score =
        ["score", "--space", "nasbench201", "--proxies", "params", "--dataset", "synthetic", "--arch", arch];
    run(&score);
    // As if killed: a journal that ends in the middle of a line, and two that are not there.
    run(&arguments(&two, "2"));
    let journal = two.join("scores-1.jsonl");
    let bytes = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, &bytes[..bytes.len() * 2 / 3]).unwrap();
    [two.join("scores-2.jsonl"), two.join("result.json")]
        .iter()
        .for_each(|path| std::fs::remove_file(path).unwrap());
    run(&arguments(&two, "2"));
    assert_eq!(std::fs::read(two.join("result.json")).unwrap(), result);
    assert_eq!(std::fs::read(&journal).unwrap(), bytes);
    let other = [&arguments(&two, "2")[..], &["--space", "nasbench201"]].concat();
    untrained(&other).assert().code(1).stderr(contains("--space nasbench201:supernet"));
}
