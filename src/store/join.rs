//! Joins the shards of a plan into one run.

use std::path::{Path, PathBuf};

use super::folder::{Records, finish, holds_records, lock};
use super::sorted::{Duplicates, Merged, Source};
use super::{Manifest, Record, StoreError};

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
    let mut sources: Vec<Source> = vec![];
    for run in runs {
        let mut part = Manifest::read(run)?;
        part.key.shard = None;
        match &mut manifest {
            None => manifest = Some(part),
            Some(whole) => unite(whole, part, run)?,
        }
        sources.push(Box::new(Records::of(run)?));
    }
    let Some(manifest) = manifest else { return Ok(0) };
    let merged = Merged::new(sources, Duplicates::Refused, out);
    let count = finish(out, Gapless::new(&manifest, merged))?;
    manifest.write(out)?;
    Ok(count)
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

/// Yields the records of a source, and at its end an error if the source lacks records that the plan has.
struct Gapless<'m> {
    manifest: &'m Manifest,
    proxies: Vec<&'m str>,
    records: Merged,
    /// The next key of the plan: repetition, architecture index, and position of the proxy in `proxies`.
    next: (usize, usize, usize),
    missing: u64,
    first: Option<(usize, usize, usize)>,
    done: bool,
}

impl<'m> Gapless<'m> {
    fn new(manifest: &'m Manifest, records: Merged) -> Self {
        let mut proxies: Vec<&str> = manifest.proxies.iter().map(|p| p.proxy.as_str()).collect();
        proxies.sort_unstable();
        Self { manifest, proxies, records, next: (0, 0, 0), missing: 0, first: None, done: false }
    }

    /// The next key of the plan, `None` at its end.
    fn expected(&mut self) -> Option<(usize, usize, usize)> {
        while self.next.1 >= self.manifest.repetitions.get(self.next.0)?.architectures.count {
            self.next = (self.next.0 + 1, 0, 0);
        }
        (self.next.2 < self.proxies.len()).then_some(self.next)
    }

    fn advance(&mut self) {
        self.next.2 += 1;
        if self.next.2 == self.proxies.len() {
            self.next = (self.next.0, self.next.1 + 1, 0);
        }
    }

    /// Moves past the key of `record`, or to the end of the plan without a record, and counts the keys that it skips.
    fn step_to(&mut self, record: Option<&Record>) {
        while let Some(expected) = self.expected() {
            let (repetition, index, proxy) = expected;
            let key = (repetition as u32, index as u32, self.proxies[proxy]);
            match record.map(|r| key.cmp(&r.key())) {
                Some(std::cmp::Ordering::Greater) => return,
                Some(std::cmp::Ordering::Equal) => return self.advance(),
                Some(std::cmp::Ordering::Less) | None => {
                    self.missing += 1;
                    self.first = self.first.or(Some(expected));
                    self.advance();
                }
            }
        }
    }

    fn gap(&self) -> Option<StoreError> {
        self.first.map(|(repetition, index, proxy)| StoreError::Gap {
            missing: self.missing,
            planned: self.manifest.planned(),
            repetition: repetition as u32,
            index: index as u32,
            proxy: self.proxies[proxy].to_owned(),
        })
    }
}

impl Iterator for Gapless<'_> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.records.next();
        if let Some(Err(_)) = &next {
            self.done = true;
            return next;
        }
        self.step_to(next.as_ref().and_then(|r| r.as_ref().ok()));
        if next.is_none() {
            self.done = true;
            return self.gap().map(Err);
        }
        next
    }
}
