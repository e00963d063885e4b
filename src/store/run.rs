//! Reads a run for analysis, finished or not.

use std::io;
use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;

use super::columns::{Columns, Rows};
use super::error::READ;
use super::finished::{Duplicates, merge};
use super::{JOURNAL, Manifest, Present, Record, StoreError, finished, journal};

/// A run that was read into memory.
///
/// ```no_run
/// use untrained::store::Run;
///
/// let run = Run::open("results/mine".as_ref())?;
/// let records = run.records();
/// println!("{} records of {:?}", records.height(), records.column("proxy")?.unique()?.str()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Run {
    pub manifest: Manifest,
    /// Where it was read from, for messages.
    folder: PathBuf,
    records: DataFrame,
}

impl Run {
    /// Reads a finished or unfinished run into memory, some two hundred bytes a record.
    ///
    /// # Errors
    /// No run, or damaged files.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if !folder.is_dir() {
            return Err(StoreError::io(folder, READ)(io::ErrorKind::NotFound.into()));
        }
        let manifest = Manifest::read(folder)?;
        Ok(Self { manifest, folder: folder.to_path_buf(), records: read(folder)? })
    }

    /// The records, one a row, sorted by repetition, architecture index and proxy.
    ///
    /// Columns: `repetition`, `index`, `proxy_version` (u32), `arch`, `proxy`, `status`, `components` (JSON), `reason`,
    /// `reused_from` (text), `score` (f64, null where there is none), `weight_seed`, `data_seed`, `sample_seed` (u64), and
    /// `build_ms`, `init_ms`, `compute_ms`, `reduce_ms` (f64, null for a score that was taken over).
    pub fn records(&self) -> DataFrame {
        self.records.clone()
    }

    /// The file of the records, for messages.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(finished::RECORDS)
    }

    /// The rows of [`Run::records`], to be read as [`Record`]s.
    ///
    /// # Errors
    /// None for the files of this program.
    pub fn rows(&self) -> Result<Rows<'_>, StoreError> {
        Rows::of(&self.records, &self.file())
    }

    /// Whether every planned record is there. A shard has a part of the plan and is never complete by itself.
    pub fn is_complete(&self) -> bool {
        self.records.height() as u64 == self.manifest.planned()
    }
}

/// Calls `each` for every record of the journal in `folder`, and gives the number of bytes that are whole lines.
///
/// # Errors
/// A damaged line, a record that contradicts itself or stands there twice, or what `each` finds.
pub(super) fn read_journal(
    folder: &Path,
    each: &mut dyn FnMut(&Record) -> Result<(), String>,
) -> Result<u64, StoreError> {
    let mut seen = Present::default();
    journal::read(&folder.join(JOURNAL), &mut |record: Record| {
        record.defect().map_or(Ok(()), Err)?;
        let (repetition, index, proxy) = record.key();
        if !seen.insert(&record) {
            return Err(format!(
                "there are two records of {proxy} for architecture {index} of repetition {repetition}"
            ));
        }
        each(&record)
    })
}

/// All records of a folder, sorted by key, even while another process adds to it.
pub(super) fn read(folder: &Path) -> Result<DataFrame, StoreError> {
    // The journal is read first. If another process finishes it meanwhile, its records are seen twice, not missed.
    let mut unfinished = Columns::default();
    let whole = read_journal(folder, &mut |record| unfinished.push(record))?;
    let finished = finished::read(folder)?;
    if let Some(finished) = finished.as_ref().filter(|_| whole == 0) {
        return Ok(finished.clone());
    }
    let damaged = |reason| StoreError::Table { path: folder.join(JOURNAL), reason };
    let unfinished = unfinished.finish().map_err(damaged)?;
    let parts = finished.into_iter().chain([unfinished]).collect();
    merge(parts, Duplicates::CountOnce, folder)
}
