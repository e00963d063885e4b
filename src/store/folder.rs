//! The folder of a run: opening it, adding records, and finishing.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::columns::{self, Finished};
use super::error::{READ, WRITE};
use super::journal::{self, Journal, Scan};
use super::sorted::{Merged, Source, Twins};
use super::{Manifest, Record, StoreError};
use crate::data::readable_by_all;

const LOCK: &str = "run.lock";
/// What names of unfinished files begin with.
const DRAFT: &str = ".draft-";

/// A run that this process alone writes to.
///
/// About 20 bytes a record are held, to know what is there; the records themselves are not.
pub struct Store {
    folder: PathBuf,
    manifest: Manifest,
    /// Held until the store is dropped, or the process ends in whatever way.
    lock: File,
    journal: Journal,
    present: Present,
}

/// Keys of the records that are there.
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
    /// Opens the run in `folder`, or begins one: `new` is what the command asks for, `prefix` as in [`Manifest::extend`],
    /// and `check` says what is wrong with a record that is there.
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

    /// What the run is, this command included.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether there is a record of this proxy on this architecture.
    pub fn contains(&self, repetition: u32, index: u32, proxy: &str) -> bool {
        self.present.contains(repetition, index, proxy)
    }

    /// Number of records that are there.
    pub fn len(&self) -> usize {
        self.present.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a record, which is safe from a kill of the process when this returns.
    ///
    /// # Errors
    /// It is there already, or the disk is full; what was there before is safe.
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

    /// The records in the order of their keys, read as they are asked for.
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

/// Writes sorted records as the finished files of `folder`. Timings come first: while the journal is there, records that
/// already stand in `records.parquet` are recognised, so no order of kills loses either.
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

/// A file that gets its name when it is finished.
fn draft(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(DRAFT).tempfile_in(folder)
}

/// Removes what a killed process left unfinished; nobody misses what cannot be removed.
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

/// Puts a finished draft in its place, after its bytes have reached the disk.
fn settle(draft: tempfile::NamedTempFile, place: &Path) -> io::Result<()> {
    draft.as_file().sync_all()?;
    readable_by_all(draft.path());
    draft.persist(place).map_err(|e| e.error)?;
    // The new name is durable once the folder is; not every system lets a folder be opened for that.
    if let Some(folder) = place.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// What is present, and how many bytes of the journal are whole.
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

/// All records of a folder in the order of their keys, read as they are asked for.
pub struct Records(Merged);

impl Records {
    /// The run's records, whether it is finished or not, and even while another process adds to it.
    ///
    /// # Errors
    /// Damaged files.
    pub fn of(folder: &Path) -> Result<Self, StoreError> {
        // The journal is opened first: should it be compacted meanwhile, its records are seen twice rather than never.
        let scan = Scan::of(folder, &mut |_| Ok(()))?;
        let mut sources: Vec<Source> = vec![];
        if let Some(finished) = Finished::open(folder)? {
            sources.push(Box::new(finished));
        }
        sources.push(Box::new(scan.sorted()));
        Ok(Self(Merged::new(sources, Twins::Once, folder)))
    }
}

impl Iterator for Records {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// A run that was read.
#[derive(Clone, Debug)]
pub struct Run {
    pub manifest: Manifest,
    /// In the order of repetition, architecture index and proxy.
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
