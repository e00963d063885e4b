//! The table of top-1 searches.

use super::table::{Column, Group, Kind, Role, Table, TableCell, TableRow};
use crate::search::top1::Top1;
use crate::search::{RuleKind, SearchGroup};

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

/// Rules as rows, sample sizes of each group as columns: mean and standard deviation of the accuracy over trials.
pub fn search_table(groups: &[SearchGroup]) -> Table {
    let mut table = Table {
        title: format!("{} of the best-scored architecture of a random sample", quantity(groups)),
        rows_are: "selected by".to_owned(),
        ..Table::default()
    };
    let mut rows: Vec<(&str, Role)> = vec![];
    for group in groups {
        let searched = &group.searched;
        let columns = searched.outcomes.iter().flat_map(|(size, _)| {
            let column = |name: String, kind| Column::new(name, kind);
            [
                column(format!("S={size}"), Kind::Number { decimals: 2 }),
                column(format!("trials, S={size}"), Kind::Count),
                column(format!("decided by chance, S={size}"), Kind::Count),
            ]
        });
        table.groups.push(Group {
            name: group.name.clone(),
            facts: group.facts.clone(),
            columns: columns.collect(),
        });
        let drawn = searched.outcomes.iter().map(|(size, _)| *size);
        let notes = drawn.filter_map(|size| repeats(size, &searched.sizes));
        table.notes.extend(notes.map(|note| format!("{}, {note}", group.name)));
        for (name, kind) in &searched.rules {
            let row = (name.as_str(), role(*kind));
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    rows.sort_by_key(|(_, role)| match role {
        Role::Entry => 0,
        Role::Baseline => 1,
        Role::Bound => 2,
    });
    let row = |(name, role): (&str, Role)| {
        let cells = groups.iter().map(|group| cells(group, name)).collect();
        TableRow { name: name.to_owned(), role, cells }
    };
    table.rows = rows.into_iter().map(row).collect();
    table
}

/// What the numbers of the table are, with their unit.
fn quantity(groups: &[SearchGroup]) -> &'static str {
    let percent = groups.iter().filter(|group| group.searched.percent).count();
    match percent {
        0 if !groups.is_empty() => "Negative loss",
        all if all == groups.len() => "Accuracy (%)",
        _ => "Accuracy (%) or negative loss",
    }
}

fn role(kind: RuleKind) -> Role {
    match kind {
        RuleKind::Proxy => Role::Entry,
        RuleKind::Baseline => Role::Baseline,
        RuleKind::Oracle => Role::Bound,
    }
}

fn cells(group: &SearchGroup, rule: &str) -> Vec<Option<TableCell>> {
    let searched = &group.searched;
    let Some(place) = searched.rules.iter().position(|(name, _)| name == rule) else {
        return vec![None; 3 * searched.outcomes.len()];
    };
    let of_size = |(_, outcomes): &(usize, Vec<Top1>)| {
        let outcome = &outcomes[place];
        let accuracy = outcome.summary().map(|summary| TableCell::of(&summary, None));
        let count = |count: usize| Some(TableCell::plain(count as f64));
        [accuracy, count(outcome.accuracies.len()), count(outcome.undecided)]
    };
    searched.outcomes.iter().flat_map(of_size).collect()
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
