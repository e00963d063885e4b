//! Scores that were computed elsewhere, from a CSV or JSON file.

mod lines;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use lines::ScoreFile;

use super::{BASELINES, ScoreCell, ScoreColumn, ScoreSet};
use crate::formats::text::{clean, is_missing, number};
use crate::proxies::Direction;
use crate::spaces::NetworkInput;

/// Largest file that is read, in bytes: twenty columns over the largest space take about 15 MiB.
const LIMIT: u64 = 128 << 20;

/// Names of columns that mean the architecture string, the first that a file has.
const ARCH_COLUMNS: [&str; 5] = ["arch", "architecture", "arch_str", "net_str", "architecture_string"];

/// Why scores were not read. `name` is the file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{name}: {source}")]
    Read { name: String, source: std::io::Error },
    #[error("{name} is larger than {} MiB; leave out columns that are no scores", LIMIT >> 20)]
    TooLarge { name: String },
    #[error("{name}: {reason}")]
    Malformed { name: String, reason: String },
    /// `place` is a line of a CSV file or the number of a JSON record.
    #[error("{name}, {place}: {reason}")]
    At { name: String, place: String, reason: String },
}

/// How a file is to be understood.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Column with the architecture strings; `None` takes `arch`, `architecture`, `arch_str`, `net_str` or
    /// `architecture_string`.
    pub arch_column: Option<String>,
    /// Columns with scores; empty takes all but the architecture and `repetition`.
    pub columns: Vec<String>,
    /// Columns whose lower scores are better; all others are better when higher.
    pub lower_is_better: Vec<String>,
    /// Name of the proxy in a column called `score`.
    pub name: String,
}

/// What the scores belong to.
pub struct Origin<'a> {
    /// Id of the search space.
    pub space: &'a str,
    /// Data set that they were computed with.
    pub dataset: &'a str,
    /// What the networks are built for, where the baselines are counted.
    pub input: NetworkInput,
    /// The canonical form of an architecture string, or what is wrong with it.
    pub canonical: &'a dyn Fn(&str) -> Result<String, String>,
}

/// Reads scores from a CSV file with a header, or from a JSON array of objects (told apart by the first character): one
/// architecture a line, one proxy a column, and optionally a column `repetition`.
///
/// A score is a number, or `nan`, `inf`, `-inf` in any spelling; an empty field, `None`, `NA` or `null` is a missing score. Fields may be
/// separated by semicolons or tabs. JSON lines and the files of NAS-Bench-Suite-Zero are read too.
///
/// # Errors
/// An unreadable or oversized file, a malformed line, an architecture that is none of the space's or occurs twice in a
/// repetition, a score that is no number.
pub fn import(
    name: &str,
    reader: impl Read,
    origin: &Origin<'_>,
    options: &ImportOptions,
) -> Result<ScoreSet, ImportError> {
    let mut text = String::new();
    let length = reader.take(LIMIT + 1).read_to_string(&mut text);
    if length.map_err(|source| ImportError::Read { name: name.to_owned(), source })? as u64 > LIMIT {
        return Err(ImportError::TooLarge { name: name.to_owned() });
    }
    let text = text.trim_start_matches('\u{feff}');
    let file = match ScoreFile::suite_zero(name, text, origin.dataset)? {
        Some(file) => file,
        None => ScoreFile::parse(name, text)?,
    };
    let layout = Layout::of(&file, options)?;
    let (samples, cells) = read_lines(&file, &layout, origin)?;
    let mut set = ScoreSet::new((origin.space, origin.dataset), origin.input, name, samples);
    for ((_, column), cells) in layout.scores.iter().zip(cells) {
        let mut proxy = if column == "score" { options.name.clone() } else { column.clone() };
        if BASELINES.contains(&proxy.as_str()) {
            // Our own counts stand under these names, and nothing else.
            let file = Path::new(name).file_name().unwrap_or(name.as_ref()).display();
            proxy = format!("{proxy} ({file})");
        }
        if set.column(&proxy).is_some() {
            return Err(file.malformed(format!(
                "two columns hold scores of `{proxy}`; name the one in `score` with --name"
            )));
        }
        let direction = match options.lower_is_better.contains(column) {
            true => Direction::LowerIsBetter,
            false => Direction::HigherIsBetter,
        };
        set.add(ScoreColumn { proxy, direction, baseline: false }, &cells.concat());
    }
    Ok(set)
}

/// Which column is what.
struct Layout {
    arch: usize,
    repetition: Option<usize>,
    /// Position and name of the score columns.
    scores: Vec<(usize, String)>,
}

impl Layout {
    fn of(file: &ScoreFile, options: &ImportOptions) -> Result<Self, ImportError> {
        let find = |wanted: &str| file.header.iter().position(|column| column == wanted);
        let has = || format!("it has {}", file.header.join(", "));
        let arch = match &options.arch_column {
            Some(column) => {
                find(column).ok_or_else(|| file.malformed(format!("no column `{column}`; {}", has())))?
            }
            None => ARCH_COLUMNS.iter().find_map(|column| find(column)).ok_or_else(|| {
                file.malformed(format!(
                    "no column of architecture strings; {}; name one with --arch-column",
                    has()
                ))
            })?,
        };
        let repetition = find("repetition");
        for column in options.columns.iter().chain(&options.lower_is_better) {
            find(column).ok_or_else(|| file.malformed(format!("no column `{column}`; {}", has())))?;
        }
        let chosen = |i: usize, column: &String| match options.columns.is_empty() {
            // A column without a name is the index that pandas writes, or what follows a comma too many.
            true => i != arch && Some(i) != repetition && !column.is_empty(),
            false => options.columns.contains(column),
        };
        let scores = file.header.iter().enumerate().filter(|(i, column)| chosen(*i, column));
        let scores: Vec<(usize, String)> = scores.map(|(i, column)| (i, column.clone())).collect();
        if scores.is_empty() {
            return Err(file.malformed(format!("no column of scores; {}", has())));
        }
        Ok(Self { arch, repetition, scores })
    }
}

/// Repetition, weight seed and architectures of each sample.
type Samples = Vec<(u64, u64, Vec<String>)>;
/// The cells of each score column, by sample.
type Cells = Vec<Vec<Vec<ScoreCell>>>;

/// The samples by repetition, and the cells of every score column in their order.
fn read_lines(
    file: &ScoreFile,
    layout: &Layout,
    origin: &Origin<'_>,
) -> Result<(Samples, Cells), ImportError> {
    let mut samples = Samples::new();
    let mut cells: Cells = vec![vec![]; layout.scores.len()];
    let (mut of_repetition, mut seen) = (HashMap::new(), HashMap::new());
    for line in &file.lines {
        let at = |reason: String| file.at(line, reason);
        let given = |column: usize| match clean(line.field(column)) {
            "" => Err(at(format!("it has no `{}`", lines::shown(&file.header[column])))),
            field => Ok(field),
        };
        let repetition = match layout.repetition {
            Some(column) => repetition(given(column)?).map_err(at)?,
            None => 0,
        };
        let arch = (origin.canonical)(given(layout.arch)?).map_err(at)?;
        if let Some(first) = seen.insert((repetition, arch.clone()), line.place) {
            let reason = format!("architecture `{arch}` stands in {} {first} already", file.unit);
            return Err(at(format!("{reason}; several scores of one need a column `repetition`")));
        }
        let sample = *of_repetition.entry(repetition).or_insert_with(|| {
            samples.push((repetition, repetition, vec![]));
            cells.iter_mut().for_each(|column| column.push(vec![]));
            samples.len() - 1
        });
        samples[sample].2.push(arch);
        for (column, (field, name)) in cells.iter_mut().zip(&layout.scores) {
            column[sample].push(cell(line.field(*field), name).map_err(at)?);
        }
    }
    if samples.is_empty() {
        return Err(file.malformed("it holds no scores".to_owned()));
    }
    Ok((samples, cells))
}

fn repetition(field: &str) -> Result<u64, String> {
    let number = field.parse();
    number.map_err(|_| format!("repetition `{}` is no whole number from 0 on", lines::shown(field)))
}

fn cell(field: &str, column: &str) -> Result<ScoreCell, String> {
    let field = clean(field);
    if is_missing(field) {
        return Ok(ScoreCell::Missing);
    }
    number(field).map(ScoreCell::of).ok_or_else(|| {
        let shown = lines::shown(field);
        format!("`{shown}` in column `{column}` is no number; choose the columns with scores with --columns")
    })
}
