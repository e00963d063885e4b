//! From a table id to a loaded table.

use std::path::Path;

use super::source::Source;
use super::spec::Origin;
use super::{OnError, Provenance, Table, TableError, TableSpec, searched, spec};
use crate::data::{DataDirs, Progress, Silent, entry};
use crate::store::{Cache, CacheEntry};

/// Loads a table from the data folders.
///
/// Whatever is read is kept in the cache, so that the next load takes milliseconds. The first read of a whole archive takes
/// minutes; it reports its records to `progress` and goes on where it was after an interruption. An import of all
/// architectures comes first, because it was asked for and answers most; then the files in `dirs`; then an import of some.
///
/// # Errors
/// The id is unknown, no source of the table is at hand, or the source is damaged.
pub fn load(id: &str, dirs: &DataDirs, progress: &dyn Progress) -> Result<Table, TableError> {
    load_from(spec(id)?, dirs, Cache::of_user().as_ref(), progress)
}

/// As [`load`], with the cache in the given folder, or without one; no progress is reported.
///
/// # Errors
/// Those of [`load`].
pub fn load_with_cache(id: &str, dirs: &DataDirs, cache: Option<&Path>) -> Result<Table, TableError> {
    load_from(spec(id)?, dirs, cache.map(Cache::at).as_ref(), &Silent)
}

fn load_from(
    spec: &'static TableSpec,
    dirs: &DataDirs,
    cache: Option<&Cache>,
    progress: &dyn Progress,
) -> Result<Table, TableError> {
    if let Origin::Embedded { read } = &spec.origin {
        let provenance = Provenance { kind: "the program", files: Vec::new(), sha256: String::new() };
        let frame = read()?.into_frame(spec.size);
        let defect = |reason| TableError::bad_file(Path::new(spec.id), None, reason);
        return frame.and_then(|frame| Table::new(spec, provenance, frame)).map_err(defect);
    }
    let import = |complete| imported(spec, cache, complete);
    match import(true).or_else(|| Source::find(spec, dirs)).or_else(|| import(false)) {
        Some(source) => through_cache(&source, cache, progress),
        None => Err(not_found(spec, dirs)),
    }
}

/// The source of an import of all architectures, or of some, as far as it can still be used.
fn imported(spec: &'static TableSpec, cache: Option<&Cache>, complete: bool) -> Option<Source> {
    let entries = cache?.entries().into_values();
    let mut ours = entries.filter(|e| e.of == spec.id && e.imported && e.complete == complete);
    ours.find_map(|entry| {
        let there = entry.sources.iter().all(|path| path.exists());
        (there || entry.is_fresh()).then(|| Source::of(spec, entry.sources)).flatten()
    })
}

/// The table of a source: taken from the cache, or read, checked and cached for the next time.
fn through_cache(
    source: &Source,
    cache: Option<&Cache>,
    progress: &dyn Progress,
) -> Result<Table, TableError> {
    let name = source.cache_name();
    let known = cache.and_then(|cache| cache.entries().remove(&name));
    if let (Some(cache), Some(entry)) = (cache, &known)
        && entry.is_fresh()
        && let Some(table) = from_cache(source.spec, cache, &name, entry)
    {
        return Ok(table);
    }
    let mut read = source.read(cache, OnError::Stop, progress)?;
    read.entry.imported = known.is_some_and(|entry| entry.imported);
    if let Some(cache) = cache
        && let Err(reason) = cache.store(&name, read.entry.clone(), &read.frame)
    {
        tracing::warn!(
            "the table cache in {} cannot be written ({reason}); loading stays slow, UNTRAINED_CACHE names another folder",
            cache.folder().display()
        );
    }
    let provenance = source.provenance(&read.entry);
    Table::new(source.spec, provenance, read.frame)
        .map_err(|reason| TableError::bad_file(source.first(), None, reason))
}

/// A cached table; one that is damaged costs a warning, and its sources are read again.
fn from_cache(spec: &'static TableSpec, cache: &Cache, name: &str, entry: &CacheEntry) -> Option<Table> {
    let provenance = Provenance::of(entry)?;
    let table = cache.load(name, entry).and_then(|frame| Table::new(spec, provenance, frame));
    table
        .inspect_err(|reason| {
            let file = cache.folder().join(name);
            tracing::warn!("the cached table {} is ignored: {reason}", file.display());
        })
        .ok()
}

pub(super) fn not_found(spec: &TableSpec, dirs: &DataDirs) -> TableError {
    let listed = entry(spec.entry());
    let files = spec.file_names().join(", ");
    TableError::NotFound {
        id: spec.id.to_owned(),
        wanted: format!("{files} in {} (from {})", listed.places_in_words(), listed.source),
        entry: spec.entry(),
        searched: searched(dirs),
    }
}
