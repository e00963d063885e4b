//! Where data is looked for: `--data-dir`, then `UNTRAINED_DATA`, then the user's data folder.

use std::path::{Path, PathBuf};

/// The folders that may hold data, in order of preference. Files may lie there just as they were downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDirs {
    roots: Vec<PathBuf>,
}

impl DataDirs {
    /// `flag` is the value of `--data-dir`; when given, no other folder is searched.
    pub fn resolve(flag: Option<&Path>) -> Self {
        if let Some(dir) = flag {
            return Self::only(dir);
        }
        let named = std::env::var_os("UNTRAINED_DATA").filter(|v| !v.is_empty()).map(PathBuf::from);
        let own = directories::ProjectDirs::from("", "", "untrained").map(|d| d.data_dir().to_path_buf());
        Self { roots: named.into_iter().chain(own).collect() }
    }

    /// A single folder.
    pub fn only(dir: &Path) -> Self {
        Self { roots: vec![dir.to_path_buf()] }
    }

    /// The folders, first one preferred.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// The first existing path among `candidates` (relative paths, preferred first) in the first folder that has any.
    pub fn find(&self, candidates: &[&str]) -> Option<PathBuf> {
        self.roots.iter().find_map(|root| candidates.iter().map(|c| root.join(c)).find(|p| p.exists()))
    }

    /// Where new files go: the first folder.
    pub fn writable(&self) -> Option<&Path> {
        self.roots.first().map(PathBuf::as_path)
    }
}
