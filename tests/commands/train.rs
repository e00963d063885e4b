//! `untrained train`: kills, extension, the commands that read its table, and its refusals.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use predicates::str::contains;

use crate::common::{run, untrained};

const SMALL: [&str; 17] = [
    "train",
    "--space",
    "nasbench201_small",
    "--dataset",
    "synthetic",
    "--resolution",
    "8",
    "--train-images",
    "64",
    "--validation-images",
    "20",
    "--test-images",
    "20",
    "--epochs",
    "3",
    "--batch-size",
    "16",
];

fn arguments<'a>(table: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [&SMALL[..], &["--table", table.to_str().unwrap()], more].concat()
}

/// Files that a command leaves: table, curves, means and journal.
fn files(table: &Path) -> Vec<Vec<u8>> {
    let journal = table.with_extension("training").join("trainings.jsonl");
    let [curves, means] = ["curves.csv", "means.md"].map(|end| table.with_extension(end));
    let paths: [PathBuf; 4] = [table.to_path_buf(), curves, means, journal];
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A command that is killed after its first checkpoint, and repeated, leaves the bytes of one that was not.
#[test]
fn kills_change_nothing_and_a_table_can_be_extended() {
    let dir = tempfile::tempdir().unwrap();
    let [one, two] = ["one.csv", "two.csv"].map(|name| dir.path().join(name));
    let text = run(&arguments(&one, &["--sample", "3", "--threads", "1"]));
    assert!(text.contains("3 trainings (ok 3)") && text.contains("Accuracy (%)"), "{text}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_untrained"))
        .args(arguments(&two, &["--sample", "3", "--threads", "1"]))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let checkpoints = two.with_extension("training").join("checkpoints");
    let began = Instant::now();
    while std::fs::read_dir(&checkpoints).map_or(0, Iterator::count) == 0
        && child.try_wait().unwrap().is_none()
    {
        assert!(began.elapsed() < Duration::from_secs(120), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    run(&arguments(&two, &["--sample", "3", "--threads", "1"]));
    assert_eq!(files(&one), files(&two));
    let before = std::fs::read_to_string(&one).unwrap();
    run(&arguments(&one, &["--sample", "4", "--seeds", "0,1", "--threads", "2"]));
    let after = std::fs::read_to_string(&one).unwrap();
    assert!(after.starts_with(&before) && after.lines().count() == 1 + 2 * 8, "{after}");
    let other = arguments(&one, &["--sample", "3", "--rate", "0.2"]);
    untrained(&other).assert().code(1).stderr(contains("rate 0.1, this command 0.2"));
}

/// The commands that compare scores with accuracies take them from a file, whatever the space.
#[test]
fn other_commands_read_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let [table, scores, picture] = ["mine.csv", "scores", "mine.svg"].map(|name| dir.path().join(name));
    let [file, run_folder] = [&table, &scores].map(|path| path.to_str().unwrap());
    let archs = dir.path().join("archs.txt");
    std::fs::write(&archs, "8:8:8:8:8\n8:16:8:16:8\n16:8:8:8:24\n8:8:24:8:16\n").unwrap();
    let list = ["--archs", archs.to_str().unwrap()];
    let trained = [&arguments(&table, &list)[..], &["--seeds", "0,1", "--threads", "2"]].concat();
    let of_sizes: Vec<&str> =
        trained.into_iter().map(|word| if word == "nasbench201_small" { "nats_sss" } else { word }).collect();
    run(&of_sizes);
    let images = ["--dataset", "synthetic", "--resolution", "8", "--batch-size", "4"];
    let score = ["score", "--space", "nats_sss", "--proxies", "params,naswot", "--out", run_folder];
    run(&[&score[..], &images, &list].concat());
    let text = run(&["query", "--table", file, "--available"]);
    assert!(text.contains("4 architectures") && text.contains("synthetic/test/3/mean"), "{text}");
    let one =
        ["query", "--table", file, "--arch", "8:16:8:16:8", "--dataset", "synthetic", "--split", "test"];
    run(&[&one[..], &["--epochs", "3", "--runs", "1"]].concat());
    let text = run(&["correlate", run_folder, "--table", file, "--format", "csv"]);
    assert!(text.contains("naswot") && text.contains("synthetic"), "{text}");
    run(&["search", run_folder, "--table", file, "--samples", "2", "--trials", "5"]);
    let table_search =
        ["search", "table", "--space", "nats_sss", "--proxies", "naswot", "--pool", run_folder];
    run(&[&table_search[..], &["--table", file, "--samples", "3", "--trials", "2"]].concat());
    run(&["plot", run_folder, "--table", file, "--kind", "bars", "--out", picture.to_str().unwrap()]);
    let mine = dir.path().join("scores.csv");
    std::fs::write(&mine, "arch,mine\n8:8:8:8:8,1\n8:16:8:16:8,2\n16:8:8:8:24,3\n").unwrap();
    let compare =
        ["compare", "--scores", mine.to_str().unwrap(), "--space", "nats_sss", "--dataset", "synthetic"];
    assert!(run(&[&compare[..], &["--table", file]].concat()).contains("mine"));
    std::fs::write(&table, "arch,dataset,split,epochs,seed,accuracy\n8:8:8:8:8,synthetic,test,3,0,101\n")
        .unwrap();
    untrained(&["query", "--table", file, "--available"]).assert().code(1).stderr(contains("line 2"));
}

/// What cannot be trained is one sentence with the remedy.
#[test]
fn refusals_name_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("t.csv");
    for (more, said) in [
        (&["--sample", "2", "--train-images", "60000"][..], "lower them"),
        (&["--sample", "2", "--batch-size", "1"], "choose another --batch-size"),
        (&["--sample", "2", "--train-images", "65"], "a batch of one image"),
        (&["--sample", "2", "--momentum", "1"], "--momentum 1 is out of range"),
        (&["--sample", "16000"], "15625 architectures"),
        (&["--arch", "|x|"], "none, skip_connect"),
    ] {
        let given: Vec<&str> = more.iter().step_by(2).copied().collect();
        let pairs = SMALL[1..].chunks(2).filter(|pair| !given.contains(&pair[0]));
        let rest: Vec<&str> = pairs.flatten().copied().collect();
        let command = [&["train", "--table", table.to_str().unwrap()], &rest[..], more].concat();
        untrained(&command).assert().code(1).stderr(contains(said));
    }
    let text = ["train", "--space", "nafbee_bert", "--arch", "GELU", "--dataset", "sst2", "--table", "t.csv"];
    untrained(&text).assert().code(1).stderr(contains("images"));
}

/// `SMALL` with another data set.
fn on<'a>(dataset: &'a str, table: &'a Path) -> Vec<&'a str> {
    let mut all = arguments(table, &["--sample", "1"]);
    let place = all.iter().position(|word| *word == "synthetic").unwrap();
    all[place] = dataset;
    all.retain(|word| !["--resolution", "8"].contains(word));
    all
}

/// A label that is no class is said with its file and record.
#[test]
fn labels_out_of_range_are_refused() {
    const RECORD: usize = 1 + 3 * 32 * 32;
    let dir = tempfile::tempdir().unwrap();
    let images = dir.path().join("cifar-10-batches-bin");
    std::fs::create_dir(&images).unwrap();
    let mut records = vec![0u8; 10_000 * RECORD];
    std::fs::write(images.join("test_batch.bin"), &records).unwrap();
    records.iter_mut().step_by(RECORD).for_each(|label| *label = 200);
    std::fs::write(images.join("data_batch_1.bin"), &records).unwrap();
    let mut command = untrained(&on("cifar10", &dir.path().join("t.csv")));
    let told = command.env("UNTRAINED_DATA", dir.path()).assert().code(1);
    told.stderr(contains("data_batch_1.bin: record"))
        .stderr(contains("has label 200, but the classes are 0 to 9"));
}

/// A disk without room, here a limit on the size of files: what failed and what to do, and the repeated command goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_the_command_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("t.csv");
    let words = arguments(&table, &["--sample", "1", "--threads", "1"]);
    let limited = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"";
    let shell = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_untrained")])
        .args(&words)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&shell.stderr);
    assert_eq!(shell.status.code(), Some(1), "{said}");
    assert!(
        said.contains("File too large") && said.contains("free some space and repeat the command"),
        "{said}"
    );
    assert!(!table.exists());
    assert!(run(&words).contains("1 trainings (ok 1)"));
}

/// burn's operations train like the native engine's.
#[test]
fn both_engines_train_alike() {
    let dir = tempfile::tempdir().unwrap();
    let losses = |engine: &str| -> Vec<f64> {
        let table = dir.path().join(format!("{engine}.csv"));
        run(&arguments(&table, &["--sample", "1", "--threads", "1", "--engine", engine]));
        let curves = std::fs::read_to_string(table.with_extension("curves.csv")).unwrap();
        let loss = |line: &str| line.split(',').nth(6).unwrap().parse().unwrap();
        curves.lines().skip(1).map(loss).collect()
    };
    let (native, burn) = (losses("native"), losses("burn"));
    assert_eq!((native.len(), burn.len()), (3, 3));
    for (native, burn) in native.iter().zip(burn) {
        assert!((native - burn).abs() < 1e-5 * native, "{native} {burn}");
    }
}
