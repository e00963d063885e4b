//! Flags and steps that the commands share which compare scores with accuracies.

mod accuracy;
mod metrics;
mod output;
mod sources;

pub use accuracy::{AccuracyArgs, Loaded};
pub use metrics::{metric_lines, metrics_help};
pub use output::{OutputArgs, command_line};
pub use sources::{ExternalArgs, load};

use std::rc::Rc;

use crate::analysis::{Facts, ScoreSet};
use crate::tables::{Query, Table};

/// Something computed from a set of scores and an accuracy, with what a table or a figure says about it.
pub struct Group<T> {
    /// Heads the columns: space and data set, and the source where several groups would have one name.
    pub name: String,
    pub facts: Facts,
    pub value: T,
}

/// Computes something from each set of scores and each accuracy that it is compared with.
pub fn groups<'s, T>(
    sets: &'s [ScoreSet],
    accuracy: &AccuracyArgs,
    tables: &Loaded<'_>,
    compute: impl Fn(&'s ScoreSet, &Rc<Table>, &Query) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<Group<T>>> {
    let mut groups = vec![];
    for set in sets {
        let table = tables.table(&set.space)?;
        for query in accuracy.queries(set, &table) {
            let (name, facts) = (format!("{} {}", set.space, query.dataset), facts(set, &query));
            groups.push((set, Group { name, facts, value: compute(set, &table, &query)? }));
        }
    }
    let names: Vec<String> = groups.iter().map(|(_, group)| group.name.clone()).collect();
    let several = |name: &str| names.iter().filter(|other| *other == name).count() > 1;
    let named = |(set, mut group): (&ScoreSet, Group<T>)| {
        if several(&group.name) {
            group.name += &format!(" ({})", set.source);
        }
        group
    };
    Ok(groups.into_iter().map(named).collect())
}

/// What holds for all numbers of a set of scores and an accuracy.
fn facts(set: &ScoreSet, query: &Query) -> Facts {
    let images = if set.stand_in { " (made-up images in place of real ones)" } else { "" };
    let facts = [
        ("accuracy (data set/split/epochs/runs)", query.to_string()),
        ("scores", set.source.clone()),
        ("scores computed with", format!("{}{images}", set.dataset)),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
