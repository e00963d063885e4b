//! Reads a table now, with progress, and keeps it in the cache.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::load::not_found;
use super::source::Source;
use super::spec::Origin;
use super::{TableError, archive, searched, spec};
use crate::data::{DataDirs, Progress, entry};
use crate::store::Cache;

/// What an import does with a malformed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// Ends the import; it can be resumed.
    Stop,
    /// Leaves the record out and reports it.
    Skip,
}

impl OnError {
    /// Ends the import with the error of a malformed record, or adds it to those of the records that are left out.
    pub(super) fn met(self, error: TableError, left_out: &mut Vec<TableError>) -> Result<(), TableError> {
        match self {
            Self::Stop => Err(error),
            Self::Skip => {
                left_out.push(error);
                Ok(())
            }
        }
    }
}

/// Options of [`import`].
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The archive (folder or `.tar`), or a folder that contains it; with `None` the data folders are searched.
    pub source: Option<PathBuf>,
    /// Folder of the cache; with `None` the user's.
    pub cache: Option<PathBuf>,
    /// What to do with a malformed record.
    pub on_error: OnError,
}

/// What an import did.
#[derive(Debug)]
pub struct ImportReport {
    /// The imported table.
    pub file: PathBuf,
    /// Records decoded now.
    pub imported: usize,
    /// Records taken over from an interrupted import.
    pub resumed: usize,
    /// Architectures of the table for which the archive had no usable record.
    pub missing: usize,
    /// Records whose training runs state different numbers of parameters. The table has no count for these.
    pub disagreeing: usize,
    /// Records left out, with the reason (only with [`OnError::Skip`]).
    pub malformed: Vec<TableError>,
    /// Wall-clock time.
    pub elapsed: Duration,
}

/// Reads an official NATS-Bench archive, or published files, into the cache, where [`load`](crate::tables::load()) finds them: the
/// archive even before CSV files, and wherever it lies.
///
/// The records that are already decoded are kept in a journal beside the result until the table is complete, so a later
/// call with the same archive only reads the others.
///
/// # Errors
/// No archive is found, it is damaged, a record is malformed (with [`OnError::Stop`]), or the cache cannot be written.
pub fn import(
    id: &str,
    dirs: &DataDirs,
    options: &ImportOptions,
    progress: &dyn Progress,
) -> Result<ImportReport, TableError> {
    let start = Instant::now();
    let spec = spec(id)?;
    let source = match &spec.origin {
        Origin::Embedded { .. } => return Err(TableError::NothingToImport { id: id.to_owned() }),
        Origin::Published(_) => {
            let from = options.source.as_deref().map(folder).map_or_else(|| dirs.clone(), DataDirs::only);
            Source::find(spec, &from).ok_or_else(|| not_found(spec, &from))?
        }
        Origin::Files { archive_entry, .. } => {
            let not_found = |searched: String| TableError::NoArchive {
                id: id.to_owned(),
                places: entry(archive_entry).places_in_words(),
                entry: archive_entry,
                searched,
            };
            Source::archive(spec, archive_path(options, archive_entry, dirs).map_err(not_found)?)
        }
    };
    let cache = options.cache.as_deref().map(Cache::at).or_else(Cache::of_user);
    let cache = cache.ok_or(TableError::NoCache)?;
    let mut read = source.read(Some(&cache), options.on_error, progress)?;
    read.entry.imported = true;
    let name = source.cache_name();
    let failed = |error: std::io::Error| TableError::CannotWrite {
        path: cache.folder().join(&name),
        reason: error.to_string(),
    };
    let file = cache.store(&name, read.entry, &read.frame).map_err(failed)?;
    let counts = read.counts;
    Ok(ImportReport {
        file,
        imported: counts.read,
        resumed: counts.resumed,
        missing: counts.missing,
        disagreeing: counts.disagreeing,
        malformed: counts.malformed,
        elapsed: start.elapsed(),
    })
}

/// The folder that holds published files, if one of them may have been named.
fn folder(source: &Path) -> &Path {
    if source.is_dir() { source } else { source.parent().unwrap_or(Path::new(".")) }
}

/// The archive that is named, or lies in the named folder or the data folders; else where it was looked for.
fn archive_path(options: &ImportOptions, id: &str, dirs: &DataDirs) -> Result<PathBuf, String> {
    match &options.source {
        Some(source) if source.is_dir() && !archive::has_meta(source) => {
            archive::find(id, &DataDirs::only(source)).ok_or_else(|| source.display().to_string())
        }
        Some(source) => Ok(source.clone()),
        None => archive::find(id, dirs).ok_or_else(|| searched(dirs)),
    }
}
