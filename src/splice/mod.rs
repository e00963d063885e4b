//! Regions of a Markdown file that say what a file of results says, made again whenever that changes:
//!
//! ```text
//! <!-- from results/nats-10x1000/correlations.csv: tau_b of synflow, naswot -->
//! what stands here is replaced
//! <!-- end -->
//! ```
//!
//! The opening comment names files, from the folder of the Markdown file, and [what](What) of them is shown.

mod correlations;
mod speed;
#[cfg(test)]
mod tests;
mod verdicts;

use std::path::{Path, PathBuf};

use crate::store::files;

/// What opens a region, up to `-->`; it may be several lines long.
const OPEN: &str = "<!-- from ";
/// What ends a region.
const END: &str = "<!-- end -->";

/// Why a file was not spliced; it is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum SpliceError {
    #[error("{}: {source}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{}, line {line}: {reason}", .path.display())]
    Region { path: PathBuf, line: usize, reason: String },
    #[error("{}: no region to fill; put `<!-- from FILE: WHAT -->` and `{END}` around one", .0.display())]
    Nothing(PathBuf),
}

/// What a region shows of its files.
enum What<'t> {
    /// `METRIC of PROXY, PROXY, ...`: the means of a `correlations.csv`.
    Metric(&'t str, Vec<&'t str>),
    /// `speed`: the ratios that `scripts/compare_speed.py` measured.
    Speed,
    /// `verdicts`: how many printed numbers have which verdict, over a folder of results.
    Verdicts,
    /// `verdicts on QUANTITY`: those of one `verdicts.csv`.
    VerdictsOn(&'t str),
}

impl<'t> What<'t> {
    fn parse(text: &'t str) -> Result<Self, String> {
        match (text, text.split_once(" of "), text.split_once("verdicts on ")) {
            ("speed", _, _) => Ok(Self::Speed),
            ("verdicts", _, _) => Ok(Self::Verdicts),
            (_, _, Some(("", quantity))) => Ok(Self::VerdictsOn(quantity)),
            (_, Some((metric, proxies)), _) => {
                Ok(Self::Metric(metric, proxies.split(',').map(str::trim).collect()))
            }
            _ => Err(format!(
                "`{text}`: a region shows `METRIC of PROXY, ...`, `speed`, `verdicts` or `verdicts on QUANTITY`"
            )),
        }
    }

    /// The text of a region, with a line end at its end.
    fn of(&self, files: &[PathBuf]) -> Result<String, String> {
        let only = || match files {
            [file] => Ok(file.as_path()),
            _ => Err("one file is to be named before the colon".to_owned()),
        };
        match self {
            Self::Metric(metric, proxies) => correlations::table(only()?, metric, proxies),
            Self::Speed => speed::table(files),
            Self::Verdicts => verdicts::counts(only()?),
            Self::VerdictsOn(quantity) => verdicts::table(only()?, quantity),
        }
    }
}

/// Fills all regions of a Markdown file; whether that changed it.
///
/// # Errors
/// A file that cannot be read or written, has no region, or one that cannot be filled.
pub fn splice(path: &Path) -> Result<bool, SpliceError> {
    let failed = |source| SpliceError::File { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let new = spliced(&text, path)?.ok_or_else(|| SpliceError::Nothing(path.to_owned()))?;
    let write = |file: &mut std::fs::File| std::io::Write::write_all(file, new.as_bytes());
    if new != text {
        files::replace(path, write).map_err(failed)?;
    }
    Ok(new != text)
}

/// The text of the file at `path` with all regions filled; `None` where there are none.
fn spliced(text: &str, path: &Path) -> Result<Option<String>, SpliceError> {
    let (mut new, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(OPEN) {
        let (before, region) = rest.split_at(at);
        let line = 1 + text[..text.len() - region.len()].matches('\n').count();
        let failed = |reason| SpliceError::Region { path: path.to_owned(), line, reason };
        let (opening, after) = parts(region).map_err(failed)?;
        new += &format!("{before}{OPEN}{opening}-->\n{}{END}", filled(opening, path).map_err(failed)?);
        rest = after;
    }
    Ok((!new.is_empty()).then(|| new + rest))
}

/// What the opening comment says, and what stands behind the region.
fn parts(region: &str) -> Result<(&str, &str), String> {
    let (opening, inside) = region[OPEN.len()..].split_once("-->").ok_or("the comment has no `-->`")?;
    let (old, after) = inside.split_once(END).ok_or_else(|| format!("the region has no `{END}`"))?;
    match old.contains(OPEN) {
        true => Err(format!("the region has no `{END}` before the next begins")),
        false => Ok((opening, after)),
    }
}

fn filled(opening: &str, path: &Path) -> Result<String, String> {
    let (files, what) = opening.split_once(": ").ok_or("`FILE: WHAT` is expected after `from`")?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let files: Vec<PathBuf> = files.split_whitespace().map(|file| folder.join(file)).collect();
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
    What::parse(&what)?.of(&files)
}

/// A table: names of columns, `left` of them aligned left and the others right, and rows.
fn table(columns: &[&str], left: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let sides = (0..columns.len()).map(|i| if i < left { "---" } else { "---:" });
    let head = line(&columns.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let sides = format!("|{}|\n", sides.collect::<Vec<_>>().join("|"));
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    head + &sides + &rows
}
