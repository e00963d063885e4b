//! `untrained merge`: shards of a plan become the run that nobody divided.

use std::path::{Path, PathBuf};

use crate::common::untrained;
use crate::runs::{self, SMALL, bytes, score};
use predicates::prelude::*;
use predicates::str::contains;

/// Shards 1..=n of a run with these arguments.
fn shards(dir: &Path, args: &[&str], count: usize) -> Vec<PathBuf> {
    let shard = |i: usize| {
        let (out, part) = (dir.join(format!("part{i}of{count}")), format!("{i}/{count}"));
        score(&out, &[args, &["--shard", &part]].concat()).assert().success();
        out
    };
    (1..=count).map(shard).collect()
}

fn merge(out: &Path, parts: &[PathBuf]) -> assert_cmd::assert::Assert {
    let parts: Vec<&str> = parts.iter().map(|p| p.to_str().unwrap()).collect();
    untrained(&[&["merge", out.to_str().unwrap()], &parts[..]].concat()).assert()
}

#[test]
fn shards_merge_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    score(&whole, SMALL).assert().success();
    for count in [1, 3] {
        let mut parts = shards(dir.path(), SMALL, count);
        parts.reverse();
        let out = dir.path().join(format!("merged{count}"));
        merge(&out, &parts).success().stdout(contains("80 records"));
        assert_eq!(bytes(&out), bytes(&whole), "{count} shards");
        // The merged run is a run like any other.
        score(&out, SMALL).assert().success().stdout(contains(" 0 of them new"));
        assert_eq!(bytes(&out), bytes(&whole));
    }
}

#[test]
fn what_is_no_whole_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let parts = shards(dir.path(), SMALL, 3);
    let out = dir.path().join("out");
    let refused = |parts: &[PathBuf], said: &str| {
        merge(&out, parts).failure().stderr(contains(said));
        assert!(!out.join("manifest.json").exists() && !out.join("records.parquet").exists());
    };
    refused(&parts[..2], "of 80 records are missing, the first of them");
    refused(&[&parts[..], &parts[1..2]].concat(), "there are two records of");
    let other = dir.path().join("other");
    let flags = ["--shard", "3/3", "--batch-index", "1"];
    score(&other, &[SMALL, &flags].concat()).assert().success();
    refused(&[parts[0].clone(), parts[1].clone(), other], "has batch-index 1, the first run 0");
    let longer = dir.path().join("longer");
    score(&longer, &[&runs::with("--sample", "12")[..], &["--shard", "3/3"]].concat()).assert().success();
    refused(&[parts[0].clone(), parts[1].clone(), longer], "has architectures");
    // One proxy less in one part is a gap.
    let less = dir.path().join("less");
    let proxies = runs::with("--proxies", "params,random,naswot");
    score(&less, &[&proxies[..], &["--shard", "3/3"]].concat()).assert().success();
    refused(&[parts[0].clone(), parts[1].clone(), less], "the first of them zen for");
    merge(&out, &parts).success();
    merge(&out, &parts).failure().stderr(contains("holds a run already"));
    refused_folder(dir.path(), &parts);
}

fn refused_folder(dir: &Path, parts: &[PathBuf]) {
    let out = dir.join("elsewhere");
    merge(&out, &[parts[0].clone(), dir.join("nowhere")])
        .failure()
        .stderr(contains("holds no run").or(contains("No such")));
}

/// An unfinished shard is read from its journal.
#[test]
fn an_unfinished_part_is_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let part = dir.path().join("part");
    runs::unfinished(&part, 79);
    let refused = merge(&dir.path().join("out"), &[part]).failure();
    refused.stderr(contains(
        "1 of 80 records are missing, the first of them zen for architecture 9 of repetition 1",
    ));
}
