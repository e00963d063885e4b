//! The folder of long work other than a run: what the work is, and the lock of the process that writes.
//!
//! ```text
//! NAME.json     what the work is: settings and seeds, and the commands that worked on it
//! NAME.lock     locked by the process that writes
//! ```
//!
//! Beside them stand journals and results, whose names the work chooses.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Invocation, RunKey, StoreError, files};

const FORMAT: u32 = 1;
/// Largest description that is read, in bytes.
const LIMIT: u64 = 16 << 20;

/// What the work is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    format: u32,
    pub key: RunKey,
    /// The commands that worked on it, oldest first.
    pub invocations: Vec<Invocation>,
}

/// A folder of which this process is the only one to write.
pub struct WorkFolder {
    path: PathBuf,
    /// The system releases it when it is dropped or the process ends.
    _lock: File,
}

impl WorkFolder {
    /// Opens the folder of work called `name` (`search`), or begins one. `key` is all that its numbers depend on.
    ///
    /// # Errors
    /// Another process has it, it holds other work, or it cannot be read or written.
    pub fn open(path: &Path, name: &str, key: RunKey, invocation: Invocation) -> Result<Self, StoreError> {
        let failed = |source| StoreError::io(path, "name a folder that can be written with --out")(source);
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock = files::lock(&path.join(format!("{name}.lock"))).map_err(failed)?;
        let lock = lock.ok_or_else(|| StoreError::Busy { path: path.to_path_buf() })?;
        files::remove_drafts(path);
        let mut description = match read(path, name)? {
            None => Description { format: FORMAT, key: key.clone(), invocations: vec![] },
            Some(known) => known,
        };
        if let Some((field, run, command)) = description.key.difference(&key) {
            return Err(StoreError::Differs { path: path.to_path_buf(), field, run, command });
        }
        description.invocations.push(invocation);
        let folder = Self { path: path.to_path_buf(), _lock: lock };
        folder.write_json(&format!("{name}.json"), &description)?;
        Ok(folder)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
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
    /// As [`WorkFolder::write`], or a value without a JSON form.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let unwritten = |source| StoreError::Serialise {
            path: self.file(name),
            what: "what the folder holds".to_owned(),
            source,
        };
        self.write(name, &(serde_json::to_string_pretty(value).map_err(unwritten)? + "\n"))
    }
}

/// What the work called `name` in a folder is; `None` where the folder holds none.
///
/// # Errors
/// A damaged description.
pub fn read(folder: &Path, name: &str) -> Result<Option<Description>, StoreError> {
    let path = folder.join(format!("{name}.json"));
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
