//! Reads files and compares size and digest with the manifest.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::digest::{Match, compare, measure};
use super::manifest::Entry;
use super::status::folder_of;
use super::{DataDirs, DataError, Progress, Stamps};

/// The outcome for one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "detail")]
pub enum Verdict {
    /// Size and digest are right.
    Right,
    /// It is the documented part, which the text describes.
    Sample(String),
    /// Neither size nor digest is known.
    Unknown,
    /// It differs, in this way.
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

/// Verifies the files of `entries` that are there, and remembers in `stamps` which were right.
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
        let Some(folder) = folder_of(entry, dirs) else { continue };
        for spec in &entry.files {
            let path = folder.join(&spec.name);
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            progress.start(&spec.name, 0, Some(metadata.len()));
            let measured = measure(&path, spec, stop, progress);
            progress.finish();
            let verdict = match measured {
                Ok(measured) => {
                    verdict(compare(spec, &measured), spec.sample.as_ref().map(|s| s.note.as_str()))
                }
                Err(DataError::Interrupted) => return Err(DataError::Interrupted),
                Err(error) => Verdict::Differs(error.to_string()),
            };
            stamps.set(&path, matches!(verdict, Verdict::Right | Verdict::Sample(_)));
            checks.push(FileCheck { id: entry.id.clone(), path, verdict });
        }
    }
    Ok(checks)
}

fn verdict(found: Match, note: Option<&str>) -> Verdict {
    match found {
        Match::Official => Verdict::Right,
        Match::Sample => Verdict::Sample(note.unwrap_or_default().to_owned()),
        Match::NoDigest => Verdict::Unknown,
        Match::Differs(problem) => Verdict::Differs(problem),
    }
}
