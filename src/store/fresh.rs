//! Whether files have changed, told without reading them.
//!
//! The rule is the same everywhere: a file is the one that was seen if it has the same size and the same modification time
//! to the nanosecond. A folder is the same if it holds the same files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a file looked like when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub size: u64,
    /// Modification time in nanoseconds since 1970.
    pub changed_ns: u64,
}

impl Stamp {
    /// The stamp of a file.
    ///
    /// # Errors
    /// The file is not there, or the system does not say when it was changed.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { size: metadata.len(), changed_ns: changed.as_nanos() as u64 })
    }
}

/// A digest over the path and the stamp of every file of `paths`; of a folder, over those of all files directly in it.
/// Looking at the 15,626 files of an archive takes some 50 ms.
///
/// # Errors
/// A path that cannot be looked at.
pub fn fingerprint(paths: &[PathBuf]) -> io::Result<String> {
    let mut digest = Sha256::new();
    for path in paths {
        let path = fs::canonicalize(path)?;
        for file in if path.is_dir() { visible(&path)? } else { vec![path] } {
            let Stamp { size, changed_ns } = Stamp::of(&file)?;
            digest.update(file.as_os_str().as_encoded_bytes());
            digest.update(format!("\0{size} {changed_ns}\n"));
        }
    }
    Ok(hex::encode(digest.finalize()))
}

/// The entries of a folder in the order of their names, without hidden ones (`.DS_Store`, `._name` of macOS).
///
/// # Errors
/// The folder cannot be read.
pub fn visible(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    paths.sort_unstable();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_and_a_deleted_file_of_a_folder_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("archive");
        fs::create_dir(&folder).unwrap();
        for name in ["a", "b"] {
            fs::write(folder.join(name), name).unwrap();
        }
        let of = || fingerprint(std::slice::from_ref(&folder)).unwrap();
        let first = of();
        fs::write(folder.join(".DS_Store"), "hidden").unwrap();
        assert_eq!(of(), first);
        fs::write(folder.join("b"), "longer").unwrap();
        let second = of();
        assert_ne!(second, first);
        fs::remove_file(folder.join("a")).unwrap();
        assert_ne!(of(), second);
    }
}
