//! Remembers which files were verified, by their size and modification time, so that `status` need not read them again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// The list of verified files. It is kept in the user's cache folder, because a data folder may be read-only.
#[derive(Debug, Default)]
pub struct Stamps {
    file: Option<PathBuf>,
    known: BTreeMap<PathBuf, Stamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    changed_ns: u64,
}

impl Stamps {
    /// The list of the current user. A missing or damaged list counts as empty, and the files are then verified again.
    pub fn of_user() -> Self {
        let cache = directories::ProjectDirs::from("", "", "untrained").map(|d| d.cache_dir().to_path_buf());
        cache.map_or_else(Self::default, |folder| Self::at(folder.join("verified.json")))
    }

    /// The list that is kept in `file`.
    pub fn at(file: PathBuf) -> Self {
        const MAX_BYTES: u64 = 16 << 20;
        let small = std::fs::metadata(&file).is_ok_and(|m| m.len() <= MAX_BYTES);
        let text = small.then(|| std::fs::read(&file).ok()).flatten();
        let known = text.and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default();
        Self { file: Some(file), known }
    }

    /// Whether the file was verified and has not changed since.
    pub fn holds(&self, path: &Path) -> bool {
        stamp(path).is_some_and(|(path, stamp)| self.known.get(&path) == Some(&stamp))
    }

    /// Records that the file was verified, or that it was found wrong.
    pub fn set(&mut self, path: &Path, verified: bool) {
        let Some((path, stamp)) = stamp(path) else { return };
        if verified {
            self.known.insert(path, stamp);
        } else {
            self.known.remove(&path);
        }
    }

    /// Writes the list, whole or not at all.
    pub fn save(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut draft = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut draft, &self.known)?;
        draft.persist(file)?;
        Ok(())
    }
}

fn stamp(path: &Path) -> Option<(PathBuf, Stamp)> {
    let path = path.canonicalize().ok()?;
    let metadata = std::fs::metadata(&path).ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let changed_ns = u64::try_from(changed.as_nanos()).ok()?;
    Some((path, Stamp { size: metadata.len(), changed_ns }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_no_longer_verified() {
        let dir = tempfile::tempdir().unwrap();
        let (list, file) = (dir.path().join("cache/verified.json"), dir.path().join("x.bin"));
        std::fs::write(&file, "abc").unwrap();
        let mut stamps = Stamps::at(list.clone());
        assert!(!stamps.holds(&file));
        stamps.set(&file, true);
        stamps.save().unwrap();
        assert!(Stamps::at(list.clone()).holds(&file));
        std::fs::write(&file, "abcd").unwrap();
        assert!(!Stamps::at(list.clone()).holds(&file));
        std::fs::write(&list, "{ damaged").unwrap();
        assert!(!Stamps::at(list).holds(&file));
    }
}
