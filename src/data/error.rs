//! Errors of the data folder and of downloads.

use std::path::{Path, PathBuf};

/// Why data could not be listed, checked or fetched; the message names the file and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("unknown data `{id}`; known are {known}")]
    UnknownId { id: String, known: String },

    #[error("{place}: {problem}; correct the manifest, or leave --manifest out to use the embedded one")]
    Manifest { place: String, problem: String },

    #[error("{path}: {source}; check that the file is there and readable")]
    Io { path: PathBuf, source: std::io::Error },

    #[error(
        "cannot write to {path}: {source}; make it writable, or name another folder with --data-dir or UNTRAINED_DATA"
    )]
    Unwritable { path: PathBuf, source: std::io::Error },

    #[error("no data folder is set; name one with --data-dir or UNTRAINED_DATA")]
    NoFolder,

    #[error("{id} cannot be fetched automatically")]
    ByHand { id: String },

    #[error(
        "{url}: the server answered {status}; try again later, give a mirror with --base-url, or fetch it by hand"
    )]
    Status { url: String, status: u16 },

    #[error("{url}: {problem}; try again later (what has arrived is kept), or give a mirror with --base-url")]
    Network { url: String, problem: String },

    #[error("{url}: {problem}: this is not the file the manifest describes; give a mirror with --base-url")]
    WrongAnswer { url: String, problem: String },

    #[error("{path}: {problem}: the download was thrown away; try again, or give a mirror with --base-url")]
    WrongBytes { path: PathBuf, problem: String },

    #[error("{path} is there already, but {problem}; move it away, or replace it with --force")]
    Occupied { path: PathBuf, problem: String },

    #[error("{path} is being downloaded by another process; wait for it, or end it first")]
    Busy { path: PathBuf },

    #[error("{path}: {problem}; delete the archive and fetch it again")]
    Archive { path: PathBuf, problem: String },

    #[error("interrupted; what has arrived is kept, run the same command again to go on")]
    Interrupted,
}

impl DataError {
    /// Wraps a reading error with its path.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// Wraps a writing error with its path.
    pub(super) fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Unwritable { path, source }
    }
}
