//! Says which files the data folders have, by name and size; no file is read.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::manifest::{Entry, FileSpec, Many};
use super::{DataDirs, Manifest, Stamps};
use crate::store::visible;

/// How much of an entry the data folders have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    Missing,
    /// Some of the files, or documented parts of files.
    Partial,
    Complete,
    /// Some file has a wrong size.
    Damaged,
}

/// What is known of one file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    Missing,
    /// Its size is right, or not known.
    Present,
    /// Its size is that of the documented part.
    Sample,
    WrongSize,
}

/// One file of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct FileStatus {
    pub name: String,
    pub state: FileState,
    /// Bytes on disk.
    pub size: u64,
    /// Whether the digest was compared and right, and the file has not changed since.
    pub verified: bool,
}

/// One entry of the manifest.
#[derive(Clone, Debug, Serialize)]
pub struct EntryStatus {
    pub id: String,
    pub title: String,
    pub kind: String,
    pub state: EntryState,
    /// The folder with its files.
    pub folder: Option<PathBuf>,
    pub files_present: usize,
    pub files_expected: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// Files whose digest was compared and right.
    pub files_verified: usize,
    pub files: Vec<FileStatus>,
}

/// The folder of an entry's files, in the first data folder that has any of them.
pub(super) fn folder_of(entry: &Entry, dirs: &DataDirs) -> Option<PathBuf> {
    let names: Vec<&str> = entry.files.iter().map(|f| f.name.as_str()).collect();
    let first = dirs.files_in(&[&entry.folder], &names).into_iter().next();
    let of_files = first.and_then(|file| file.parent().map(Path::to_path_buf));
    let of_many = || {
        let many = entry.many.as_ref()?;
        dirs.roots().iter().map(|root| root.join(&entry.folder)).find(|folder| count(folder, many).0 > 0)
    };
    of_files.or_else(of_many)
}

/// The status of every entry of the manifest.
pub fn status(manifest: &Manifest, dirs: &DataDirs, stamps: &Stamps) -> Vec<EntryStatus> {
    manifest.entries.iter().map(|entry| entry_status(entry, dirs, stamps)).collect()
}

fn entry_status(entry: &Entry, dirs: &DataDirs, stamps: &Stamps) -> EntryStatus {
    let folder = folder_of(entry, dirs);
    let files: Vec<FileStatus> =
        entry.files.iter().map(|file| file_status(file, folder.as_deref(), stamps)).collect();
    let is = |state| files.iter().filter(|f| f.state == state).count();
    let listed = files.len() - is(FileState::Missing);
    let (counted, counted_bytes) = match (&folder, &entry.many) {
        (Some(folder), Some(many)) => count(folder, many),
        _ => (0, 0),
    };
    let expected = entry.many.as_ref().map_or(files.len(), |many| many.count);
    let present = if entry.many.is_some() { counted } else { listed };
    let state = if is(FileState::WrongSize) > 0 {
        EntryState::Damaged
    } else if present == 0 {
        EntryState::Missing
    } else if present < expected || is(FileState::Sample) > 0 {
        EntryState::Partial
    } else {
        EntryState::Complete
    };
    EntryStatus {
        id: entry.id.clone(),
        title: entry.title.clone(),
        kind: entry.kind.clone(),
        state,
        folder,
        files_present: present,
        files_expected: expected,
        bytes: if entry.many.is_some() { counted_bytes } else { files.iter().map(|f| f.size).sum() },
        files_verified: files.iter().filter(|f| f.verified).count(),
        files,
    }
}

fn file_status(spec: &FileSpec, folder: Option<&Path>, stamps: &Stamps) -> FileStatus {
    let path = folder.map(|f| f.join(&spec.name)).unwrap_or_default();
    let size = std::fs::metadata(&path).ok().filter(|m| m.is_file()).map(|m| m.len());
    let state = match (size, spec.size, &spec.sample) {
        (None, _, _) => FileState::Missing,
        (Some(size), _, Some(sample)) if size == sample.size => FileState::Sample,
        (Some(size), Some(wanted), _) if size != wanted => FileState::WrongSize,
        _ => FileState::Present,
    };
    let verified = state != FileState::Missing && stamps.holds(&path);
    FileStatus { name: spec.name.clone(), state, size: size.unwrap_or(0), verified }
}

/// Number and bytes of the files with the extension.
fn count(folder: &Path, many: &Many) -> (usize, u64) {
    let suffix = format!(".{}", many.extension);
    let files = visible(folder).unwrap_or_default();
    let of_kind = files.iter().filter(|path| path.to_string_lossy().ends_with(&suffix));
    of_kind.filter_map(|path| path.metadata().ok()).fold((0, 0), |(n, bytes), m| (n + 1, bytes + m.len()))
}
