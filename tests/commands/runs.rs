//! What the tests of scoring runs share.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use untrained::store::journal::Journal;
use untrained::store::{Record, Run};

use crate::common::untrained;

pub const BINARY: &str = env!("CARGO_BIN_EXE_untrained");

/// Two repetitions of ten small networks with four proxies: 80 records in a few seconds.
pub const SMALL: &[&str] = &["--sample", "10", "--repetitions", "2", "--proxies", "params,random,naswot,zen"];

/// [`SMALL`] with another value of a flag.
pub fn with(flag: &str, value: &'static str) -> Vec<&'static str> {
    let at = SMALL.iter().position(|a| *a == flag).unwrap() + 1;
    SMALL.iter().enumerate().map(|(i, a)| if i == at { value } else { a }).collect()
}

/// Arguments of a run of `nats_sss` networks on small batches of small synthetic images, unless `args` say otherwise.
pub fn arguments(out: &Path, args: &[&str]) -> Vec<String> {
    let fixed = ["score", "--space", "nats_sss", "--dataset", "synthetic", "--out", out.to_str().unwrap()];
    let small = [["--batch-size", "4"], ["--resolution", "16"]];
    let small = small.iter().filter(|flag| !args.contains(&flag[0])).flatten();
    fixed.iter().chain(small).chain(args).map(|a| a.to_string()).collect()
}

pub fn score(out: &Path, args: &[&str]) -> Command {
    let args = arguments(out, args);
    untrained(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A run with all arguments given.
pub fn command(out: &Path, args: &[&str]) -> Command {
    untrained(&[&["score"], args, &["--out", out.to_str().unwrap()]].concat())
}

pub fn journal(out: &Path) -> PathBuf {
    out.join("records.jsonl")
}

/// The finished records.
pub fn bytes(out: &Path) -> Vec<u8> {
    std::fs::read(out.join("records.parquet")).unwrap()
}

/// A run of [`SMALL`] that was interrupted after `count` records.
pub fn unfinished(out: &Path, count: usize) {
    score(out, SMALL).assert().success();
    runs_back(out, count);
}

/// All records of a run.
pub fn records(out: &Path) -> Vec<Record> {
    let run = Run::open(out).unwrap();
    run.rows().unwrap().iter().map(Result::unwrap).collect()
}

/// Turns a finished run into one whose journal holds its first `count` records.
pub fn runs_back(out: &Path, count: usize) {
    let records = records(out);
    std::fs::remove_file(out.join("records.parquet")).unwrap();
    std::fs::remove_file(out.join("timings.parquet")).unwrap();
    let mut journal = Journal::open(&journal(out), 0).unwrap();
    records.iter().take(count).for_each(|record| journal.append(record).unwrap());
}
