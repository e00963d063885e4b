//! Finished searches as lines, tables and sentences.

use std::path::{Path, PathBuf};

use super::Page;
use super::data::{Line, Lines};
use crate::analysis::{AnalysisError, Facts};
use crate::plot::{self, Labels};
use crate::report::{Column, Group, Kind, Role, Spread, Table, TableCell, TableRow, read_table};
use crate::search::{self, ACCURACY, BEST_SCORED, Ended, Finished, NEAREST_ACCURACY};
use crate::stats::Summary;
use crate::store::StoreError;

/// Decimals of values and accuracies.
const DECIMALS: usize = 2;

/// Why a page cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write {}: {source}; name another file with --out", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl Page {
    /// Adds the search in a folder: its trajectory or its table, what it found, and how it was made.
    ///
    /// # Errors
    /// No search, one that is not finished, or damaged files.
    pub fn add_search(&mut self, name: &str, folder: &Path) -> Result<(), PageError> {
        let Finished { description, rows, winners, table } = search::finished(folder)?;
        let facts = description.key.settings.iter().filter(|(_, value)| !value.is_null());
        let facts = facts.map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        });
        let space = [
            ("search space".to_owned(), description.key.space.clone()),
            ("data set".to_owned(), description.key.dataset.clone()),
            ("engine".to_owned(), description.key.engine.clone()),
        ];
        let facts: Facts = space.into_iter().chain(facts).collect();
        self.add_origin(name, facts, &description.invocations);
        if let Some(text) = table {
            let path = folder.join(search::TABLE);
            let damaged = |reason| StoreError::Manifest { path, reason };
            self.add_table(name, read_table(&text, DECIMALS).map_err(damaged)?);
        }
        if !rows.is_empty() {
            let lines = plot::trajectory(&rows, "best value so far", Labels::default());
            self.data.searches.push(Lines::of(name, &lines));
        }
        if !winners.is_empty() {
            self.summary.extend(sentence(name, &winners));
            self.tables.push(("winners.csv".to_owned(), winners_table(name, &winners)));
        }
        Ok(())
    }

    /// The table of a search on a table, and its lines: the accuracy by the number of evaluations.
    fn add_table(&mut self, name: &str, table: Table) {
        for (at, group) in table.groups.iter().enumerate() {
            let sizes: Vec<(usize, f64)> = group.columns.iter().enumerate().filter_map(size).collect();
            let line = |row: &TableRow| {
                let cells = sizes.iter().filter_map(|(column, size)| Some((*size, row.cells[at][*column]?)));
                let (x, cells): (Vec<f64>, Vec<TableCell>) = cells.unzip();
                let spread =
                    cells.iter().map(|cell| if let Spread::Std(std) = cell.spread { std } else { 0.0 });
                Line {
                    name: row.name.clone(),
                    x,
                    mean: cells.iter().map(|c| c.value).collect(),
                    spread: spread.collect(),
                }
            };
            self.data.searches.push(Lines {
                name: format!("{name}, {}", group.name),
                x: "evaluations".to_owned(),
                y: "accuracy of what was found".to_owned(),
                series: table.rows.iter().map(line).filter(|line| !line.x.is_empty()).collect(),
            });
        }
        self.tables.push(("search.csv".to_owned(), table));
    }
}

impl Lines {
    fn of(name: &str, lines: &plot::Lines) -> Self {
        let line = |series: &plot::Series| {
            let each = |of: fn(&plot::LinePoint) -> f64| series.points.iter().map(of).collect();
            Line {
                name: series.name.clone(),
                x: each(|p| p.x),
                mean: each(|p| p.mean),
                spread: each(|p| p.spread),
            }
        };
        let series = lines.series.iter().map(line).collect();
        Self { name: name.to_owned(), x: lines.x.clone(), y: lines.y.clone(), series }
    }
}

/// The number of evaluations that a column is of.
fn size((place, column): (usize, &Column)) -> Option<(usize, f64)> {
    Some((place, column.name.strip_prefix("S=")?.parse().ok()?))
}

/// Which rule found the larger value, as a mean over repetitions.
fn sentence(name: &str, winners: &[Ended]) -> Option<String> {
    let mean = |rule: &str, number: &str| {
        let of_rule = winners.iter().filter(|ended| ended.rule == rule).flat_map(|ended| &ended.numbers);
        let values: Vec<f64> = of_rule.filter(|(name, _)| *name == number).map(|(_, x)| *x).collect();
        Summary::of(&values)
    };
    let (rule, what) = (&winners.first()?.rule, winners.first()?.numbers.first()?.0);
    let (found, random) = (mean(rule, what)?, mean("random", what)?);
    let shown = |summary: &Summary| match summary.std {
        Some(std) => format!("{:.2} ± {std:.2}", summary.mean),
        None => format!("{:.2}", summary.mean),
    };
    if what == NEAREST_ACCURACY {
        return Some(format!(
            "{name}: no table has the architectures that were found. The records nearest to them have {} % (rule {rule}) and {} % (at random); how \
             many operations they have in common with them stands in the table.",
            shown(&found),
            shown(&random)
        ));
    }
    let verdict = if found.mean > random.mean { "more than" } else { "no more than" };
    let n = winners.iter().filter(|ended| ended.rule == *rule).count();
    let repetitions = if n == 1 { "one repetition".to_owned() } else { format!("{n} repetitions") };
    let lost = mean("random", BEST_SCORED).filter(|best| best.mean > random.mean);
    let lost = lost.map_or(String::new(), |best| {
        format!("; on the way it had {}, and lost that by removing members at random", shown(&best))
    });
    let (found, random) = (shown(&found), shown(&random));
    let article = if what == ACCURACY { "an" } else { "a" };
    Some(format!(
        "{name}: the rule {rule} found {article} {what} of {found} over {repetitions}, {verdict} the search at random beside it ({random}{lost})."
    ))
}

fn winners_table(name: &str, winners: &[Ended]) -> Table {
    let mut columns: Vec<&'static str> = vec![];
    for (name, _) in winners.iter().flat_map(|ended| &ended.numbers) {
        if !columns.contains(name) {
            columns.push(name);
        }
    }
    let kind = |name: &str| match name {
        "value" | ACCURACY | BEST_SCORED => Kind::Number { decimals: DECIMALS },
        NEAREST_ACCURACY => Kind::Fact { decimals: DECIMALS },
        "rho" => Kind::Fact { decimals: 3 },
        _ => Kind::Count,
    };
    let row = |ended: &Ended| {
        let number = |column: &&str| {
            let found = ended.numbers.iter().find(|(name, _)| name == column);
            found.map(|(_, x)| TableCell::plain(*x))
        };
        TableRow {
            name: format!("{} {}: {}", ended.rule, ended.repetition, ended.arch),
            role: Role::Entry,
            cells: vec![columns.iter().map(number).collect()],
        }
    };
    let named = |name: &&'static str| Column::new(*name, kind(name));
    Table {
        title: format!("What {name} found"),
        rows_are: "rule, repetition and architecture".to_owned(),
        groups: vec![Group {
            name: name.to_owned(),
            facts: vec![],
            columns: columns.iter().map(named).collect(),
        }],
        rows: winners.iter().map(row).collect(),
        ..Table::default()
    }
}
