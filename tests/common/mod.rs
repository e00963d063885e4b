//! What several test programs share: the program `untrained`, and the folders of real data.
//!
//! A test that needs such a folder is ignored, with the folder's variable as the reason, and fails where it is run without.
#![allow(dead_code, reason = "every test program uses a part of it")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use untrained::data::DataDirs;

/// The program without any data, as on a machine that has none.
pub fn untrained(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_untrained"));
    command.args(args).env("UNTRAINED_DATA", env!("CARGO_TARGET_TMPDIR")).env_remove("UNTRAINED_ISA");
    command
}

/// The program with a data folder.
pub fn untrained_on(data: &Path) -> Command {
    let mut command = untrained(&["--data-dir"]);
    command.arg(data);
    command
}

/// What a successful command prints.
pub fn run(args: &[&str]) -> String {
    let assert = untrained(args).assert().success();
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn folder(variable: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_dir());
    named.unwrap_or_else(|| panic!("this test needs real data; set {variable} to the folder that holds them"))
}

/// The folder of real tables, data sets and weights.
pub fn real_data() -> PathBuf {
    folder("UNTRAINED_DATA")
}

/// The same folder, as the library takes it.
pub fn real_dirs() -> DataDirs {
    DataDirs::only(&real_data())
}

/// A file or folder of the real data.
pub fn real_file(name: &str) -> PathBuf {
    let path = real_data().join(name);
    assert!(path.exists(), "this test needs {}, which is not there", path.display());
    path
}

/// The folder of the full golden files.
pub fn full_golden_set() -> PathBuf {
    folder("UNTRAINED_GOLDEN")
}
