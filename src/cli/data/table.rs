//! Text tables of `data status` and `data verify`.

use std::fmt::Write;

use indicatif::HumanBytes;

use crate::data::{EntryState, EntryStatus, FileCheck, Verdict};

/// One line per entry.
pub(super) fn of_status(entries: &[EntryStatus]) -> String {
    let rows = entries.iter().map(|e| {
        let state = match e.state {
            EntryState::Missing => "missing",
            EntryState::Partial => "partial",
            EntryState::Complete => "complete",
            EntryState::Damaged => "damaged",
        };
        let present = |text: String| if e.files_present == 0 { "-".to_owned() } else { text };
        [
            e.id.clone(),
            e.kind.clone(),
            state.to_owned(),
            format!("{}/{}", e.files_present, e.files_expected),
            present(HumanBytes(e.bytes).to_string()),
            present(format!("{}/{}", e.files_verified, e.files.len())),
            e.folder.as_ref().map_or("-".to_owned(), |f| f.display().to_string()),
        ]
    });
    aligned(&["id", "kind", "state", "files", "size", "verified", "folder"], rows)
}

/// One line per file.
pub(super) fn of_checks(checks: &[FileCheck]) -> String {
    let rows = checks.iter().map(|c| {
        let verdict = match &c.verdict {
            Verdict::Right => "ok".to_owned(),
            Verdict::Sample(note) => format!("ok, a part: {note}"),
            Verdict::Unknown => "no digest known".to_owned(),
            Verdict::Differs(problem) => format!("DIFFERS: {problem}"),
        };
        [c.id.clone(), c.path.display().to_string(), verdict]
    });
    aligned(&["id", "file", "verdict"], rows)
}

/// Columns as wide as their widest cell.
fn aligned<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; N] = std::array::from_fn(|i| {
        rows.iter().filter_map(|row| row.get(i)).map(|c| c.chars().count()).max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
