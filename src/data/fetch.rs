//! Fetches the files of an entry: they are downloaded, verified and unpacked, and only then get their names.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::digest::{Match, compare, measure};
use super::download::Download;
use super::manifest::{Entry, FileSpec};
use super::unpack::unpack;
use super::{DataError, Progress};

/// How files are fetched.
#[derive(Clone, Debug)]
pub struct FetchOptions {
    /// A mirror: files are taken from `<base>/<folder>/<name>`, archives from `<base>/<name>`.
    pub base_url: Option<String>,
    /// Number of attempts without progress, one after another, before an address is given up.
    pub retries: u32,
    /// Wait before the second attempt; it doubles for every further attempt without progress.
    pub backoff: Duration,
    /// Whether existing files that differ from the manifest are replaced.
    pub force: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { base_url: None, retries: 4, backoff: Duration::from_secs(1), force: false }
    }
}

/// The outcome of fetching an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Files that existed and were right.
    pub there: Vec<PathBuf>,
    /// Files that were downloaded and verified.
    pub new: Vec<PathBuf>,
    /// Files that have no address; the entry's by-hand steps say how to get them.
    pub by_hand: Vec<String>,
}

/// Fetches the files of `entry` into the data folder `root`.
///
/// Setting `stop` ends the work with [`DataError::Interrupted`]; what was downloaded stays in `.part` files, and the next
/// call resumes from there. [`DataError::ByHand`] means that the manifest has no address at all.
pub fn fetch(
    entry: &Entry,
    root: &Path,
    options: &FetchOptions,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Fetched, DataError> {
    let job = Job { entry, root, options, stop, progress };
    if job.addresses(&entry.archive.clone().unwrap_or_default(), None).is_empty() && job.no_file_has_address()
    {
        return Err(DataError::ByHand { id: entry.id.clone() });
    }
    let mut fetched = Fetched::default();
    let mut wanted = Vec::new();
    for spec in &entry.files {
        let path = entry.path(root, &spec.name);
        if job.is_right(spec, &path)? { fetched.there.push(path) } else { wanted.push(spec) }
    }
    if wanted.is_empty() {
        return Ok(fetched);
    }
    let folder = root.join(&entry.folder);
    std::fs::create_dir_all(&folder).map_err(DataError::unwritable(&folder))?;
    match &entry.archive {
        Some(archive) => {
            job.fetch_archive(archive)?;
            fetched.new.extend(wanted.iter().map(|spec| entry.path(root, &spec.name)));
        }
        None => {
            for spec in wanted {
                if job.fetch_file(spec)? {
                    fetched.new.push(entry.path(root, &spec.name));
                } else {
                    fetched.by_hand.push(spec.name.clone());
                }
            }
        }
    }
    Ok(fetched)
}

struct Job<'a> {
    entry: &'a Entry,
    root: &'a Path,
    options: &'a FetchOptions,
    stop: &'a AtomicBool,
    progress: &'a dyn Progress,
}

impl Job<'_> {
    /// The addresses of a file. A file that could not be verified has none, so that it is never downloaded.
    fn addresses(&self, spec: &FileSpec, folder: Option<&str>) -> Vec<String> {
        match &self.options.base_url {
            _ if !spec.has_digest() => Vec::new(),
            None => spec.urls.clone(),
            Some(base) => {
                let parts =
                    [Some(base.trim_end_matches('/')), folder.filter(|f| !f.is_empty()), Some(&spec.name)];
                vec![parts.into_iter().flatten().collect::<Vec<_>>().join("/")]
            }
        }
    }

    fn no_file_has_address(&self) -> bool {
        self.entry.files.iter().all(|f| self.addresses(f, Some(&self.entry.folder)).is_empty())
    }

    /// Whether the file exists and is right. A file that differs is an error unless the options let it be replaced; the
    /// documented part of a file may always be replaced by the whole file.
    fn is_right(&self, spec: &FileSpec, path: &Path) -> Result<bool, DataError> {
        if !path.exists() {
            return Ok(false);
        }
        self.progress.start(&spec.name, 0, spec.size);
        let measured = measure(path, spec, self.stop, self.progress);
        self.progress.finish();
        match compare(spec, &measured?) {
            Match::Official | Match::NoDigest => Ok(true),
            Match::Sample => Ok(false),
            Match::Differs(_) if self.options.force => Ok(false),
            Match::Differs(problem) => Err(DataError::Occupied { path: path.to_path_buf(), problem }),
        }
    }

    fn download(&self, spec: &FileSpec, place: &Path, urls: &[String]) -> Result<(), DataError> {
        let part = place.with_file_name(format!("{}.part", spec.name));
        let download = Download {
            spec,
            part: part.clone(),
            retries: self.options.retries,
            backoff: self.options.backoff,
            stop: self.stop,
            progress: self.progress,
        };
        download.run(urls)?;
        std::fs::rename(&part, place).map_err(DataError::unwritable(place))
    }

    /// `false` where the manifest has no address.
    fn fetch_file(&self, spec: &FileSpec) -> Result<bool, DataError> {
        let urls = self.addresses(spec, Some(&self.entry.folder));
        if urls.is_empty() {
            return Ok(false);
        }
        self.download(spec, &self.entry.path(self.root, &spec.name), &urls)?;
        Ok(true)
    }

    fn fetch_archive(&self, archive: &FileSpec) -> Result<(), DataError> {
        let place = self.root.join(&archive.name);
        if !self.is_right(archive, &place)? {
            self.download(archive, &place, &self.addresses(archive, None))?;
        }
        unpack(&place, self.entry, self.root, self.stop, self.progress)?;
        // The files are in place; an archive that cannot be deleted does no harm.
        let _ = std::fs::remove_file(&place);
        Ok(())
    }
}
