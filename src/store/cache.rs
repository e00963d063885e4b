//! The cache: frames that were read from slow files, so that the next command has them in milliseconds.
//!
//! `index.json` says of every columnar file in the folder what it was read from and which SHA-256 it has. A file is used as
//! long as its sources are those that were read ([`fingerprint`]). The cache is a convenience: whatever is wrong with it
//! costs a slower load, never an error.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::{files, fingerprint, frame_file};

const INDEX: &str = "index.json";
const LOCK: &str = "index.lock";
/// Raised whenever columns or the index change their meaning.
const FORMAT: u32 = 2;

/// A folder of cached frames.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// What the index says of one columnar file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntry {
    /// What the frame is, such as the id of a table.
    pub of: String,
    /// The files and folders that it was read from.
    pub sources: Vec<PathBuf>,
    /// What kind of files they are.
    pub kind: String,
    /// SHA-256 over the content of the sources.
    pub source_sha256: String,
    /// Whether nothing is missing in them.
    pub complete: bool,
    /// Whether the frame was imported by a command, and not only read on the way.
    pub imported: bool,
    /// [`fingerprint`] of the sources when they were read.
    pub fingerprint: String,
    /// SHA-256 of the columnar file; [`Cache::store`] fills it in.
    pub sha256: String,
}

impl CacheEntry {
    /// Whether the sources are those that were read. Those of an import may be gone altogether, because an archive takes much
    /// space and is not needed any more.
    pub fn is_fresh(&self) -> bool {
        let gone = || self.imported && !self.sources.iter().any(|path| path.exists());
        fingerprint(&self.sources).is_ok_and(|now| now == self.fingerprint) || gone()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Index {
    format: u32,
    files: BTreeMap<String, CacheEntry>,
}

impl Cache {
    /// The cache in a folder, which need not exist.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// The user's: `tables/` in `UNTRAINED_CACHE`, else in the user's cache folder. `None` if there is neither.
    pub fn of_user() -> Option<Self> {
        let named = std::env::var_os("UNTRAINED_CACHE").filter(|value| !value.is_empty()).map(PathBuf::from);
        let own = || directories::ProjectDirs::from("", "", "untrained").map(|d| d.cache_dir().to_path_buf());
        named.or_else(own).map(|root| Self { folder: root.join("tables") })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All entries by the names of their files. An index that cannot be read counts as empty.
    pub fn entries(&self) -> BTreeMap<String, CacheEntry> {
        self.index().files
    }

    fn index(&self) -> Index {
        let text = fs::read(self.folder.join(INDEX)).unwrap_or_default();
        let index = serde_json::from_slice(&text).ok().filter(|index: &Index| index.format == FORMAT);
        index.unwrap_or_else(|| Index { format: FORMAT, files: BTreeMap::new() })
    }

    /// The frame in the file `name`, whose SHA-256 must be that of the index.
    ///
    /// # Errors
    /// The file is not there, or damaged.
    pub fn load(&self, name: &str, entry: &CacheEntry) -> Result<DataFrame, String> {
        let bytes = fs::read(self.folder.join(name)).map_err(|e| e.to_string())?;
        if files::sha256(&bytes) != entry.sha256 {
            return Err("its content was changed or cut".to_owned());
        }
        frame_file::decode(&bytes)
    }

    /// Keeps a frame as the file `name`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn store(&self, name: &str, mut entry: CacheEntry, frame: &DataFrame) -> io::Result<PathBuf> {
        let bytes = frame_file::encode(frame.clone()).map_err(io::Error::other)?;
        entry.sha256 = files::sha256(&bytes);
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join(LOCK))?;
        lock.lock()?;
        let path = self.folder.join(name);
        files::replace(&path, |file| file.write_all(&bytes))?;
        let mut index = self.index();
        self.tidy(&entry.of, name, &mut index);
        index.files.insert(name.to_owned(), entry);
        let text = serde_json::to_vec_pretty(&index)?;
        files::replace(&self.folder.join(INDEX), |file| file.write_all(&text))?;
        Ok(path)
    }

    /// Removes files of version 0.1, which no index lists, and entries that nothing can use any more.
    fn tidy(&self, of: &str, name: &str, index: &mut Index) {
        index.files.retain(|file, entry| {
            let useful = entry.imported || entry.sources.iter().all(|path| path.exists());
            if !useful {
                let _ = fs::remove_file(self.folder.join(file));
            }
            useful
        });
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            let old = file.strip_prefix(of).is_some_and(|rest| rest.starts_with(['-', '.']));
            let columnar = [".parquet", ".parquet.sha256", ".import"].iter().any(|end| file.ends_with(end));
            if old && columnar && file != name && !index.files.contains_key(&file) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
