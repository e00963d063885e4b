//! Data are searched in `--data-dir` if it is given, else in `UNTRAINED_DATA`, then in the user's data folder.

use std::path::{Path, PathBuf};

/// The folders that may hold data, in order of preference. Files may lie there just as they were downloaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

    /// The folders in words, for messages, with `between` between two; `none` where there are none.
    pub fn words(&self, between: &str, none: &str) -> String {
        let roots: Vec<String> = self.roots.iter().map(|root| root.display().to_string()).collect();
        if roots.is_empty() { none.to_owned() } else { roots.join(between) }
    }

    /// The folder for new files, which is the first one.
    pub fn writable(&self) -> Option<&Path> {
        self.roots.first().map(PathBuf::as_path)
    }
}
