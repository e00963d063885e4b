//! Records as a frame, and back.

use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::frame_file::{lacks, numbers, texts};
use super::record::number;
use super::{Record, Seeds, Status, StoreError, Timings};

/// The columns that identify a record; finished records are sorted by them.
pub(super) const KEY: [&str; 3] = ["repetition", "index", "proxy"];
/// The columns of the times, which are not part of a record's content.
pub(super) const TIMES: [&str; 4] = ["build_ms", "init_ms", "compute_ms", "reduce_ms"];

/// Collects records column by column.
pub(super) struct Columns {
    counts: [Vec<u32>; 3],
    texts: [StringChunkedBuilder; 6],
    score: Vec<Option<f64>>,
    seeds: [Vec<u64>; 3],
    times: [Vec<Option<f64>>; 4],
}

impl Default for Columns {
    fn default() -> Self {
        let texts = ["arch", "proxy", "status", "components", "reason", "reused_from"];
        Self {
            counts: Default::default(),
            texts: texts.map(|name| StringChunkedBuilder::new(name.into(), 0)),
            score: vec![],
            seeds: Default::default(),
            times: Default::default(),
        }
    }
}

impl Columns {
    /// Adds a record.
    ///
    /// # Errors
    /// Its components have no JSON form.
    pub fn push(&mut self, record: &Record) -> Result<(), String> {
        let components = record.components_text().map_err(|e| e.to_string())?;
        let Record { repetition, index, proxy_version, seeds, timings: t, .. } = record;
        let texts = [
            Some(record.arch.as_str()),
            Some(record.proxy.as_str()),
            Some(record.status.name()),
            Some(components.as_str()),
            record.reason.as_deref(),
            record.reused_from.as_deref(),
        ];
        push(&mut self.counts, [*repetition, *index, *proxy_version]);
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_option(text));
        self.score.push(record.score.map(number::canonical));
        push(&mut self.seeds, [seeds.weight, seeds.data, seeds.sample]);
        let times = t.map(|t| [t.build_ms, t.init_ms, t.compute_ms, t.reduce_ms].map(number::canonical));
        push(&mut self.times, times.map_or([None; 4], |times| times.map(Some)));
        Ok(())
    }

    /// The frame, in the order in which the records came.
    ///
    /// # Errors
    /// The message of polars.
    pub fn finish(self) -> Result<DataFrame, String> {
        let [repetition, index, version] = self.counts;
        let [arch, proxy, status, components, reason, reused_from] =
            self.texts.map(|column| column.finish().into_column());
        let [weight, data, sample] = self.seeds;
        let mut columns = vec![
            Column::new("repetition".into(), repetition),
            Column::new("index".into(), index),
            arch,
            proxy,
            Column::new("proxy_version".into(), version),
            status,
            Column::new("score".into(), self.score),
            components,
            reason,
            Column::new("weight_seed".into(), weight),
            Column::new("data_seed".into(), data),
            Column::new("sample_seed".into(), sample),
            reused_from,
        ];
        let times = TIMES.into_iter().zip(self.times);
        columns.extend(times.map(|(name, values)| Column::new(name.into(), values)));
        DataFrame::new_infer_height(columns).map_err(|e| e.to_string())
    }
}

/// Records as a frame, in the order in which they come.
///
/// # Errors
/// Components that have no JSON form.
pub fn frame_of<'r>(records: impl IntoIterator<Item = &'r Record>) -> Result<DataFrame, String> {
    let mut columns = Columns::default();
    records.into_iter().try_for_each(|record| columns.push(record))?;
    columns.finish()
}

fn push<T, const N: usize>(columns: &mut [Vec<T>; N], values: [T; N]) {
    columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
}

/// The rows of a frame of records.
pub struct Rows<'f> {
    /// Where the frame came from, for messages.
    path: PathBuf,
    height: usize,
    repetition: &'f UInt32Chunked,
    index: &'f UInt32Chunked,
    proxy_version: &'f UInt32Chunked,
    arch: &'f StringChunked,
    proxy: &'f StringChunked,
    status: &'f StringChunked,
    components: &'f StringChunked,
    reason: &'f StringChunked,
    reused_from: &'f StringChunked,
    score: &'f Float64Chunked,
    seeds: [&'f UInt64Chunked; 3],
    /// Absent in the file without times.
    times: Option<[&'f Float64Chunked; 4]>,
}

impl<'f> Rows<'f> {
    /// The rows of a frame; `path` is named in messages.
    ///
    /// # Errors
    /// A column that is missing or has the wrong type.
    pub fn of(frame: &'f DataFrame, path: &Path) -> Result<Self, StoreError> {
        let lacks = |name: &str| table(path, lacks(name));
        let count = |name| frame.column(name).and_then(Column::u32).map_err(|_| lacks(name));
        let seed = |name| frame.column(name).and_then(Column::u64).map_err(|_| lacks(name));
        let text = |name| texts(frame, name).map_err(|_| lacks(name));
        let [build, init, compute, reduce] = TIMES.map(|name| numbers(frame, name).ok());
        Ok(Self {
            path: path.to_path_buf(),
            height: frame.height(),
            repetition: count("repetition")?,
            index: count("index")?,
            proxy_version: count("proxy_version")?,
            arch: text("arch")?,
            proxy: text("proxy")?,
            status: text("status")?,
            components: text("components")?,
            reason: text("reason")?,
            reused_from: text("reused_from")?,
            score: numbers(frame, "score").map_err(|_| lacks("score"))?,
            seeds: [seed("weight_seed")?, seed("data_seed")?, seed("sample_seed")?],
            times: build.zip(init).zip(compute).zip(reduce).map(|(((b, i), c), r)| [b, i, c, r]),
        })
    }

    /// All rows as records.
    pub fn iter(&self) -> impl Iterator<Item = Result<Record, StoreError>> {
        (0..self.len()).map(|row| self.record(row))
    }

    fn wrong(&self, row: usize, what: &str) -> StoreError {
        table(&self.path, format!("row {row}: {what}"))
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.height
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.height == 0
    }

    /// Repetition, architecture index and proxy of a row, as in [`Record::key`].
    ///
    /// # Errors
    /// A part of it is missing.
    pub fn key(&self, row: usize) -> Result<(u32, u32, &'f str), StoreError> {
        let of = |i| Some((self.repetition.get(i)?, self.index.get(i)?, self.proxy.get(i)?));
        of(row).ok_or_else(|| self.wrong(row, "it has no key"))
    }

    /// The architecture of a row.
    ///
    /// # Errors
    /// It has none.
    pub fn arch(&self, row: usize) -> Result<&'f str, StoreError> {
        self.arch.get(row).ok_or_else(|| self.wrong(row, "it has no architecture"))
    }

    /// The score of a row, and whether there is one or why not.
    ///
    /// # Errors
    /// Its status is unknown.
    pub fn score(&self, row: usize) -> Result<(Option<f64>, Status), StoreError> {
        let status = self.status.get(row).unwrap_or_default();
        let named = Status::ALL.into_iter().find(|known| known.name() == status);
        let status = named.ok_or_else(|| self.wrong(row, &format!("status '{status}' is unknown")))?;
        Ok((self.score.get(row), status))
    }

    /// The components of a row.
    ///
    /// # Errors
    /// Their text is not that of components.
    pub fn components(&self, row: usize) -> Result<Vec<(String, f64)>, StoreError> {
        let text = self.components.get(row).unwrap_or("[]");
        number::named_from_text(text).map_err(|error| self.wrong(row, &error.to_string()))
    }

    /// A row as a record.
    ///
    /// # Errors
    /// It contradicts itself, or a value is missing.
    pub fn record(&self, row: usize) -> Result<Record, StoreError> {
        let (repetition, index, proxy) = self.key(row)?;
        let (score, status) = self.score(row)?;
        let [Some(weight), Some(data), Some(sample)] = self.seeds.map(|column| column.get(row)) else {
            return Err(self.wrong(row, "it has no seeds"));
        };
        let version = self.proxy_version.get(row);
        let proxy_version = version.ok_or_else(|| self.wrong(row, "it has no version of its proxy"))?;
        let record = Record {
            repetition,
            index,
            arch: self.arch(row)?.to_owned(),
            proxy: proxy.to_owned(),
            proxy_version,
            status,
            score,
            components: self.components(row)?,
            reason: self.reason.get(row).map(str::to_owned),
            seeds: Seeds { weight, data, sample },
            reused_from: self.reused_from.get(row).map(str::to_owned),
            timings: self.timings(row),
        };
        record.defect().map_or(Ok(record), |defect| Err(self.wrong(row, &defect)))
    }

    /// The times of a row; none for a score that was taken over.
    fn timings(&self, row: usize) -> Option<Timings> {
        let [build, init, compute, reduce] = self.times?.map(|column| column.get(row));
        Some(Timings { build_ms: build?, init_ms: init?, compute_ms: compute?, reduce_ms: reduce? })
    }
}

fn table(path: &Path, reason: String) -> StoreError {
    StoreError::Table { path: path.to_path_buf(), reason }
}
