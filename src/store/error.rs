//! Errors of a run's folder. Each message names the remedy.

use std::io;
use std::path::{Path, PathBuf};

use crate::simd;

/// Why a run's folder was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{}: {source}; {remedy}", path.display())]
    Io { path: PathBuf, remedy: &'static str, source: io::Error },
    #[error(
        "{} holds no run (it has no manifest.json); name a folder that `untrained score --out` has written", path.display()
    )]
    NoRun { path: PathBuf },
    #[error("{} holds records but no manifest.json; restore that file, or name another folder with --out", path.display())]
    Orphaned { path: PathBuf },
    #[error("{} is in use by another process; wait until it has ended, or name another folder with --out", path.display())]
    Busy { path: PathBuf },
    #[error("{}: {reason}; restore it from a copy, or name another folder with --out", path.display())]
    Manifest { path: PathBuf, reason: String },
    #[error(
        "the run in {} has {field} {run}, this command {command}: their scores cannot stand in one run; \
         {}", path.display(), other_run(field, run, command)
    )]
    Differs { path: PathBuf, field: String, run: String, command: String },
    #[error(
        "the run in {} has {run} {what}, this command names {command}; name at least as many, or another folder with --out",
        path.display()
    )]
    Fewer { path: PathBuf, what: String, run: usize, command: usize },
    #[error(
        "{}, line {line}: {reason}; restore the file from a copy, or delete that line and repeat the command: its record \
         is then computed again", path.display()
    )]
    Damaged { path: PathBuf, line: u64, reason: String },
    #[error(
        "{}: {reason}; restore the file from a copy, or delete it and repeat the command: its records are then computed \
         again", path.display()
    )]
    Table { path: PathBuf, reason: String },
    #[error(
        "{}: there are two records of {proxy} for architecture {index} of repetition {repetition}: keep one \
         of them, and name each part of a plan once", path.display()
    )]
    Duplicate { path: PathBuf, repetition: u32, index: u32, proxy: String },
    #[error("{} holds a run already; name an empty folder", path.display())]
    Taken { path: PathBuf },
    #[error("{} has {field} {other}, the first run {first}: they are not parts of one plan; merge them separately", path.display())]
    Parts { path: PathBuf, field: String, first: String, other: String },
    #[error(
        "{}: {source}; {written} records of this command are safe: free some space and repeat the command, which goes on \
         there", path.display()
    )]
    Append { path: PathBuf, written: u64, source: io::Error },
    #[error("{}: {what} cannot be written as JSON: {source}; the file was left as it was", path.display())]
    Serialise { path: PathBuf, what: String, source: serde_json::Error },
    #[error(
        "{missing} of {planned} records are missing, the first of them {proxy} for architecture {index} of repetition \
         {repetition}; name all shards, each finished"
    )]
    Gap { missing: u64, planned: u64, repetition: u32, index: u32, proxy: String },
}

impl StoreError {
    /// Wraps the error of an operation on `path`, for `map_err`.
    pub(crate) fn io(path: &Path, remedy: &'static str) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { path, remedy, source }
    }
}

/// What to do about a run that differs. One of a lesser instruction set can be gone on with on this processor.
fn other_run(field: &str, run: &str, command: &str) -> String {
    let name_another = "name another folder with --out";
    let set = |engine: &'_ str| {
        Some(engine.trim_matches('"').strip_prefix("native (")?.strip_suffix(')')?.to_owned())
    };
    let both = set(run).filter(|known| field == "engine" && simd::has(known) && set(command).is_some());
    match both {
        Some(set) => format!("`UNTRAINED_ISA={set}` before the command goes on with it, or {name_another}"),
        None => name_another.to_owned(),
    }
}

pub(super) const READ: &str = "check the file and its permissions";
pub(super) const WRITE: &str = "free some space, check the folder's permissions, or name another with --out";
