//! Errors of the tables.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Query, Runs};
use crate::store::StoreError;

/// Why a table, or a number of it, cannot be had, and what to do next.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    #[error("there is no table '{id}'; the tables are {known}")]
    UnknownTable { id: String, known: String },
    #[error(
        "table '{id}' is not in {searched}: it is read from {wanted}; `untrained data fetch {entry}` gets it or says how to, and \
         --data-dir names another data folder"
    )]
    NotFound {
        id: String,
        /// Names of the files, the folders that may hold them, and who publishes them.
        wanted: String,
        entry: &'static str,
        searched: String,
    },
    #[error("{}: cannot {action}: {source}; {remedy}", path.display())]
    Io { path: PathBuf, action: &'static str, source: std::io::Error, remedy: &'static str },
    #[error("{}{}: {reason}; `untrained data verify` says which files differ from the published ones; download these again", path.display(), at_line(*line))]
    BadFile { path: PathBuf, line: Option<u64>, reason: String },
    #[error("{}{}: {reason}; write the file again with `untrained train --table`, or mend that line", path.display(), at_line(*line))]
    BadTable { path: PathBuf, line: Option<u64>, reason: String },
    #[error("{}, record {record}: {reason}; download the archive again, or import the rest with --skip-malformed", path.display())]
    BadRecord { path: PathBuf, record: u32, reason: String },
    #[error("{}, record {record}: {reason}; check the file with `untrained data verify`, or import the rest with `untrained data import {id} --skip-malformed`", path.display())]
    BadEntry { id: String, path: PathBuf, record: u32, reason: String },
    #[error("{}: {reason}", path.display())]
    BadArchive { path: PathBuf, reason: String },
    #[error(
        "'{query}' is no query: {reason}; write data set/split/epochs/runs, for instance cifar10/test/200/mean"
    )]
    BadQuery { query: String, reason: String },
    #[error("table '{id}' (from {source_kind}) cannot answer '{query}'; it can answer {available}{hint}")]
    NoAnswer { id: String, source_kind: &'static str, query: Query, available: String, hint: &'static str },
    #[error("table '{id}' has no architecture '{arch}'; the nearest is '{nearest}'")]
    UnknownArchitecture { id: String, arch: String, nearest: String },
    #[error("table '{id}' has no record '{label}'; write #NUMBER, or the file's name in front of it")]
    UnknownRecord { id: String, label: String },
    #[error("table '{id}' has architectures 0 to {last}, not {index}")]
    IndexOutOfRange { id: String, index: usize, last: usize },
    #[error(
        "table '{id}' lacks '{query}' for {count} architectures, first index {first}; {}another table source, or import the complete archive",
        match query.runs { Runs::Mean => "choose ", Runs::Seed(_) => "choose runs = mean, " }
    )]
    MissingValues { id: String, query: Query, count: usize, first: usize },
    #[error(
        "table '{id}': there is no {places} in {searched}; `untrained data fetch {entry}` says how to get it, --from names it elsewhere"
    )]
    NoArchive { id: String, places: String, entry: &'static str, searched: String },
    #[error("{}: cannot write the table: {reason}; free some space or name another folder with UNTRAINED_CACHE", path.display())]
    CannotWrite { path: PathBuf, reason: String },
    #[error("there is no folder to keep the table in; name one with UNTRAINED_CACHE")]
    NoCache,
    #[error("another process is reading the archive into {}; wait for it to end", path.display())]
    Busy { path: PathBuf },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "table '{id}': {reason}; a table is `arch` and columns of percentages with the text of a query as their name"
    )]
    BadFrame { id: String, reason: String },
    #[error("table '{id}' is built in; there is nothing to import")]
    NothingToImport { id: String },
}

fn at_line(line: Option<u64>) -> String {
    line.map(|n| format!(", line {n}")).unwrap_or_default()
}

impl TableError {
    pub(super) fn io(
        path: &Path,
        action: &'static str,
        remedy: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { path, action, source, remedy }
    }

    /// The error of a file of a table that cannot be read.
    pub(super) fn unread(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        Self::io(path, "read the table", "check the file's permissions")
    }

    pub(super) fn bad_file(path: &Path, line: Option<u64>, reason: impl Into<String>) -> Self {
        Self::BadFile { path: path.to_path_buf(), line, reason: reason.into() }
    }

    pub(super) fn bad_table(path: &Path, line: Option<u64>, reason: impl Into<String>) -> Self {
        Self::BadTable { path: path.to_path_buf(), line, reason: reason.into() }
    }

    pub(super) fn bad_record(path: &Path, record: u32, reason: impl Into<String>) -> Self {
        Self::BadRecord { path: path.to_path_buf(), record, reason: reason.into() }
    }

    pub(super) fn bad_entry(id: &str, path: &Path, record: u32, reason: String) -> Self {
        Self::BadEntry { id: id.to_owned(), path: path.to_path_buf(), record, reason }
    }

    pub(super) fn bad_archive(path: &Path, reason: impl Into<String>) -> Self {
        Self::BadArchive { path: path.to_path_buf(), reason: reason.into() }
    }
}
