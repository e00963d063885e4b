//! Merges several sources of records, each sorted by key, into one sorted sequence.

use std::path::{Path, PathBuf};

use super::{Record, StoreError};

/// A sequence of records, sorted by key.
pub(super) type Source = Box<dyn Iterator<Item = Result<Record, StoreError>>>;

/// How two records with the same key are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    /// Equal records count once. An interrupted compaction leaves the same record in the journal and in the finished file.
    CountOnce,
    /// They are an error, even if they are equal.
    Refused,
}

/// A source whose next item was already taken out.
struct Head {
    next: Option<Result<Record, StoreError>>,
    rest: Source,
}

impl Head {
    fn new(mut rest: Source) -> Self {
        Self { next: rest.next(), rest }
    }

    fn take(&mut self) -> Option<Result<Record, StoreError>> {
        std::mem::replace(&mut self.next, self.rest.next())
    }

    /// Key of the next record: `None` at the end of the source, `Some(None)` where reading it failed.
    fn key(&self) -> Option<Option<(u32, u32, &str)>> {
        self.next.as_ref().map(|next| next.as_ref().ok().map(Record::key))
    }
}

/// The merged sequence; `path` is named in messages.
pub(super) struct Merged {
    heads: Vec<Head>,
    duplicates: Duplicates,
    path: PathBuf,
}

impl Merged {
    pub(super) fn new(sources: Vec<Source>, duplicates: Duplicates, path: &Path) -> Self {
        let heads = sources.into_iter().map(Head::new).collect();
        Self { heads, duplicates, path: path.to_path_buf() }
    }

    /// The source whose next record has the smallest key. Errors are smaller than any key, so that they are reported at once.
    fn first(&mut self) -> Option<&mut Head> {
        let keys = self.heads.iter().enumerate().filter_map(|(i, head)| head.key().map(|key| (key, i)));
        let (_, first) = keys.min()?;
        self.heads.get_mut(first)
    }

    /// Takes records with the key of `record` out of the other sources.
    fn drop_duplicates(&mut self, record: &mut Record) -> Result<(), StoreError> {
        for head in &mut self.heads {
            if head.key() != Some(Some(record.key())) {
                continue;
            }
            let Some(Ok(other)) = head.take() else { continue };
            if self.duplicates == Duplicates::Refused || !other.agrees(record) {
                return Err(StoreError::Duplicate {
                    path: self.path.clone(),
                    repetition: record.repetition,
                    index: record.index,
                    proxy: record.proxy.clone(),
                });
            }
            record.timings = record.timings.or(other.timings);
        }
        Ok(())
    }
}

impl Iterator for Merged {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = match self.first()?.take()? {
            Ok(record) => record,
            error => {
                self.heads.clear();
                return Some(error);
            }
        };
        Some(self.drop_duplicates(&mut record).map(|()| record))
    }
}
