//! Verdicts on printed numbers, from the `verdicts.csv` that studies write.

use std::path::Path;

use serde::Deserialize;

use crate::study::Verdicts;

/// What is read of a line; it has more columns.
#[derive(Deserialize)]
struct Line {
    method: String,
    dataset: String,
    quantity: String,
    published: String,
    ours: f64,
    low: Option<f64>,
    high: Option<f64>,
    verdict: String,
    reading: String,
}

/// How many numbers of each paper have which verdict, from the results in a folder.
pub(super) fn counts(folder: &Path) -> Result<String, String> {
    Verdicts::collect(&[folder.to_owned()]).map(|verdicts| verdicts.papers()).map_err(|e| e.to_string())
}

/// The printed numbers of one quantity with ours beside them.
pub(super) fn table(path: &Path, quantity: &str) -> Result<String, String> {
    let failed = |error: csv::Error| format!("{}: {error}", path.display());
    let lines = csv::Reader::from_path(path).map_err(failed)?.into_deserialize();
    let mut lines: Vec<Line> = lines.collect::<Result<_, _>>().map_err(failed)?;
    lines.retain(|line| line.quantity == quantity);
    if lines.is_empty() {
        return Err(format!("{} has no quantity `{quantity}`", path.display()));
    }
    let columns = ["method", "data set", "paper", "ours", "95 % of the mean", "verdict", "run and proxy"];
    let rows = lines.into_iter().map(|line| {
        let interval = line.low.zip(line.high);
        vec![
            line.method,
            line.dataset,
            line.published,
            format!("{:.3}", line.ours),
            interval.map_or(String::new(), |(low, high)| format!("{low:.3} to {high:.3}")),
            line.verdict,
            format!("`{}`", line.reading),
        ]
    });
    Ok(super::table(&columns, 2, rows))
}
