//! `untrained score --out`: what a run promises about interruptions, threads, settings and damage.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::untrained;
use crate::runs::{self, SMALL, bytes, journal, score, with};
use predicates::prelude::*;
use predicates::str::contains;

/// A run that nothing interrupted.
fn uninterrupted(folder: &Path) -> Vec<u8> {
    uninterrupted_with(folder, SMALL)
}

fn uninterrupted_with(folder: &Path, args: &[&str]) -> Vec<u8> {
    score(folder, args).assert().success();
    bytes(folder)
}

#[test]
fn a_finished_run_has_its_records_and_no_journal() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    score(&out, SMALL).assert().success().stdout(contains("80 records").and(contains("80 of them new")));
    assert!(!journal(&out).exists());
    let run = untrained::store::Run::open(&out).unwrap();
    assert!(run.is_complete());
    let records = runs::records(&out);
    assert_eq!(records.len(), 2 * 10 * 4);
    let keys: Vec<_> = records.iter().map(|r| r.key()).collect();
    assert!(keys.is_sorted());
    assert!(records.iter().all(|r| r.timings.is_some() && r.seeds.weight == u64::from(r.repetition)));
    // The score of `untrained score --arch` with the seeds of the second repetition.
    let record = records.iter().find(|r| r.repetition == 1 && r.proxy == "naswot").unwrap();
    let args = [
        "score",
        "--space",
        "nats_sss",
        "--arch",
        &record.arch,
        "--dataset",
        "synthetic",
        "--batch-size",
        "4",
    ];
    let seeds = ["--resolution", "16", "--weight-seed", "1", "--data-seed", "1"];
    let more = [&seeds[..], &["--proxies", "naswot", "--format", "json"]].concat();
    let single = untrained(&[&args[..], &more].concat()).assert().success();
    let single: serde_json::Value = serde_json::from_slice(&single.get_output().stdout).unwrap();
    assert_eq!(single["scores"][0]["score"].as_f64(), record.score);
    // The same command again has nothing to do.
    let before = bytes(&out);
    score(&out, SMALL).assert().success().stdout(contains("80 records").and(contains(" 0 of them new")));
    assert_eq!(bytes(&out), before);
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = tempfile::tempdir().unwrap();
    let with = |threads: &[&str]| {
        let out = dir.path().join(threads.concat());
        score(&out, &[SMALL, threads].concat()).assert().success();
        bytes(&out)
    };
    let one = with(&["--threads", "1"]);
    assert!(!one.is_empty());
    assert_eq!(one, with(&["--threads", "2"]));
    assert_eq!(one, with(&["--threads", "5"]));
    // Threads that share each network.
    assert_eq!(one, with(&["--threads", "3", "--at-once", "1"]));
}

/// SIGKILL at 50 moments, each while the run is at work: whatever was written before a kill is there after it, and whenever
/// the run gets to its end, its bytes are those of a run that nothing interrupted.
#[test]
fn fifty_kills_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("list");
    let archs: Vec<String> = (0..24).map(|i| format!("{}:8:8:{}:8", 8 + i % 8 * 8, 8 + i / 8 * 8)).collect();
    std::fs::write(&list, archs.join("\n")).unwrap();
    let proxies = ["--repetitions", "2", "--proxies", "params,random,naswot", "--threads", "2"];
    let args = [&["--archs", list.to_str().unwrap()], &proxies[..]].concat();
    let start = Instant::now();
    let expected = uninterrupted_with(&dir.path().join("whole"), &args);
    let length = start.elapsed();
    let out = dir.path().join("killed");
    let (mut kills, mut ends, mut there, mut moment) = (0, 0, 0, 0);
    while kills < 50 {
        let mut command = Command::new(runs::BINARY);
        command.args(runs::arguments(&out, &args)).env("UNTRAINED_DATA", env!("CARGO_TARGET_TMPDIR"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Moments spread over half the time of the whole run.
        moment = (moment + 37) % 100;
        std::thread::sleep(length.mul_f64(f64::from(moment) / 200.0));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        if out.join("manifest.json").exists() {
            let now = untrained::store::Run::open(&out).unwrap().records().height();
            assert!(now >= there, "{there} records, then {now} after kill {kills}");
            there = now;
        }
        match ended {
            None => kills += 1,
            Some(status) => {
                assert!(status.success(), "{status}");
                assert_eq!(bytes(&out), expected);
                std::fs::remove_dir_all(&out).unwrap();
                (ends, there) = (ends + 1, 0);
            }
        }
    }
    score(&out, &args).assert().success();
    assert_eq!(bytes(&out), expected);
    let names = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    let expected = ["manifest.json", "records.parquet", "run.lock", "timings.parquet"];
    assert!(names.iter().filter(|n| *n != "records.jsonl.torn").eq(expected.iter()), "{names:?}");
    println!("{kills} kills, {} runs reached their end", ends + 1);
}

#[test]
fn a_torn_last_line_is_cut_off_and_other_damage_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let expected = uninterrupted(&dir.path().join("whole"));
    let out = dir.path().join("run");
    runs::unfinished(&out, 30);
    let whole = std::fs::read(journal(&out)).unwrap();
    std::fs::write(journal(&out), &whole[..whole.len() - 7]).unwrap();
    score(&out, SMALL)
        .assert()
        .success()
        .stdout(contains("51 of them new"))
        .stderr(contains("unfinished last line"));
    assert_eq!(bytes(&out), expected);
    assert!(out.join("records.jsonl.torn").exists());

    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let out = dir.path().join("damaged");
        let _ = std::fs::remove_dir_all(&out);
        runs::unfinished(&out, 30);
        let mut journal_bytes = std::fs::read(journal(&out)).unwrap();
        change(&mut journal_bytes);
        std::fs::write(journal(&out), journal_bytes).unwrap();
        let assert = score(&out, SMALL).assert().failure();
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let flipped = damaged(&|bytes| {
        let line = bytes.iter().position(|b| *b == b'\n').unwrap();
        let digit = line + bytes[line..].iter().position(|b| *b == b'5').unwrap();
        bytes[digit] = b'6';
    });
    assert!(flipped.contains("records.jsonl, line 2") && flipped.contains("delete that line"), "{flipped}");
    let twice = damaged(&|bytes| {
        let line = bytes.iter().position(|b| *b == b'\n').unwrap();
        bytes.extend_from_within(..=line);
    });
    assert!(twice.contains("there are two records of"), "{twice}");
}

#[test]
fn other_settings_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    runs::unfinished(&out, 10);
    let before = std::fs::read(journal(&out)).unwrap();
    for (flags, field) in [
        (["--weight-seed", "1"], "weight-seed 0"),
        (["--data-seed", "1"], "data-seed 0"),
        (["--sample-seed", "1"], "sample-seed 0"),
        (["--batch-index", "1"], "batch-index 0"),
        (["--augment", "official"], "augment \"none\""),
        (["--normalisation", "imagenet"], "normalisation \"standard\""),
        (["--order", "file"], "order \"keyed\""),
        (["--split", "test"], "split \"train\""),
        (["--resolution", "8"], "resolution 16"),
        (["--batch-size", "5"], "batch-size 4"),
        (["--init", "normal01"], "init \"default\""),
        (["--precision", "f64"], "precision \"f32\""),
        (["--engine", "burn"], "engine \"native"),
        (["--hda-networks", "3"], "hda-networks null"),
        (["--vary", "weights"], "vary "),
        (["--shard", "1/2"], "shard null"),
    ] {
        let args = [SMALL, &flags[..]].concat();
        let refused = score(&out, &args).assert().failure();
        refused.stderr(contains(format!("has {field}")).and(contains("name another folder with --out")));
    }
    score(&out, &with("--sample", "9"))
        .assert()
        .failure()
        .stderr(contains("has 10 architectures in repetition 0"));
    assert_eq!(std::fs::read(journal(&out)).unwrap(), before);
}

#[test]
fn a_run_grows_by_proxies_repetitions_and_architectures() {
    let dir = tempfile::tempdir().unwrap();
    let expected = uninterrupted(&dir.path().join("whole"));
    let out = dir.path().join("grown");
    let run = |sample: &str, repetitions: &str, proxies: &str, new: &str| {
        let args = ["--sample", sample, "--repetitions", repetitions, "--proxies", proxies];
        score(&out, &args).assert().success().stdout(contains(format!("{new} of them new")));
    };
    run("6", "1", "params,naswot", "12");
    run("10", "1", "params,naswot", "8");
    run("10", "2", "zen", "20");
    run("10", "2", "random", "20");
    run("10", "2", "params,naswot,zen,random", "20");
    assert_eq!(bytes(&out), expected);
}

#[test]
fn two_writers_at_once_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    runs::unfinished(&out, 3);
    let lock = std::fs::File::create(out.join("run.lock")).unwrap();
    lock.lock().unwrap();
    score(&out, SMALL).assert().failure().stderr(contains("is in use by another process"));
    drop(lock);
    score(&out, SMALL).assert().success();
}

/// Ctrl-C: what is being scored is finished, the rest is left to the same command.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_a_run_that_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let args = with("--sample", "300");
    let mut child = Command::new(runs::BINARY);
    child.args(runs::arguments(&out, &args)).env("UNTRAINED_DATA", env!("CARGO_TARGET_TMPDIR"));
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while std::fs::metadata(journal(&out)).map_or(0, |m| m.len()) < 2000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("the same command goes on there"), "{said}");
    let run = untrained::store::Run::open(&out).unwrap();
    assert!(run.records().height() > 0 && !run.is_complete());
}

#[test]
fn the_plan_is_listed_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let listed = score(&out, &[SMALL, &["--list"]].concat()).assert().success();
    listed.stdout(contains("80 records planned; 20 architectures to score").and(contains("timed now")));
    assert!(!out.exists());
    runs::unfinished(&out, 80);
    let listed = score(&out, &[SMALL, &["--list"]].concat()).assert().success();
    listed.stdout(contains("80 records planned; 0 architectures to score"));
}

/// A proxy that takes two mini-batches brings the second one's digest, which stays.
#[test]
fn the_second_mini_batch_is_identified() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let run = |proxies| {
        score(&out, &["--sample", "2", "--proxies", proxies]).assert().success();
        untrained::store::Run::open(&out).unwrap().manifest.repetitions[0].clone()
    };
    assert_eq!(run("params").next_batch, None);
    let facts = run("params,zico");
    let next = facts.next_batch.unwrap();
    assert!(next.sha256.len() == 64 && next.sha256 != facts.batch.sha256);
    assert!(next.description.contains("batch 1 of 4 images"), "{}", next.description);
    assert_eq!(run("params").next_batch.as_ref(), Some(&next));
    // A run whose second mini-batch was another one is refused.
    let path = out.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&next.sha256, &"0".repeat(64))).unwrap();
    let refused = score(&out, &["--sample", "2", "--proxies", "params,zico"]).assert().failure();
    refused.stderr(contains("second mini-batch of repetition 0"));
}

/// `params` reads dead edges and is scored for every string; `naswot` is taken over from an equal network.
#[test]
fn equal_networks_are_scored_once() {
    let dir = tempfile::tempdir().unwrap();
    let (out, list) = (dir.path().join("run"), dir.path().join("list"));
    let direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|";
    let through_node_1 = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|";
    std::fs::write(&list, [direct, through_node_1, direct].join("\n")).unwrap();
    let list = list.to_str().unwrap();
    let args = |proxies| {
        let space = ["--space", "nasbench201", "--dataset", "synthetic", "--batch-size", "4"];
        [&space[..], &["--archs", list, "--proxies", proxies, "--dedupe", "equal"]].concat()
    };
    runs::command(&out, &args("params")).assert().success();
    runs::command(&out, &args("params,naswot")).assert().success().stdout(contains("6 records"));
    let run = untrained::store::Run::open(&out).unwrap();
    let of = |proxy: &str| runs::records(&out).into_iter().filter(|r| r.proxy == proxy).collect::<Vec<_>>();
    let from: Vec<_> = of("naswot").into_iter().map(|r| (r.index, r.reused_from)).collect();
    assert_eq!(from, [(0, None), (1, Some(direct.into())), (2, Some(direct.into()))]);
    assert!(of("naswot").iter().all(|r| r.score == of("naswot")[0].score));
    let from: Vec<_> = of("params").into_iter().map(|r| (r.index, r.reused_from)).collect();
    assert_eq!(from, [(0, None), (1, None), (2, Some(direct.into()))]);
    assert_eq!(run.manifest.repetitions[0].reuse.reused, 2);
    untrained(&["verify", out.to_str().unwrap()]).assert().success().stdout(contains("6 of 6 records"));
}

#[test]
fn records_are_exported() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    // A cell whose output is zero has no finite score: the text of the infinity must survive.
    let list = dir.path().join("list");
    std::fs::write(&list, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|\n").unwrap();
    let args =
        ["--space", "nasbench201", "--dataset", "synthetic", "--batch-size", "4", "--proxies", "params,zen"];
    runs::command(&out, &[&args[..], &["--archs", list.to_str().unwrap()]].concat()).assert().success();
    let out = out.to_str().unwrap();
    let csv = untrained(&["records", out]).assert().success();
    let csv = String::from_utf8(csv.get_output().stdout.clone()).unwrap();
    assert!(csv.starts_with("repetition,index,arch,proxy,"), "{csv}");
    assert!(csv.contains(",zen,1,non_finite,-inf,"), "{csv}");
    let lines = untrained(&["records", out, "--format", "jsonl"]).assert().success();
    let lines = String::from_utf8(lines.get_output().stdout.clone()).unwrap();
    let values: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((values.len(), &values[1]["score"]), (2, &"-inf".into()));
    untrained(&["records", dir.path().to_str().unwrap()]).assert().failure().stderr(contains("holds no run"));
}

#[test]
fn plans_that_cannot_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let refuse = |args: &[&str], said: &str| {
        runs::command(&out, args).assert().failure().stderr(contains(said));
        assert!(!out.exists(), "{args:?}");
    };
    let sss = ["--space", "nats_sss", "--dataset", "synthetic"];
    refuse(&[&sss[..], &["--sample", "32769"]].concat(), "nats_sss has 32768 architectures");
    refuse(&[&sss[..], &["--all", "--dedupe", "isomorphic"]].concat(), "--dedupe exact");
    refuse(&[&sss[..], &["--sample", "3", "--shard", "3/2"]].concat(), "no part of a plan");
    refuse(&[&sss[..], &["--sample", "3", "--vary", "seeds"]].concat(), "none of archs, weights, batch");
    refuse(&sss, "required");
    let nb201 = ["--space", "nasbench201", "--dataset", "synthetic"];
    refuse(&[&nb201[..], &["--all"]].concat(), "data fetch nasbench201");
}
