//! `untrained query`: nothing is defaulted, and refusals say what the table can answer.

use assert_cmd::Command;
use predicates::prelude::*;

use crate::common::{real_data, untrained};

fn query(args: &[&str]) -> Command {
    untrained(&[&["query"], args].concat())
}

const VGG: [&str; 4] = ["--table", "nafbee_vgg19", "--arch", "GELU"];

#[test]
fn embedded_accuracies_are_answered() {
    let full = ["--dataset", "cifar10", "--split", "validation", "--epochs", "200", "--runs", "mean"];
    let assert = query(&[&VGG[..], &full, &["--format", "json"]].concat()).assert().success();
    let value: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    // RBFleX-NAS, Table IV.
    assert_eq!(value["accuracy_percent"], 91.03);
}

#[test]
fn every_part_of_a_query_is_required() {
    let full = [("--dataset", "cifar10"), ("--split", "validation"), ("--epochs", "200"), ("--runs", "mean")];
    for left_out in 0..full.len() {
        let rest = full
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != left_out)
            .flat_map(|(_, (flag, value))| [*flag, *value]);
        let args: Vec<&str> = VGG.into_iter().chain(rest).collect();
        query(&args).assert().code(2).stderr(predicate::str::contains(full[left_out].0));
    }
}

#[test]
fn an_unanswerable_query_lists_what_can_be_answered() {
    let other = ["--dataset", "cifar100", "--split", "validation", "--epochs", "200", "--runs", "mean"];
    query(&[&VGG[..], &other].concat())
        .assert()
        .failure()
        .stderr(predicate::str::contains("cifar10/validation/200/mean"));
}

#[test]
fn a_table_that_is_not_at_hand_names_folder_and_command() {
    let args = ["--table", "nasbench201", "--available"];
    let sentence = predicate::str::contains("untrained data fetch nasbench201");
    query(&args).assert().code(1).stderr(sentence.and(predicate::str::contains(env!("CARGO_TARGET_TMPDIR"))));
}

/// A cell of NAS-Bench-101 under other numbers is the table's cell, and the answer says so; what is no cell still gets the nearest.
#[test]
#[ignore = "needs UNTRAINED_DATA"]
fn a_renumbered_cell_is_found_under_its_canonical_form() {
    let cache = tempfile::tempdir().unwrap();
    let of = |arch: &str, more: &[&str]| {
        let full = ["--dataset", "cifar10", "--split", "test", "--epochs", "108", "--runs", "mean"];
        let mut command = query(&[&["--table", "nasbench101", "--arch", arch], &full[..], more].concat());
        command.env("UNTRAINED_DATA", real_data()).env("UNTRAINED_CACHE", cache.path()).assert()
    };
    let (canonical, renumbered) = ("conv3x3@0/conv1x1@0=1.2", "conv1x1@0/conv3x3@0=1.2");
    let said = |arch: &str| String::from_utf8(of(arch, &[]).success().get_output().stdout.clone()).unwrap();
    let (plain, found) = (said(canonical), said(renumbered));
    assert!(plain.contains(canonical) && !plain.contains("canonical form"), "{plain}");
    let note = format!("asked for as {renumbered}, which the table has in its canonical form");
    let rest: Vec<&str> = found.lines().filter(|line| *line != note).collect();
    assert_eq!(rest, plain.lines().collect::<Vec<_>>());
    assert_eq!(found.lines().count(), 3, "{found}");
    let json = of(renumbered, &["--format", "json"]).success().get_output().stdout.clone();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["arch"], &json["asked"]), (&canonical.into(), &renumbered.into()));
    of("conv1x1@0/conv3x3@0=1", &[]).failure().stderr(predicate::str::contains("the nearest is"));
}
