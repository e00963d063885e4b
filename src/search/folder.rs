//! The folder of a search.
//!
//! ```text
//! search.json         what the search is: settings, proxies, rules, limits; and the commands that worked on it
//! scores-R.jsonl      the journal of repetition R: scores in the order in which they were first asked for
//! search.lock         locked by the process that writes
//! ```

use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::store::{Description, Invocation, RunKey, StoreError, WorkFolder, work};

/// What a search is.
pub const NAME: &str = "search.json";
/// What was found.
pub const RESULT: &str = "result.json";
const WORK: &str = "search";

/// A folder of which this process is the only one to write.
pub struct SearchFolder(WorkFolder);

impl SearchFolder {
    /// Opens the folder of a search, or begins one. `key` is all that its members depend on.
    ///
    /// # Errors
    /// As [`WorkFolder::open`].
    pub fn open(path: &Path, key: RunKey, invocation: Invocation) -> Result<Self, StoreError> {
        WorkFolder::open(path, WORK, key, invocation).map(Self)
    }

    /// The journal of a repetition.
    pub fn journal(&self, repetition: u32) -> PathBuf {
        self.file(&format!("scores-{repetition}.jsonl"))
    }
}

impl Deref for SearchFolder {
    type Target = WorkFolder;

    fn deref(&self) -> &WorkFolder {
        &self.0
    }
}

/// What the search in a folder is.
///
/// # Errors
/// The folder holds no search, or a damaged description.
pub fn description(folder: &Path) -> Result<Description, StoreError> {
    let remedy = "name a folder that `untrained search evolve --out` (or table, prune, saliency) has written";
    work::read(folder, WORK)?
        .ok_or_else(|| StoreError::io(&folder.join(NAME), remedy)(std::io::ErrorKind::NotFound.into()))
}

/// A file that a finished search left.
///
/// # Errors
/// The search is not finished, or the file is damaged.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let bytes = std::fs::read(path);
    let bytes = bytes.map_err(StoreError::io(path, "finish the search by the command that began it"))?;
    let read = serde_json::from_slice(&bytes);
    read.map_err(|error| StoreError::Manifest { path: path.to_path_buf(), reason: error.to_string() })
}
