//! Joins the shards of a plan into one run.

use std::path::{Path, PathBuf};

use super::columns::Rows;
use super::finished::{self, Duplicates};
use super::folder::{holds_records, lock};
use super::{Manifest, StoreError, run};
use crate::progress;

/// Joins runs of one plan into a new one in `out`, and gives the number of records.
///
/// # Errors
/// Runs whose settings differ, records that two of them have, or records that none has; `out` is left without a run then.
pub fn join(out: &Path, runs: &[PathBuf]) -> Result<u64, StoreError> {
    std::fs::create_dir_all(out).map_err(StoreError::io(out, super::error::WRITE))?;
    let _lock = lock(out)?;
    if holds_records(out) || out.join(super::manifest::NAME).exists() {
        return Err(StoreError::Taken { path: out.to_path_buf() });
    }
    let mut manifest: Option<Manifest> = None;
    let mut parts = vec![];
    let work = progress::begin("reading runs, then joining them", "runs", runs.len());
    for run in runs {
        let mut part = Manifest::read(run)?;
        part.key.shard = None;
        match &mut manifest {
            None => manifest = Some(part),
            Some(whole) => unite(whole, part, run)?,
        }
        parts.push(run::read(run)?);
        work.advance(1);
    }
    let Some(mut manifest) = manifest else { return Ok(0) };
    let records = finished::merge(parts, Duplicates::Refused, out)?;
    check_complete(&manifest, &Rows::of(&records, out)?)?;
    manifest.files.clear();
    finished::write(out, &records, &mut manifest)?;
    Ok(records.height() as u64)
}

/// Adds the commands and proxies of a part to the whole. Everything else must agree.
fn unite(whole: &mut Manifest, part: Manifest, run: &Path) -> Result<(), StoreError> {
    let lists =
        |m: &Manifest| m.repetitions.iter().map(|r| r.architectures.sha256.clone()).collect::<Vec<_>>();
    if lists(whole) != lists(&part) && whole.key == part.key {
        let describe = |m: &Manifest| format!("{} in {} repetitions", m.selection, m.repetitions.len());
        return Err(StoreError::Parts {
            path: run.to_path_buf(),
            field: "architectures".to_owned(),
            first: describe(whole),
            other: describe(&part),
        });
    }
    // The lists were compared above, so their prefixes agree as well.
    let known: Vec<String> = lists(whole);
    let extended = whole.extend(&part, &|r, _| known.get(r).cloned().unwrap_or_default(), run);
    extended.map_err(|error| match error {
        StoreError::Differs { path, field, run, command } => {
            StoreError::Parts { path, field, first: run, other: command }
        }
        other => other,
    })
}

/// Refuses records, sorted by key, that are not all of a plan.
fn check_complete(manifest: &Manifest, rows: &Rows<'_>) -> Result<(), StoreError> {
    let mut proxies: Vec<&str> = manifest.proxies.iter().map(|p| p.proxy.as_str()).collect();
    proxies.sort_unstable();
    let (mut row, mut missing, mut first) = (0, 0, None);
    for (repetition, facts) in (0u32..).zip(&manifest.repetitions) {
        for (index, proxy) in
            (0..facts.architectures.count as u32).flat_map(|index| proxies.iter().map(move |p| (index, *p)))
        {
            let planned = (repetition, index, proxy);
            while row < rows.len() && rows.key(row)? < planned {
                row += 1;
            }
            if row == rows.len() || rows.key(row)? != planned {
                missing += 1;
                first.get_or_insert(planned);
            }
        }
    }
    let Some((repetition, index, proxy)) = first else { return Ok(()) };
    let (planned, proxy) = (manifest.planned(), proxy.to_owned());
    Err(StoreError::Gap { missing, planned, repetition, index, proxy })
}
