//! The folder of a search.
//!
//! ```text
//! search.json         what the search is: settings, proxies, rules, limits; and the commands that worked on it
//! scores-R.jsonl      the journal of repetition R: scores in the order in which they were first asked for
//! search.lock         locked by the process that writes
//! ```

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::store::{Invocation, RunKey, StoreError, files};

/// What a search is.
pub const NAME: &str = "search.json";
/// What was found.
pub const RESULT: &str = "result.json";
const LOCK: &str = "search.lock";
const FORMAT: u32 = 1;
/// Largest description that is read, in bytes.
const LIMIT: u64 = 16 << 20;

/// What a search is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    format: u32,
    pub key: RunKey,
    /// The commands that worked on it, oldest first.
    pub invocations: Vec<Invocation>,
}

/// A folder of which this process is the only one to write.
pub struct SearchFolder {
    path: PathBuf,
    /// The system releases it when it is dropped or the process ends.
    _lock: File,
}

impl SearchFolder {
    /// Opens the folder of a search, or begins one. `key` is all that its members depend on.
    ///
    /// # Errors
    /// Another process has it, it holds another search, or it cannot be read or written.
    pub fn open(path: &Path, key: RunKey, invocation: Invocation) -> Result<Self, StoreError> {
        let failed = |source| StoreError::io(path, "name a folder that can be written with --out")(source);
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock = files::lock(&path.join(LOCK)).map_err(failed)?;
        let lock = lock.ok_or_else(|| StoreError::Busy { path: path.to_path_buf() })?;
        files::remove_drafts(path);
        let mut description = match read(path)? {
            None => Description { format: FORMAT, key: key.clone(), invocations: vec![] },
            Some(known) => known,
        };
        if let Some((field, run, command)) = description.key.difference(&key) {
            return Err(StoreError::Differs { path: path.to_path_buf(), field, run, command });
        }
        description.invocations.push(invocation);
        let folder = Self { path: path.to_path_buf(), _lock: lock };
        folder.write(NAME, &json(path, NAME, &description)?)?;
        Ok(folder)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal of a repetition.
    pub fn journal(&self, repetition: u32) -> PathBuf {
        self.path.join(format!("scores-{repetition}.jsonl"))
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Replaces a file of the folder, all or nothing.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.file(name);
        files::replace(&path, |file| file.write_all(text.as_bytes()))
            .map_err(StoreError::io(&path, "free some space, or name another folder with --out"))
    }

    /// Replaces a file of the folder by the JSON of a value.
    ///
    /// # Errors
    /// As [`SearchFolder::write`], or a value without a JSON form.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        self.write(name, &json(&self.path, name, value)?)
    }
}

/// What the search in a folder is.
///
/// # Errors
/// The folder holds no search, or a damaged description.
pub fn description(folder: &Path) -> Result<Description, StoreError> {
    let remedy = "name a folder that `untrained search evolve --out` (or table, or prune) has written";
    read(folder)?
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

fn json(folder: &Path, name: &str, value: &impl Serialize) -> Result<String, StoreError> {
    let text = serde_json::to_string_pretty(value);
    let unwritten =
        |source| StoreError::Serialise { path: folder.join(name), what: "the search".to_owned(), source };
    Ok(text.map_err(unwritten)? + "\n")
}

/// The description in a folder, if it has one.
fn read(folder: &Path) -> Result<Option<Description>, StoreError> {
    let path = folder.join(NAME);
    let bytes = match std::fs::metadata(&path) {
        Ok(facts) if facts.len() <= LIMIT => std::fs::read(&path),
        Ok(_) => {
            return Err(StoreError::Manifest {
                path,
                reason: "it is too large for a description".to_owned(),
            });
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    };
    let bytes = bytes.map_err(StoreError::io(&path, "make the file readable"))?;
    let found: Result<Description, _> = serde_json::from_slice(&bytes);
    match found {
        Ok(found) if found.format == FORMAT => Ok(Some(found)),
        Ok(found) => {
            let reason = format!("it is of format {}, this program writes {FORMAT}", found.format);
            Err(StoreError::Manifest { path, reason })
        }
        Err(error) => Err(StoreError::Manifest { path, reason: error.to_string() }),
    }
}
