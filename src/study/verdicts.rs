//! The verdicts of all printed numbers on one page, from the results that there are.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::catalogue::{Item, catalogue};
use super::measure::Measure;
use super::published::Printed;
use super::verdict::{Judged, Verdict, number};
use super::{STUDIES, Study};
use crate::named::Named;

/// The file of a study's result with a line for every printed number that it measures.
pub const VERDICTS_FILE: &str = "verdicts.csv";

/// Why verdicts cannot be collected.
#[derive(Debug, thiserror::Error)]
pub enum VerdictsError {
    #[error("cannot read {}: {source}; name folders of results, or one that holds them", .path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}; make it again with `untrained study`", .path.display())]
    Line { path: PathBuf, source: csv::Error },
}

/// A line of the file: the key of a printed number, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    item: String,
    method: String,
    space: String,
    dataset: String,
    quantity: String,
    setting: String,
    published: String,
    ours: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    difference: Option<f64>,
    verdict: String,
    reading: String,
    reason: String,
}

impl Line {
    fn new(row: &Printed, verdict: Verdict, reason: &str) -> Self {
        Self {
            item: row.item.clone(),
            method: row.method.clone(),
            space: row.space.clone(),
            dataset: row.dataset.clone(),
            quantity: row.quantity.clone(),
            setting: row.setting.clone(),
            published: row.digits.clone(),
            ours: None,
            low: None,
            high: None,
            difference: None,
            verdict: verdict.name().to_owned(),
            reading: String::new(),
            reason: reason.to_owned(),
        }
    }

    fn judged(judged: &Judged) -> Self {
        Self {
            ours: Some(judged.ours),
            low: judged.interval.map(|(low, _)| low),
            high: judged.interval.map(|(_, high)| high),
            difference: Some(judged.ours - judged.row.value()),
            reading: judged.reading.clone(),
            ..Self::new(judged.row, judged.verdict, &judged.reason)
        }
    }

    fn is_of(&self, row: &Printed) -> bool {
        let of_row =
            [&row.item, &row.method, &row.space, &row.dataset, &row.quantity, &row.setting, &row.digits];
        let own = [
            &self.item,
            &self.method,
            &self.space,
            &self.dataset,
            &self.quantity,
            &self.setting,
            &self.published,
        ];
        own == of_row
    }
}

/// The file of a study's result.
pub(super) fn file_of(judged: &[Judged]) -> String {
    csv_of(judged.iter().map(Line::judged))
}

fn csv_of(lines: impl Iterator<Item = Line>) -> String {
    let mut writer = csv::Writer::from_writer(vec![]);
    for line in lines {
        // Writing to memory cannot fail.
        let _ = writer.serialize(line);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// A line for every printed number, in the order of the catalogue.
pub struct Verdicts(Vec<(&'static Item, Vec<Line>)>);

impl Verdicts {
    /// Reads the results in `folders` and in the folders inside them. Of several readings of a number the one that the study
    /// names first stands.
    ///
    /// # Errors
    /// A folder that cannot be read, or a file of verdicts that is damaged.
    pub fn collect(folders: &[PathBuf]) -> Result<Self, VerdictsError> {
        let mut known = vec![];
        for folder in folders {
            let failed = |source| VerdictsError::Folder { path: folder.clone(), source };
            let inside = std::fs::read_dir(folder).map_err(failed)?;
            let mut inside: Vec<PathBuf> = inside.filter_map(|e| Some(e.ok()?.path())).collect();
            inside.sort();
            for result in std::iter::once(folder.clone()).chain(inside) {
                let file = result.join(VERDICTS_FILE);
                if file.is_file() {
                    known.extend(read(&file)?);
                }
            }
        }
        let measured = measured();
        let line = |item: &Item, row: &'static Printed| {
            let readings: Vec<&Line> = known.iter().filter(|line| line.is_of(row)).collect();
            standing(&readings).unwrap_or_else(|| without_result(item, row, &measured))
        };
        let of_item = |item: &'static Item| (item, item.numbers().map(|row| line(item, row)).collect());
        Ok(Self(catalogue().iter().map(of_item).collect()))
    }

    /// Every number with its verdict, one a line.
    pub fn csv(&self) -> String {
        csv_of(self.0.iter().flat_map(|(_, lines)| lines.iter().cloned()))
    }

    /// Counts for each paper, and for its tables and figures; then the numbers that were compared, and the reasons why others were not.
    pub fn markdown(&self) -> String {
        let mut page = self.counts(true);
        self.0.iter().for_each(|(item, lines)| page += &section(item, lines));
        page
    }

    /// Counts for each paper.
    pub fn papers(&self) -> String {
        self.counts(false)
    }

    /// Counts for each paper, and `all` its tables and figures or not.
    fn counts(&self, all: bool) -> String {
        let names: Vec<&str> = Verdict::all().map(|(_, name)| name).collect();
        let first = if all { "table or figure" } else { "paper" };
        let mut table = format!("| {first} | numbers | {} |\n|---|---:|", names.join(" | "));
        table += &"---:|".repeat(names.len());
        for paper in self.0.chunk_by(|a, b| a.0.paper() == b.0.paper()) {
            table += &counts_row(
                &format!("**{}**", paper[0].0.paper()),
                paper.iter().flat_map(|(_, lines)| lines),
            );
            for (item, lines) in paper.iter().filter(|_| all) {
                table += &counts_row(item.place(), lines);
            }
        }
        table + &counts_row("**all**", self.0.iter().flat_map(|(_, lines)| lines)) + "\n"
    }
}

/// How many lines have each verdict; nothing stands for none.
fn counts_row<'l>(title: &str, lines: impl IntoIterator<Item = &'l Line>) -> String {
    let lines: Vec<&Line> = lines.into_iter().collect();
    let count = |(_, name)| match lines.iter().filter(|line| line.verdict == name).count() {
        0 => String::new(),
        n => n.to_string(),
    };
    let counts: Vec<String> = Verdict::all().map(count).collect();
    format!("\n| {title} | {} | {} |", lines.len(), counts.join(" | "))
}

/// The first reading; where it differs, its reason names those that do not. (Which one stands must not depend on what comes out.)
fn standing(readings: &[&Line]) -> Option<Line> {
    let (first, others) = readings.split_first()?;
    let mut standing = (*first).clone();
    if standing.verdict == Verdict::Differs.name() {
        for other in others.iter().filter(|line| line.verdict != Verdict::Differs.name()) {
            let ours = other.ours.map_or(String::new(), |ours| format!(" ({})", number(ours, 3)));
            let _ = write!(standing.reason, "; {} with {}{ours}", other.verdict, other.reading);
        }
    }
    Some(standing)
}

fn read(path: &Path) -> Result<Vec<Line>, VerdictsError> {
    let failed = |source| VerdictsError::Line { path: path.to_owned(), source };
    csv::Reader::from_path(path).map_err(failed)?.into_deserialize().collect::<Result<_, _>>().map_err(failed)
}

/// The printed numbers that some study measures, with the study's name.
fn measured() -> Vec<(&'static Printed, &'static str)> {
    let parsed = STUDIES.iter().filter_map(|(name, text)| Some((*name, Study::parse(name, text).ok()?)));
    let of_study = |(name, study): (&'static str, Study)| {
        let found = study.guided.into_iter().flat_map(|guided| guided.printed);
        let methods = study.runs.into_iter().flat_map(|run| run.published);
        let rows = methods.flat_map(|published| published.printed);
        let measured = rows.filter(|row| Measure::of_printed(row).is_some()).chain(found);
        measured.map(move |row| (row, name)).collect::<Vec<_>>()
    };
    parsed.flat_map(of_study).collect()
}

fn without_result(item: &Item, row: &Printed, measured: &[(&Printed, &str)]) -> Line {
    if let Some((_, study)) = measured.iter().find(|(of_study, _)| *of_study == row) {
        return Line::new(row, Verdict::NotRun, &format!("`untrained study {study}` measures it"));
    }
    let reason = item.reason_for(row).unwrap_or("no study measures it");
    Line::new(row, Verdict::CannotBeCompared, reason)
}

/// What is said about one table or figure below the counts.
fn section(item: &Item, lines: &[Line]) -> String {
    let mut text = format!("\n## {}\n", item.title);
    let compared: Vec<&Line> = lines.iter().filter(|line| line.ours.is_some()).collect();
    if !compared.is_empty() {
        text +=
            "\n| method | where | number | paper | ours | difference | verdict | ours is of | because |\n";
        text += "|---|---|---|---:|---:|---:|---|---|---|\n";
        compared.iter().for_each(|line| text += &compared_row(line));
    }
    let mut reasons: Vec<(&str, usize)> = vec![];
    for line in lines.iter().filter(|line| line.ours.is_none()) {
        match reasons.iter_mut().find(|(reason, _)| *reason == line.reason) {
            Some((_, n)) => *n += 1,
            None => reasons.push((&line.reason, 1)),
        }
    }
    text += "\n";
    for (reason, n) in reasons {
        let _ = writeln!(text, "* {n}: {reason}");
    }
    if lines.is_empty() {
        let _ = writeln!(
            text,
            "No number is printed{}.",
            item.reason.as_ref().map_or(String::new(), |r| format!(": {r}"))
        );
    }
    text
}

fn compared_row(line: &Line) -> String {
    let decimals = line.published.split_once('.').map_or(0, |(_, decimals)| decimals.len()).max(2);
    let shown = |x: Option<f64>| x.map_or("-".to_owned(), |x| number(x, decimals));
    let interval = match (line.low, line.high) {
        (Some(low), Some(high)) => format!(" [{}, {}]", number(low, decimals), number(high, decimals)),
        _ => String::new(),
    };
    let quantity = [line.quantity.as_str(), line.setting.as_str()];
    let quantity = quantity.iter().filter(|w| !w.is_empty()).copied().collect::<Vec<_>>().join(", ");
    format!(
        "| {} | {} {} | {quantity} | {} | {}{interval} | {} | {} | {} | {} |\n",
        line.method,
        line.space,
        line.dataset,
        line.published,
        shown(line.ours),
        shown(line.difference),
        line.verdict,
        line.reading,
        line.reason
    )
}

#[cfg(test)]
mod tests;
