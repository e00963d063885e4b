//! Kills, torn lines, Ctrl-C and two writers at once.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use predicates::str::contains;

use super::runs::{self, SMALL, bytes, journal, score, with};
use super::{uninterrupted, uninterrupted_with};

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
            let now = untrained::store::Run::open(&out).unwrap().records.len();
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
    assert!(!run.records.is_empty() && !run.is_complete());
}
