//! Extracts the files of an entry from its `.tar.gz`. Names and sizes in the archive are not trusted.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::read::MultiGzDecoder;

use super::digest::{CHUNK, Match, Meter, compare};
use super::manifest::{Entry, FileSpec};
use super::{DataError, Progress};
use crate::store::files::readable_by_all;

/// Most unpacked bytes beyond those of the listed files. Headers and small files that nobody needs take some.
const SLACK: u64 = 64 << 20;

/// Unpacks the listed files of `entry` into the data folder `root`. Each is verified before it gets its name. Everything else in
/// the archive is ignored, so no name in it can lead out of the data folder.
pub(super) fn unpack(
    archive: &Path,
    entry: &Entry,
    root: &Path,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<(), DataError> {
    let wrong = |problem: String| DataError::Archive { path: archive.to_path_buf(), problem };
    let file = File::open(archive).map_err(DataError::io(archive))?;
    let listed: u64 = entry.files.iter().filter_map(|f| f.size).fold(0, u64::saturating_add);
    let limited = MultiGzDecoder::new(file).take(listed.saturating_add(SLACK));
    let mut tar = tar::Archive::new(limited);
    let mut done = HashSet::new();
    for member in tar.entries().map_err(|e| wrong(e.to_string()))? {
        let mut member = member.map_err(|e| wrong(format!("it cannot be unpacked ({e})")))?;
        let name = member.path().map_err(|e| wrong(e.to_string()))?.into_owned();
        let Some(spec) = listed_file(entry, &name) else { continue };
        if !member.header().entry_type().is_file() || done.contains(&spec.name) {
            continue;
        }
        if spec.size.is_some_and(|size| size != member.size()) {
            return Err(wrong(format!("{} has {} bytes in it", name.display(), member.size())));
        }
        let place = entry.path(root, &spec.name);
        progress.start(&spec.name, 0, spec.size);
        let outcome = extract(&mut member, spec, &place, stop, progress);
        progress.finish();
        outcome?.map_err(|problem| wrong(format!("{} in it is damaged: {problem}", name.display())))?;
        done.insert(spec.name.clone());
    }
    match entry.files.iter().find(|f| !done.contains(&f.name)) {
        Some(missing) => Err(wrong(format!("{} is not in it", missing.name))),
        None => Ok(()),
    }
}

/// The listed file that a member's path names: exactly `<folder>/<name>`, perhaps after `./`.
fn listed_file<'a>(entry: &'a Entry, path: &Path) -> Option<&'a FileSpec> {
    let plain: PathBuf = path.strip_prefix(".").unwrap_or(path).to_path_buf();
    entry.files.iter().find(|file| plain == Path::new(&entry.folder).join(&file.name))
}

/// Extracts and verifies one file. The inner error says how the member of the archive is damaged.
fn extract(
    member: &mut impl Read,
    spec: &FileSpec,
    place: &Path,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Result<(), String>, DataError> {
    let folder = place.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(DataError::unwritable(folder))?;
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(DataError::unwritable(folder))?;
    let mut meter = Meter::new(spec);
    let mut buffer = vec![0; CHUNK];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(DataError::Interrupted);
        }
        let n = match member.read(&mut buffer) {
            Ok(n) => n,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let Some(bytes) = buffer.get(..n).filter(|b| !b.is_empty()) else { break };
        meter.update(bytes);
        draft.write_all(bytes).map_err(DataError::unwritable(draft.path()))?;
        progress.advance(n as u64);
    }
    if let Match::Differs(problem) = compare(spec, &meter.finish()) {
        return Ok(Err(problem));
    }
    draft.as_file().sync_all().map_err(DataError::unwritable(place))?;
    readable_by_all(draft.path());
    draft.persist(place).map_err(|e| DataError::unwritable(place)(e.error))?;
    Ok(Ok(()))
}
