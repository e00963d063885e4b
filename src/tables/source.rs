//! The files of a table, and how they are read.

use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;
use sha2::{Digest, Sha256};

use super::archive;
use super::source_file::SourceFile;
use super::spec::Origin;
use super::{ARCHIVE, CSV_FILES, JSON_FILES, OnError, Provenance, TableError, TableSpec};
use crate::data::{DataDirs, Progress};
use crate::store::{Cache, CacheEntry, files, fingerprint};

/// Files from which a table can be read.
pub(super) struct Source {
    pub(super) spec: &'static TableSpec,
    kind: &'static str,
    /// CSV or JSON files, or one archive; there is at least one.
    paths: Vec<PathBuf>,
}

/// What was read from a source.
pub(super) struct Read {
    pub(super) frame: DataFrame,
    /// What the index of the cache says of the frame, but for the digest of its file.
    pub(super) entry: CacheEntry,
    pub(super) counts: Counts,
}

/// How many records were read.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) read: usize,
    /// Records that an interrupted read had left.
    pub(super) resumed: usize,
    /// Architectures without a usable record.
    pub(super) missing: usize,
    /// Records whose training runs state different numbers of parameters.
    pub(super) disagreeing: usize,
    /// Records that were left out, with the reason.
    pub(super) malformed: Vec<TableError>,
}

impl Source {
    /// The files of a table in the data folders: files as they were published, else an official archive.
    pub(super) fn find(spec: &'static TableSpec, dirs: &DataDirs) -> Option<Self> {
        let (kind, paths) = match &spec.origin {
            Origin::Embedded { .. } => return None,
            Origin::Published(published) => (published.kind, spec.files(dirs)),
            Origin::Files { archive_entry, .. } => match spec.files(dirs) {
                none if none.is_empty() => {
                    (ARCHIVE, archive::find(archive_entry, dirs).into_iter().collect())
                }
                files => (CSV_FILES, files),
            },
        };
        (!paths.is_empty()).then(|| Self::new(spec, kind, paths))
    }

    /// Paths are kept in full, so that they mean the same from another folder.
    fn new(spec: &'static TableSpec, kind: &'static str, paths: Vec<PathBuf>) -> Self {
        let full = |path: PathBuf| std::fs::canonicalize(&path).unwrap_or(path);
        Self { spec, kind, paths: paths.into_iter().map(full).collect() }
    }

    /// An official archive.
    pub(super) fn archive(spec: &'static TableSpec, path: PathBuf) -> Self {
        Self::new(spec, ARCHIVE, vec![path])
    }

    /// The source that was read from `paths`.
    pub(super) fn of(spec: &'static TableSpec, paths: Vec<PathBuf>) -> Option<Self> {
        match &spec.origin {
            Origin::Embedded { .. } => None,
            Origin::Published(published) => Some(Self::new(spec, published.kind, paths)),
            Origin::Files { .. } => paths.into_iter().next().map(|path| Self::archive(spec, path)),
        }
    }

    /// The first file, for messages.
    pub(super) fn first(&self) -> &Path {
        self.paths.first().map_or(Path::new(self.spec.id), PathBuf::as_path)
    }

    /// The name of the file that the cache has for these paths.
    pub(super) fn cache_name(&self) -> String {
        let digest = self.paths.iter().fold(Sha256::new(), |digest, path| {
            digest.chain_update(path.as_os_str().as_encoded_bytes()).chain_update([0])
        });
        format!("{}-{}.parquet", self.spec.id, &hex::encode(digest.finalize())[..16])
    }

    /// Reads and checks the source now.
    ///
    /// # Errors
    /// A damaged file, or a malformed record if `on_error` says so.
    pub(super) fn read(
        &self,
        cache: Option<&Cache>,
        on_error: OnError,
        progress: &dyn Progress,
    ) -> Result<Read, TableError> {
        // It is taken before the files are read, so that a change meanwhile is noticed the next time.
        let fingerprint = fingerprint(&self.paths).map_err(TableError::unread(self.first()))?;
        let (data, source_sha256, counts) = match &self.spec.origin {
            Origin::Published(published) => {
                let (data, malformed) = (published.read)(self.spec, &self.paths, on_error)?;
                let numbers = data.records.as_ref();
                let read = numbers.map_or(data.archs.len(), |records| records.iter().map(Vec::len).sum());
                (data, self.digest()?, Counts { read, malformed, ..Counts::default() })
            }
            Origin::Files { read, .. } if self.kind == CSV_FILES => {
                let files = self.paths.iter().map(|path| SourceFile::read(path));
                let files = files.collect::<Result<Vec<_>, _>>()?;
                let digest =
                    files.iter().fold(Sha256::new(), |digest, file| digest.chain_update(&file.bytes));
                (read(&files)?, hex::encode(digest.finalize()), Counts::default())
            }
            _ => archive::read(self.spec, self.first(), &self.journal(cache)?, on_error, progress)?,
        };
        let complete = counts.missing == 0 && counts.malformed.is_empty();
        let size = self.spec.size.map(|size| match &self.spec.origin {
            Origin::Published(_) => size.saturating_sub(counts.malformed.len()),
            _ => size,
        });
        let frame =
            data.into_frame(size).map_err(|reason| TableError::bad_file(self.first(), None, reason))?;
        let entry = CacheEntry {
            of: self.spec.id.to_owned(),
            sources: self.paths.clone(),
            kind: self.kind.to_owned(),
            source_sha256,
            complete,
            imported: false,
            fingerprint,
            sha256: String::new(),
        };
        Ok(Read { frame, entry, counts })
    }

    /// SHA-256 of the files: of one file its own, of several that of the list of theirs.
    fn digest(&self) -> Result<String, TableError> {
        let of = |path: &PathBuf| files::sha256_of(path).map_err(TableError::unread(path));
        Ok(match &self.paths.iter().map(of).collect::<Result<Vec<_>, _>>()?[..] {
            [one] => one.clone(),
            several => files::sha256(several.join("\n").as_bytes()),
        })
    }

    /// The journal of the records of an archive: beside the cached table, or where nothing can be kept, in a folder that is
    /// gone after the command.
    fn journal(&self, cache: Option<&Cache>) -> Result<archive::Place, TableError> {
        archive::Place::new(cache.map(Cache::folder), &self.cache_name())
    }

    /// Where the numbers of a read came from.
    pub(super) fn provenance(&self, entry: &CacheEntry) -> Provenance {
        Provenance { kind: self.kind, files: self.paths.clone(), sha256: entry.source_sha256.clone() }
    }
}

impl Provenance {
    /// That of a cached table; `None` for an unknown kind.
    pub(super) fn of(entry: &CacheEntry) -> Option<Self> {
        let kind = [CSV_FILES, JSON_FILES, ARCHIVE].into_iter().find(|kind| *kind == entry.kind)?;
        Some(Self { kind, files: entry.sources.clone(), sha256: entry.source_sha256.clone() })
    }
}
