//! Imports an official archive. Its records are read one after another and decoded in parallel, and an import that was
//! interrupted goes on where it was.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::journal::Journal;
use super::published::import_published;
use super::record::{self, ArchiveRecord};
use super::source::{self, Archive, RawRecord};
use crate::data::{DataDirs, Progress};
use crate::tables::content::TableData;
use crate::tables::parquet_file::{self, Stored};
use crate::tables::spec::Origin;
use crate::tables::{ARCHIVE, Provenance, Query, TableError, TableSpec, cache, searched, spec};

/// Number of records that are read before they are decoded in parallel. It bounds memory to a few megabytes.
const BATCH: usize = 32;

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
    pub(in crate::tables) fn met(
        self,
        error: TableError,
        left_out: &mut Vec<TableError>,
    ) -> Result<(), TableError> {
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
    /// Folder for the imported table; with `None` it is `tables/` in the first data folder.
    pub out: Option<PathBuf>,
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
    /// Records left out, with the reason (only with [`OnError::Skip`]).
    pub malformed: Vec<TableError>,
    /// Wall-clock time.
    pub elapsed: Duration,
}

/// Reads an official NATS-Bench archive, or published files, into one Parquet file that [`load`](crate::tables::load()) prefers
/// to CSV files.
///
/// The records that are already decoded are kept in `<table>.import` beside the result until the table is complete, so
/// a later call with the same archive only reads the others.
///
/// # Errors
/// No archive is found, it is damaged, a record is malformed (with [`OnError::Stop`]), or the result cannot be written.
pub fn import(
    id: &str,
    dirs: &DataDirs,
    options: &ImportOptions,
    progress: &dyn Progress,
) -> Result<ImportReport, TableError> {
    let spec = spec(id)?;
    let (prefix, entry) = match &spec.origin {
        Origin::Embedded { .. } => return Err(TableError::NothingToImport { id: id.to_owned() }),
        Origin::Published(published) => return import_published(spec, published, dirs, options),
        Origin::Files { archive_prefix, archive_entry, .. } => (*archive_prefix, *archive_entry),
    };
    let not_found = |searched: String| TableError::NoArchive { id: id.to_owned(), prefix, entry, searched };
    let path = match &options.source {
        Some(source) if source.is_dir() && !source.join(source::META).is_file() => {
            let inside = source::find(prefix, &DataDirs::only(source));
            inside.ok_or_else(|| not_found(source.display().to_string()))?
        }
        Some(source) => source.clone(),
        None => source::find(prefix, dirs).ok_or_else(|| not_found(searched(dirs)))?,
    };
    let out = options.out.clone().or_else(|| dirs.writable().map(|root| root.join("tables")));
    let out = out.ok_or_else(|| not_found("any folder (none is set)".to_owned()))?;
    let file = out.join(format!("{id}.parquet"));
    import_file(spec, &path, &file, options.on_error, progress).map(|(_, report)| report)
}

/// Identifies an archive by path, size and modification time. For a folder they are those of its meta file, since further
/// records may still be downloaded.
pub(in crate::tables) fn archive_key(path: &Path) -> Result<String, TableError> {
    let witness = if path.is_dir() { path.join(source::META) } else { path.to_path_buf() };
    let remedy = "name the folder or .tar file of the archive";
    let line = cache::line(&witness).map_err(TableError::io(&witness, "open the archive", remedy))?;
    Ok(line.trim_end().replace(['\t', '\n'], " "))
}

/// Imports the archive `path` into `file`, and returns the table with the report.
pub(in crate::tables) fn import_file(
    spec: &TableSpec,
    path: &Path,
    file: &Path,
    on_error: OnError,
    progress: &dyn Progress,
) -> Result<(Stored, ImportReport), TableError> {
    let start = Instant::now();
    let archive = Archive::open(path)?;
    let (meta_digest, data) = architectures(spec, &archive)?;
    let remedy = "name a folder that can be written with --out";
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(TableError::io(folder, "make the folder", remedy))?;
    let key = archive_key(path)?;
    let (journal, old) = Journal::open(&file.with_extension("import"), &key)?;
    let state = State { journal, rows: Rows::new(data), malformed: Vec::new(), imported: 0 };
    let state = collect(&archive, state, old, on_error, progress)?;
    let resumed = state.rows.done.len() - state.imported;
    let missing = state.rows.data.archs.len() - state.rows.done.len();
    let provenance = Provenance { kind: ARCHIVE, files: vec![path.to_path_buf()], sha256: meta_digest };
    let stored = Stored { key, provenance, data: state.rows.finish() };
    persist(spec, file, &stored)?;
    if missing == 0 {
        state.journal.remove()?;
    }
    let (imported, malformed) = (state.imported, state.malformed);
    let elapsed = start.elapsed();
    Ok((stored, ImportReport { file: file.to_path_buf(), imported, resumed, missing, malformed, elapsed }))
}

/// The architectures of the meta file, checked, and the digest of the file.
fn architectures(spec: &TableSpec, archive: &Archive) -> Result<(String, TableData), TableError> {
    let Origin::Files { archs, .. } = spec.origin else {
        return Err(TableError::NothingToImport { id: spec.id.to_owned() });
    };
    let meta = archive.meta()?;
    let data = record::architectures(&meta).and_then(archs);
    let bad = |reason| archive.bad(format!("{}: {reason}; download it again", source::META));
    let data = data.map_err(bad)?;
    match data.defect(spec.size) {
        Some(defect) => Err(bad(defect)),
        None => Ok((cache::sha256(&meta), data)),
    }
}

/// The state that the decoding threads share.
struct State {
    journal: Journal,
    rows: Rows,
    malformed: Vec<TableError>,
    imported: usize,
}

/// Decodes all records that are not in the journal.
fn collect(
    archive: &Archive,
    mut state: State,
    old: Vec<ArchiveRecord>,
    on_error: OnError,
    progress: &dyn Progress,
) -> Result<State, TableError> {
    for record in old {
        // The journal may be damaged: a record that does not belong to this table is decoded again.
        if state.rows.check(&record).is_ok() {
            state.rows.add(record);
        }
    }
    let mut taken = state.rows.done.clone();
    progress.start("records", taken.len() as u64, Some(archive.numbers()?.len() as u64));
    let state = Mutex::new(state);
    let lock = || state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let outcome = archive.batches(
        BATCH,
        |number| taken.insert(number),
        |batch| {
            batch.into_par_iter().try_for_each(|raw| {
                let decoded = decode(&raw);
                let mut state = lock();
                progress.advance(1);
                match decoded.and_then(|record| state.rows.check(&record).map(|()| record)) {
                    Ok(record) => {
                        state.journal.append(&record)?;
                        state.rows.add(record);
                        state.imported += 1;
                    }
                    Err(reason) => {
                        let error = TableError::bad_record(&raw.path, raw.number, reason);
                        on_error.met(error, &mut state.malformed)?;
                    }
                }
                Ok(())
            })
        },
    );
    progress.finish();
    outcome?;
    Ok(state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn decode(raw: &RawRecord) -> Result<ArchiveRecord, String> {
    match &raw.bytes {
        Ok(bytes) => ArchiveRecord::decode(raw.number, bytes),
        Err(reason) => Err(reason.clone()),
    }
}

/// Writes the table under a temporary name and renames it.
pub(super) fn persist(spec: &TableSpec, file: &Path, stored: &Stored) -> Result<(), TableError> {
    let failed = |reason: String| TableError::CannotWrite { path: file.to_path_buf(), reason };
    let folder = file.parent().unwrap_or(Path::new("."));
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(e.to_string()))?;
    let handle = temporary.reopen().map_err(|e| failed(e.to_string()))?;
    parquet_file::write(handle, spec, stored).map_err(failed)?;
    temporary.persist(file).map_err(|e| failed(e.to_string()))?;
    parquet_file::seal(file).map_err(failed)
}

/// A table that is filled with records in any order.
struct Rows {
    data: TableData,
    params: BTreeMap<String, Vec<Option<u64>>>,
    columns: BTreeMap<Query, Vec<f64>>,
    done: HashSet<u32>,
}

impl Rows {
    fn new(data: TableData) -> Self {
        Self { data, params: BTreeMap::new(), columns: BTreeMap::new(), done: HashSet::new() }
    }

    /// Whether the record belongs to the table: its number is in range and its architecture is the one listed there.
    fn check(&self, record: &ArchiveRecord) -> Result<(), String> {
        let listed = self.data.archs.get(record.number as usize);
        let listed =
            listed.ok_or_else(|| format!("the table has only {} architectures", self.data.archs.len()))?;
        if *listed == record.arch {
            return Ok(());
        }
        Err(format!("its architecture is '{}' where the meta file lists '{listed}'", record.arch))
    }

    /// Takes over a record that passed [`Rows::check`].
    fn add(&mut self, record: ArchiveRecord) {
        let (row, size) = (record.number as usize, self.data.archs.len());
        for (dataset, count) in record.params {
            self.params.entry(dataset).or_insert_with(|| vec![None; size])[row] = Some(count);
        }
        for (query, accuracy) in record.accuracies {
            self.columns.entry(query).or_insert_with(|| vec![f64::NAN; size])[row] = accuracy;
        }
        self.done.insert(record.number);
    }

    fn finish(self) -> TableData {
        let (params, columns) = (self.params.into_iter().collect(), self.columns.into_iter().collect());
        TableData { params, columns, ..self.data }
    }
}
