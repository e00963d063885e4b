//! Verifies files: reads them and compares size and digest with the manifest.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::digest::{Match, compare, measure};
use super::manifest::Entry;
use super::{DataDirs, DataError, Progress, Stamps};

/// The result for one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "detail")]
pub enum Verdict {
    /// Size and digest are right.
    Right,
    /// The file is the documented part, which the text describes.
    Sample(String),
    /// Neither size nor digest is known.
    Unknown,
    /// The file differs; the text says how.
    Differs(String),
}

/// One file that was read.
#[derive(Clone, Debug, Serialize)]
pub struct FileCheck {
    pub id: String,
    pub path: PathBuf,
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Verifies the existing files of `entries`, and remembers in `stamps` which of them were right.
///
/// A file that cannot be read counts as one that differs. Stops with [`DataError::Interrupted`] when `stop` is set.
pub fn verify(
    entries: &[&Entry],
    dirs: &DataDirs,
    stamps: &mut Stamps,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Vec<FileCheck>, DataError> {
    let mut checks = Vec::new();
    for entry in entries {
        for spec in &entry.files {
            let Some(path) = entry.file(&spec.name, dirs) else { continue };
            let spec = spec.known_of(&path);
            progress.start(&spec.name, 0, std::fs::metadata(&path).ok().map(|m| m.len()));
            let measured = measure(&path, &spec, stop, progress);
            progress.finish();
            let verdict = match measured {
                Ok(measured) => verdict(compare(&spec, &measured), spec.sample.map(|sample| sample.note)),
                Err(DataError::Interrupted) => return Err(DataError::Interrupted),
                Err(error) => Verdict::Differs(error.to_string()),
            };
            stamps.set(&path, matches!(verdict, Verdict::Right | Verdict::Sample(_)));
            checks.push(FileCheck { id: entry.id.clone(), path, verdict });
        }
        let packed = entry.packed_file(dirs).into_iter();
        checks.extend(packed.map(|path| FileCheck { id: entry.id.clone(), path, verdict: Verdict::Unknown }));
    }
    Ok(checks)
}

fn verdict(found: Match, note: Option<String>) -> Verdict {
    match found {
        Match::Official => Verdict::Right,
        Match::Sample => Verdict::Sample(note.unwrap_or_default()),
        Match::NoDigest => Verdict::Unknown,
        Match::Differs(problem) => Verdict::Differs(problem),
    }
}
