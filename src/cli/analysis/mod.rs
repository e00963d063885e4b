//! Flags and steps that the commands share which compare scores with accuracies.

mod accuracy;
mod output;
mod sources;

pub use accuracy::{AccuracyArgs, Loaded};
pub use output::{OutputArgs, command_line};

pub use sources::{ExternalArgs, load};

use crate::analysis::ScoreSet;
use crate::tables::Query;

/// What heads the columns of a set's figures, and what holds for all of them.
pub fn group_facts(set: &ScoreSet, query: &Query) -> (String, Vec<(String, String)>) {
    let images = if set.stand_in { " (made-up images in place of real ones)" } else { "" };
    let facts = [
        ("accuracy (data set/split/epochs/runs)", query.to_string()),
        ("scores", set.source.clone()),
        ("scores computed with", format!("{}{images}", set.dataset)),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value));
    (format!("{} {}", set.space, query.dataset), facts.to_vec())
}

/// Tells groups of one name apart by their source.
pub fn distinct_names(names: Vec<(String, &ScoreSet)>) -> Vec<String> {
    let twice = |name: &str| names.iter().filter(|(other, _)| other == name).count() > 1;
    let distinct = |(name, set): &(String, &ScoreSet)| match twice(name) {
        true => format!("{name} ({})", set.source),
        false => name.clone(),
    };
    names.iter().map(distinct).collect()
}
