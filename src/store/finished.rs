//! The finished records of a run: `records.parquet`, and `timings.parquet` beside it.
//!
//! Both are sorted by repetition, architecture index and proxy. The bytes of `records.parquet` depend on its records alone, so
//! runs with equal records have equal files. The manifest lists the SHA-256 of both.

use std::io::{ErrorKind, Write};
use std::path::Path;

use polars::prelude::*;
use sha2::{Digest, Sha256};

use super::columns::{KEY, Rows, TIMES};
use super::error::{READ, WRITE};
use super::frame_file::{decode, encode, metadata, numbers, texts};
use super::{FileFacts, Manifest, StoreError, files};

pub(super) const RECORDS: &str = "records.parquet";
pub(super) const TIMINGS: &str = "timings.parquet";

/// The finished records in `folder` with their times; `None` where none are finished.
///
/// # Errors
/// No manifest, or damaged files.
pub(super) fn read(folder: &Path) -> Result<Option<DataFrame>, StoreError> {
    let mut manifest = Manifest::read(folder)?;
    loop {
        match read_listed(folder, &manifest) {
            // Another process may have finished the run between the reading of the manifest and that of the files.
            Err(error) => match Manifest::read(folder)? {
                same if same.files == manifest.files => return Err(error),
                newer => manifest = newer,
            },
            read => return read,
        }
    }
}

fn read_listed(folder: &Path, manifest: &Manifest) -> Result<Option<DataFrame>, StoreError> {
    let Some(records) = read_file(folder, RECORDS, manifest)? else { return Ok(None) };
    let times = read_file(folder, TIMINGS, manifest)?;
    let path = folder.join(RECORDS);
    let damaged = |reason| StoreError::Table { path: path.clone(), reason };
    let rows = Rows::of(&records, &path)?;
    for i in 1..rows.len() {
        if rows.key(i - 1)? >= rows.key(i)? {
            return Err(damaged("its rows are out of order".to_owned()));
        }
    }
    with_times(records, times).map(Some).map_err(damaged)
}

/// Reads a file of a run after its digest was compared.
fn read_file(folder: &Path, name: &str, manifest: &Manifest) -> Result<Option<DataFrame>, StoreError> {
    let path = folder.join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(&path, READ)(error)),
    };
    let damaged = |reason: &str| StoreError::Table { path: path.clone(), reason: reason.to_owned() };
    let decoded = || decode(&bytes).map_err(|reason| damaged(&reason));
    if manifest.lists_no_files() {
        let frame = decoded()?;
        let digest = match name {
            RECORDS => Some(digest_of_records(&frame, &path)?),
            _ => digest_of_times(&frame),
        };
        let expected = metadata(&bytes, "untrained.sha256").map_err(|reason| damaged(&reason))?;
        return match digest.is_some_and(|digest| digest == expected) {
            true => Ok(Some(frame)),
            false => Err(damaged("its rows were changed")),
        };
    }
    let sha256 = files::sha256(&bytes);
    if !manifest.files.iter().any(|file| file.name == name && file.sha256 == sha256) {
        return Err(damaged("its content is not that of which manifest.json has the digest"));
    }
    decoded().map(Some)
}

/// The digest that version 0.1 kept in the metadata of `records.parquet`.
fn digest_of_records(frame: &DataFrame, path: &Path) -> Result<String, StoreError> {
    let (rows, mut digest) = (Rows::of(frame, path)?, Sha256::new());
    rows.iter().try_for_each(|record| record.map(|record| record.feed(&mut digest)))?;
    Ok(hex::encode(digest.finalize()))
}

/// The digest that version 0.1 kept in the metadata of `timings.parquet`; none of columns with other types, or without a value.
fn digest_of_times(frame: &DataFrame) -> Option<String> {
    let mut digest = Sha256::new();
    let count = |name| frame.column(name).and_then(Column::u32).ok();
    let (repetition, index) = (count("repetition")?, count("index")?);
    let proxy = texts(frame, "proxy").ok()?;
    let times = TIMES.into_iter().map(|name| numbers(frame, name).ok()).collect::<Option<Vec<_>>>()?;
    for row in 0..frame.height() {
        digest.update(proxy.get(row)?);
        digest.update(repetition.get(row)?.to_le_bytes());
        digest.update(index.get(row)?.to_le_bytes());
        for column in &times {
            digest.update(column.get(row)?.to_bits().to_le_bytes());
        }
    }
    Some(hex::encode(digest.finalize()))
}

/// Records with the columns of their times, which are null where there are none.
fn with_times(records: DataFrame, times: Option<DataFrame>) -> Result<DataFrame, String> {
    let none = || {
        let columns = TIMES.map(|name| Column::full_null(name.into(), records.height(), &DataType::Float64));
        records.hstack(&columns)
    };
    let joined = times.map_or_else(none, |times| {
        let mut how = JoinArgs::new(JoinType::Left);
        how.maintain_order = MaintainOrderJoin::Left;
        records.join(&times, KEY, KEY, how, None)
    });
    match joined.map_err(|e| e.to_string())? {
        joined if joined.height() == records.height() => Ok(joined),
        _ => Err(format!("{TIMINGS} has several times for one record")),
    }
}

/// Writes sorted records as the finished files of `folder`, and their digests into its manifest.
///
/// The manifest lists the new digests beside the old ones while the files are replaced, so a kill at any moment leaves files
/// that it lists. Their journal is removed after this, so no record is lost either.
///
/// # Errors
/// The folder cannot be written; its journal is kept then.
pub(super) fn write(folder: &Path, records: &DataFrame, manifest: &mut Manifest) -> Result<(), StoreError> {
    let failed = |name: &str| StoreError::io(&folder.join(name), WRITE);
    let encoded = |name, frame: PolarsResult<DataFrame>| {
        let bytes = frame.map_err(|e| e.to_string()).and_then(encode);
        bytes.map(|bytes| (name, bytes)).map_err(|reason| failed(name)(std::io::Error::other(reason)))
    };
    let timed = records.column(TIMES[0]).and_then(|times| records.filter(&times.is_not_null()));
    let timed = timed.and_then(|timed| timed.select(KEY.into_iter().chain(TIMES)));
    let new = [encoded(TIMINGS, timed)?, encoded(RECORDS, Ok(records.drop_many(TIMES)))?];
    manifest.renew(facts(folder)?);
    let facts = new.each_ref().map(|(name, bytes)| FileFacts::new(name, files::sha256(bytes)));
    manifest.files.extend(facts.iter().cloned());
    manifest.write(folder)?;
    for (name, bytes) in new {
        files::replace(&folder.join(name), |file| file.write_all(&bytes)).map_err(failed(name))?;
    }
    manifest.files = facts.to_vec();
    manifest.write(folder)
}

/// The digests of the finished files that are in `folder`.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn facts(folder: &Path) -> Result<Vec<FileFacts>, StoreError> {
    let there = [TIMINGS, RECORDS].into_iter().filter(|name| folder.join(name).exists());
    let of = |name| {
        let path = folder.join(name);
        files::sha256_of(&path)
            .map(|sha256| FileFacts::new(name, sha256))
            .map_err(StoreError::io(&path, READ))
    };
    there.map(of).collect()
}

/// How two records with the same key are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    /// Equal records count once. A kill before the journal is removed leaves the same record in it and in the finished file.
    CountOnce,
    /// They are an error, even if they are equal.
    Refused,
}

/// Records of several frames, sorted by key; `path` is named in messages.
///
/// # Errors
/// Two records with the same key that are not to count once.
pub(super) fn merge(
    parts: Vec<DataFrame>,
    duplicates: Duplicates,
    path: &Path,
) -> Result<DataFrame, StoreError> {
    let text = |error: PolarsError| StoreError::Table { path: path.to_path_buf(), reason: error.to_string() };
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.vstack_mut(&part).map_err(text)?;
    }
    let options = SortMultipleOptions::default().with_maintain_order(true);
    let all = all.sort(KEY, options).map_err(text)?;
    let rows = Rows::of(&all, path)?;
    let mut keep = vec![true; rows.len()];
    for i in 1..rows.len() {
        if rows.key(i - 1)? != rows.key(i)? {
            continue;
        }
        let (first, second) = (rows.record(i - 1)?, rows.record(i)?);
        if duplicates == Duplicates::Refused || !first.agrees(&second) {
            let (path, repetition, index) = (path.to_path_buf(), first.repetition, first.index);
            return Err(StoreError::Duplicate { path, repetition, index, proxy: first.proxy });
        }
        // The one that is left is the one with times.
        keep[if second.timings.is_some() { i - 1 } else { i }] = false;
    }
    all.filter(&BooleanChunked::from_slice("keep".into(), &keep)).map_err(text)
}
