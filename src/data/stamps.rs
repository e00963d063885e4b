//! Remembers which files were verified, by their size and modification time, so that `status` need not read them again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::store::Stamp;
use crate::store::files::replace;

/// The list of verified files. It is kept in the user's cache folder, because a data folder may be read-only.
#[derive(Debug, Default)]
pub struct Stamps {
    file: Option<PathBuf>,
    known: BTreeMap<PathBuf, Stamp>,
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
        replace(file, |draft| Ok(serde_json::to_writer(draft, &self.known)?))
    }
}

fn stamp(path: &Path) -> Option<(PathBuf, Stamp)> {
    let path = path.canonicalize().ok()?;
    Stamp::of(&path).ok().map(|stamp| (path, stamp))
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
