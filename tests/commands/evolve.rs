//! `untrained search evolve`: files, interruptions, threads, and what cannot be searched.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{run, untrained};
use crate::runs::BINARY;
use predicates::prelude::*;
use predicates::str::contains;

/// Two repetitions of small networks, of which some are refused.
const SMALL: &[&str] = &[
    "--iterations",
    "40",
    "--population",
    "12",
    "--repetitions",
    "2",
    "--max-params",
    "150e3",
    "--dataset",
    "noise",
    "--batch-size",
    "2",
    "--resolution",
    "8",
];

fn arguments<'a>(out: &'a Path, args: &[&'a str]) -> Vec<&'a str> {
    [&["search", "evolve", "--out", out.to_str().unwrap()], args].concat()
}

/// All files of a search by name, but those that say by which commands it was made.
fn files(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    let kept = named.filter(|(name, _)| {
        !["page.html", "search.json", "search.lock"].contains(&&**name) && !name.ends_with(".torn")
    });
    kept.map(|(name, path)| (name, std::fs::read(path).unwrap())).collect()
}

fn search(out: &Path, args: &[&str]) -> BTreeMap<String, Vec<u8>> {
    run(&arguments(out, args));
    files(out)
}

#[test]
fn a_search_leaves_its_trajectory_and_a_line_of_ancestors() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("zen");
    let text = run(&arguments(&out, SMALL));
    for expected in ["repetition 1, random", "refused: ", "parameters", "layers", "SuperConvK3BNRELU("] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let page = std::fs::read_to_string(out.join("page.html")).unwrap();
    assert!(page.contains("found a value of") && page.contains("SuperConvK3BNRELU("));
    let found = files(&out);
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let expected = [
        "best_scores.csv",
        "result.json",
        "scores-0.jsonl",
        "scores-1.jsonl",
        "trajectory.csv",
        "trajectory.json",
        "trajectory.svg",
    ];
    assert_eq!(names, expected);
    let rows: serde_json::Value = serde_json::from_slice(&found["trajectory.json"]).unwrap();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 100 && rows.iter().all(|row| row["best_params"].as_u64().unwrap() <= 150_000));
    assert_eq!(String::from_utf8(found["trajectory.csv"].clone()).unwrap().lines().count(), rows.len() + 1);
    let result: serde_json::Value = serde_json::from_slice(&found["result.json"]).unwrap();
    for repetition in result.as_array().unwrap() {
        let [search, random] = [&repetition["outcomes"][0], &repetition["outcomes"][1]];
        assert_eq!((&search["rule"], &random["rule"]), (&"search".into(), &"random".into()));
        assert_eq!(search["evaluations"], random["evaluations"]);
        assert_eq!(search["iterations"], 40);
        let winner = &search["winner"];
        assert_eq!(winner["scores"]["zen:no_reslink"]["score"], winner["value"]);
        let line = winner["lineage"].as_array().unwrap();
        assert_eq!(line.last().unwrap()["arch"], winner["arch"]);
        // The winner's score is that of `untrained score`.
        let seed = repetition["seeds"]["weight"].to_string();
        let score =
            ["score", "--space", "plainnet", "--arch", winner["arch"].as_str().unwrap(), "--format", "json"];
        let batch = [
            "--dataset",
            "noise",
            "--batch-size",
            "2",
            "--resolution",
            "8",
            "--weight-seed",
            &seed,
            "--data-seed",
            &seed,
        ];
        let single = run(&[&score[..], &batch, &["--proxies", "zen:no_reslink"]].concat());
        let single: serde_json::Value = serde_json::from_str(&single).unwrap();
        assert_eq!(single["scores"][0]["score"], winner["value"]);
    }
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = tempfile::tempdir().unwrap();
    let with = |threads: &str, more: &[&str]| {
        search(&dir.path().join(threads), &[SMALL, &["--threads", threads], more].concat())
    };
    let one = with("1", &[]);
    assert_eq!(one, with("2", &[]));
    assert_eq!(one, with("3", &["--at-once", "1"]));
}

/// SIGKILL at twenty moments, each while the search is at work; then it goes on to the bytes of one that nothing interrupted.
#[test]
fn kills_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let expected = search(&dir.path().join("whole"), SMALL);
    let length = start.elapsed();
    let out = dir.path().join("killed");
    let (mut kills, mut moment) = (0, 0u32);
    while kills < 20 {
        let mut command = Command::new(BINARY);
        command.args(arguments(&out, SMALL)).env("UNTRAINED_DATA", env!("CARGO_TARGET_TMPDIR"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        moment = (moment + 37) % 100;
        std::thread::sleep(length.mul_f64(f64::from(moment) / 150.0).max(Duration::from_millis(5)));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        match ended {
            None => kills += 1,
            Some(status) => {
                assert!(status.success(), "{status}");
                assert_eq!(files(&out), expected);
                std::fs::remove_dir_all(&out).unwrap();
            }
        }
    }
    assert_eq!(search(&out, SMALL), expected);
    // The same command again has nothing to do, and more iterations go further.
    assert_eq!(search(&out, SMALL), expected);
    let longer: Vec<&str> = SMALL.iter().map(|arg| if *arg == "40" { "45" } else { arg }).collect();
    let further = search(&out, &longer);
    assert!(further["scores-0.jsonl"].len() > expected["scores-0.jsonl"].len());
    assert_eq!(further["result.json"], search(&dir.path().join("longer"), &longer)["result.json"]);
}

#[test]
fn another_search_needs_another_folder() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("zen");
    let short = &[SMALL, &["--threads", "2"]].concat();
    run(&arguments(&out, short));
    for (flag, value, says) in [
        ("--population", "13", "population 12, this command 13"),
        ("--max-params", "1e6", "max-params 150000, this command 1000000"),
        ("--batch-size", "4", "batch-size"),
        ("--dataset", "synthetic", "dataset"),
    ] {
        let at = short.iter().position(|arg| *arg == flag).unwrap() + 1;
        let other: Vec<&str> =
            short.iter().enumerate().map(|(i, arg)| if i == at { value } else { arg }).collect();
        let refused = untrained(&arguments(&out, &other)).assert().code(1);
        refused.stderr(contains(says).and(contains("another folder with --out")));
    }
    let seeded = [short, &["--sample-seed", "9"][..]].concat();
    untrained(&arguments(&out, &seeded)).assert().code(1).stderr(contains("sample-seed 0"));
}

/// The methods of the papers run, and so does a weighted sum; a sum of one is the proxy itself.
#[test]
fn methods_and_sums() {
    let dir = tempfile::tempdir().unwrap();
    let short = [
        "--iterations",
        "24",
        "--population",
        "8",
        "--dataset",
        "noise",
        "--batch-size",
        "2",
        "--resolution",
        "16",
    ];
    let winner = |name: &str, args: &[&str]| -> serde_json::Value {
        let found = search(&dir.path().join(name), &[&short[..], args].concat());
        let result: serde_json::Value = serde_json::from_slice(&found["result.json"]).unwrap();
        result[0]["outcomes"][0]["winner"].clone()
    };
    for method in ["zen_nas", "zen_nas_paper", "incorporated_s", "incorporated_l", "az_nas"] {
        assert!(winner(method, &["--method", method])["arch"].is_string(), "{method}");
    }
    assert!(winner("incorporated", &["--method", "incorporated_s"])["rho"].as_f64().unwrap() <= 0.5);
    let sum = [
        "--proxies",
        "zen:no_reslink,escore:sqrt",
        "--weights",
        "0.8,0.2",
        "--max-rho",
        "0.5",
        "--unscored",
        "refused",
    ];
    let (sum, whole) = (winner("sum", &sum), winner("whole", &["--method", "incorporated_s"]));
    assert_eq!(sum["arch"], whole["arch"], "0.8 Z + 0.2 sqrt(E) is Incorporated-Score-s");
    let small =
        winner("small", &["--proxies", "params,flops", "--weights", "-1,-1e-9", "--types", "uniform"]);
    assert!(small["value"].as_f64().unwrap() < 0.0);
    winner("cam", &["--space", "cam_nas", "--method", "cam_nas", "--proxies", "naswot", "--max-layers", "6"]);
    let latency = winner("latency", &["--proxies", "params", "--max-latency", "1000", "--threads", "2"]);
    assert!(latency["arch"].is_string());
}

/// A command drives the search, alone and in a sum; this one says how long the string of an architecture is.
#[cfg(unix)]
#[test]
fn a_command_can_guide() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("mine.sh");
    let text = "read -r hello\necho '{\"type\":\"ready\",\"direction\":\"higher\",\"version\":1}'\n\
                while read -r line; do\nid=${line#*\\\"id\\\":}; id=${id%%,*}\n\
                arch=${line#*\\\"arch\\\":\\\"}; arch=${arch%%\\\"*}\n\
                echo '{\"type\":\"score\",\"id\":'$id',\"score\":'${#arch}'}'\ndone\n";
    std::fs::write(&script, text).unwrap();
    let mine = format!("mine=sh '{}'", script.display());
    let short = [
        "--iterations",
        "30",
        "--population",
        "8",
        "--dataset",
        "noise",
        "--batch-size",
        "2",
        "--resolution",
        "8",
    ];
    let args = [&short[..], &["--external", &mine]].concat();
    let alone = search(&dir.path().join("alone"), &args);
    let result: serde_json::Value = serde_json::from_slice(&alone["result.json"]).unwrap();
    let winner = &result[0]["outcomes"][0]["winner"];
    assert_eq!(winner["value"].as_f64().unwrap() as usize, winner["arch"].as_str().unwrap().len());
    assert_eq!(winner["scores"]["external:mine"]["score"], winner["value"]);
    let sum = [&args[..], &["--proxies", "params", "--weights", "-1e-6,1"]].concat();
    let sum = search(&dir.path().join("sum"), &sum);
    let result: serde_json::Value = serde_json::from_slice(&sum["result.json"]).unwrap();
    assert!(result[0]["outcomes"][0]["winner"]["scores"]["params"]["score"].is_number());
}

#[test]
fn what_cannot_be_searched_is_said_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let folders = std::cell::Cell::new(0);
    let fails = |args: &[&str], code: i32, says: &str| {
        folders.set(folders.get() + 1);
        let out = dir.path().join(folders.get().to_string());
        let short = ["--dataset", "noise", "--batch-size", "2", "--resolution", "8", "--proxies", "params"];
        let assert = untrained(&arguments(&out, &[&short, args].concat())).assert().code(code);
        let text = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert!(text.contains(says), "{args:?}: {text}");
    };
    for bad in ["0", "-5", "many", "nan", "inf"] {
        fails(&["--iterations", "5", &format!("--max-params={bad}")], 2, "a limit is a number above 0");
    }
    fails(&["--iterations", "0"], 2, "--iterations");
    fails(&["--iterations", "5", "--population", "1"], 1, "two members");
    fails(&["--iterations", "2000", "--max-params", "100"], 1, "exceed --max-params 100");
    fails(&["--iterations", "5", "--max-layers", "2"], 1, "exceed --max-layers 2");
    fails(&["--iterations", "5", "--weights", "1,2"], 1, "2 --weights for 1 proxies");
    fails(&["--iterations", "5", "--space", "nats_sss"], 1, "--space plainnet");
    fails(&["--iterations", "5", "--start", "SuperConvK3BNRELU(4,8,1,1)"], 1, "an image has 3");
    let out = dir.path().join("never");
    let two = ["--proxies", "params,flops", "--iterations", "5"];
    untrained(&arguments(&out, &two)).assert().code(1).stderr(contains("--weights"));
    // There is no teacher without its weights.
    let teacher = ["--method", "cam_nas", "--iterations", "5", "--dataset", "synthetic"];
    untrained(&arguments(&out, &teacher))
        .assert()
        .code(1)
        .stderr(contains("cam_nas").and(contains("weights")));
}
