//! `untrained query`: nothing is defaulted, and refusals say what the table can answer.

use std::process::Command;

use assert_cmd::prelude::*;
use predicates::prelude::*;

fn query(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("untrained").unwrap();
    command.arg("query").args(args).env("UNTRAINED_DATA", env!("CARGO_TARGET_TMPDIR"));
    command
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
