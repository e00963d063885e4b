//! Text tables of `data status` and `data verify`.

use indicatif::HumanBytes;

use crate::data::{EntryState, EntryStatus, FileCheck, Verdict};
use crate::report::{Columns, Side};

/// One line per entry.
pub(super) fn of_status(entries: &[EntryStatus]) -> String {
    let rows = entries.iter().map(|e| {
        let state = match e.state {
            EntryState::Missing => "missing",
            EntryState::Partial => "partial",
            EntryState::Complete => "complete",
            EntryState::Damaged => "damaged",
            EntryState::Packed => "packed",
        };
        let there = e.files_present > 0 || e.state == EntryState::Packed;
        let present = |text: String| if there { text } else { "-".to_owned() };
        [
            e.id.clone(),
            e.kind.clone(),
            state.to_owned(),
            format!("{}/{}", e.files_present, e.files_expected),
            if e.bytes > 0 { HumanBytes(e.bytes).to_string() } else { "-".to_owned() },
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

/// Columns of text under their names.
fn aligned<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let head = std::iter::once(head.map(str::to_owned));
    let rows: Vec<Vec<String>> = head.chain(rows).map(Vec::from).collect();
    Columns::table(&[Side::Left], &rows).concat()
}
