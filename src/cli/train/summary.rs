//! What trainings came to, for people.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use crate::report::{Column, Format, Group, Kind, Role, Table, TableCell, TableRow, render};
use crate::stats::Summary;
use crate::store::Status;
use crate::training::Trained;

/// Architectures that are shown; the file has all of them.
const SHOWN: usize = 20;

/// Writes accuracies by architecture, the trainings that did not end well, and how many there are of each status.
pub(super) fn write(to: &mut dyn Write, trained: &[Trained], file: &Path) -> io::Result<()> {
    let table = by_architecture(trained);
    if !table.rows.is_empty() {
        writeln!(to, "{}", render(&table, Format::Text))?;
    }
    for Trained { arch, seed, status, reason, .. } in trained.iter().filter(|t| t.status != Status::Ok) {
        writeln!(to, "{arch}, seed {seed}: {status}, {}", reason.as_deref().unwrap_or_default())?;
    }
    let count = |status: Status| trained.iter().filter(|t| t.status == status).count();
    let counts = Status::ALL.iter().map(|status| (status, count(*status))).filter(|(_, n)| *n > 0);
    let counts: Vec<String> = counts.map(|(status, n)| format!("{status} {n}")).collect();
    writeln!(to, "{}: {} trainings ({})", file.display(), trained.len(), counts.join(", "))
}

/// Mean accuracies over the seeds, the best on test images first (on validation images where there are no others).
fn by_architecture(trained: &[Trained]) -> Table {
    let mut accuracies: BTreeMap<&str, [Vec<f64>; 2]> = BTreeMap::new();
    for training in trained.iter().filter(|training| training.status == Status::Ok) {
        let [validation, test] = accuracies.entry(&training.arch).or_default();
        validation.extend(training.curve.last().map(|epoch| epoch.validation.accuracy));
        test.extend(training.test.map(|measured| measured.accuracy));
    }
    let summaries = accuracies.into_iter().map(|(arch, [validation, test])| {
        let summaries = [Summary::of(&validation), Summary::of(&test)];
        (arch, validation.len(), summaries)
    });
    let mut archs: Vec<(&str, usize, [Option<Summary>; 2])> = summaries.collect();
    let mean = |(_, _, [validation, test]): &(_, _, [Option<Summary>; 2])| {
        test.as_ref().or(validation.as_ref()).map_or(f64::NEG_INFINITY, |summary| summary.mean)
    };
    archs.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
    let row = |(arch, seeds, summaries): &(&str, usize, [Option<Summary>; 2])| {
        let means = summaries.each_ref().map(|summary| summary.as_ref().map(|s| TableCell::of(s, None)));
        let cells = means.into_iter().chain([Some(TableCell::plain(*seeds as f64))]).collect();
        TableRow { name: (*arch).to_owned(), role: Role::Entry, cells: vec![cells] }
    };
    let percent = Kind::Number { decimals: 2 };
    let more = (archs.len() > SHOWN).then(|| format!("The best {SHOWN} of {} architectures", archs.len()));
    Table {
        title: "Accuracy (%) after the last epoch".to_owned(),
        rows_are: "architecture".to_owned(),
        facts: vec![],
        groups: vec![Group {
            name: "means over seeds".to_owned(),
            facts: vec![],
            columns: vec![
                Column::new("validation", percent),
                Column::new("test", percent),
                Column::new("seeds", Kind::Count),
            ],
        }],
        rows: archs.iter().take(SHOWN).map(row).collect(),
        notes: more.into_iter().collect(),
    }
}
