//! Reads what finished searches left in their folders.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::evolve::Row;
use super::folder::{self, RESULT};
use super::saliency::{Selected, Selection};
use crate::store::{Description, StoreError};

/// The table of a search on a table, as JSON.
pub const TABLE: &str = "table.json";
/// The scores and components of an evolution's best member, a line for each row and name.
pub const PARTS: &str = "best_scores.csv";
/// The rows of an evolution.
pub const TRAJECTORY: &str = "trajectory.json";

/// A search that came to its end.
pub struct Finished {
    pub description: Description,
    /// How the best value of an evolution developed.
    pub rows: Vec<Row>,
    /// What an evolution or a pruning found.
    pub winners: Vec<Ended>,
    /// The JSON of the table of a search on a table.
    pub table: Option<String>,
}

/// Name of the accuracy of what was found, in the table.
pub const ACCURACY: &str = "accuracy (%)";
/// Name of the accuracy of the record that is nearest to what was found, where the table lacks that.
pub const NEAREST_ACCURACY: &str = "accuracy of the nearest record (%)";
/// Name of the number of operations that it has in common with what was found.
const SHARED_OPERATIONS: &str = "operations in common with it";
/// Name of the largest value on the way to what was found.
pub const BEST_SCORED: &str = "best value on the way";

/// What one rule found in one repetition.
#[derive(Debug, PartialEq)]
pub struct Ended {
    pub repetition: u32,
    pub rule: String,
    pub arch: String,
    /// What is known about it, by name.
    pub numbers: Vec<(&'static str, f64)>,
}

/// What a search found in its first repetition.
pub struct Winners {
    /// Id of the space.
    pub space: String,
    /// What found it (`search`, `pruned`, `random`), and the architecture.
    pub archs: Vec<(String, String)>,
}

/// The parts of `result.json` that are read: those of an evolution, or of a pruning.
#[derive(Deserialize)]
#[serde(untagged)]
enum Found {
    Evolved {
        repetition: u32,
        outcomes: Vec<Outcome>,
    },
    Selected(Selected),
    Pruned {
        repetition: u32,
        pruned: Pruned,
        at_random: String,
        accuracies: Option<[f64; 2]>,
        nearest: Option<[Nearest; 2]>,
    },
}

#[derive(Deserialize)]
struct Outcome {
    rule: String,
    evaluations: u64,
    winner: Option<Winner>,
}

#[derive(Deserialize)]
struct Winner {
    arch: String,
    /// None where it is not finite.
    value: Option<f64>,
    params: u64,
    flops: u64,
    layers: Option<u64>,
    rho: Option<f64>,
}

#[derive(Deserialize)]
struct Pruned {
    arch: String,
}

/// The record that stands in for an architecture, where the table lacks it.
#[derive(Deserialize)]
struct Nearest {
    shared_operations: usize,
}

/// Reads the folder of a finished search.
///
/// # Errors
/// It holds no search, one that is not finished, or damaged files.
pub fn finished(folder: &Path) -> Result<Finished, StoreError> {
    let description = folder::description(folder)?;
    let table = folder.join(TABLE);
    if table.exists() {
        let text = std::fs::read_to_string(&table);
        let text = text.map_err(StoreError::io(&table, "make the file readable"))?;
        return Ok(Finished { description, rows: vec![], winners: vec![], table: Some(text) });
    }
    let mut winners = found(folder)?;
    let trajectory = folder.join(TRAJECTORY);
    let mut rows: Vec<Row> = if trajectory.exists() { folder::read_json(&trajectory)? } else { vec![] };
    read_parts(&folder.join(PARTS), &mut rows)?;
    // Removal at random may lose the best candidate on the way.
    for ended in &mut winners {
        let mut own = rows.iter().filter(|row| row.repetition == ended.repetition && row.rule == ended.rule);
        let best = own.next_back().map(|row| row.best_so_far);
        ended.numbers.extend(best.map(|best| (BEST_SCORED, best)));
    }
    Ok(Finished { description, rows, winners, table: None })
}

/// Reads what a finished evolution or pruning found in its first repetition.
///
/// # Errors
/// As [`finished`].
pub fn winners(folder: &Path) -> Result<Winners, StoreError> {
    let space = folder::description(folder)?.key.space;
    let first = found(folder)?.into_iter().filter(|ended| ended.repetition == 0);
    Ok(Winners { space, archs: first.map(|ended| (ended.rule, ended.arch)).collect() })
}

/// A line of the file of scores and components.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    pub repetition: u32,
    pub rule: String,
    pub iteration: u64,
    pub name: String,
    pub value: f64,
}

/// Gives the rows their scores and components; searches of one number have no such file.
fn read_parts(path: &Path, rows: &mut [Row]) -> Result<(), StoreError> {
    if !path.exists() {
        return Ok(());
    }
    let damaged =
        |error: csv::Error| StoreError::Manifest { path: path.to_path_buf(), reason: error.to_string() };
    let mut row = rows.iter_mut().peekable();
    for part in csv::Reader::from_path(path).map_err(damaged)?.into_deserialize() {
        let Part { repetition, rule, iteration, name, value } = part.map_err(damaged)?;
        let key = (repetition, rule.as_str(), iteration);
        while row.next_if(|row| (row.repetition, row.rule.as_str(), row.iteration) != key).is_some() {}
        if let Some(row) = row.peek_mut() {
            row.parts.push((name, value));
        }
    }
    Ok(())
}

fn found(folder: &Path) -> Result<Vec<Ended>, StoreError> {
    let all: Vec<Found> = folder::read_json(&folder.join(RESULT))?;
    Ok(all.into_iter().flat_map(ended).collect())
}

fn ended(found: Found) -> Vec<Ended> {
    match found {
        Found::Evolved { repetition, outcomes } => {
            outcomes.into_iter().filter_map(|outcome| evolved(repetition, outcome)).collect()
        }
        Found::Selected(Selected { repetition, selections, .. }) => {
            let one = |Selection { rule, arch, accuracy }: Selection| {
                let numbers = accuracy.map(|accuracy| (ACCURACY, accuracy));
                Ended { repetition, rule, arch, numbers: numbers.into_iter().collect() }
            };
            selections.into_iter().map(one).collect()
        }
        Found::Pruned { repetition, pruned, at_random, accuracies, nearest } => {
            let archs = [("pruned", pruned.arch), ("random", at_random)];
            let name = if nearest.is_some() { NEAREST_ACCURACY } else { ACCURACY };
            let one = |(at, (rule, arch)): (usize, (&str, String))| {
                let accuracy = accuracies.map(|of| (name, of[at]));
                let shared = nearest.as_ref().map(|of| (SHARED_OPERATIONS, of[at].shared_operations as f64));
                let numbers = accuracy.into_iter().chain(shared).collect();
                Ended { repetition, rule: rule.to_owned(), arch, numbers }
            };
            archs.into_iter().enumerate().map(one).collect()
        }
    }
}

fn evolved(repetition: u32, outcome: Outcome) -> Option<Ended> {
    let Winner { arch, value, params, flops, layers, rho } = outcome.winner?;
    let numbers = [
        ("value", value),
        ("parameters", Some(params as f64)),
        ("operations", Some(flops as f64)),
        ("layers", layers.map(|layers| layers as f64)),
        ("rho", rho),
        ("candidates scored", Some(outcome.evaluations as f64)),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, x)| Some((name, x?))).collect();
    Some(Ended { repetition, rule: outcome.rule, arch, numbers })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The accuracy of another network never goes by the name of that of the one that was found.
    #[test]
    fn a_record_that_stands_in_is_named_as_such() {
        let text = |more: &str| {
            format!(
                r#"{{"repetition":0,"pruned":{{"arch":"a","rounds":[]}},"at_random":"b","accuracies":[65.0,63.0]{more}}}"#
            )
        };
        let numbers = |text: &str| ended(serde_json::from_str(text).unwrap()).remove(0).numbers;
        assert_eq!(numbers(&text("")), [(ACCURACY, 65.0)]);
        let record = |shared| format!(r#"{{"table":"t","arch":"c","shared_operations":{shared}}}"#);
        let nearest = text(&format!(r#","nearest":[{},{}]"#, record(4), record(5)));
        assert_eq!(numbers(&nearest), [(NEAREST_ACCURACY, 65.0), (SHARED_OPERATIONS, 4.0)]);
    }
}
