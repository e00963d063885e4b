//! What a finished search leaves: its trajectory as CSV, JSON and a picture, its structures, and a summary on standard output.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use crate::page::Page;
use crate::plot::{self, Labels};
use crate::search::evolve::{Found, Outcome, Row};
use crate::search::{PARTS, Part, RESULT, SearchFolder, TRAJECTORY};

/// Writes the files of a search; `value` says what its members are ordered by.
pub(super) fn write(folder: &SearchFolder, found: &[Found], value: &str) -> anyhow::Result<()> {
    let rows: Vec<Row> = found.iter().flat_map(|found| found.rows.clone()).collect();
    let mut csv = csv::Writer::from_writer(vec![]);
    rows.iter().try_for_each(|row| csv.serialize(row))?;
    folder.write("trajectory.csv", &String::from_utf8(csv.into_inner()?)?)?;
    folder.write_json(TRAJECTORY, &rows)?;
    write_parts(folder, &rows)?;
    folder.write_json(RESULT, &found)?;
    let repetitions = found.len();
    let labels = Labels {
        title: "Best value found so far".to_owned(),
        facts: vec![match repetitions {
            1 => "one repetition".to_owned(),
            n => format!("mean ± standard deviation over {n} repetitions"),
        }],
        caption: value.to_owned(),
    };
    let scene = plot::trajectory(&rows, "value", labels).draw()?;
    folder.write("trajectory.svg", &plot::svg(&scene)).context("the picture of the trajectory")?;
    write_page(folder)
}

/// The scores and components of the best members, for searches by several numbers.
fn write_parts(folder: &SearchFolder, rows: &[Row]) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(vec![]);
    for row in rows {
        for (name, value) in &row.parts {
            let (rule, name) = (row.rule.clone(), name.clone());
            let (repetition, iteration) = (row.repetition, row.iteration);
            csv.serialize(Part { repetition, rule, iteration, name, value: *value })?;
        }
    }
    match csv.into_inner()? {
        none if none.is_empty() => Ok(()),
        text => Ok(folder.write(PARTS, &String::from_utf8(text)?)?),
    }
}

/// Writes the HTML page of a finished search into its folder.
pub(super) fn write_page(folder: &SearchFolder) -> anyhow::Result<()> {
    let name = folder.path().file_name().unwrap_or(folder.path().as_os_str()).to_string_lossy();
    let mut page = Page { title: format!("Search {name}"), ..Page::default() };
    page.add_search(&name, folder.path())?;
    Ok(page.write(&folder.file("page.html"))?)
}

/// Prints what was found.
pub(super) fn summarise(out: &Path, found: &[Found], elapsed: Duration) -> anyhow::Result<()> {
    let to = &mut std::io::stdout().lock();
    for Found { repetition, outcomes, .. } in found {
        for outcome in outcomes {
            describe(to, *repetition, outcome)?;
        }
    }
    writeln!(
        to,
        "{}: page.html, trajectory.csv, .json, .svg and result.json, {:.0} s",
        out.display(),
        elapsed.as_secs_f64()
    )?;
    Ok(())
}

fn describe(to: &mut impl Write, repetition: u32, outcome: &Outcome) -> std::io::Result<()> {
    let Outcome { rule, iterations, evaluations, refused, winner } = outcome;
    let refused: Vec<String> = refused.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
    let refused = if refused.is_empty() { "none".to_owned() } else { refused.join(", ") };
    writeln!(
        to,
        "repetition {repetition}, {rule}: {iterations} iterations, {evaluations} candidates scored; refused: {refused}"
    )?;
    let Some(winner) = winner else { return writeln!(to, "  the population is empty") };
    let counts = &winner.found.counts;
    let known = |name, x: Option<String>| x.map_or(String::new(), |x| format!(", {x} {name}"));
    writeln!(
        to,
        "  value {}, {} parameters, {} operations{}{}, generation {}",
        winner.found.value,
        counts.params,
        counts.flops,
        known("layers", counts.layers.map(|x| x.to_string())),
        known("rho", counts.rho.map(|x| format!("{x:.4}"))),
        winner.lineage.len()
    )?;
    writeln!(to, "  {}", winner.found.arch)
}
