//! Records of several sources, each in the order of keys, as one.

use std::iter::Peekable;
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

/// Merges sources; `path` is for messages.
pub(super) struct Merged {
    sources: Vec<Peekable<Source>>,
    twins: Twins,
    path: PathBuf,
}

impl Merged {
    pub(super) fn new(sources: Vec<Source>, twins: Twins, path: &Path) -> Self {
        let sources = sources.into_iter().map(Iterator::peekable).collect();
        Self { sources, twins, path: path.to_path_buf() }
    }

    /// The source whose next record has the smallest key; errors come first.
    fn first(&mut self) -> Option<usize> {
        let mut first: Option<(usize, Option<(u32, u32, String)>)> = None;
        for (i, source) in self.sources.iter_mut().enumerate() {
            let Some(next) = source.peek() else { continue };
            let key = next.as_ref().ok().map(|r| (r.repetition, r.index, r.proxy.clone()));
            if first.as_ref().is_none_or(|(_, smallest)| key < *smallest) {
                first = Some((i, key));
            }
        }
        first.map(|(i, _)| i)
    }

    /// Takes the twins of `record` out of the other sources.
    fn drop_twins(&mut self, record: &mut Record) -> Result<(), StoreError> {
        for source in &mut self.sources {
            let twin = source.next_if(|next| next.as_ref().is_ok_and(|next| next.key() == record.key()));
            let Some(Ok(twin)) = twin else { continue };
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
        let first = self.first()?;
        let mut record = match self.sources[first].next()? {
            Ok(record) => record,
            error => {
                self.sources.clear();
                return Some(error);
            }
        };
        Some(self.drop_twins(&mut record).map(|()| record))
    }
}
