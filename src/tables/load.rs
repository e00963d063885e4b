//! From a table id to a loaded table.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::archive::{self, OnError};
use super::cache;
use super::content::TableData;
use super::parquet_file::{self, Stored};
use super::source_file::SourceFile;
use super::spec::{Origin, Published};
use super::{CSV_FILES, Provenance, Table, TableError, TableSpec, searched, spec};
use crate::data::{DataDirs, Progress, Silent};

type ReadCsv = fn(&[SourceFile]) -> Result<TableData, TableError>;

/// Loads a table from the data folders.
///
/// Sources are tried in this order: a complete import (`tables/<id>.parquet`), CSV files, an incomplete import, an
/// official archive as downloaded. CSV files and archives are kept in the columnar cache after their first read. The
/// first read of a whole archive takes minutes; it reports its records to `progress` and resumes after an interruption.
///
/// # Errors
/// The id is unknown, no source of the table is in `dirs`, or the source is damaged.
pub fn load(id: &str, dirs: &DataDirs, progress: &dyn Progress) -> Result<Table, TableError> {
    load_from(id, dirs, cache::cache_folder().as_deref(), progress)
}

/// As [`load`], with the cache in the given folder, or without one; no progress is reported.
///
/// # Errors
/// Those of [`load`].
pub fn load_with_cache(id: &str, dirs: &DataDirs, cache: Option<&Path>) -> Result<Table, TableError> {
    load_from(id, dirs, cache, &Silent)
}

fn load_from(
    id: &str,
    dirs: &DataDirs,
    cache: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Table, TableError> {
    let spec = spec(id)?;
    let Stored { provenance, data, .. } = match &spec.origin {
        Origin::Embedded { read } => {
            let provenance = Provenance { kind: "the program", files: Vec::new(), sha256: String::new() };
            Stored { key: String::new(), provenance, data: read()? }
        }
        Origin::Files { find, read, archive_prefix, .. } => {
            let imported = imported(spec, dirs)?;
            let paths = find(dirs);
            match imported {
                Some(stored) if stored.data.is_complete() || paths.is_empty() => stored,
                _ if !paths.is_empty() => through_cache(spec, &paths, cache, || read_csv(&paths, *read))?,
                _ => match archive::find(archive_prefix, dirs) {
                    Some(path) => from_archive(spec, &path, cache, progress)?,
                    None => return Err(not_found(spec, dirs)),
                },
            }
        }
        Origin::Published(published) => match (imported(spec, dirs)?, (published.find)(spec, dirs)) {
            (Some(stored), _) => stored,
            (None, paths) if paths.is_empty() => return Err(not_found(spec, dirs)),
            (None, paths) => through_cache(spec, &paths, cache, || {
                read_published(spec, published, &paths, OnError::Stop).map(|(stored, _)| stored)
            })?,
        },
    };
    Ok(Table::new(spec, provenance, data))
}

/// The result of an earlier import. Unlike a cache it was asked for, so damage is an error.
fn imported(spec: &TableSpec, dirs: &DataDirs) -> Result<Option<Stored>, TableError> {
    let name = format!("{}.parquet", spec.id);
    let Some(path) = dirs.find(&[&format!("tables/{name}"), &name]) else { return Ok(None) };
    let stored = parquet_file::read_sealed(&path, spec);
    stored.map(Some).map_err(|reason| TableError::BadImport { path, reason })
}

/// What `read` makes of the files of a table: taken from the cache, or read, checked and cached for the next time.
fn through_cache(
    spec: &TableSpec,
    paths: &[PathBuf],
    cache: Option<&Path>,
    read: impl FnOnce() -> Result<Stored, TableError>,
) -> Result<Stored, TableError> {
    if let Some(stored) = cache.and_then(|folder| cache::load(folder, spec, paths)) {
        return Ok(stored);
    }
    let stored = read()?;
    if let (Some(defect), Some(first)) = (stored.data.defect(spec.size), paths.first()) {
        return Err(TableError::bad_file(first, None, defect));
    }
    if let Some(folder) = cache {
        cache::store(folder, spec, paths, &stored);
    }
    Ok(stored)
}

fn read_csv(paths: &[PathBuf], read: ReadCsv) -> Result<Stored, TableError> {
    let key = cache::key(paths)?;
    let files = paths.iter().map(|path| SourceFile::read(path)).collect::<Result<Vec<_>, _>>()?;
    let data = read(&files)?;
    let digest = files.iter().fold(Sha256::new(), |digest, file| digest.chain_update(&file.bytes)).finalize();
    let provenance = Provenance { kind: CSV_FILES, files: paths.to_vec(), sha256: hex::encode(digest) };
    Ok(Stored { key, provenance, data })
}

/// Reads published files as they are, and gives the malformed records that were left out.
pub(super) fn read_published(
    spec: &TableSpec,
    published: &Published,
    paths: &[PathBuf],
    on_error: OnError,
) -> Result<(Stored, Vec<TableError>), TableError> {
    let key = cache::key(paths)?;
    let (data, malformed) = (published.read)(spec, paths, on_error)?;
    let digest = |path: &PathBuf| cache::digest(path).map_err(TableError::unread(path));
    let sha256 = match &paths.iter().map(digest).collect::<Result<Vec<_>, _>>()?[..] {
        [one] => one.clone(),
        several => cache::sha256(several.join("\n").as_bytes()),
    };
    let provenance = Provenance { kind: published.kind, files: paths.to_vec(), sha256 };
    Ok((Stored { key, provenance, data }, malformed))
}

/// Imports an archive as downloaded into the cache folder, or reads what an earlier call left there.
fn from_archive(
    spec: &TableSpec,
    path: &Path,
    cache: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Stored, TableError> {
    let import = |file: &Path| {
        archive::import_file(spec, path, file, OnError::Stop, progress).map(|(stored, _)| stored)
    };
    let name = format!("{}-archive.parquet", spec.id);
    let cached = cache.map(|folder| folder.join(&name));
    if let Some(file) = &cached {
        let key = archive::archive_key(path)?;
        if file.is_file() {
            match parquet_file::read_sealed(file, spec) {
                Ok(stored) if stored.key == key && stored.data.is_complete() => return Ok(stored),
                Ok(_) => {}
                Err(reason) => tracing::warn!("the cached table {} is ignored: {reason}", file.display()),
            }
        }
        if std::fs::create_dir_all(file.parent().unwrap_or(file)).is_ok() && writable(file) {
            return import(file);
        }
        tracing::warn!("the table cache cannot be written; the archive will be read again next time");
    }
    let remedy = "set TMPDIR to a folder that can be written";
    let temporary =
        tempfile::tempdir().map_err(TableError::io(&std::env::temp_dir(), "make a folder", remedy))?;
    import(&temporary.path().join(name))
}

/// Whether files can be made in the folder of `file`.
fn writable(file: &Path) -> bool {
    file.parent().is_some_and(|folder| tempfile::NamedTempFile::new_in(folder).is_ok())
}

fn not_found(spec: &TableSpec, dirs: &DataDirs) -> TableError {
    TableError::NotFound { id: spec.id.to_owned(), entry: spec.entry(), searched: searched(dirs) }
}
