//! Opens the folder of a run, adds records to it, and finishes it.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::columns::{self, Finished};
use super::error::{READ, WRITE};
use super::journal::{self, Journal, Scan};
use super::sorted::{Duplicates, Merged, Source};
use super::{Manifest, Record, StoreError};
use crate::data::readable_by_all;

const LOCK: &str = "run.lock";
/// The names of unfinished files begin with this.
const DRAFT: &str = ".draft-";

/// A run to which only this process writes.
///
/// The key of every record is held in memory, about 20 bytes each, to know which scores are there. The records are not.
pub struct Store {
    folder: PathBuf,
    manifest: Manifest,
    /// The lock on the folder. The system releases it when the store is dropped or the process ends.
    lock: File,
    journal: Journal,
    present: Present,
}

/// The keys of the records that a folder has.
#[derive(Default)]
pub struct Present {
    proxies: Vec<String>,
    keys: HashSet<(u32, u32, u16)>,
}

impl Present {
    fn id(&self, proxy: &str) -> Option<u16> {
        self.proxies.iter().position(|known| known == proxy).and_then(|at| u16::try_from(at).ok())
    }

    fn insert(&mut self, record: &Record) {
        let id = self.id(&record.proxy).unwrap_or_else(|| {
            self.proxies.push(record.proxy.clone());
            (self.proxies.len() - 1) as u16
        });
        self.keys.insert((record.repetition, record.index, id));
    }

    /// Keys of the records in `folder`, which need not exist.
    ///
    /// # Errors
    /// Damaged files, or a record that `check` finds wrong.
    pub fn of(folder: &Path, check: &dyn Fn(&Record) -> Result<(), String>) -> Result<Self, StoreError> {
        scan(folder, check).map(|(present, _)| present)
    }

    /// Whether there is a record of this proxy on this architecture.
    pub fn contains(&self, repetition: u32, index: u32, proxy: &str) -> bool {
        self.id(proxy).is_some_and(|id| self.keys.contains(&(repetition, index, id)))
    }
}

impl Store {
    /// Opens the run in `folder`, or begins one. `new` is what the command asks for, `prefix` is that of
    /// [`Manifest::extend`], and `check` says what is wrong with a record that the folder has.
    ///
    /// # Errors
    /// Another process has it, its settings differ, its files are damaged, or the folder cannot be written.
    pub fn open(
        folder: &Path,
        new: &Manifest,
        prefix: &dyn Fn(usize, usize) -> String,
        check: &dyn Fn(&Record) -> Result<(), String>,
    ) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(StoreError::io(folder, WRITE))?;
        let lock = lock(folder)?;
        remove_drafts(folder);
        let (changed, manifest) = match Manifest::read(folder) {
            Ok(known) => {
                let mut manifest = known.clone();
                manifest.extend(new, prefix, folder)?;
                (known != manifest, manifest)
            }
            Err(StoreError::NoRun { .. }) if !holds_records(folder) => (true, new.clone()),
            Err(StoreError::NoRun { path }) => return Err(StoreError::Orphaned { path }),
            Err(error) => return Err(error),
        };
        let (present, whole) = scan(folder, check)?;
        if changed {
            manifest.write(folder)?;
        }
        let journal = Journal::open(folder, whole)?;
        Ok(Self { folder: folder.to_path_buf(), manifest, lock, journal, present })
    }

    /// The manifest of the run, which includes this command.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether there is a record of this proxy on this architecture.
    pub fn contains(&self, repetition: u32, index: u32, proxy: &str) -> bool {
        self.present.contains(repetition, index, proxy)
    }

    /// Number of records that the folder has.
    pub fn len(&self) -> usize {
        self.present.keys.len()
    }

    /// Whether the folder has no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a record. Once this returns, the record survives a kill of the process.
    ///
    /// # Errors
    /// The folder has a record of that key, or the disk is full; earlier records are safe.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let (repetition, index, proxy) = record.key();
        if self.contains(repetition, index, proxy) {
            let (path, proxy) = (self.folder.clone(), proxy.to_owned());
            return Err(StoreError::Duplicate { path, repetition, index, proxy });
        }
        self.journal.append(record)?;
        self.present.insert(record);
        Ok(())
    }

    /// The records in the order of their keys. Each is read from disk when the iterator reaches it.
    ///
    /// # Errors
    /// Damaged files.
    pub fn records(&self) -> Result<Records, StoreError> {
        Records::of(&self.folder)
    }

    /// Writes all records to `records.parquet` and their timings to `timings.parquet`, and removes the journal. A kill at
    /// any moment leaves a run that the same command finishes.
    ///
    /// # Errors
    /// Damaged files, or a folder that cannot be written; the journal is kept then.
    pub fn compact(self) -> Result<u64, StoreError> {
        let Self { folder, lock, journal, .. } = self;
        drop(journal);
        let count = finish(&folder, Records::of(&folder)?)?;
        let journal = folder.join(journal::NAME);
        std::fs::remove_file(&journal).map_err(StoreError::io(&journal, "delete it by hand"))?;
        drop(lock);
        Ok(count)
    }
}

/// Writes sorted records as the finished files of `folder`. Timings are written first: as long as the journal exists, its
/// records are recognised in `records.parquet`, so a kill at any moment loses neither records nor timings.
pub(super) fn finish(
    folder: &Path,
    records: impl Iterator<Item = Result<Record, StoreError>>,
) -> Result<u64, StoreError> {
    let path = folder.join(columns::RECORDS);
    let failed = || StoreError::io(&path, WRITE);
    let (rows, timings) = (draft(folder).map_err(failed())?, draft(folder).map_err(failed())?);
    let open = |file: &tempfile::NamedTempFile| file.reopen().map_err(failed());
    let count = columns::write(records, (&path, open(&rows)?), open(&timings)?)?;
    settle(timings, &folder.join(columns::TIMINGS)).map_err(failed())?;
    settle(rows, &path).map_err(failed())?;
    Ok(count)
}

/// A temporary file in `folder`, which is renamed when it is finished.
fn draft(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(DRAFT).tempfile_in(folder)
}

/// Removes unfinished files of processes that were killed. One that cannot be removed does no harm.
fn remove_drafts(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(DRAFT) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Takes the lock on a folder.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let open = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = open.map_err(StoreError::io(&path, WRITE))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy { path: folder.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io(&path, WRITE)(error)),
    }
}

pub(super) fn holds_records(folder: &Path) -> bool {
    [journal::NAME, columns::RECORDS].iter().any(|name| folder.join(name).exists())
}

/// Replaces a file of `folder` by what `fill` writes, all or nothing.
pub(super) fn replace(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let draft = draft(folder)?;
    fill(draft.as_file())?;
    settle(draft, &folder.join(name))
}

/// Renames a finished draft to its final name, after its bytes have reached the disk.
fn settle(draft: tempfile::NamedTempFile, place: &Path) -> io::Result<()> {
    draft.as_file().sync_all()?;
    readable_by_all(draft.path());
    draft.persist(place).map_err(|e| e.error)?;
    // The new name survives a power cut once the folder is synchronised. Not every system allows that.
    if let Some(folder) = place.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// The keys of a folder's records, and the number of bytes of the journal that are whole lines.
fn scan(folder: &Path, check: &dyn Fn(&Record) -> Result<(), String>) -> Result<(Present, u64), StoreError> {
    let mut present = Present::default();
    for record in Finished::open(folder)?.into_iter().flatten() {
        let record = record?;
        let wrong = |reason| StoreError::Table { path: folder.join(columns::RECORDS), reason };
        check(&record).map_err(wrong)?;
        present.insert(&record);
    }
    let mut line = 0;
    let scan = Scan::of(folder, &mut |record| {
        line += 1;
        let wrong = |reason| StoreError::Damaged { path: folder.join(journal::NAME), line, reason };
        check(record).map_err(wrong)?;
        present.insert(record);
        Ok(())
    })?;
    Ok((present, scan.whole))
}

/// All records of a folder in the order of their keys. Each is read from disk when the iterator reaches it.
pub struct Records(Merged);

impl Records {
    /// The run's records, whether it is finished or not, and even while another process adds to it.
    ///
    /// # Errors
    /// Damaged files.
    pub fn of(folder: &Path) -> Result<Self, StoreError> {
        // The journal is opened first. If another process compacts it meanwhile, its records are seen twice, not missed.
        let scan = Scan::of(folder, &mut |_| Ok(()))?;
        let mut sources: Vec<Source> = vec![];
        if let Some(finished) = Finished::open(folder)? {
            sources.push(Box::new(finished));
        }
        sources.push(Box::new(scan.sorted()));
        Ok(Self(Merged::new(sources, Duplicates::CountOnce, folder)))
    }
}

impl Iterator for Records {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// A run that was read into memory.
#[derive(Clone, Debug)]
pub struct Run {
    pub manifest: Manifest,
    /// Sorted by repetition, architecture index and proxy.
    pub records: Vec<Record>,
}

impl Run {
    /// Reads a finished or unfinished run into memory (a few hundred bytes a record); [`Records`] reads one at a time.
    ///
    /// # Errors
    /// No run, or damaged files.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if !folder.is_dir() {
            return Err(StoreError::io(folder, READ)(io::ErrorKind::NotFound.into()));
        }
        let manifest = Manifest::read(folder)?;
        Ok(Self { manifest, records: Records::of(folder)?.collect::<Result<_, _>>()? })
    }

    /// Whether every planned record is there. A shard has a part of the plan and is never complete by itself.
    pub fn is_complete(&self) -> bool {
        self.records.len() as u64 == self.manifest.planned()
    }
}
