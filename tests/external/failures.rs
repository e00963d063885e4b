//! Commands that crash, hang, answer nonsense or are no proxies at all.

use std::path::Path;
use std::time::{Duration, Instant};

use predicates::prelude::*;
use predicates::str::contains;
use untrained::store::{Record, Status};

use super::{ARCHS, Bench, HIGHER};

#[test]
fn a_crash_in_the_middle_costs_one_record() {
    let bench = Bench::new();
    let body = "if [ $first = 24 ]; then echo 'no such layer' >&2; exit 3; fi; score $first";
    let external = bench.command("crash", HIGHER, body);
    bench.score("run", &external, &[]).assert().success().stdout(contains("ok 5").and(contains("failed 1")));
    let failed = bench.failed("run");
    assert_eq!((failed.status, failed.arch.as_str()), (Status::Failed, ARCHS[2]));
    let reason = failed.reason.unwrap();
    for expected in ["crash.sh", "exit status: 3", "before it answered", "`no such layer`"] {
        assert!(reason.contains(expected), "{expected} is not in {reason}");
    }
}

#[test]
fn a_command_that_hangs_is_ended() {
    let bench = Bench::new();
    // The shell waits for `sleep`, which has to go as well.
    let marker = bench.path("pid");
    let body = format!(
        "if [ $first = 24 ]; then sleep 300 & echo $! > '{}'; wait; fi; score $first",
        marker.display()
    );
    let external = bench.command("hang", HIGHER, &body);
    let start = Instant::now();
    bench.score("run", &external, &["--external-timeout", "1"]).assert().success();
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
    let failed = bench.failed("run");
    assert_eq!(failed.arch, ARCHS[2]);
    let reason = failed.reason.unwrap();
    assert!(reason.contains("within 1 s") && reason.contains("--external-timeout"), "{reason}");
    if Path::new("/proc/self/stat").exists() {
        let stat = format!("/proc/{}/stat", std::fs::read_to_string(marker).unwrap().trim());
        // A process that nobody has waited for yet is a zombie (Z).
        let gone = || std::fs::read_to_string(&stat).map_or(true, |s| s.contains(") Z "));
        let start = Instant::now();
        while !gone() && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(gone(), "sleep is still there");
    }
}

#[test]
fn answers_that_are_none_are_quoted() {
    let bench = Bench::new();
    let long = "head -c 1100000 /dev/zero | tr '\\0' x; echo";
    for (name, bad, expected) in [
        ("garbage", "echo 'score: 24'", "`score: 24`, which is no message of the protocol"),
        ("wrong_id", "id=77; score $first", r#""id":77,"score":24}`, which is no answer to question 3"#),
        ("twice", "score 1; score $first", "which is no answer to question 4"),
        ("long", long, "a line of more than 1 MiB"),
        ("no_text", "printf '\\377\\n'", "which is not UTF-8"),
        ("closed", "exec >&-; sleep 60", "it closed its standard output"),
        ("says_so", r#"echo '{"type":"error","id":'$id',"message":"no, thanks"}'"#, "says: no, thanks"),
    ] {
        let body = format!("if [ $first = 24 ]; then {bad}; else score $first; fi");
        let external = bench.command(name, HIGHER, &body);
        bench.score(name, &external, &[]).assert().success();
        let records = bench.records(name);
        let failed: Vec<&Record> = records.iter().filter(|r| r.status == Status::Failed).collect();
        let reason = failed.first().and_then(|r| r.reason.clone()).unwrap_or_default();
        assert!(reason.contains(expected) && reason.contains(name), "{name}: {reason}");
        assert_eq!((failed.len(), records.len()), (1, ARCHS.len()), "{name}");
    }
}

#[test]
fn a_command_that_answers_nothing_ends_the_run() {
    let bench = Bench::new();
    let external = bench.command("never", HIGHER, "exit 1");
    let error =
        contains("external:never in repetition 0").and(contains("the 3 last questions had no answer"));
    bench.score("run", &external, &[]).assert().failure().stderr(error);
    // The question after which it was given up is not held against its architecture.
    assert_eq!(bench.records("run").len(), 2);
    // A process that cannot be replaced ends the run at once.
    let external = bench.command("gone", HIGHER, "score $first; exec rm \"$0\"");
    let error = contains("external:gone in repetition 0").and(contains("greeting")).and(contains("ended"));
    bench.score("gone", &external, &[]).assert().failure().stderr(error);
}

#[test]
fn commands_that_are_no_proxies_are_refused_before_anything_is_written() {
    let bench = Bench::new();
    let greeting = |name: &str, ready: &str| bench.command(name, ready, "score 1");
    for (external, expected) in [
        ("mine=/no/such/program".to_owned(), "cannot be started"),
        ("mine=sh -c 'echo oops >&2; exit 4'".to_owned(), "exit status: 4"),
        ("mine=sh -c 'echo hello; sleep 60'".to_owned(), "`hello`, which is no message"),
        ("mine=sh -c 'exec sleep 60'".to_owned(), "no answer within 1 s"),
        (greeting("zero", r#""version":0,"direction":"higher""#), "nonzero"),
        (greeting("up", r#""version":1,"direction":"up""#), "`higher` or `lower`"),
        (greeting("wants", r#""version":1,"direction":"higher","wants":["weights"]"#), "expected `batch`"),
        ("Mine=cat".to_owned(), "lower-case"),
    ] {
        let error = contains(expected);
        bench.score("run", &external, &["--external-timeout", "1"]).assert().failure().stderr(error);
        assert!(!bench.path("run").exists(), "{external}");
    }
    let external = bench.command("mine", HIGHER, "score 1");
    let twice = contains("mine twice");
    bench.score("run", &external, &["--external", &external]).assert().failure().stderr(twice);
}
