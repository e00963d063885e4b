//! What a terminal, a pipe or a file gets: closed pipes end a command without a word, and nothing that is redirected has escape codes.

use std::fs;
use std::process::{Command, Output, Stdio};

use crate::common::untrained;
use crate::support::nafbee_run;
use predicates::str::contains;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_untrained"));
    command.args(args).env_remove("UNTRAINED_DATA").stdin(Stdio::null());
    command
}

/// Runs a command whose output nobody reads any more.
fn with_closed_output(args: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap()
}

#[test]
fn closed_pipes_are_quiet_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let (scores, picture) = (dir.path().join("mine.csv"), dir.path().join("a.svg"));
    fs::write(&scores, "arch,mine\nReLU,1\nGELU,2\nELU,3\n").unwrap();
    let (run, scores, picture) = (nafbee_run(1), scores.to_str().unwrap(), picture.to_str().unwrap());
    let one =
        ["score", "--space", "nafbee_vgg19", "--arch", "ReLU", "--dataset", "synthetic", "--batch-size", "2"];
    let query = ["query", "--table", "nafbee_vgg19", "--dataset", "cifar10", "--split", "validation"];
    let compare = ["compare", "--scores", scores, "--space", "nafbee_vgg19", "--dataset", "cifar10"];
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["--help"],
        vec!["--version"],
        vec!["data", "status"],
        vec!["data", "status", "--format", "json"],
        vec!["data", "verify"],
        vec!["plot", run, "--kind", "bars", "--out", picture],
        vec!["study", "--list"],
        vec!["verify", run, "--count", "2"],
        vec!["parity", "tests/golden/nats_sss.json"],
        [&query[..], &["--arch", "ReLU", "--epochs", "200", "--runs", "mean"]].concat(),
    ];
    for format in ["text", "json"] {
        commands.push([&one[..], &["--proxies", "params", "--format", format]].concat());
        for what in ["spaces", "archs", "proxies", "datasets", "tables", "studies"] {
            commands.push(vec!["list", what, "--format", format]);
        }
    }
    for format in ["text", "csv", "json", "latex", "markdown"] {
        commands.push(vec!["correlate", run, "--format", format]);
        commands.push(vec!["search", run, "--samples", "2", "--trials", "5", "--format", format]);
        commands.push([&compare[..], &["--format", format]].concat());
    }
    for format in ["csv", "jsonl", "suite-zero"] {
        commands.push(vec!["records", run, "--format", format]);
    }
    for args in commands {
        let output = with_closed_output(&args);
        let said = String::from_utf8_lossy(&output.stderr);
        let wrong = ["error", "panicked", "roken pipe"].into_iter().find(|word| said.contains(word));
        assert!(output.status.success() && wrong.is_none(), "{args:?}: {}\n{said}", output.status);
    }
}

#[test]
fn redirected_output_has_no_escape_codes() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let score =
        ["score", "--space", "nafbee_vgg19", "--sample", "2", "--dataset", "synthetic", "--batch-size", "2"];
    for args in [
        vec!["--help"],
        vec!["score", "--help"],
        vec!["no-such-command"],
        vec!["-vv", "data", "status"],
        vec!["-vv", "correlate", nafbee_run(1)],
        [&score[..], &["-vv", "--proxies", "params,no_such_proxy", "--out", out.to_str().unwrap()]].concat(),
        [&score[..], &["-vv", "--proxies", "params,naswot", "--out", out.to_str().unwrap()]].concat(),
    ] {
        let output = command(&args).output().unwrap();
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains(&0x1b), "{args:?}: {}", String::from_utf8_lossy(text));
        }
    }
}

#[test]
fn the_first_thing_that_is_typed_shows_what_to_type_next() {
    for args in [&[][..], &["--help"], &["-h"]] {
        let output = untrained(args).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        for command in ["untrained study\n", "untrained score --space nafbee_vgg19", "untrained list proxies"]
        {
            assert!(text.contains(command), "{args:?}\n{text}");
        }
    }
    untrained(&["--version"]).assert().success().stdout(contains("(devices: cpu"));
}
