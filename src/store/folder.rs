//! Opens the folder of a run, adds records to it, and finishes it.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::columns::Rows;
use super::error::WRITE;
use super::journal::Journal;
use super::{Manifest, Record, Run, StoreError, files, finished, run};

/// The journal of an unfinished run.
pub(super) const JOURNAL: &str = "records.jsonl";
const LOCK: &str = "run.lock";

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

    /// Adds a record; false if it is there already.
    pub(super) fn insert(&mut self, record: &Record) -> bool {
        let id = self.id(&record.proxy).unwrap_or_else(|| {
            self.proxies.push(record.proxy.clone());
            (self.proxies.len() - 1) as u16
        });
        self.keys.insert((record.repetition, record.index, id))
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
        files::remove_drafts(folder);
        let (known, mut manifest) = match Manifest::read(folder) {
            Ok(known) => {
                let mut manifest = known.clone();
                manifest.extend(new, prefix, folder)?;
                (Some(known), manifest)
            }
            Err(StoreError::NoRun { .. }) if !holds_records(folder) => (None, new.clone()),
            Err(StoreError::NoRun { path }) => return Err(StoreError::Orphaned { path }),
            Err(error) => return Err(error),
        };
        let (present, whole) = match known {
            Some(_) => scan(folder, check)?,
            None => Default::default(),
        };
        if known.as_ref() != Some(&manifest) {
            manifest.renew(finished::facts(folder)?);
            manifest.write(folder)?;
        }
        let journal = Journal::open(&folder.join(JOURNAL), whole)?;
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

    /// Reads the run as it is now.
    ///
    /// # Errors
    /// Damaged files.
    pub fn read(&self) -> Result<Run, StoreError> {
        Run::open(&self.folder)
    }

    /// Writes all records to `records.parquet` and their timings to `timings.parquet`, removes the journal, and gives the number of
    /// records. A kill at any moment leaves a run that the same command finishes.
    ///
    /// # Errors
    /// Damaged files, or a folder that cannot be written; the journal is kept then.
    pub fn compact(self) -> Result<u64, StoreError> {
        let Self { folder, lock, journal, mut manifest, .. } = self;
        drop(journal);
        let records = run::read(&folder)?;
        finished::write(&folder, &records, &mut manifest)?;
        let journal = folder.join(JOURNAL);
        std::fs::remove_file(&journal).map_err(StoreError::io(&journal, "delete it by hand"))?;
        drop(lock);
        Ok(records.height() as u64)
    }
}

/// Takes the lock on a folder.
pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let lock = files::lock(&path).map_err(StoreError::io(&path, WRITE))?;
    lock.ok_or_else(|| StoreError::Busy { path: folder.to_path_buf() })
}

pub(super) fn holds_records(folder: &Path) -> bool {
    [JOURNAL, finished::RECORDS].iter().any(|name| folder.join(name).exists())
}

/// The keys of a folder's records, and the number of bytes of the journal that are whole lines.
fn scan(folder: &Path, check: &dyn Fn(&Record) -> Result<(), String>) -> Result<(Present, u64), StoreError> {
    let mut present = Present::default();
    if let Some(records) = finished::read(folder)? {
        let path = folder.join(finished::RECORDS);
        let rows = Rows::of(&records, &path)?;
        for record in rows.iter() {
            let record = record?;
            check(&record).map_err(|reason| StoreError::Table { path: path.clone(), reason })?;
            present.insert(&record);
        }
    }
    let whole = run::read_journal(folder, &mut |record| {
        present.insert(record);
        check(record)
    })?;
    Ok((present, whole))
}
