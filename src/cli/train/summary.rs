//! What trainings came to, for people.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use crate::report::{Column, Format, Group, Kind, Role, Spread, Table, TableCell, TableRow, render};
use crate::stats::{Summary, paired};
use crate::store::Status;
use crate::training::Trained;

/// Architectures that are shown on the terminal; the files have all of them.
const SHOWN: usize = 20;

/// Writes accuracies by architecture, the trainings that did not end well, and how many there are of each status.
pub(super) fn write(to: &mut dyn Write, trained: &[Trained], file: &Path) -> io::Result<()> {
    let mut table = by_architecture(trained);
    if table.rows.len() > SHOWN {
        table.notes.push(format!("The best {SHOWN} of {} architectures", table.rows.len()));
        table.rows.truncate(SHOWN);
    }
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

/// All architectures, as a page.
pub(super) fn markdown(trained: &[Trained]) -> String {
    render(&by_architecture(trained), Format::Markdown)
}

/// The accuracies of an architecture after the last epoch, by training seed.
#[derive(Default)]
struct Accuracies {
    validation: BTreeMap<u64, f64>,
    test: BTreeMap<u64, f64>,
}

impl Accuracies {
    /// What networks are compared by: test accuracies, or validation accuracies where there are no others.
    fn compared(&self) -> &BTreeMap<u64, f64> {
        if self.test.is_empty() { &self.validation } else { &self.test }
    }

    fn mean(&self) -> f64 {
        Summary::of(&values(self.compared())).map_or(f64::NEG_INFINITY, |summary| summary.mean)
    }

    /// How far behind another architecture, with the same seeds in both, and the 95 % interval of a paired t-test.
    fn behind(&self, best: &Self) -> Option<TableCell> {
        let seeds = self.compared().iter().filter_map(|(seed, a)| Some((*a, *best.compared().get(seed)?)));
        let (own, others): (Vec<f64>, Vec<f64>) = seeds.unzip();
        let test = paired(&own, &others).ok()?;
        let spread = test.interval(0.95).map_or(Spread::None, |(low, high)| Spread::Interval(low, high));
        Some(TableCell { value: test.difference, spread })
    }
}

fn values(of: &BTreeMap<u64, f64>) -> Vec<f64> {
    of.values().copied().collect()
}

/// Mean accuracies over the seeds, the best on test images first (on validation images where there are no others), and how far behind
/// the best the others are.
fn by_architecture(trained: &[Trained]) -> Table {
    let mut archs: BTreeMap<&str, Accuracies> = BTreeMap::new();
    for training in trained.iter().filter(|training| training.status == Status::Ok) {
        let of_arch = archs.entry(&training.arch).or_default();
        of_arch
            .validation
            .extend(training.curve.last().map(|epoch| (training.seed, epoch.validation.accuracy)));
        of_arch.test.extend(training.test.map(|measured| (training.seed, measured.accuracy)));
    }
    let mut archs: Vec<(&str, Accuracies)> = archs.into_iter().collect();
    archs.sort_by(|(_, a), (_, b)| b.mean().total_cmp(&a.mean()));
    let row = |(k, (arch, accuracies)): (usize, &(&str, Accuracies))| {
        let mean = |of| Summary::of(&values(of)).map(|summary| TableCell::of(&summary, None));
        let best = &archs[0].1;
        let cells = vec![
            mean(&accuracies.validation),
            mean(&accuracies.test),
            if k > 0 { accuracies.behind(best) } else { None },
            Some(TableCell::plain(accuracies.validation.len() as f64)),
        ];
        TableRow { name: (*arch).to_owned(), role: Role::Entry, cells: vec![cells] }
    };
    let percent = Kind::Number { decimals: 2 };
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
                Column::new("less the best's", Kind::Difference { decimals: 2 }),
                Column::new("seeds", Kind::Count),
            ],
        }],
        rows: archs.iter().enumerate().map(row).collect(),
        notes: vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Epoch, Measured};

    #[test]
    fn the_best_comes_first_and_the_others_say_how_far_behind_they_are() {
        let trained = |(arch, seed, accuracy): (&str, u64, f64)| {
            let measured = Measured { loss: 1.0, accuracy };
            let curve = vec![Epoch { rate: 0.1, train: measured, validation: measured }];
            Trained { arch: arch.into(), seed, status: Status::Ok, reason: None, curve, test: Some(measured) }
        };
        let of =
            [("a", 0, 50.0), ("b", 0, 60.0), ("a", 1, 54.0), ("b", 1, 63.0), ("a", 2, 52.0), ("c", 0, 55.0)];
        let table = by_architecture(&of.map(trained));
        assert_eq!(table.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["b", "c", "a"]);
        let behind = |row: usize| table.rows[row].cells[0][2];
        // One seed has no interval. Seeds that only one of the two has do not count: 10 and 9 points, so 9.5 +- 12.706 * 0.5.
        assert_eq!([behind(0), behind(1)], [None, None]);
        let Some(TableCell { value, spread: Spread::Interval(low, high) }) = behind(2) else {
            panic!("{:?}", behind(2));
        };
        assert_eq!(value, -9.5);
        assert!((high - low - 12.706_204_736).abs() < 1e-6, "{low} to {high}");
    }
}
