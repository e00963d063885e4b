//! `untrained score --external`: proxies that commands compute.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{run, untrained};
use crate::runs;
use predicates::prelude::*;
use predicates::str::contains;
use untrained::datasets::{self, BatchRequest, Split};
use untrained::store::{Record, Run, Status};

/// Networks of `nats_sss`, told apart by their first number.
const ARCHS: [&str; 6] = ["8:8:8:8:8", "16:8:8:8:8", "24:8:8:8:8", "32:8:8:8:8", "40:8:8:8:8", "48:8:8:8:8"];

/// A folder with a list of architectures and commands.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("list"), ARCHS.join("\n")).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `--external NAME=sh FILE`: the file greets with `ready`, then runs `body` for each question, which finds its number in
    /// `id` and the first number of the architecture in `first`, and may call `score VALUE`.
    fn command(&self, name: &str, ready: &str, body: &str) -> String {
        let file = self.path(&format!("{name}.sh"));
        let text = format!(
            "read -r hello\necho '{{\"type\":\"ready\",{ready}}}'\n\
             score() {{ echo '{{\"type\":\"score\",\"id\":'$id',\"score\":'$1'}}'; }}\n\
             while read -r line; do\n\
             id=${{line#*\\\"id\\\":}}; id=${{id%%,*}}; first=${{line#*\\\"arch\\\":\\\"}}; first=${{first%%:*}}\n\
             {body}\ndone\n"
        );
        std::fs::write(&file, text).unwrap();
        format!("{name}=sh '{}'", file.display())
    }

    /// Scores the list with a command on one thread.
    fn score(&self, out: &str, external: &str, more: &[&str]) -> assert_cmd::Command {
        let list = self.path("list").display().to_string();
        let args = ["--archs", &list, "--threads", "1", "--external", external];
        runs::score(&self.path(out), &[&args, more].concat())
    }

    fn records(&self, out: &str) -> Vec<Record> {
        runs::records(&self.path(out))
    }

    /// The one record without a score, after checking that all others have the first number of their architecture.
    fn failed(&self, out: &str) -> Record {
        let records = self.records(out);
        assert_eq!(records.len(), ARCHS.len());
        let (fine, failed): (Vec<_>, Vec<_>) = records.into_iter().partition(|r| r.status == Status::Ok);
        for record in &fine {
            assert_eq!(record.score, record.arch.split(':').next().unwrap().parse().ok(), "{record:?}");
        }
        assert_eq!(failed.len(), 1, "{failed:?}");
        failed.into_iter().next().unwrap()
    }
}

const HIGHER: &str = r#""version":1,"direction":"higher""#;

/// Says clearly what is missing where the external programs of these tests cannot run.
fn needs_python() {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|o| o.status.success());
    assert!(found, "this test runs an external program; install python3");
}

/// Twenty cells of NAS-Bench-201, which differ in two edges.
fn cells() -> Vec<String> {
    let first = ["skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];
    let last = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"];
    let cell = |a, b| format!("|{a}~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|{b}~2|");
    first.iter().flat_map(|a| last.iter().map(move |b| cell(a, b))).collect()
}

fn example() -> String {
    format!("convs=python3 '{}/scripts/external_proxy.py'", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_example_counts_convolutions_and_its_run_is_as_any_other() {
    needs_python();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let external = example();
    let list = dir.path().join("list");
    std::fs::write(&list, cells().join("\n")).unwrap();
    let fixed = ["--space", "nasbench201", "--dataset", "synthetic", "--resolution", "16", "--archs"];
    let rest = [list.to_str().unwrap(), "--repetitions", "2", "--threads", "2", "--external", &external];
    let args = [&fixed[..], &rest].concat();
    runs::command(&out, &args).assert().success().stdout(contains("40 records (ok 40,"));
    let run = Run::open(&out).unwrap();
    let facts = &run.manifest.proxies[0];
    assert_eq!((facts.proxy.as_str(), facts.version), ("external:convs", 1));
    assert_eq!(facts.direction, "higher_is_better");
    assert!(facts.command.as_ref().unwrap().starts_with("python3 "), "{facts:?}");
    let mut seen = std::collections::BTreeSet::new();
    for record in runs::records(&out) {
        let count = record.arch.matches("nor_conv").count() as f64;
        let large = record.arch.matches("nor_conv_3x3").count() as f64;
        assert_eq!(record.score, Some(count), "{}", record.arch);
        let parts = [("nor_conv_1x1".to_owned(), count - large), ("nor_conv_3x3".to_owned(), large)];
        assert_eq!(record.components, parts);
        seen.insert(count as u32);
    }
    assert!(seen.len() > 2, "{seen:?}");
    // Built-in proxies join the run, and the command is not needed to verify those or to export.
    let with = [&args[..], &["--proxies", "params"]].concat();
    runs::command(&out, &with)
        .assert()
        .success()
        .stdout(contains("80 records").and(contains(" 40 of them new")));
    let folder = out.to_str().unwrap();
    untrained(&["verify", folder, "--count", "5"]).assert().success().stdout(contains("5 of 5 records"));
    untrained(&["records", folder]).assert().success().stdout(contains("external:convs"));
}

#[test]
fn one_architecture_is_scored_and_another_space_is_skipped() {
    needs_python();
    let external = example();
    let score = |space: &str, arch: &str| {
        let args = ["score", "--space", space, "--arch", arch, "--dataset", "synthetic", "--batch-size", "2"];
        let more = ["--format", "json", "--external", &external];
        let assert = untrained(&[&args[..], &more].concat()).assert().success();
        let report: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        assert_eq!(report["scores"].as_array().unwrap().len(), 1, "{report}");
        report["scores"][0].clone()
    };
    let cell = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";
    let scored = score("nasbench201", cell);
    assert_eq!(
        (&scored["score"], &scored["components"]["nor_conv_3x3"]),
        (&3.0.into(), &2.0.into()),
        "{scored}"
    );
    let skipped = score("nats_sss", ARCHS[0]);
    assert_eq!((&skipped["proxy"], &skipped["status"]), (&"external:convs".into(), &"skipped".into()));
    assert!(skipped["reason"].as_str().unwrap().contains("nasbench201 cells only"), "{skipped}");
}

/// What the command is sent are the images and labels of the run, to the last bit.
#[test]
fn the_batch_that_is_asked_for_is_the_runs() {
    needs_python();
    let bench = Bench::new();
    let script = format!(
        "import sys\nsys.path.insert(0, '{}/scripts')\nimport external_proxy as e\ne.WANTS = ['batch']\n\
         def score(arch, hello, batch):\n    total = 0.0\n    for x in batch['images']:\n        total += x\n    \
         return total, {{'labels': sum(batch['labels']), 'images': batch['shape'][0], 'seed': hello['seeds']['data']}}\n\
         e.score = score\ne.main()\n",
        env!("CARGO_MANIFEST_DIR")
    );
    let file = bench.path("sum.py");
    std::fs::write(&file, script).unwrap();
    let external = format!("sum=python3 -B '{}'", file.display());
    bench.score("run", &external, &["--repetitions", "2"]).assert().success();
    for record in bench.records("run") {
        let request = BatchRequest {
            resolution: Some(16),
            ..BatchRequest::new("synthetic", Split::Train, 4, u64::from(record.repetition))
        };
        let batch = datasets::batch(&request, &untrained::data::DataDirs::resolve(None)).unwrap();
        let total = batch.images.iter().fold(0.0, |sum, x| sum + f64::from(*x));
        assert_eq!(record.score, Some(total));
        let labels = batch.labels.iter().map(|l| f64::from(*l)).sum::<f64>();
        let parts = [("images", 4.0), ("labels", labels), ("seed", f64::from(record.repetition))];
        assert_eq!(record.components, parts.map(|(name, value)| (name.to_owned(), value)));
    }
}

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

#[test]
fn an_interrupted_run_ends_as_an_uninterrupted_one() {
    let bench = Bench::new();
    let external = bench.command("mine", HIGHER, "score $first.5");
    let more = ["--proxies", "params", "--repetitions", "2"];
    bench.score("whole", &external, &more).assert().success().stdout(contains("24 records"));
    let expected = runs::bytes(&bench.path("whole"));
    for count in [0, 7, 23] {
        let out = format!("after_{count}");
        bench.score(&out, &external, &more).assert().success();
        runs::runs_back(&bench.path(&out), count);
        let new = format!(" {} of them new", 24 - count);
        bench.score(&out, &external, &more).assert().success().stdout(contains(new));
        assert_eq!(runs::bytes(&bench.path(&out)), expected, "{count}");
    }
    // The same name with another version or direction would be another proxy.
    for (ready, expected) in [
        (r#""version":2,"direction":"higher""#, "proxy external:mine in version 1, this command 2"),
        (r#""version":1,"direction":"lower""#, "proxy external:mine with direction higher_is_better"),
    ] {
        let external = bench.command("mine", ready, "score $first.5");
        bench.score("whole", &external, &more).assert().failure().stderr(contains(expected));
    }
    assert_eq!(runs::bytes(&bench.path("whole")), expected);
}

/// The same scores, once declared better where higher and once where lower: every correlation changes its sign.
#[test]
fn direction_turns_correlations() {
    let bench = Bench::new();
    let value = "score $(( (${#first} * 7) % 11 ))";
    let up = bench.command("up", HIGHER, value);
    let down = bench.command("down", r#""version":1,"direction":"lower""#, value);
    let out = bench.path("run");
    let fixed = ["--space", "nafbee_vgg19", "--all", "--dataset", "synthetic", "--batch-size", "2"];
    let args = [&fixed[..], &["--external", &up, "--external", &down]].concat();
    runs::command(&out, &args).assert().success().stdout(contains("22 records (ok 22"));
    let scores = |proxy: &str| -> Vec<Option<f64>> {
        let records = runs::records(&out);
        records.iter().filter(|r| r.proxy == proxy).map(|r| r.score).collect()
    };
    assert_eq!(scores("external:up"), scores("external:down"));
    let folder = out.to_str().unwrap();
    let assert = untrained(&["correlate", folder, "--format", "json"]).assert().success();
    let table: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let tau = |proxy: &str| {
        let rows = table["rows"].as_array().unwrap();
        let row = rows.iter().find(|r| r["name"] == proxy).unwrap_or_else(|| panic!("no {proxy} in {table}"));
        let cells = row["cells"].as_array().unwrap();
        cells.iter().find(|c| c["column"] == "tau_b").unwrap()["value"].as_f64().unwrap()
    };
    assert!(tau("external:up") != 0.0);
    assert_eq!(tau("external:up"), -tau("external:down"));
}

/// A run's scores of a command are searched without the command, which no longer works.
#[test]
fn a_pool_is_searched_without_its_command() {
    let bench = Bench::new();
    let [out, works, broken] = [
        bench.path("run").display().to_string(),
        bench.command("order", HIGHER, "score $id"),
        "order=sh missing".to_owned(),
    ];
    let space = ["--space", "nafbee_vgg19", "--dataset", "synthetic", "--external"];
    run(&[&["score", "--all", "--threads", "1"], &space[..], &[&works, "--out", &out]].concat());
    let search = ["search", "table", "--pool", &out, "--samples", "11", "--trials", "2"];
    let text = run(&[&search, &space[..], &[&broken]].concat());
    assert!(text.contains("external:order, random"), "{text}");
    let other = [&search, &space[..], &["other=sh missing"]].concat();
    untrained(&other).assert().code(1).stderr(contains("no scores of external:other; it has external:order"));
}
