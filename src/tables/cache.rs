//! The columnar cache: after the first read of CSV files, loading takes milliseconds.
//!
//! A cache file is named `<table>-<source paths>-<content>.parquet`, the latter two as digests, so that a file whose content
//! does not fit its name is known to be damaged. Its metadata holds the sizes and times of its sources, so that it is known
//! to be stale once they change. The cache is a convenience: whatever is wrong with it costs a warning and a slower load,
//! never an error.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::parquet_file::{self, Stored};
use super::{TableError, TableSpec};

/// The folder in which [`load`](super::load) keeps tables: `tables/` in `UNTRAINED_CACHE`, else in the user's cache folder. `None` if
/// there is neither.
pub fn cache_folder() -> Option<PathBuf> {
    let named = std::env::var_os("UNTRAINED_CACHE").filter(|value| !value.is_empty()).map(PathBuf::from);
    let root = named.or_else(|| {
        directories::ProjectDirs::from("", "", "untrained").map(|dirs| dirs.cache_dir().to_path_buf())
    });
    root.map(|root| root.join("tables"))
}

/// What tells whether source files changed: a line of path, size and modification time for each.
///
/// # Errors
/// A file that is not there, or cannot be looked at.
pub(super) fn key(paths: &[PathBuf]) -> Result<String, TableError> {
    paths.iter().map(|path| line(path).map_err(TableError::unread(path))).collect()
}

/// The line of one file in its [`key`].
pub(super) fn line(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    Ok(format!("{} {} {modified}\n", fs::canonicalize(path)?.display(), metadata.len()))
}

/// The cached table, if there is a whole and current one. Where the sources cannot be looked at, reading them says why.
pub(super) fn load(folder: &Path, spec: &TableSpec, paths: &[PathBuf]) -> Option<Stored> {
    let key = key(paths).ok()?;
    let file = files(folder, spec, paths).pop()?;
    let stored = intact(&file).and_then(|()| parquet_file::read(&file, spec));
    match stored {
        Ok(stored) if stored.key == key => Some(stored),
        Ok(_) => None,
        Err(reason) => {
            tracing::warn!("the cached table {} is ignored: {reason}", file.display());
            None
        }
    }
}

/// Writes the cache and removes older files of the same sources. One that cannot be removed only takes up space.
pub(super) fn store(folder: &Path, spec: &TableSpec, paths: &[PathBuf], stored: &Stored) {
    let old = files(folder, spec, paths);
    match write(folder, spec, paths, stored) {
        Ok(new) => old.iter().filter(|file| **file != new).for_each(|file| drop(fs::remove_file(file))),
        Err(reason) => tracing::warn!(
            "the table cache in {} cannot be written ({reason}); loading stays slow, UNTRAINED_CACHE names another folder",
            folder.display()
        ),
    }
}

fn write(folder: &Path, spec: &TableSpec, paths: &[PathBuf], stored: &Stored) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(|e| e.to_string())?;
    parquet_file::write(temporary.reopen().map_err(|e| e.to_string())?, spec, stored)?;
    let digest = digest(temporary.path()).map_err(|e| e.to_string())?;
    let path = folder.join(format!("{}{}.parquet", prefix(spec, paths), &digest[..16]));
    temporary.persist(&path).map_err(|e| e.to_string())?;
    Ok(path)
}

/// Cache files of these sources, whatever their state.
fn files(folder: &Path, spec: &TableSpec, paths: &[PathBuf]) -> Vec<PathBuf> {
    let prefix = prefix(spec, paths);
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let name = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    files.filter(|path| name(path).is_some_and(|name| name.starts_with(&prefix))).collect()
}

fn prefix(spec: &TableSpec, paths: &[PathBuf]) -> String {
    let absolute = |path: &PathBuf| fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let digest = paths.iter().fold(Sha256::new(), |digest, path| {
        digest.chain_update(absolute(path).as_os_str().as_encoded_bytes()).chain_update([0])
    });
    format!("{}-{}-", spec.id, &hex::encode(digest.finalize())[..16])
}

/// Compares a file's content with the digest in its name.
fn intact(path: &Path) -> Result<(), String> {
    let digest = digest(path).map_err(|e| e.to_string())?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if stem.ends_with(&digest[..16]) { Ok(()) } else { Err("its content was changed or cut".to_owned()) }
}

/// SHA-256 of a file, in hexadecimal.
pub(super) fn digest(path: &Path) -> io::Result<String> {
    struct Sink(Sha256);
    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sink = Sink(Sha256::new());
    io::copy(&mut fs::File::open(path)?, &mut sink)?;
    Ok(hex::encode(sink.0.finalize()))
}

/// SHA-256 of bytes, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
