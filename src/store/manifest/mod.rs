//! `manifest.json` says what a run is, what it was computed from, and by which commands.

mod facts;

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{READ, WRITE};
use super::{StoreError, files};
pub use facts::{
    BatchFacts, CheckpointFacts, FileFacts, Invocation, ListFacts, ProxyFacts, RepetitionFacts, ReuseFacts,
    RunKey,
};

pub(in crate::store) const NAME: &str = "manifest.json";
/// Raised whenever a field changes its meaning. Format 1, of version 0.1, does not list the files of the run.
const FORMAT: u32 = 2;
/// Largest manifest that is read, in bytes.
const LIMIT: u64 = 64 << 20;

/// The description of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub key: RunKey,
    pub proxies: Vec<ProxyFacts>,
    /// How the architectures were chosen, as a sentence for readers.
    pub selection: String,
    /// The table that gave the order of the architectures, where the space has no order of its own.
    pub table: Option<String>,
    pub repetitions: Vec<RepetitionFacts>,
    /// The commands that worked on it, oldest first.
    pub invocations: Vec<Invocation>,
    /// The finished files. While they are replaced, each is listed as it was and as it will be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileFacts>,
}

impl Manifest {
    /// A manifest in the current format.
    pub fn new(key: RunKey) -> Self {
        let (selection, table) = (String::new(), None);
        Self {
            format: FORMAT,
            key,
            proxies: vec![],
            selection,
            table,
            repetitions: vec![],
            invocations: vec![],
            files: vec![],
        }
    }

    /// Number of records of the whole plan. A shard has only a part of them.
    pub fn planned(&self) -> u64 {
        let listed: u64 = self.repetitions.iter().map(|r| r.architectures.count as u64).sum();
        listed * self.proxies.len() as u64
    }

    /// Reads the manifest in `folder`.
    ///
    /// # Errors
    /// The folder has no manifest, or the file is no manifest of this format.
    pub fn read(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let bytes = match std::fs::metadata(&path) {
            Ok(facts) if facts.len() <= LIMIT => std::fs::read(&path).map_err(StoreError::io(&path, READ))?,
            Ok(_) => {
                return Err(StoreError::Manifest { path, reason: "it is too large for a manifest".into() });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::NoRun { path: folder.to_path_buf() });
            }
            Err(error) => return Err(StoreError::io(&path, READ)(error)),
        };
        let manifest: Result<Self, _> = serde_json::from_slice(&bytes);
        match manifest {
            Ok(manifest) if (1..=FORMAT).contains(&manifest.format) => Ok(manifest),
            Ok(other) => {
                let reason = format!("it is of format {}, this program writes {FORMAT}", other.format);
                Err(StoreError::Manifest { path, reason })
            }
            Err(error) => Err(StoreError::Manifest { path, reason: error.to_string() }),
        }
    }

    /// Replaces the manifest in `folder`, all or nothing.
    ///
    /// # Errors
    /// The manifest has no JSON form, or the folder cannot be written; the former manifest is kept then.
    pub fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(NAME);
        let unwritten =
            |source| StoreError::Serialise { path: path.clone(), what: "the manifest".into(), source };
        let text = serde_json::to_string_pretty(self).map_err(unwritten)? + "\n";
        files::replace(&path, |file| file.write_all(text.as_bytes())).map_err(StoreError::io(&path, WRITE))
    }

    /// Whether the manifest is of a format that lists no files.
    pub(in crate::store) fn lists_no_files(&self) -> bool {
        self.format == 1
    }

    /// Raises the format, for which the finished files must be known.
    pub(in crate::store) fn renew(&mut self, files: Vec<FileFacts>) {
        if self.lists_no_files() {
            (self.format, self.files) = (FORMAT, files);
        }
    }

    /// Extends the run by what a further command asks for: proxies, repetitions, and architectures at the end of a list.
    /// `prefix(r, n)` is the SHA-256 of the first `n` strings of the command's list for repetition `r`.
    ///
    /// # Errors
    /// [`StoreError::Differs`] with the field that differs, [`StoreError::Fewer`] for a command that names less.
    pub fn extend(
        &mut self,
        more: &Self,
        prefix: &dyn Fn(usize, usize) -> String,
        folder: &Path,
    ) -> Result<(), StoreError> {
        if let Some((field, run, command)) = self.key.difference(&more.key) {
            return Err(differs(folder, field, run, command));
        }
        self.extend_proxies(&more.proxies, folder)?;
        let fewer = |what: String, run, command| {
            Err(StoreError::Fewer { path: folder.to_path_buf(), what, run, command })
        };
        if self.repetitions.len() > more.repetitions.len() {
            return fewer("repetitions".to_owned(), self.repetitions.len(), more.repetitions.len());
        }
        for (r, (old, new)) in self.repetitions.iter().zip(&more.repetitions).enumerate() {
            let (run, command) = (&old.architectures, &new.architectures);
            if run.count > command.count {
                return fewer(format!("architectures in repetition {r}"), run.count, command.count);
            }
            let found = prefix(r, run.count);
            if found != run.sha256 {
                let field = format!("as first {} architectures of repetition {r}", run.count);
                return Err(differs(folder, field, short(&run.sha256), short(&found)));
            }
            if old.seeds != new.seeds || old.batch.sha256 != new.batch.sha256 {
                let field = format!("as mini-batch of repetition {r}");
                return Err(differs(folder, field, batch_words(&old.batch), batch_words(&new.batch)));
            }
            if let (Some(old), Some(new)) = (&old.next_batch, &new.next_batch)
                && old.sha256 != new.sha256
            {
                let field = format!("as second mini-batch of repetition {r}");
                return Err(differs(folder, field, batch_words(old), batch_words(new)));
            }
        }
        (self.selection, self.table) = (more.selection.clone(), more.table.clone());
        let known = self.repetitions.iter_mut().map(|repetition| repetition.next_batch.take());
        let known: Vec<Option<BatchFacts>> = known.collect();
        self.repetitions.clone_from(&more.repetitions);
        for (repetition, known) in self.repetitions.iter_mut().zip(known) {
            repetition.next_batch = repetition.next_batch.take().or(known);
        }
        self.invocations.extend(more.invocations.iter().cloned());
        Ok(())
    }

    fn extend_proxies(&mut self, more: &[ProxyFacts], folder: &Path) -> Result<(), StoreError> {
        for proxy in more {
            match self.proxies.iter().find(|known| known.proxy == proxy.proxy) {
                Some(known) if known.version != proxy.version => {
                    let field = format!("proxy {} in version", proxy.proxy);
                    return Err(differs(folder, field, known.version.to_string(), proxy.version.to_string()));
                }
                Some(known) if known.direction != proxy.direction => {
                    let field = format!("proxy {} with direction", proxy.proxy);
                    return Err(differs(folder, field, known.direction.clone(), proxy.direction.clone()));
                }
                // Manifests of earlier versions do not list the files of a proxy.
                Some(known) if !known.files.is_empty() && known.files != proxy.files => {
                    let field = format!("proxy {} from", proxy.proxy);
                    return Err(differs(folder, field, file_words(&known.files), file_words(&proxy.files)));
                }
                Some(_) => {}
                None => self.proxies.push(proxy.clone()),
            }
        }
        Ok(())
    }
}

fn differs(folder: &Path, field: String, run: String, command: String) -> StoreError {
    StoreError::Differs { path: folder.to_path_buf(), field, run, command }
}

fn short(sha256: &str) -> String {
    format!("others (sha256 {}...)", sha256.get(..12).unwrap_or(sha256))
}

fn file_words(files: &[FileFacts]) -> String {
    let words = |file: &FileFacts| format!("`{}` {}", file.name, short(&file.sha256));
    files.iter().map(words).collect::<Vec<_>>().join(", ")
}

fn batch_words(batch: &BatchFacts) -> String {
    format!("`{}` (sha256 {}...)", batch.description, batch.sha256.get(..12).unwrap_or(&batch.sha256))
}
