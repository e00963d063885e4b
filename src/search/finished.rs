//! Reads what finished searches left in their folders.

use std::path::Path;

use serde::Deserialize;

use super::evolve::Row;
use super::folder::{self, RESULT};
use crate::store::{Description, StoreError};

/// The table of a search on a table, as JSON.
pub const TABLE: &str = "table.json";
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
    Evolved { repetition: u32, outcomes: Vec<Outcome> },
    Pruned { repetition: u32, pruned: Pruned, at_random: String, accuracies: Option<[f64; 2]> },
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
}

#[derive(Deserialize)]
struct Pruned {
    arch: String,
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
    let winners = found(folder)?;
    let trajectory = folder.join(TRAJECTORY);
    let rows = if trajectory.exists() { folder::read_json(&trajectory)? } else { vec![] };
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

fn found(folder: &Path) -> Result<Vec<Ended>, StoreError> {
    let all: Vec<Found> = folder::read_json(&folder.join(RESULT))?;
    Ok(all.into_iter().flat_map(ended).collect())
}

fn ended(found: Found) -> Vec<Ended> {
    match found {
        Found::Evolved { repetition, outcomes } => {
            outcomes.into_iter().filter_map(|outcome| evolved(repetition, outcome)).collect()
        }
        Found::Pruned { repetition, pruned, at_random, accuracies } => {
            let archs = [("pruned", pruned.arch), ("random", at_random)];
            let one = |(at, (rule, arch)): (usize, (&str, String))| Ended {
                repetition,
                rule: rule.to_owned(),
                arch,
                numbers: accuracies.map(|of| ("accuracy (%)", of[at])).into_iter().collect(),
            };
            archs.into_iter().enumerate().map(one).collect()
        }
    }
}

fn evolved(repetition: u32, outcome: Outcome) -> Option<Ended> {
    let Winner { arch, value, params, flops, layers } = outcome.winner?;
    let numbers = [
        ("value", value),
        ("parameters", Some(params as f64)),
        ("operations", Some(flops as f64)),
        ("layers", layers.map(|layers| layers as f64)),
        ("candidates scored", Some(outcome.evaluations as f64)),
    ];
    let numbers = numbers.into_iter().filter_map(|(name, x)| Some((name, x?))).collect();
    Some(Ended { repetition, rule: outcome.rule, arch, numbers })
}
