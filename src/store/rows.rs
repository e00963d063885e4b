//! Converts records and timings to columns, and back.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, UInt32Builder, UInt64Builder};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use sha2::{Digest, Sha256};

use super::columns::text;
use super::record::number;
use super::{Record, Seeds, Status, Timings};

/// A row type of one of the two files, with its conversion to columns and back.
pub(super) trait Rows: Sized {
    fn to_batch(rows: &[Self]) -> Result<RecordBatch, String>;
    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, String>;
    fn feed(&self, digest: &mut Sha256);
}

/// One row of `timings.parquet`.
pub(super) struct TimingRow {
    pub repetition: u32,
    pub index: u32,
    pub proxy: String,
    pub timings: Timings,
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
        let components =
            rows.iter().map(Record::components_text).collect::<Result<Vec<_>, _>>().map_err(text)?;
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
