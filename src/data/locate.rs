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

    /// The first existing path among `candidates` (relative paths, preferred first) in the first folder that has any.
    pub fn find(&self, candidates: &[&str]) -> Option<PathBuf> {
        self.roots.iter().find_map(|root| candidates.iter().map(|c| root.join(c)).find(|p| p.exists()))
    }

    /// The existing files among `names`, in this order, from the first place that has any of them. The places are `folders` in
    /// each data folder, and the data folder itself if it has the name of one of `folders`.
    pub fn files_in(&self, folders: &[&str], names: &[&str]) -> Vec<PathBuf> {
        let places = self.roots.iter().flat_map(|root| folders.iter().flat_map(move |f| places_of(root, f)));
        let present =
            |place: PathBuf| names.iter().map(|n| place.join(n)).filter(|p| p.exists()).collect::<Vec<_>>();
        places.map(present).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The folder for new files, which is the first one.
    pub fn writable(&self) -> Option<&Path> {
        self.roots.first().map(PathBuf::as_path)
    }
}

/// The places of `folder` for a data folder `root`. Users may also name the unpacked folder itself as the data folder.
fn places_of(root: &Path, folder: &str) -> impl Iterator<Item = PathBuf> {
    let itself = (root.file_name().is_some_and(|name| name == folder)).then(|| root.to_path_buf());
    std::iter::once(root.join(folder)).chain(itself)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_from_the_first_place_that_has_any() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = b.path().join("set");
        std::fs::create_dir(&folder).unwrap();
        for name in ["2.bin", "1.bin", "other"] {
            std::fs::write(folder.join(name), name).unwrap();
        }
        let dirs = DataDirs { roots: vec![a.path().into(), b.path().into()] };
        assert_eq!(
            dirs.files_in(&["set"], &["1.bin", "2.bin", "3.bin"]),
            [folder.join("1.bin"), folder.join("2.bin")]
        );
        assert_eq!(DataDirs::only(&folder).files_in(&["set"], &["1.bin"]), [folder.join("1.bin")]);
        assert!(dirs.files_in(&["set"], &["4.bin"]).is_empty());
        std::fs::create_dir(a.path().join("set")).unwrap();
        std::fs::write(a.path().join("set/2.bin"), "").unwrap();
        assert_eq!(dirs.files_in(&["set"], &["1.bin", "2.bin"]), [a.path().join("set/2.bin")]);
    }
}
