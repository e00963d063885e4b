//! The places where the files of an entry are looked for. Readers, `status` and `verify` share them, so that each sees what the
//! others see.

use std::path::{Path, PathBuf};

use super::{DataDirs, Entry, Manifest};
use crate::store::visible;

/// The entry of the embedded manifest that lists a reader's files.
///
/// # Panics
/// Never for the ids in this program, which the tests of their readers look up.
pub fn entry(id: &str) -> &'static Entry {
    static EMBEDDED: std::sync::LazyLock<Result<Manifest, super::DataError>> =
        std::sync::LazyLock::new(Manifest::embedded);
    let found = EMBEDDED.as_ref().ok().and_then(|manifest| manifest.entry(id).ok());
    found.unwrap_or_else(|| unreachable!("the manifest has no entry `{id}`"))
}

impl Entry {
    /// The existing folders that may hold the files: in every data folder `folder`, then those of `also_in`.
    pub fn places(&self, dirs: &DataDirs) -> Vec<PathBuf> {
        let mut places: Vec<PathBuf> = existing(std::iter::once(&self.folder).chain(&self.also_in), dirs);
        places.retain(|place| place.is_dir());
        places
    }

    /// The first of the archives that are read as they are.
    pub fn packed_file(&self, dirs: &DataDirs) -> Option<PathBuf> {
        existing(&self.packed, dirs).into_iter().find(|path| path.is_file())
    }

    /// File `name`, or what is read in its stead, in the first place that has it.
    pub fn file(&self, name: &str, dirs: &DataDirs) -> Option<PathBuf> {
        let also = self.files.iter().find(|file| file.name == name).map_or(&[][..], |file| &file.also);
        let names = || std::iter::once(name).chain(also.iter().map(String::as_str));
        let in_place = |place: PathBuf| names().find_map(|name| expand(&place, &[name]).into_iter().next());
        self.places(dirs).into_iter().find_map(in_place)
    }

    /// Those of the files `names` that exist, in this order.
    pub fn files(&self, names: &[&str], dirs: &DataDirs) -> Vec<PathBuf> {
        names.iter().filter_map(|name| self.file(name, dirs)).collect()
    }

    /// The places in words, for messages: `tables/ or the data folder itself`.
    pub fn places_in_words(&self) -> String {
        let word = |place: &String| match place.as_str() {
            "." => "the data folder itself".to_owned(),
            place => format!("{place}/"),
        };
        let folders = std::iter::once(&self.folder).chain(&self.also_in).map(word);
        folders.chain(self.packed.iter().cloned()).collect::<Vec<_>>().join(" or ")
    }
}

/// What exists of `patterns` in the data folders, folder by folder.
fn existing<'a>(
    patterns: impl IntoIterator<Item = &'a String, IntoIter: Clone>,
    dirs: &DataDirs,
) -> Vec<PathBuf> {
    let patterns = patterns.into_iter();
    dirs.roots().iter().flat_map(|root| patterns.clone().flat_map(|pattern| under(root, pattern))).collect()
}

/// The existing paths that `pattern` names in the data folder `root`. Users may also name as their data folder the folder that
/// the pattern begins with: `/x/imagenet` for `imagenet/train`.
fn under(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let parts: Vec<&str> = pattern.split('/').collect();
    let full = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let names: Vec<_> = full.iter().map(|name| name.to_string_lossy()).collect();
    let begins = |said: &usize| {
        let end = &names[names.len().saturating_sub(*said)..];
        end.len() == *said && end.iter().zip(&parts).all(|(name, part)| fits(name, part))
    };
    (0..=parts.len()).filter(begins).flat_map(|said| expand(root, &parts[said..])).collect()
}

/// The existing paths `place/part/part/...`, sorted; `*` in a part stands for any text.
fn expand(place: &Path, parts: &[&str]) -> Vec<PathBuf> {
    let Some((part, rest)) = parts.split_first() else {
        return place.exists().then(|| place.to_path_buf()).into_iter().collect();
    };
    match *part {
        "." => expand(place, rest),
        part if !part.contains('*') => expand(&place.join(part), rest),
        part => {
            let mut inside = visible(place).unwrap_or_default();
            inside.retain(|path| path.file_name().is_some_and(|name| fits(&name.to_string_lossy(), part)));
            inside.iter().flat_map(|path| expand(path, rest)).collect()
        }
    }
}

/// Whether a name is `pattern`, in which one `*` stands for any text.
fn fits(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"
[[entry]]
id = "set"
title = ""
kind = ""
read_by = ""
source = ""
licence = ""
citation = ""
folder = "a/set"
also_in = [".", "set-*-simple"]
packed = ["set-*.tar"]
files = [{ name = "one", also = ["one-*.th"] }]
"#;

    fn touch(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    #[test]
    fn files_come_from_the_first_place_that_has_them() {
        let manifest = Manifest::parse(ENTRY, "test").unwrap();
        let set = &manifest.entries[0];
        let dir = tempfile::tempdir().unwrap();
        let (root, dirs) = (dir.path(), DataDirs::only(dir.path()));
        assert_eq!(set.file("one", &dirs), None);
        // From the last place to the first; each comes before those that were there.
        for path in
            ["set-1-simple/one-2.th", "set-1-simple/one", "one-12.th", "one", "a/set/one-1.th", "a/set/one"]
        {
            touch(&root.join(path));
            assert_eq!(set.file("one", &dirs), Some(root.join(path)), "{path}");
        }
        touch(&root.join("a/set/two"));
        assert_eq!(
            set.files(&["two", "three", "one"], &dirs),
            [root.join("a/set/two"), root.join("a/set/one")]
        );
        for inside in ["a", "a/set"] {
            let dirs = DataDirs::only(&root.join(inside));
            assert_eq!(set.file("one", &dirs), Some(root.join("a/set/one")), "{inside} is named itself");
        }
        assert_eq!(set.packed_file(&dirs), None);
        touch(&root.join("set-3.tar"));
        assert_eq!(set.packed_file(&dirs), Some(root.join("set-3.tar")));
        assert_eq!(set.places_in_words(), "a/set/ or the data folder itself or set-*-simple/ or set-*.tar");
    }

    #[test]
    fn hidden_files_fit_no_pattern() {
        let dir = tempfile::tempdir().unwrap();
        touch(&dir.path().join("a/set/._one-1.th"));
        touch(&dir.path().join("a/set/.one-2.th"));
        let manifest = Manifest::parse(ENTRY, "test").unwrap();
        assert_eq!(manifest.entries[0].file("one", &DataDirs::only(dir.path())), None);
        assert!(fits("one-.th", "one-*.th") && !fits("one-.t", "one-*.th") && !fits("on", "one*"));
    }
}
