//! `untrained explain`: maps of teacher and candidates, drawn.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

use crate::common::{real_data, untrained_on};

fn explain(data: &Path, args: &[&str]) -> Command {
    let mut command = untrained_on(data);
    command.arg("explain").args(args);
    command
}

/// The data folder of a machine that has none.
fn nothing() -> &'static Path {
    Path::new("/nonexistent")
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("maps.png");
    let out = out.to_str().unwrap();
    for (args, expected) in [
        (vec!["--out", out], "cifar10_teachers` says"),
        (vec!["--out", out, "--teacher", "resnet19"], "unknown teacher `resnet19`"),
        (vec!["--out", out, "--teacher", "none.pth"], "none.pth"),
        (vec!["--out", out, "--arch", "ReLU"], "--space"),
        (vec!["--out", out, "--cam", "gradcam"], "smooth_grad_cam_pp"),
    ] {
        explain(nothing(), &args).assert().failure().stderr(predicate::str::contains(expected));
    }
    let five = ["ReLU", "GELU", "SiLU", "Mish", "ELU"].into_iter().flat_map(|a| ["--arch", a]);
    let args: Vec<&str> = ["--out", out, "--space", "nafbee_vgg19"].into_iter().chain(five).collect();
    explain(nothing(), &args).assert().failure().stderr(predicate::str::contains("at most 4 candidates"));
}

#[test]
fn help_teaches_how_to_read_the_figure() {
    explain(nothing(), &["--help"]).assert().success().stdout(
        predicate::str::contains("How to read the figure").and(predicate::str::contains("ReLU(sum of")),
    );
}

/// A candidate of a list of records by its number.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn candidates_may_be_records() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("maps.svg");
    let given =
        ["--space", "nds_darts_in", "--dataset", "synthetic", "--count", "1", "--out", out.to_str().unwrap()];
    explain(&real_data(), &[&given[..], &["--arch", "#5"]].concat()).assert().success();
    // The heading of the candidate's column breaks behind the colon.
    let figure = std::fs::read_to_string(&out).unwrap();
    assert!(figure.contains("candidate 1:\n") && figure.contains("\nimagenet:w"), "{figure}");
    let mut missing = explain(&real_data(), &[&given[..], &["--arch", "#100000"]].concat());
    missing.assert().failure().stderr(predicate::str::contains("no record '#100000'"));
}

/// The same command writes the same bytes; synthetic images need no data beside the teacher's weights.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn figures_of_teacher_and_candidate() {
    let dir = tempfile::tempdir().unwrap();
    for (name, start) in [("maps.png", b"\x89PNG".as_slice()), ("maps.svg", b"<svg")] {
        let out = dir.path().join(name);
        let arch = "8:8:8:8:8";
        let given = ["--space", "nats_sss", "--arch", arch, "--dataset", "synthetic", "--count", "2"];
        let mut bytes = vec![];
        for _ in 0..2 {
            let args = [&["--out", out.to_str().unwrap()][..], &given].concat();
            explain(&real_data(), &args).assert().success();
            bytes.push(std::fs::read(&out).unwrap());
        }
        assert!(bytes[0].starts_with(start) && bytes[0] == bytes[1], "{name}");
        if name.ends_with("svg") {
            let text = String::from_utf8(bytes.remove(0)).unwrap();
            assert!(text.contains("teacher: ResNet-20") && text.contains(arch), "{name}");
        }
    }
}

/// CAM-NAS's claim: the teacher, what the search found, and what a search at random found.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn winners_of_a_search_stand_beside_the_teacher() {
    let dir = tempfile::tempdir().unwrap();
    let [folder, out] = ["search", "maps.svg"].map(|name| dir.path().join(name));
    let short = [
        "--space",
        "cam_nas",
        "--method",
        "cam_nas",
        "--iterations",
        "12",
        "--population",
        "6",
        "--batch-size",
        "5",
    ];
    let mut search = untrained_on(&real_data());
    search
        .args(["search", "evolve", "--dataset", "synthetic", "--out", folder.to_str().unwrap()])
        .args(short);
    search.assert().success();
    let given = ["--dataset", "synthetic", "--count", "1", "--search", folder.to_str().unwrap()];
    explain(&real_data(), &[&given[..], &["--out", out.to_str().unwrap()]].concat()).assert().success();
    let figure = std::fs::read_to_string(&out).unwrap();
    assert!(figure.contains("found by search") && figure.contains("found by random"), "{figure}");
    let unfinished = dir.path().join("none");
    let args = ["--search", unfinished.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let refused = explain(&real_data(), &args).assert().failure();
    refused.stderr(predicate::str::contains("untrained search evolve --out"));
}
