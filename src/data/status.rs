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
    /// There is an archive that is read as it is. Its files are not counted.
    Packed,
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
    /// Where it is, or what is read in its stead.
    pub path: Option<PathBuf>,
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
    /// The folder with its files, or the archive that holds them.
    pub folder: Option<PathBuf>,
    pub files_present: usize,
    pub files_expected: usize,
    /// Bytes on disk; 0 where the files were only counted.
    pub bytes: u64,
    /// Files whose digest was compared and right.
    pub files_verified: usize,
    pub files: Vec<FileStatus>,
}

/// The status of every entry of the manifest.
pub fn status(manifest: &Manifest, dirs: &DataDirs, stamps: &Stamps) -> Vec<EntryStatus> {
    manifest.entries.iter().map(|entry| entry_status(entry, dirs, stamps)).collect()
}

fn entry_status(entry: &Entry, dirs: &DataDirs, stamps: &Stamps) -> EntryStatus {
    let files: Vec<FileStatus> =
        entry.files.iter().map(|file| file_status(file, entry.file(&file.name, dirs), stamps)).collect();
    let counted = entry.many.as_ref().and_then(|many| {
        let counts = entry.places(dirs).into_iter().map(|place| (count(&place, many), place));
        counts.into_iter().find(|((files, _), _)| *files > 0)
    });
    let packed = entry.packed_file(dirs).filter(|_| counted.is_none());
    let is = |state| files.iter().filter(|f| f.state == state).count();
    let present = match (&entry.many, &counted) {
        (None, _) => files.len() - is(FileState::Missing),
        (Some(_), found) => found.as_ref().map_or(0, |((files, _), _)| *files),
    };
    let expected = entry.many.as_ref().map_or(files.len(), |many| many.count);
    let state = if is(FileState::WrongSize) > 0 {
        EntryState::Damaged
    } else if packed.is_some() {
        EntryState::Packed
    } else if present == 0 {
        EntryState::Missing
    } else if present < expected || is(FileState::Sample) > 0 {
        EntryState::Partial
    } else {
        EntryState::Complete
    };
    let of_listed = || files.iter().find_map(|file| Some(file.path.as_ref()?.parent()?.to_path_buf()));
    let of_packed = packed.as_ref().and_then(|path| path.metadata().ok()).map(|m| m.len());
    let of_counted = counted.as_ref().map(|((_, bytes), _)| *bytes);
    let bytes = of_packed.or(of_counted).unwrap_or_else(|| files.iter().map(|f| f.size).sum());
    EntryStatus {
        id: entry.id.clone(),
        title: entry.title.clone(),
        kind: entry.kind.clone(),
        state,
        folder: packed.or(counted.map(|(_, place)| place)).or_else(of_listed),
        files_present: present,
        files_expected: expected,
        bytes,
        files_verified: files.iter().filter(|f| f.verified).count(),
        files,
    }
}

fn file_status(spec: &FileSpec, path: Option<PathBuf>, stamps: &Stamps) -> FileStatus {
    let size_of = |path: &PathBuf| std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| m.len());
    let found = path.and_then(|path| Some((size_of(&path)?, path)));
    let Some((size, path)) = found else {
        let name = spec.name.clone();
        return FileStatus { name, path: None, state: FileState::Missing, size: 0, verified: false };
    };
    let known = spec.known_of(&path);
    let state = match (known.size, known.sample) {
        (_, Some(sample)) if size == sample.size => FileState::Sample,
        (Some(wanted), _) if size != wanted => FileState::WrongSize,
        _ => FileState::Present,
    };
    let verified = stamps.holds(&path);
    FileStatus { name: known.name, path: Some(path), state, size, verified }
}

/// Number and bytes of the files with the extension, in any case of letters. Of folders of classes the files are only counted:
/// asking each of a million for its size takes minutes.
fn count(folder: &Path, many: &Many) -> (usize, u64) {
    let suffix = format!(".{}", many.extension.to_lowercase());
    let fits = |path: &PathBuf| path.to_string_lossy().to_lowercase().ends_with(&suffix);
    let inside = visible(folder).unwrap_or_default();
    if many.by_class {
        let of_class =
            |class: &PathBuf| visible(class).unwrap_or_default().iter().filter(|p| fits(p)).count();
        let here = inside.iter().filter(|path| fits(path)).count();
        return (here + inside.iter().map(of_class).sum::<usize>(), 0);
    }
    let files = inside.iter().filter(|path| fits(path)).filter_map(|path| path.metadata().ok());
    files.filter(|file| file.is_file()).fold((0, 0), |(n, bytes), file| (n + 1, bytes + file.len()))
}
