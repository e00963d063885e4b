//! Imports published files, which makes them load faster.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::import::{ImportOptions, ImportReport, persist};
use crate::data::DataDirs;
use crate::tables::load::read_published;
use crate::tables::spec::Published;
use crate::tables::{TableError, TableSpec, searched};

/// Reads published files into one Parquet file.
///
/// # Errors
/// The files are not found or damaged, a record is malformed (with [`OnError::Stop`](super::OnError::Stop)), or the result cannot
/// be written.
pub(super) fn import_published(
    spec: &TableSpec,
    published: &Published,
    dirs: &DataDirs,
    options: &ImportOptions,
) -> Result<ImportReport, TableError> {
    let start = Instant::now();
    let (from, searched_in) = match &options.source {
        Some(source) if source.is_dir() => (DataDirs::only(source), source.display().to_string()),
        Some(source) => {
            (DataDirs::only(source.parent().unwrap_or(Path::new("."))), source.display().to_string())
        }
        None => (dirs.clone(), searched(dirs)),
    };
    let not_found = || TableError::NotFound {
        id: spec.id.to_owned(),
        entry: published.entry,
        searched: searched_in.clone(),
    };
    let paths = (published.find)(spec, &from);
    if paths.is_empty() {
        return Err(not_found());
    }
    let (stored, malformed) = read_published(spec, published, &paths, options.on_error)?;
    let size = spec.size.map(|size| size.saturating_sub(malformed.len()));
    if let (Some(defect), Some(first)) = (stored.data.defect(size), paths.first()) {
        return Err(TableError::bad_file(first, None, defect));
    }
    let out = options.out.clone().or_else(|| dirs.writable().map(|root| root.join("tables")));
    let out = out.ok_or_else(not_found)?;
    let remedy = "name a folder that can be written with --out";
    fs::create_dir_all(&out).map_err(TableError::io(&out, "make the folder", remedy))?;
    let file = out.join(format!("{}.parquet", spec.id));
    persist(spec, &file, &stored)?;
    let records = |numbers: &Vec<Vec<u32>>| numbers.iter().map(Vec::len).sum();
    let imported = stored.data.records.as_ref().map_or(stored.data.archs.len(), records);
    Ok(ImportReport { file, imported, resumed: 0, missing: 0, malformed, elapsed: start.elapsed() })
}
