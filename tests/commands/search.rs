//! `untrained search`: draws and protocols.

use crate::common::{run, untrained};
use crate::support::nafbee_run;
use predicates::prelude::*;

#[test]
fn a_run_is_searched_beside_baselines_and_oracle() {
    let folder = nafbee_run(2);
    let args = ["search", folder, "--samples", "2,11", "--trials", "50"];
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
    let folder = nafbee_run(1);
    untrained(&[]).args(["search", folder, "--samples", "10,100"]).assert().failure().stderr(
        predicate::str::contains("repetition 0 has only 11").and(predicate::str::contains("--samples")),
    );
    untrained(&[]).args(["search", folder, "--samples", "0"]).assert().failure();
}

/// Without `--samples` the sizes are those that there are architectures for.
#[test]
fn the_usual_sizes_are_those_that_fit() {
    let text = run(&["search", nafbee_run(1), "--trials", "5"]);
    assert!(text.contains("S=10") && !text.contains("S=100"), "{text}");
    let dir = tempfile::tempdir().unwrap();
    let scores = dir.path().join("few.csv");
    std::fs::write(&scores, "arch,score\nReLU,1\nGELU,2\nSiLU,3\n").unwrap();
    let of = ["--space", "nafbee_vgg19", "--dataset", "cifar10", "--trials", "5"];
    let text = run(&[&["search", "--scores", scores.to_str().unwrap()], &of[..]].concat());
    assert!(text.contains("S=3"), "{text}");
}
