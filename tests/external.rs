//! `untrained score --external`: proxies that commands compute.

#[path = "external/example.rs"]
mod example;
#[path = "external/failures.rs"]
mod failures;
mod runs;

use std::path::PathBuf;

use predicates::str::contains;
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
        Run::open(&self.path(out)).unwrap().records
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
        let records = Run::open(&out).unwrap().records;
        records.iter().filter(|r| r.proxy == proxy).map(|r| r.score).collect()
    };
    assert_eq!(scores("external:up"), scores("external:down"));
    let folder = out.to_str().unwrap();
    let assert = runs::untrained(&["correlate", folder, "--format", "json"]).assert().success();
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
