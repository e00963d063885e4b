//! Tables as Parquet files: the columnar cache and the result of an import.
//!
//! A file has one row per architecture, in index order. Its columns are `arch`, `records`, `class`, `params:<data set>`, and one for
//! each stored query, which bears the query's text as its name. Missing values are null. The key-value metadata of the file
//! says which table it is, in which format version, and where the numbers came from.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::cache::digest;
use super::content::TableData;
use super::{Provenance, Query, TableSpec};
use crate::data::readable_by_all;

/// Raised whenever columns or metadata change their meaning.
const FORMAT: &str = "1";

/// Most rows that are decoded at a time. All tables have fewer.
const MOST_ROWS: usize = 1 << 20;

/// A table with the metadata of its file.
pub(super) struct Stored {
    /// Identifies the source files ([`cache::key`](super::cache::key)) or the archive; empty for an embedded table.
    pub(super) key: String,
    pub(super) provenance: Provenance,
    pub(super) data: TableData,
}

type Result<T> = std::result::Result<T, String>;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Writes a table to an open file.
pub(super) fn write(file: File, spec: &TableSpec, stored: &Stored) -> Result<()> {
    let batch = to_batch(&stored.data)?;
    let files: Vec<_> = stored.provenance.files.iter().map(|path| path.display().to_string()).collect();
    let metadata = [
        ("untrained.format", FORMAT.to_owned()),
        ("untrained.table", spec.id.to_owned()),
        ("untrained.key", stored.key.clone()),
        ("untrained.kind", stored.provenance.kind.to_owned()),
        ("untrained.files", files.join("\n")),
        ("untrained.sha256", stored.provenance.sha256.clone()),
    ];
    let metadata = metadata.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(metadata))
        .build();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(text)?;
    writer.write(&batch).map_err(text)?;
    writer.close().map_err(text)?;
    Ok(())
}

/// The checksum file beside a table, in the form that `sha256sum --check` reads.
fn checksum_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    name.into()
}

/// Writes the checksum of a finished table beside it. Parquet has no checksum of its own, so without one a flipped bit
/// may change an accuracy unnoticed.
pub(super) fn seal(path: &Path) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let line = format!("{}  {name}\n", digest(path).map_err(text)?);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(text)?;
    temporary.write_all(line.as_bytes()).map_err(text)?;
    let checksum = checksum_path(path);
    temporary.persist(&checksum).map_err(text)?;
    [path, &checksum].into_iter().for_each(readable_by_all);
    Ok(())
}

/// Reads a table whose digest must be the one in its checksum file.
pub(super) fn read_sealed(path: &Path, spec: &TableSpec) -> Result<Stored> {
    let checksum = checksum_path(path);
    let line = std::fs::read_to_string(&checksum).map_err(|e| format!("{}: {e}", checksum.display()))?;
    if line.split_whitespace().next() != Some(digest(path).map_err(text)?.as_str()) {
        return Err("its content is not that of its checksum file".to_owned());
    }
    read(path, spec)
}

/// Reads a table and checks its content like that of a source.
///
/// A panic of the decoder becomes an error: it has assertions that a damaged file can violate.
pub(super) fn read(path: &Path, spec: &TableSpec) -> Result<Stored> {
    let decoded = std::panic::catch_unwind(|| decode(path, spec));
    decoded.unwrap_or_else(|_| Err("its content cannot be decoded".to_owned()))
}

fn decode(path: &Path, spec: &TableSpec) -> Result<Stored> {
    let file = File::open(path).map_err(text)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(text)?;
    let metadata = builder.metadata().file_metadata();
    let size = spec.rows();
    if let Some(size) = size.filter(|size| metadata.num_rows() != *size as i64) {
        return Err(format!("it has {} rows instead of {size}", metadata.num_rows()));
    }
    let pairs = metadata.key_value_metadata().cloned().unwrap_or_default();
    let value = |key: &str| {
        let pair = pairs.iter().find(|pair| pair.key == key);
        pair.and_then(|pair| pair.value.clone()).ok_or_else(|| format!("it lacks the metadata '{key}'"))
    };
    if value("untrained.format")? != FORMAT || value("untrained.table")? != spec.id {
        return Err(format!("it is not table '{}' in format version {FORMAT}", spec.id));
    }
    let stored_kind = value("untrained.kind")?;
    let kinds = [super::CSV_FILES, super::JSON_FILES, super::ARCHIVE];
    let kind =
        kinds.into_iter().find(|kind| *kind == stored_kind).ok_or("its source is of an unknown kind")?;
    let files = value("untrained.files")?.lines().map(PathBuf::from).collect();
    let provenance = Provenance { kind, files, sha256: value("untrained.sha256")? };
    let key = value("untrained.key")?;
    let rows = usize::try_from(metadata.num_rows()).unwrap_or(0).min(MOST_ROWS);
    let mut data = TableData::default();
    for batch in builder.with_batch_size(rows).build().map_err(text)? {
        append(&mut data, &batch.map_err(text)?)?;
    }
    match data.defect(size) {
        Some(defect) => Err(defect),
        None => Ok(Stored { key, provenance, data }),
    }
}

fn to_batch(data: &TableData) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let mut add = |name: String, kind: DataType, array: ArrayRef| {
        fields.push(Field::new(name, kind, true));
        arrays.push(array);
    };
    add("arch".to_owned(), DataType::Utf8, Arc::new(StringArray::from_iter_values(&data.archs)));
    if let Some(records) = &data.records {
        let text = |numbers: &Vec<u32>| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        add(
            "records".to_owned(),
            DataType::Utf8,
            Arc::new(StringArray::from_iter_values(records.iter().map(text))),
        );
    }
    if let Some(classes) = &data.classes {
        add("class".to_owned(), DataType::UInt32, Arc::new(UInt32Array::from(classes.clone())));
    }
    for (dataset, counts) in &data.params {
        add(format!("params:{dataset}"), DataType::UInt64, Arc::new(UInt64Array::from(counts.clone())));
    }
    for (query, values) in &data.columns {
        let values: Float64Array = values.iter().map(|v| (!v.is_nan()).then_some(*v)).collect();
        add(query.to_string(), DataType::Float64, Arc::new(values));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(text)
}

/// Adds the rows of a batch.
fn append(data: &mut TableData, batch: &RecordBatch) -> Result<()> {
    let schema = batch.schema();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let name = field.name().as_str();
        let wrong = || format!("column '{name}' has the wrong type");
        if name == "arch" {
            let archs = column.as_any().downcast_ref::<StringArray>().ok_or_else(wrong)?;
            data.archs.extend(archs.iter().map(|arch| arch.unwrap_or_default().to_owned()));
        } else if name == "records" {
            let records = column.as_any().downcast_ref::<StringArray>().ok_or_else(wrong)?;
            let numbers = |text: Option<&str>| {
                text.unwrap_or_default()
                    .split_whitespace()
                    .map(str::parse)
                    .collect::<std::result::Result<_, _>>()
            };
            let numbers: std::result::Result<Vec<Vec<u32>>, _> = records.iter().map(numbers).collect();
            data.records.get_or_insert_default().extend(numbers.map_err(text)?);
        } else if name == "class" {
            let classes = column.as_any().downcast_ref::<UInt32Array>().ok_or_else(wrong)?;
            data.classes.get_or_insert_default().extend(classes.iter().flatten());
        } else if let Some(dataset) = name.strip_prefix("params:") {
            let counts = column.as_any().downcast_ref::<UInt64Array>().ok_or_else(wrong)?;
            slot(&mut data.params, dataset.to_owned()).extend(counts.iter());
        } else {
            let query: Query = name.parse().map_err(|_| format!("column '{name}' is unknown"))?;
            let values = column.as_any().downcast_ref::<Float64Array>().ok_or_else(wrong)?;
            slot(&mut data.columns, query).extend(values.iter().map(|v| v.unwrap_or(f64::NAN)));
        }
    }
    Ok(())
}

/// The values under a key, added at the end if new.
fn slot<K: PartialEq, V>(columns: &mut Vec<(K, Vec<V>)>, key: K) -> &mut Vec<V> {
    let place = columns.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
        columns.push((key, Vec::new()));
        columns.len() - 1
    });
    &mut columns[place].1
}
