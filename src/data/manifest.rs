//! The manifest lists every table, data set and weight file with its source, size, digests and licence, and with the steps to get
//! it by hand.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::DataError;

/// Largest manifest file that is read.
const MAX_BYTES: u64 = 4 << 20;

/// The list of everything that the program can read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "entry")]
    pub entries: Vec<Entry>,
}

/// One table, data set or set of weights.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub id: String,
    pub title: String,
    /// `data set`, `table`, `weights` or `reference scores`.
    pub kind: String,
    /// The part of the source that reads it.
    pub read_by: String,
    /// Page of its publisher.
    pub source: String,
    pub licence: String,
    pub citation: String,
    /// Folder of its files, relative to the data folder. This is where they are fetched to.
    pub folder: String,
    /// Other folders in which the files are found; `.` is the data folder itself, and `*` in a name stands for any text.
    #[serde(default)]
    pub also_in: Vec<String>,
    /// Archives (`.tar`) that are read as they are, relative to the data folder, with `*` as above.
    #[serde(default)]
    pub packed: Vec<String>,
    /// The steps by which a user gets the files without the program.
    #[serde(default)]
    pub by_hand: Vec<String>,
    /// A folder of more files than the manifest lists.
    #[serde(default)]
    pub many: Option<Many>,
    /// The archive (`.tar.gz`) that holds the files.
    #[serde(default)]
    pub archive: Option<FileSpec>,
    #[serde(default)]
    pub files: Vec<FileSpec>,
}

/// How many files of one extension a complete folder holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Many {
    pub extension: String,
    pub count: usize,
    /// Whether the files may also be in folders of their own in it, one for each class.
    #[serde(default)]
    pub by_class: bool,
}

/// A file as its publisher describes it. Fields that are not known are left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    pub name: String,
    /// Other names that are read in its stead, preferred first; `*` stands for any text.
    #[serde(default)]
    pub also: Vec<String>,
    /// Bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// Lower-case hexadecimal.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Lower-case hexadecimal; used where no SHA-256 is known.
    #[serde(default)]
    pub md5: Option<String>,
    /// Where it can be downloaded, preferred first.
    #[serde(default)]
    pub urls: Vec<String>,
    /// A documented part of the file, which the program reads as well.
    #[serde(default)]
    pub sample: Option<Sample>,
}

/// A known part of a file that has the same name as the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    pub size: u64,
    pub sha256: String,
    /// What the part is.
    pub note: String,
}

impl FileSpec {
    /// Whether a copy of the file can be verified.
    pub fn has_digest(&self) -> bool {
        self.sha256.is_some() || self.md5.is_some()
    }

    /// What is known of the file at `path`: nothing of one that is read in this one's stead.
    pub fn known_of(&self, path: &Path) -> Self {
        match path.file_name().is_some_and(|name| name == self.name.as_str()) {
            true => self.clone(),
            false => Self { name: self.name.clone(), ..Self::default() },
        }
    }
}

impl Entry {
    /// Where file `name` of this entry lies under a data folder.
    pub fn path(&self, root: &Path, name: &str) -> PathBuf {
        root.join(&self.folder).join(name)
    }
}

impl Manifest {
    /// The manifest that is part of the program.
    pub fn embedded() -> Result<Self, DataError> {
        Self::parse(include_str!("../../data/manifest.toml"), "the embedded manifest")
    }

    /// A manifest of one's own, for mirrors.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let place = path.display().to_string();
        let size = std::fs::metadata(path).map_err(DataError::io(path))?.len();
        if size > MAX_BYTES {
            let problem = format!("{size} bytes is too long for a manifest (limit {MAX_BYTES})");
            return Err(DataError::Manifest { place, problem });
        }
        Self::parse(&std::fs::read_to_string(path).map_err(DataError::io(path))?, &place)
    }

    /// Reads and checks the text of a manifest; `place` names it in errors.
    pub fn parse(text: &str, place: &str) -> Result<Self, DataError> {
        let wrong = |problem: String| DataError::Manifest { place: place.to_owned(), problem };
        let manifest: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let mut seen = HashSet::new();
        for entry in &manifest.entries {
            check_entry(entry).map_err(|problem| wrong(format!("entry `{}`: {problem}", entry.id)))?;
            if !seen.insert(entry.id.as_str()) {
                return Err(wrong(format!("entry `{}` occurs twice", entry.id)));
            }
        }
        Ok(manifest)
    }

    /// The entry named `id`.
    pub fn entry(&self, id: &str) -> Result<&Entry, DataError> {
        let known = || self.entries.iter().map(|e| e.id.as_str()).collect::<Vec<_>>().join(", ");
        let found = self.entries.iter().find(|entry| entry.id == id);
        found.ok_or_else(|| DataError::UnknownId { id: id.to_owned(), known: known() })
    }

    /// The entries named `ids`, all of them for an empty list.
    pub fn select(&self, ids: &[String]) -> Result<Vec<&Entry>, DataError> {
        if ids.is_empty() {
            return Ok(self.entries.iter().collect());
        }
        ids.iter().map(|id| self.entry(id)).collect()
    }
}

/// Checks an entry. Users may bring their own manifest, so no path in it may lead out of the data folder.
fn check_entry(entry: &Entry) -> Result<(), String> {
    let inside = |path: &str| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if entry.id.is_empty() {
        return Err("the id is empty".into());
    }
    let others = entry.also_in.iter().filter(|folder| *folder != ".").chain(&entry.packed);
    if let Some(folder) = std::iter::once(&entry.folder).chain(others).find(|folder| !inside(folder)) {
        return Err(format!("folder `{folder}` is not a plain relative path"));
    }
    if entry.folder.contains('*') {
        return Err(format!("folder `{}` is where files are put, so `*` cannot be in it", entry.folder));
    }
    for file in entry.archive.iter().chain(&entry.files) {
        let plain =
            |name: &String| inside(name) && Path::new(name).components().count() == 1 && !name.contains('\\');
        if let Some(name) = std::iter::once(&file.name).chain(&file.also).find(|name| !plain(name)) {
            return Err(format!("`{name}` is not a plain file name"));
        }
        check_file(file).map_err(|problem| format!("{}: {problem}", file.name))?;
    }
    Ok(())
}

fn check_file(file: &FileSpec) -> Result<(), String> {
    let hex = |text: &str, digits| {
        text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let sample = file.sample.as_ref().map(|s| &s.sha256);
    if file.sha256.iter().chain(sample).any(|d| !hex(d, 64)) {
        return Err("a SHA-256 is 64 lower-case hexadecimal digits".into());
    }
    if file.md5.iter().any(|d| !hex(d, 32)) {
        return Err("an MD5 is 32 lower-case hexadecimal digits".into());
    }
    if !file.urls.iter().all(|u| u.starts_with("https://") || u.starts_with("http://")) {
        return Err("an address starts with https:// or http://".into());
    }
    if !file.urls.is_empty() && !file.has_digest() {
        return Err("a file with an address needs a digest".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_manifest_is_sound_and_covers_the_registry() {
        let manifest = Manifest::embedded().unwrap();
        for spec in crate::datasets::SPECS {
            assert_eq!(manifest.entry(spec.id).is_ok(), !spec.is_generated(), "{}", spec.id);
        }
        for entry in &manifest.entries {
            let fetched = entry.archive.iter().chain(&entry.files).any(|f| !f.urls.is_empty());
            assert!(fetched || !entry.by_hand.is_empty(), "{} says how to get it", entry.id);
            assert!(!entry.by_hand.is_empty(), "{} has by-hand steps for when the network says no", entry.id);
            assert!(!entry.licence.is_empty() && !entry.citation.is_empty(), "{}", entry.id);
            assert!(!entry.files.is_empty() || entry.many.is_some(), "{}", entry.id);
        }
    }

    fn one(line: &str) -> String {
        format!(
            "[[entry]]\nid = \"a\"\ntitle = \"A\"\nkind = \"table\"\nread_by = \"\"\nsource = \"\"\nlicence = \"\"\n\
             citation = \"\"\n{line}\n"
        )
    }

    #[test]
    fn hostile_manifests_are_refused() {
        let digest = "a".repeat(64);
        for (line, part) in [
            ("folder = \"../x\"".to_owned(), "plain relative path"),
            ("folder = \"/etc\"".to_owned(), "plain relative path"),
            ("folder = \"x-*\"".to_owned(), "where files are put"),
            ("folder = \"x\"\nalso_in = [\"../y\"]".to_owned(), "plain relative path"),
            ("folder = \"x\"\npacked = [\"/y.tar\"]".to_owned(), "plain relative path"),
            ("folder = \"x\"\nfiles = [{ name = \"y\", also = [\"../z\"] }]".to_owned(), "plain file name"),
            ("folder = \"x\"\nfiles = [{ name = \"../y\" }]".to_owned(), "plain file name"),
            ("folder = \"x\"\nfiles = [{ name = \"y/z\" }]".to_owned(), "plain file name"),
            ("folder = \"x\"\nfiles = [{ name = \"y\", sha256 = \"12\" }]".to_owned(), "64"),
            ("folder = \"x\"\nfiles = [{ name = \"y\", md5 = \"XY\" }]".to_owned(), "32"),
            (
                "folder = \"x\"\nfiles = [{ name = \"y\", urls = [\"http://h/y\"] }]".to_owned(),
                "needs a digest",
            ),
            (
                format!(
                    "folder = \"x\"\nfiles = [{{ name = \"y\", sha256 = \"{digest}\", urls = [\"ftp://h/y\"] }}]"
                ),
                "https://",
            ),
            ("folder = \"x\"\nsurprise = 1".to_owned(), "surprise"),
        ] {
            let error = Manifest::parse(&one(&line), "m.toml").unwrap_err().to_string();
            assert!(error.starts_with("m.toml") && error.contains(part), "{line}: {error}");
        }
        let twice = one("folder = \"x\"").repeat(2);
        assert!(Manifest::parse(&twice, "m").unwrap_err().to_string().contains("occurs twice"));
        assert!(Manifest::parse("[[entry", "m").is_err());
        let error = Manifest::embedded().unwrap().entry("cifar11").unwrap_err().to_string();
        assert!(error.contains("cifar11") && error.contains("cifar100"), "{error}");
    }
}
