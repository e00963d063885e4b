//! Finished records as Parquet files: `records.parquet`, and `timings.parquet` beside it.
//!
//! Both are sorted by repetition, architecture index and proxy. `records.parquet` is a function of its records alone, so runs
//! that scored the same have the same bytes; its metadata holds the SHA-256 of its rows, because Parquet has no checksum
//! of its own and a flipped bit could change a score unnoticed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::Array;
use arrow_array::builder::{Float64Builder, StringBuilder, UInt32Builder, UInt64Builder};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use sha2::{Digest, Sha256};

use super::hex;
use super::record::number;
use super::{Record, Seeds, Status, StoreError, Timings};

pub(super) const RECORDS: &str = "records.parquet";
pub(super) const TIMINGS: &str = "timings.parquet";
/// Raised whenever columns or metadata change their meaning.
const FORMAT: &str = "1";
/// Rows that are held while writing and reading.
const ROWS: usize = 8192;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Rows of either file: how they become columns and come back.
trait Rows: Sized {
    fn to_batch(rows: &[Self]) -> Result<RecordBatch, String>;
    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, String>;
    fn feed(&self, digest: &mut Sha256);
}

/// One row of `timings.parquet`.
struct TimingRow {
    repetition: u32,
    index: u32,
    proxy: String,
    timings: Timings,
}

/// Writes one of the files, some rows at a time.
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
        let pairs = [("untrained.format", FORMAT.to_owned()), ("untrained.sha256", hex(self.digest))];
        for (key, value) in pairs {
            self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.writer.close().map_err(text)?;
        Ok(self.count)
    }
}

/// Reads one of the files, some rows at a time; the digest is compared when all have been seen.
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

    /// Reads further rows; false at the end.
    fn more(&mut self) -> Result<bool, String> {
        let Some(batches) = &mut self.batches else { return Ok(false) };
        let Some(batch) = guarded(|| batches.next().transpose().map_err(text))? else {
            self.batches = None;
            let found = hex(std::mem::take(&mut self.digest));
            return if found == self.expected { Ok(false) } else { Err("its rows were changed".to_owned()) };
        };
        let rows = T::from_batch(&batch)?;
        rows.iter().for_each(|row| row.feed(&mut self.digest));
        self.rows = rows.into_iter();
        Ok(true)
    }
}

/// The decoder has assertions that a damaged file can reach; they become an error like any other.
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
        Ok(Some(Self { records, timings: timings.peekable() }))
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

fn strings<T>(rows: &[T], of: impl Fn(&T) -> Option<&str>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    rows.iter().for_each(|row| builder.append_option(of(row)));
    Arc::new(builder.finish())
}

fn numbers<T>(rows: &[T], of: impl Fn(&T) -> Option<f64>) -> ArrayRef {
    let mut builder = Float64Builder::new();
    rows.iter().for_each(|row| builder.append_option(of(row).map(number::canonical)));
    Arc::new(builder.finish())
}

fn counts<T>(rows: &[T], of: impl Fn(&T) -> u32) -> ArrayRef {
    let mut builder = UInt32Builder::new();
    rows.iter().for_each(|row| builder.append_value(of(row)));
    Arc::new(builder.finish())
}

fn seeds(rows: &[Record], of: impl Fn(&Seeds) -> u64) -> ArrayRef {
    let mut builder = UInt64Builder::new();
    rows.iter().for_each(|row| builder.append_value(of(&row.seeds)));
    Arc::new(builder.finish())
}

/// A column by name and type.
fn column<'a, A: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a A, String> {
    let column = batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref::<A>());
    column.ok_or_else(|| format!("column '{name}' is missing or has the wrong type"))
}

fn cell(column: &StringArray, i: usize) -> Option<String> {
    column.is_valid(i).then(|| column.value(i).to_owned())
}

impl Rows for Record {
    fn to_batch(rows: &[Self]) -> Result<RecordBatch, String> {
        let components: Vec<_> = rows.iter().map(Record::components_text).collect();
        let components = StringArray::from_iter_values(components);
        // All columns may be null in the schema, as an empty batch cannot tell which are.
        let columns: [(&str, ArrayRef, bool); 13] = [
            ("repetition", counts(rows, |r| r.repetition), true),
            ("index", counts(rows, |r| r.index), true),
            ("arch", strings(rows, |r| Some(&r.arch)), true),
            ("proxy", strings(rows, |r| Some(&r.proxy)), true),
            ("proxy_version", counts(rows, |r| r.proxy_version), true),
            ("status", strings(rows, |r| Some(r.status.name())), true),
            ("score", numbers(rows, |r| r.score), true),
            ("components", Arc::new(components), true),
            ("reason", strings(rows, |r| r.reason.as_deref()), true),
            ("weight_seed", seeds(rows, |s| s.weight), true),
            ("data_seed", seeds(rows, |s| s.data), true),
            ("sample_seed", seeds(rows, |s| s.sample), true),
            ("reused_from", strings(rows, |r| r.reused_from.as_deref()), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).map_err(text)
    }

    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, String> {
        let count = |name| column::<UInt32Array>(batch, name);
        let string = |name| column::<StringArray>(batch, name);
        let seed = |name| column::<UInt64Array>(batch, name);
        let (repetition, index, version) = (count("repetition")?, count("index")?, count("proxy_version")?);
        let (arch, proxy, status) = (string("arch")?, string("proxy")?, string("status")?);
        let (components, reason, reused) = (string("components")?, string("reason")?, string("reused_from")?);
        let (weight, data, sample) = (seed("weight_seed")?, seed("data_seed")?, seed("sample_seed")?);
        let score = column::<Float64Array>(batch, "score")?;
        let row = |i: usize| {
            let named = Status::ALL.into_iter().find(|s| s.name() == status.value(i));
            let record = Self {
                repetition: repetition.value(i),
                index: index.value(i),
                arch: arch.value(i).to_owned(),
                proxy: proxy.value(i).to_owned(),
                proxy_version: version.value(i),
                status: named.ok_or_else(|| format!("status '{}' is unknown", status.value(i)))?,
                score: score.is_valid(i).then(|| score.value(i)),
                components: number::named_from_text(components.value(i)).map_err(text)?,
                reason: cell(reason, i),
                seeds: Seeds { weight: weight.value(i), data: data.value(i), sample: sample.value(i) },
                reused_from: cell(reused, i),
                timings: None,
            };
            record.defect().map_or(Ok(record), Err)
        };
        (0..batch.num_rows()).map(row).collect()
    }

    fn feed(&self, digest: &mut Sha256) {
        Self::feed(self, digest);
    }
}

impl Rows for TimingRow {
    fn to_batch(rows: &[Self]) -> Result<RecordBatch, String> {
        let columns: [(&str, ArrayRef, bool); 7] = [
            ("repetition", counts(rows, |r| r.repetition), true),
            ("index", counts(rows, |r| r.index), true),
            ("proxy", strings(rows, |r| Some(&r.proxy)), true),
            ("build_ms", numbers(rows, |r| Some(r.timings.build_ms)), true),
            ("init_ms", numbers(rows, |r| Some(r.timings.init_ms)), true),
            ("compute_ms", numbers(rows, |r| Some(r.timings.compute_ms)), true),
            ("reduce_ms", numbers(rows, |r| Some(r.timings.reduce_ms)), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).map_err(text)
    }

    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, String> {
        let (repetition, index) =
            (column::<UInt32Array>(batch, "repetition")?, column::<UInt32Array>(batch, "index")?);
        let proxy = column::<StringArray>(batch, "proxy")?;
        let ms = |name| column::<Float64Array>(batch, name);
        let (build, init) = (ms("build_ms")?, ms("init_ms")?);
        let (compute, reduce) = (ms("compute_ms")?, ms("reduce_ms")?);
        let row = |i: usize| Self {
            repetition: repetition.value(i),
            index: index.value(i),
            proxy: proxy.value(i).to_owned(),
            timings: Timings {
                build_ms: build.value(i),
                init_ms: init.value(i),
                compute_ms: compute.value(i),
                reduce_ms: reduce.value(i),
            },
        };
        Ok((0..batch.num_rows()).map(row).collect())
    }

    fn feed(&self, digest: &mut Sha256) {
        digest.update(&self.proxy);
        for number in [self.repetition, self.index] {
            digest.update(number.to_le_bytes());
        }
        let Timings { build_ms, init_ms, compute_ms, reduce_ms } = self.timings;
        for ms in [build_ms, init_ms, compute_ms, reduce_ms] {
            digest.update(ms.to_bits().to_le_bytes());
        }
    }
}
