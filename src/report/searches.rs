//! The table of top-1 searches.

use super::table::{Cell, Column, Facts, Group, Kind, Role, Row, Spread, Table};
use crate::search::top1::Top1;
use crate::search::{RuleKind, Searched};

/// Searches for one accuracy, with several sample sizes.
pub struct SearchGroup {
    /// Heads the columns: space and data set.
    pub name: String,
    /// The accuracy query, the protocol, and whatever else holds for the group.
    pub facts: Facts,
    /// Name and role of each rule.
    pub rules: Vec<(String, Role)>,
    /// For each sample size S the outcome of each rule.
    pub outcomes: Vec<(usize, Vec<Top1>)>,
    /// What has to be known about the spreads.
    pub notes: Vec<String>,
}

impl SearchGroup {
    /// The group of what was searched.
    pub fn new(name: String, facts: Facts, searched: Searched) -> Self {
        let role = |kind| match kind {
            RuleKind::Proxy => Role::Entry,
            RuleKind::Baseline => Role::Baseline,
            RuleKind::Oracle => Role::Bound,
        };
        let drawn = searched.outcomes.iter().map(|(size, _)| *size);
        let notes = drawn.filter_map(|size| repeats(size, &searched.sizes)).collect();
        let rules = searched.rules.into_iter().map(|(name, kind)| (name, role(kind))).collect();
        Self { name, facts, rules, outcomes: searched.outcomes, notes }
    }
}

/// Says so where trials draw most of a repetition's architectures: they are then nearly the same trial, and their spread
/// is too small.
fn repeats(drawn: usize, sizes: &[usize]) -> Option<String> {
    let smallest = *sizes.iter().min()?;
    let distinct = sizes.len();
    if drawn == smallest {
        Some(format!(
            "S={drawn}: a trial draws all {smallest} architectures of a repetition, so there are only {distinct} different \
             trials; score more architectures for a spread over trials"
        ))
    } else if 2 * drawn > smallest {
        Some(format!(
            "S={drawn}: two trials of a repetition, which has {smallest} architectures, share most of what they draw; the \
             spread over trials is too small"
        ))
    } else {
        None
    }
}

/// Rules as rows, sample sizes of each group as columns: accuracy in percent, mean and standard deviation over trials.
pub fn search_table(groups: &[SearchGroup]) -> Table {
    let mut table = Table {
        title: "Accuracy (%) of the best-scored architecture of a random sample".to_owned(),
        rows_are: "selected by".to_owned(),
        ..Table::default()
    };
    let mut rows: Vec<(String, Role)> = vec![];
    for group in groups {
        let columns = group.outcomes.iter().flat_map(|(size, _)| {
            let column = |name: String, kind| Column { name, kind };
            [
                column(format!("S={size}"), Kind::Figure { decimals: 2 }),
                column(format!("trials, S={size}"), Kind::Count),
                column(format!("decided by chance, S={size}"), Kind::Count),
            ]
        });
        table.groups.push(Group {
            name: group.name.clone(),
            facts: group.facts.clone(),
            columns: columns.collect(),
        });
        table.notes.extend(group.notes.iter().map(|note| format!("{}, {note}", group.name)));
        rows.extend(group.rules.iter().filter(|rule| !rows.contains(rule)).cloned().collect::<Vec<_>>());
    }
    rows.sort_by_key(|(_, role)| match role {
        Role::Entry => 0,
        Role::Baseline => 1,
        Role::Bound => 2,
    });
    let row = |(name, role): (String, Role)| {
        let cells = groups.iter().map(|group| cells(group, &name)).collect();
        Row { name, role, cells }
    };
    table.rows = rows.into_iter().map(row).collect();
    table
}

fn cells(group: &SearchGroup, rule: &str) -> Vec<Option<Cell>> {
    let Some(place) = group.rules.iter().position(|(name, _)| name == rule) else {
        return vec![None; 3 * group.outcomes.len()];
    };
    let of_size = |(_, outcomes): &(usize, Vec<Top1>)| {
        let outcome = &outcomes[place];
        let figure = outcome.summary().map(|summary| Cell {
            value: summary.mean,
            spread: summary.std.map_or(Spread::None, Spread::Std),
        });
        let count = |count: usize| Some(Cell::plain(count as f64));
        [figure, count(outcome.accuracies.len()), count(outcome.undecided)]
    };
    group.outcomes.iter().flat_map(of_size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_that_repeat_are_named() {
        assert!(repeats(11, &[11, 12]).unwrap().contains("only 2 different trials"));
        assert!(repeats(6, &[11]).unwrap().contains("share most"));
        assert_eq!(repeats(5, &[11]), None);
        assert_eq!(repeats(5, &[]), None);
    }
}
