//! Reads an official archive. Its records are decoded in parallel, and a read that was interrupted goes on where it was.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::record::{self, ArchiveRecord};
use super::source::{self, Archive, RawRecord};
use crate::data::Progress;
use crate::store::journal::{self, Journal};
use crate::store::{Stamp, StoreError, files};
use crate::tables::content::TableData;
use crate::tables::source::Counts;
use crate::tables::spec::Origin;
use crate::tables::{OnError, Query, TableError, TableSpec};

/// Number of records that are read before they are decoded in parallel. It bounds memory to a few megabytes.
const BATCH: usize = 32;

/// Where decoded records are kept until the table is complete.
pub(in crate::tables) struct Place {
    journal: PathBuf,
    /// Held by the process that reads the archive.
    _lock: File,
    /// The folder that is removed after the command, where nothing can be kept.
    _temporary: Option<tempfile::TempDir>,
}

impl Place {
    /// The journal in `folder` for the cached file `name`.
    ///
    /// # Errors
    /// Another process reads the same archive, or nothing can be written anywhere.
    pub(in crate::tables) fn new(folder: Option<&Path>, name: &str) -> Result<Self, TableError> {
        if let Some(folder) = folder.filter(|folder| std::fs::create_dir_all(folder).is_ok())
            && let Ok(place) = Self::at(folder.join(name), None)?
        {
            return Ok(place);
        }
        tracing::warn!("the table cache cannot be written; the archive will be read again next time");
        let remedy = "set TMPDIR to a folder that can be written";
        let none = |error| TableError::io(&std::env::temp_dir(), "make a folder", remedy)(error);
        let folder = tempfile::tempdir().map_err(none)?;
        Self::at(folder.path().join(name), Some(folder))?.map_err(none)
    }

    /// The place in a folder, or why the folder cannot be written.
    fn at(file: PathBuf, temporary: Option<tempfile::TempDir>) -> Result<std::io::Result<Self>, TableError> {
        let journal = file.with_extension("jsonl");
        match files::lock(&journal.with_extension("lock")) {
            Ok(Some(lock)) => Ok(Ok(Self { journal, _lock: lock, _temporary: temporary })),
            Ok(None) => Err(TableError::Busy { path: journal }),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// A decoded record, with the stamp of the file that it was read from.
#[derive(Serialize, Deserialize)]
struct Entry {
    stamp: Stamp,
    #[serde(flatten)]
    record: ArchiveRecord,
}

/// Reads the archive `path`: the table, the digest of its meta file, and how many records were read.
///
/// # Errors
/// It is damaged, or a record is malformed and `on_error` says to stop.
pub(in crate::tables) fn read(
    spec: &TableSpec,
    path: &Path,
    place: &Place,
    on_error: OnError,
    progress: &dyn Progress,
) -> Result<(TableData, String, Counts), TableError> {
    let archive = Archive::open(path)?;
    let (meta_digest, data) = architectures(spec, &archive)?;
    let (journal, old) = resume(&place.journal)?;
    let state = State { journal, rows: Rows::new(data), counts: Counts::default() };
    let State { mut counts, rows, journal } = collect(&archive, state, old, on_error, progress)?;
    counts.missing = rows.data.archs.len() - rows.done.len();
    counts.disagreeing = rows.disagreeing;
    if counts.disagreeing > 0 {
        tracing::warn!(
            "{}: in {} records the training runs state different numbers of parameters; these are left out, accuracies are not touched",
            path.display(),
            counts.disagreeing
        );
    }
    drop(journal);
    if counts.missing == 0 {
        let failed = TableError::io(&place.journal, "remove the import's journal", "delete it by hand");
        std::fs::remove_file(&place.journal).map_err(failed)?;
    }
    Ok((rows.finish(), meta_digest, counts))
}

/// The records that an interrupted read has left, by number. A damaged journal is begun anew.
fn resume(path: &Path) -> Result<(Journal, HashMap<u32, Entry>), TableError> {
    let mut old = HashMap::new();
    let whole = journal::read(path, &mut |entry: Entry| {
        old.insert(entry.record.number, entry);
        Ok(())
    });
    let whole = match whole {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::warn!("{}: it is begun anew, as {error}", path.display());
            old.clear();
            0
        }
        whole => whole?,
    };
    Ok((Journal::open(path, whole)?, old))
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
        None => Ok((files::sha256(&meta), data)),
    }
}

/// The state that the decoding threads share.
struct State {
    journal: Journal,
    rows: Rows,
    counts: Counts,
}

/// Takes over the records of `old` whose files have not changed, and decodes all others.
fn collect(
    archive: &Archive,
    state: State,
    mut old: HashMap<u32, Entry>,
    on_error: OnError,
    progress: &dyn Progress,
) -> Result<State, TableError> {
    progress.start("records", 0, Some(archive.numbers()?.len() as u64));
    let state = Mutex::new(state);
    let lock = || state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut seen = HashSet::new();
    let outcome = archive.batches(
        BATCH,
        |number, stamp| {
            if !seen.insert(number) {
                return false;
            }
            let Some(entry) = old.remove(&number).filter(|entry| entry.stamp == stamp) else { return true };
            let mut state = lock();
            let fits = state.rows.check(&entry.record).is_ok();
            if fits {
                progress.advance(1);
                state.rows.add(entry.record);
                state.counts.resumed += 1;
            }
            !fits
        },
        |batch| {
            batch.into_par_iter().try_for_each(|raw| {
                let decoded = decode(&raw);
                let mut state = lock();
                progress.advance(1);
                match decoded.and_then(|record| state.rows.check(&record).map(|()| record)) {
                    Ok(record) => {
                        let entry = Entry { stamp: raw.stamp, record };
                        state.journal.append(&entry)?;
                        state.rows.add(entry.record);
                        state.counts.read += 1;
                    }
                    Err(reason) => {
                        let error = TableError::bad_record(&raw.path, raw.number, reason);
                        on_error.met(error, &mut state.counts.malformed)?;
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

/// A table that is filled with records in any order.
struct Rows {
    data: TableData,
    params: BTreeMap<String, Vec<Option<u64>>>,
    columns: BTreeMap<Query, Vec<f64>>,
    done: HashSet<u32>,
    disagreeing: usize,
}

impl Rows {
    fn new(data: TableData) -> Self {
        Self { data, params: BTreeMap::new(), columns: BTreeMap::new(), done: HashSet::new(), disagreeing: 0 }
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
        self.disagreeing += usize::from(record.params.iter().any(|(_, count)| count.is_none()));
        for (dataset, count) in record.params {
            self.params.entry(dataset).or_insert_with(|| vec![None; size])[row] = count;
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
