//! Records of several sources, each in the order of keys, as one.

use std::path::{Path, PathBuf};

use super::{Record, StoreError};

/// A source of records in the order of keys.
pub(super) type Source = Box<dyn Iterator<Item = Result<Record, StoreError>>>;

/// What two records with one key are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Twins {
    /// What an interrupted compaction leaves: the same record in the journal and in the finished file. It counts once.
    Once,
    /// An error, even if they say the same.
    Refused,
}

/// A source and its next item.
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

    /// `None` at the end, `Some(None)` for an error.
    fn key(&self) -> Option<Option<(u32, u32, &str)>> {
        self.next.as_ref().map(|next| next.as_ref().ok().map(Record::key))
    }
}

/// Merges sources; `path` is for messages.
pub(super) struct Merged {
    heads: Vec<Head>,
    twins: Twins,
    path: PathBuf,
}

impl Merged {
    pub(super) fn new(sources: Vec<Source>, twins: Twins, path: &Path) -> Self {
        let heads = sources.into_iter().map(Head::new).collect();
        Self { heads, twins, path: path.to_path_buf() }
    }

    /// The source whose next record has the smallest key; errors come first.
    fn first(&mut self) -> Option<&mut Head> {
        let keys = self.heads.iter().enumerate().filter_map(|(i, head)| head.key().map(|key| (key, i)));
        let (_, first) = keys.min()?;
        self.heads.get_mut(first)
    }

    /// Takes the twins of `record` out of the other sources.
    fn drop_twins(&mut self, record: &mut Record) -> Result<(), StoreError> {
        for head in &mut self.heads {
            if head.key() != Some(Some(record.key())) {
                continue;
            }
            let Some(Ok(twin)) = head.take() else { continue };
            if self.twins == Twins::Refused || !twin.agrees(record) {
                return Err(StoreError::Duplicate {
                    path: self.path.clone(),
                    repetition: record.repetition,
                    index: record.index,
                    proxy: record.proxy.clone(),
                });
            }
            record.timings = record.timings.or(twin.timings);
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
        Some(self.drop_twins(&mut record).map(|()| record))
    }
}
