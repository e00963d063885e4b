//! `untrained data` as its users see it: tables, JSON, exit codes, by-hand steps.

use std::path::Path;

use crate::common::untrained_on;
use crate::server::{Reply, Server, data, sha256};
use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

/// `untrained data` with `root` as its data folder and a cache folder of its own.
fn data_command(root: &Path) -> Command {
    let mut command = untrained_on(root);
    command.env("XDG_CACHE_HOME", root.join("cache")).arg("data");
    command
}

/// A manifest of one file, `set/x.bin`, which is [`data`], at `url`.
fn manifest(root: &Path, url: &str) -> std::path::PathBuf {
    let (path, bytes) = (root.join("manifest.toml"), data());
    let (size, digest) = (bytes.len(), sha256(&bytes));
    let text = format!(
        "[[entry]]\nid = \"thing\"\ntitle = \"A thing\"\nkind = \"table\"\nread_by = \"\"\nsource = \"\"\n\
         licence = \"MIT\"\ncitation = \"\"\nfolder = \"set\"\nby_hand = [\"Ask for it.\"]\n\
         files = [{{ name = \"x.bin\", size = {size}, sha256 = \"{digest}\", urls = [\"{url}\"] }}]\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn status_lists_every_entry() {
    let dir = tempfile::tempdir().unwrap();
    let shown = data_command(dir.path()).arg("status").assert().success();
    shown.stdout(contains("cifar10 ").and(contains("missing")).and(contains("searched:")));
    let json = data_command(dir.path()).args(["status", "--format", "json"]).output().unwrap().stdout;
    let entries: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let cifar = entries.as_array().unwrap().iter().find(|e| e["id"] == "cifar10").unwrap();
    assert_eq!((&cifar["state"], &cifar["files_expected"]), (&"missing".into(), &6.into()));
}

#[test]
fn fetch_verify_and_status_agree() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|r, _| Reply::honest(&data(), r));
    let manifest = manifest(dir.path(), &server.url("x.bin"));
    let run = |args: &[&str]| data_command(dir.path()).arg("--manifest").arg(&manifest).args(args).assert();
    run(&["fetch", "thing"]).success().stdout(contains("thing: 1 new, 0 there already"));
    run(&["status"]).success().stdout(contains("complete").and(contains("1/1")));
    run(&["verify"]).success().stdout(contains("ok"));
    std::fs::write(dir.path().join("set/x.bin"), vec![0; data().len()]).unwrap();
    run(&["verify", "thing"]).code(1).stdout(contains("DIFFERS")).stderr(contains("1 of 1 files differ"));
    run(&["fetch", "thing"]).code(1).stderr(contains("--force").and(contains("Ask for it.")));
    run(&["fetch", "thing", "--force"]).success();
    run(&["verify", "thing", "--format", "json"]).success().stdout(contains("\"right\""));
}

#[test]
fn what_cannot_be_fetched_has_steps() {
    let dir = tempfile::tempdir().unwrap();
    let gone = Server::start(|_, _| Reply::new("404 Not Found").header("Content-Length: 0"));
    let manifest = manifest(dir.path(), &gone.url("x.bin"));
    let run = |args: &[&str]| data_command(dir.path()).arg("--manifest").arg(&manifest).args(args).assert();
    run(&["fetch", "thing"]).code(1).stderr(contains("404").and(contains("1. Ask for it.")));
    let by_hand = data_command(dir.path()).args(["fetch", "imagenet16_120"]).assert().code(1);
    by_hand.stderr(contains("cannot be fetched automatically").and(contains("val_data")));
    let mirror =
        data_command(dir.path()).args(["fetch", "nats_sss", "--base-url", &gone.base]).assert().code(1);
    mirror.stderr(contains("404").and(contains("Cifar10-NATS.csv")));
    assert!(gone.seen().iter().any(|r| r.path == "/tables/Cifar10-NATS.csv"));
}

#[test]
fn wrong_words_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let unknown = data_command(dir.path()).args(["fetch", "cifar11"]).assert().code(1);
    unknown.stderr(contains("unknown data `cifar11`").and(contains("cifar100")));
    data_command(dir.path()).arg("fetch").assert().code(2);
    let missing = data_command(dir.path()).args(["status", "--manifest", "no-such.toml"]).assert().code(1);
    missing.stderr(contains("no-such.toml"));
    let images = data_command(dir.path()).args(["import", "imagenet16_120"]).assert().code(1);
    images.stderr(contains("was not found"));
    let table = data_command(dir.path()).args(["import", "nasbench201"]).assert().code(1);
    table.stderr(contains("NATS-tss"));
}

/// The whole program, stopped by a signal while a server keeps it waiting.
#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_part_and_the_next_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|r, n| {
        let honest = Reply::honest(&data(), r);
        if n == 0 { Reply { stall: true, ..honest.cut(100_000) } } else { honest }
    });
    let manifest = manifest(dir.path(), &server.url("x.bin"));
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("untrained"));
    command
        .env("XDG_CACHE_HOME", dir.path().join("cache"))
        .arg("--data-dir")
        .arg(dir.path())
        .args(["data", "fetch", "thing", "--manifest"])
        .arg(&manifest);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();

    let part = dir.path().join("set/x.bin.part");
    let has = |bytes: u64| std::fs::metadata(&part).is_ok_and(|m| m.len() >= bytes);
    let wait = || std::thread::sleep(std::time::Duration::from_millis(20));
    (0..500).take_while(|_| !has(100_000)).for_each(|_| wait());
    assert!(has(100_000), "what has arrived is on disk before the download ends");
    // The second signal ends the program even though the network does not answer.
    let pid = child.id().to_string();
    let mut ended = None;
    for _ in 0..500 {
        std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
        wait();
        ended = child.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
    }
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
    assert!(!dir.path().join("set/x.bin").exists());

    data_command(dir.path()).arg("--manifest").arg(&manifest).args(["fetch", "thing"]).assert().success();
    assert_eq!(server.seen()[1].from, Some(100_000));
    assert_eq!(std::fs::read(dir.path().join("set/x.bin")).unwrap(), data());
}
