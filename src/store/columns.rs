//! Finished records as Parquet files: `records.parquet`, and `timings.parquet` beside it.
//!
//! Both are sorted by repetition, architecture index and proxy. The bytes of `records.parquet` depend on its records alone, so
//! runs with equal records have equal files. Its metadata holds the SHA-256 of its rows, because Parquet has no checksum of
//! its own and a flipped bit could change a score unnoticed.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};

use super::rows::{Rows, TimingRow};
use super::{Record, StoreError, Timings};

pub(super) const RECORDS: &str = "records.parquet";
pub(super) const TIMINGS: &str = "timings.parquet";
/// Raised whenever columns or metadata change their meaning.
const FORMAT: &str = "1";
/// Rows that are held in memory while writing and reading.
const ROWS: usize = 8192;

/// The message of an error of the Parquet library.
pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Writes one of the two files, [`ROWS`] rows at a time.
struct Writer<T> {
    writer: ArrowWriter<File>,
    rows: Vec<T>,
    digest: Sha256,
    count: u64,
}

impl<T: Rows> Writer<T> {
    fn new(file: File) -> Result<Self, String> {
        let schema = T::to_batch(&[])?.schema();
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(text)?;
        Ok(Self { writer, rows: Vec::with_capacity(ROWS), digest: Sha256::new(), count: 0 })
    }

    fn push(&mut self, row: T) -> Result<(), String> {
        row.feed(&mut self.digest);
        self.rows.push(row);
        self.count += 1;
        if self.rows.len() == ROWS { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), String> {
        self.writer.write(&T::to_batch(&self.rows)?).map_err(text)?;
        self.rows.clear();
        Ok(())
    }

    /// Writes what is left and gives the number of rows.
    fn close(mut self) -> Result<u64, String> {
        self.write()?;
        let sha256 = hex::encode(self.digest.finalize());
        let pairs = [("untrained.format", FORMAT.to_owned()), ("untrained.sha256", sha256)];
        for (key, value) in pairs {
            self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.writer.close().map_err(text)?;
        Ok(self.count)
    }
}

/// Reads one of the two files, [`ROWS`] rows at a time. The digest is compared after the last row.
struct Reader<T> {
    path: PathBuf,
    batches: Option<ParquetRecordBatchReader>,
    rows: std::vec::IntoIter<T>,
    digest: Sha256,
    expected: String,
}

impl<T: Rows> Reader<T> {
    /// `None` where there is no such file.
    fn open(path: PathBuf) -> Result<Option<Self>, StoreError> {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io(&path, super::error::READ)(error)),
        };
        match guarded(|| Self::decode(file)) {
            Ok((batches, expected)) => {
                let rows = Vec::new().into_iter();
                Ok(Some(Self { path, batches: Some(batches), rows, digest: Sha256::new(), expected }))
            }
            Err(reason) => Err(StoreError::Table { path, reason }),
        }
    }

    fn decode(file: File) -> Result<(ParquetRecordBatchReader, String), String> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(text)?;
        let pairs = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
        let value = |key: &str| {
            let pair = pairs.iter().find(|pair| pair.key == key);
            pair.and_then(|pair| pair.value.clone()).ok_or_else(|| format!("it lacks the metadata '{key}'"))
        };
        if value("untrained.format")? != FORMAT {
            return Err(format!("it is not of format version {FORMAT}"));
        }
        let expected = value("untrained.sha256")?;
        Ok((builder.with_batch_size(ROWS).build().map_err(text)?, expected))
    }

    /// Reads the next rows into `rows`; false at the end of the file.
    fn more(&mut self) -> Result<bool, String> {
        let Some(batches) = &mut self.batches else { return Ok(false) };
        let Some(batch) = guarded(|| batches.next().transpose().map_err(text))? else {
            self.batches = None;
            let found = hex::encode(self.digest.finalize_reset());
            return if found == self.expected { Ok(false) } else { Err("its rows were changed".to_owned()) };
        };
        let rows = T::from_batch(&batch)?;
        rows.iter().for_each(|row| row.feed(&mut self.digest));
        self.rows = rows.into_iter();
        Ok(true)
    }
}

/// Turns a panic of the decoder into an error: it has assertions that a damaged file can violate.
fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode));
    decoded.unwrap_or_else(|_| Err("its content cannot be decoded".to_owned()))
}

impl<T: Rows> Iterator for Reader<T> {
    type Item = Result<T, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            match self.more() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(reason) => {
                    self.batches = None;
                    return Some(Err(StoreError::Table { path: self.path.clone(), reason }));
                }
            }
        }
    }
}

/// The records of `records.parquet` in `folder`, in order, with their timings where `timings.parquet` has them.
pub(super) struct Finished {
    records: Reader<Record>,
    /// Key of the previous record.
    last: Option<(u32, u32, String)>,
    timings: std::iter::Peekable<Box<dyn Iterator<Item = Result<TimingRow, StoreError>>>>,
}

impl Finished {
    /// `None` where no records are finished.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, StoreError> {
        let Some(records) = Reader::open(folder.join(RECORDS))? else { return Ok(None) };
        let timings: Box<dyn Iterator<Item = _>> = match Reader::<TimingRow>::open(folder.join(TIMINGS))? {
            Some(reader) => Box::new(reader),
            None => Box::new(std::iter::empty()),
        };
        Ok(Some(Self { records, last: None, timings: timings.peekable() }))
    }

    fn timings_of(&mut self, record: &Record) -> Result<Option<Timings>, StoreError> {
        let key = |row: &TimingRow| (row.repetition, row.index, row.proxy.as_str()).cmp(&record.key());
        while let Some(row) = self.timings.next_if(|row| row.as_ref().map_or(true, |row| key(row).is_le())) {
            let row = row?;
            if key(&row).is_eq() {
                return Ok(Some(row.timings));
            }
        }
        Ok(None)
    }
}

impl Iterator for Finished {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = match self.records.next()? {
            Ok(record) => record,
            error => return Some(error),
        };
        let key = Some((record.repetition, record.index, record.proxy.clone()));
        if self.last >= key {
            let reason = "its rows are out of order".to_owned();
            return Some(Err(StoreError::Table { path: self.records.path.clone(), reason }));
        }
        self.last = key;
        Some(self.timings_of(&record).map(|timings| {
            record.timings = timings;
            record
        }))
    }
}

/// Writes sorted records to two open files and gives their number.
pub(super) fn write(
    records: impl Iterator<Item = Result<Record, StoreError>>,
    (path, file): (&Path, File),
    timings: File,
) -> Result<u64, StoreError> {
    let failed = |reason: String| StoreError::Io {
        path: path.to_path_buf(),
        remedy: super::error::WRITE,
        source: std::io::Error::other(reason),
    };
    let mut rows = Writer::<Record>::new(file).map_err(failed)?;
    let mut timing_rows = Writer::<TimingRow>::new(timings).map_err(failed)?;
    for record in records {
        let mut record = record?;
        if let Some(timings) = record.timings.take() {
            let Record { repetition, index, .. } = record;
            let row = TimingRow { repetition, index, proxy: record.proxy.clone(), timings };
            timing_rows.push(row).map_err(failed)?;
        }
        rows.push(record).map_err(failed)?;
    }
    timing_rows.close().map_err(failed)?;
    rows.close().map_err(failed)
}
