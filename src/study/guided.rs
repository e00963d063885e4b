//! Searches that a study makes (`untrained search evolve`, `table`, `prune`), and what they found.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::error::Mistake;
use super::measure::Measure;
use super::published::{Printed, printed};
use super::verdict::{Judged, of_row};
use crate::plot::{Labels, Lines, part_trajectory, trajectory};
use crate::report::{Column, Group, Kind, Role, Table, TableCell, TableRow, read_table};
use crate::search::{self, ACCURACY, BEST_SCORED, Ended, Finished, NEAREST_ACCURACY, finished};
use crate::stats::Summary;
use crate::store::StoreError;

/// A search of a study.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guided {
    /// Names the search within the study; a folder is called so.
    pub id: Spanned<String>,
    /// What stands behind `untrained search`, but for `--out` and `--threads`.
    pub command: Spanned<String>,
    /// The method's name in the source, and the setting that its numbers have there.
    pub method: Option<String>,
    pub setting: Option<String>,
    /// The numbers that the study's items print of what such a search finds.
    #[serde(skip)]
    pub printed: Vec<&'static Printed>,
}

/// The unit of printed operations.
const MILLION: f64 = 1e6;

impl Guided {
    /// Finds the printed numbers among those of some items.
    pub(super) fn find_printed(&mut self, items: &[Spanned<String>]) {
        let is = |given: &Option<String>, of_row: &str| given.as_ref().is_some_and(|given| given == of_row);
        let rows = printed().iter().filter(|row| {
            items.iter().any(|item| *item.get_ref() == row.item)
                && is(&self.method, &row.method)
                && is(&self.setting, &row.setting)
                && Measure::of_printed(row) == Some(Measure::Operations)
        });
        self.printed = rows.collect();
    }

    pub(super) fn check(&self) -> Result<(), Mistake> {
        match self.command.get_ref().split_whitespace().next() {
            Some("evolve" | "table" | "prune" | "saliency") => Ok(()),
            _ => Err(Mistake::new(
                self.command.span(),
                "command: it begins with evolve, table, prune or saliency",
            )),
        }
    }

    /// The value of a flag of the command.
    pub fn flag(&self, name: &str) -> Option<&str> {
        let mut words = self.command.get_ref().split_whitespace();
        words.find(|word| *word == name)?;
        words.next()
    }

    /// The folder of the search within that of the study.
    pub fn folder(&self, out: &Path) -> PathBuf {
        out.join("searches").join(self.id.get_ref())
    }
}

/// A search that came to its end.
pub struct GuidedResult<'s> {
    pub guided: &'s Guided,
    pub found: Finished,
    /// The table of a search on a table.
    pub(super) table: Option<Table>,
}

impl<'s> GuidedResult<'s> {
    /// Reads what a search of a study left in the study's folder.
    ///
    /// # Errors
    /// It is not finished, or a file is damaged.
    pub fn read(guided: &'s Guided, out: &Path) -> Result<Self, StoreError> {
        let folder = guided.folder(out);
        let found = finished(&folder)?;
        let damaged = |reason| StoreError::Manifest { path: folder.join(search::TABLE), reason };
        let table = found.table.as_ref().map(|text| read_table(text, 2)).transpose().map_err(damaged)?;
        Ok(Self { guided, found, table })
    }

    fn id(&self) -> &str {
        self.guided.id.get_ref()
    }

    /// How the best value and the scores behind it developed; nothing but for an evolution. Names of files with pictures.
    pub(super) fn pictures(&self, caption: &str) -> Vec<(String, Lines)> {
        let rows = &self.found.rows;
        let labels = |what: &str| Labels {
            title: format!("{}: {what}", self.id()),
            facts: vec![],
            caption: format!("{}; {caption}", self.guided.command.get_ref()),
        };
        if rows.is_empty() {
            return vec![];
        }
        let value = trajectory(rows, "value", labels("best value found so far"));
        let mut pictures = vec![(format!("{}-trajectory", self.id()), value)];
        for (name, _) in rows.last().iter().flat_map(|row| &row.parts) {
            let file = format!("{}-{}", self.id(), name.replace([':', '+'], "-"));
            pictures.push((file, part_trajectory(rows, name, labels(&format!("{name} of the best member")))));
        }
        pictures
    }
}

/// What was found: a row for each search and rule, means over repetitions.
pub(super) fn found_table(results: &[GuidedResult<'_>]) -> Option<Table> {
    let mut names: Vec<&'static str> = vec![];
    let mut rows: Vec<(&GuidedResult<'_>, &str)> = vec![];
    for result in results {
        for ended in &result.found.winners {
            names.extend(ended.numbers.iter().map(|(name, _)| *name));
            if !rows.iter().any(|(r, rule)| r.id() == result.id() && *rule == ended.rule) {
                rows.push((result, &ended.rule));
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    let values = || rows.iter().flat_map(|(result, rule)| values(result, rule, "value"));
    let decimals = if values().any(|value| value.abs() < 1.0) { 4 } else { 2 };
    let kind = |name: &str| match name {
        // Values of different searches are of different scores, so that none is the best.
        "value" | BEST_SCORED if results.len() > 1 => Kind::Fact { decimals },
        "value" | BEST_SCORED => Kind::Number { decimals },
        ACCURACY => Kind::Number { decimals: 2 },
        NEAREST_ACCURACY => Kind::Fact { decimals: 2 },
        "rho" => Kind::Fact { decimals: 3 },
        _ => Kind::Fact { decimals: 0 },
    };
    let row = |(result, rule): &(&GuidedResult<'_>, &str)| TableRow {
        name: format!("{}: {rule}", result.id()),
        role: if *rule == "random" { Role::Baseline } else { Role::Entry },
        cells: vec![
            names.iter().map(|name| Some(TableCell::of(&summary(result, rule, name)?, None))).collect(),
        ],
    };
    (!rows.is_empty()).then(|| Table {
        title: "What the searches found".to_owned(),
        rows_are: "search".to_owned(),
        facts: vec![],
        groups: vec![Group {
            name: "means over repetitions".to_owned(),
            facts: vec![],
            columns: names.iter().map(|name| Column::new(*name, kind(name))).collect(),
        }],
        rows: rows.iter().map(row).collect(),
        notes: structures(results),
    })
}

/// The architectures that were found in the first repetition.
fn structures(results: &[GuidedResult<'_>]) -> Vec<String> {
    let of_result = |result: &GuidedResult<'_>| -> Vec<String> {
        let first = result.found.winners.iter().filter(|ended| ended.repetition == 0);
        first.map(|ended| format!("{}: {}: {}", result.id(), ended.rule, ended.arch)).collect()
    };
    results.iter().flat_map(of_result).collect()
}

fn summary(result: &GuidedResult<'_>, rule: &str, number: &str) -> Option<Summary> {
    Summary::of(&values(result, rule, number))
}

/// A number of what a rule found, one for each repetition.
fn values(result: &GuidedResult<'_>, rule: &str, number: &str) -> Vec<f64> {
    let of_rule = result.found.winners.iter().filter(|ended| ended.rule == rule);
    let value = |ended: &Ended| Some(ended.numbers.iter().find(|(name, _)| *name == number)?.1);
    of_rule.filter_map(value).collect()
}

/// Judges the printed numbers of what was found.
pub(super) fn judge(results: &[GuidedResult<'_>]) -> Vec<Judged> {
    let mut judged = vec![];
    for result in results {
        let operations = values(result, "search", "operations");
        let millions: Vec<f64> = operations.iter().map(|n| n / MILLION).collect();
        let Some(ours) = Summary::of(&millions) else { continue };
        for row in &result.guided.printed {
            let note = Some("searches of so few steps end in different structures");
            let reading = result.id().to_owned();
            judged.push(of_row(row, Measure::Operations, (ours, None), reading, note));
        }
    }
    judged
}
