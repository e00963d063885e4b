//! What new weights, images or batch sizes do to the scores and the ranking of the same architectures (RBFleX-NAS, Figure 9).
//!
//! A trial is one repetition. The paper normalises a score `s(a, t)` of architecture a in trial t in two ways:
//!
//! * by the least accurate architecture (caption): `s(a, t) / |s(worst, t)|`,
//! * by the range of the trial (text): `(s(a, t) - min_a s) / (max_a s - min_a s)`,
//!
//! and gives the standard deviation over trials. Neither says whether the ranking changes: tau-b between two trials does.

use super::results::{AccuracyResult, RunResult};
use crate::analysis::ScoreCell;
use crate::report::{Column, Group, Kind, Role, Table, TableCell, TableRow};
use crate::stats::{Summary, kendall};

/// What the trials of one proxy say; architectures without an accuracy or with a score that is not finite are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Stability {
    pub trials: usize,
    pub archs: usize,
    /// Over all architectures but the least accurate: sample standard deviation over trials of scores normalised by its score.
    pub by_worst: Option<Summary>,
    /// The same of scores normalised by the trial's range.
    pub by_range: Option<Summary>,
    /// tau-b between the scores of two trials, over all pairs of trials.
    pub tau_b: Option<Summary>,
}

impl Stability {
    /// `scores[t][a]` of trial t, with the accuracies of the architectures. `None` for fewer than two trials or architectures.
    pub(super) fn of(scores: &[Vec<f64>], accuracies: &[f64]) -> Option<Self> {
        let known = |a: &usize| !accuracies[*a].is_nan() && scores.iter().all(|trial| trial[*a].is_finite());
        let kept: Vec<usize> = (0..accuracies.len()).filter(known).collect();
        let worst = (0..kept.len()).min_by(|a, b| accuracies[kept[*a]].total_cmp(&accuracies[kept[*b]]))?;
        if kept.len() < 2 || scores.len() < 2 {
            return None;
        }
        let scores: Vec<Vec<f64>> =
            scores.iter().map(|trial| kept.iter().map(|a| trial[*a]).collect()).collect();
        let by_range = |trial: &Vec<f64>| {
            let least = trial.iter().copied().fold(f64::INFINITY, f64::min);
            let most = trial.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            trial.iter().map(|s| (s - least) / (most - least)).collect()
        };
        let by_worst = |trial: &Vec<f64>| {
            let others = trial.iter().enumerate().filter(|(a, _)| *a != worst);
            others.map(|(_, s)| s / trial[worst].abs()).collect()
        };
        let pairs = (0..scores.len()).flat_map(|s| (s + 1..scores.len()).map(move |t| (s, t)));
        let tau_b = |(s, t): (usize, usize)| kendall(&scores[s], &scores[t]).ok()?.tau_b();
        Some(Self {
            trials: scores.len(),
            archs: kept.len(),
            by_worst: spreads(&scores.iter().map(by_worst).collect::<Vec<_>>()),
            by_range: spreads(&scores.iter().map(by_range).collect::<Vec<_>>()),
            tau_b: Summary::of(&pairs.filter_map(tau_b).collect::<Vec<_>>()),
        })
    }
}

/// Standard deviation over trials of every architecture.
fn spreads(normalised: &[Vec<f64>]) -> Option<Summary> {
    let of_arch = |a| {
        let values: Vec<f64> = normalised.iter().map(|trial: &Vec<f64>| trial[a]).collect();
        Summary::of(&values)?.std.filter(|std| std.is_finite())
    };
    Summary::of(&(0..normalised[0].len()).map(of_arch).collect::<Option<Vec<_>>>()?)
}

/// The stability of every proxy of an accuracy, where all trials have the same architectures.
pub(super) fn of_run(results: &[(&RunResult<'_>, &AccuracyResult)]) -> Vec<(String, Stability)> {
    let trials =
        || results.iter().flat_map(|(run, _)| run.set.samples.iter().map(move |sample| (run, sample)));
    let Some((first, sample)) = trials().next() else { return vec![] };
    let archs = first.set.archs(sample);
    let same = trials().all(|(run, sample)| run.set.archs(sample) == archs);
    let Some(accuracies) = first.set.accuracies(&first.table, &results[0].1.query).ok().filter(|_| same)
    else {
        return vec![];
    };
    let of_proxy = |proxy: &str| {
        let of_trial = |(run, sample): (&&RunResult<'_>, &crate::analysis::Sample)| -> Vec<f64> {
            let cells = run.set.cells(proxy);
            let score = |cell: &ScoreCell| if let ScoreCell::Ok(score) = cell { *score } else { f64::NAN };
            cells[sample.rows.clone()].iter().map(score).collect()
        };
        Stability::of(&trials().map(of_trial).collect::<Vec<_>>(), &accuracies[..archs.len()])
    };
    let entries = first.set.columns.iter().filter(|column| !column.baseline);
    entries.filter_map(|column| Some((column.proxy.clone(), of_proxy(&column.proxy)?))).collect()
}

/// A row for each proxy, a group for each run or for runs that are trials of one experiment; nothing without trials.
pub(super) fn stability_table(results: &[RunResult<'_>]) -> Option<Table> {
    let mut groups: Vec<(String, Vec<(&RunResult<'_>, &AccuracyResult)>)> = vec![];
    for result in results {
        let accuracies = result.accuracies.iter().map(|accuracy| (result, accuracy));
        let name = result.run.trials_of.as_ref();
        match groups.iter_mut().find(|(known, _)| name == Some(known)) {
            Some((_, group)) => group.extend(accuracies.take(1)),
            None => {
                groups.extend(accuracies.map(|(r, a)| (name.unwrap_or(&a.group.name).clone(), vec![(r, a)])))
            }
        }
    }
    let found: Vec<_> = groups.iter().map(|(name, group)| (name, group, of_run(group))).collect();
    let mut proxies: Vec<&String> = vec![];
    for (proxy, _) in found.iter().flat_map(|(_, _, found)| found) {
        if !proxies.contains(&proxy) {
            proxies.push(proxy);
        }
    }
    if proxies.is_empty() {
        return None;
    }
    let columns = || {
        let std = |above: &str, name: &str| Column {
            above: format!("deviation, {above}"),
            ..Column::new(name, Kind::Loss { decimals: 4 })
        };
        let tau = |name: &str| Column {
            above: "tau_b between trials".to_owned(),
            ..Column::new(name, Kind::Number { decimals: 3 })
        };
        let mut columns = vec![Column::new("trials", Kind::Count), Column::new("n", Kind::Count)];
        for above in ["by the worst", "by the range"] {
            columns.extend(["lowest", "mean", "highest"].map(|name| std(above, name)));
        }
        columns.extend([tau("mean"), tau("lowest")]);
        columns
    };
    let row = |proxy: &&String| TableRow {
        name: (*proxy).clone(),
        role: Role::Entry,
        cells: found
            .iter()
            .map(|(_, _, of_group)| cells(of_group.iter().find(|(p, _)| p == *proxy)))
            .collect(),
    };
    Some(Table {
        title: "The same architectures in several trials".to_owned(),
        rows_are: "proxy".to_owned(),
        facts: vec![],
        groups: found
            .iter()
            .map(|(name, group, _)| Group {
                name: (*name).clone(),
                facts: group[0].1.group.facts.clone(),
                columns: columns(),
            })
            .collect(),
        rows: proxies.iter().map(row).collect(),
        notes: vec![],
    })
}

fn cells(found: Option<&(String, Stability)>) -> Vec<Option<TableCell>> {
    let Some((_, found)) = found else { return vec![None; 10] };
    let three = |s: Option<Summary>| [s.map(|s| s.min), s.map(|s| s.mean), s.map(|s| s.max)];
    let counts = [found.trials, found.archs].map(|n| Some(n as f64));
    let tau = [found.tau_b.map(|s| s.mean), found.tau_b.map(|s| s.min)];
    let all = [&counts[..], &three(found.by_worst), &three(found.by_range), &tau].concat();
    all.into_iter().map(|value| value.map(TableCell::plain)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_factor_changes_nothing() {
        let trials = [vec![-4.0, -3.0, -1.0], vec![-8.0, -6.0, -2.0]];
        let found = Stability::of(&trials, &[10.0, 50.0, 90.0]).unwrap();
        assert_eq!((found.trials, found.archs), (2, 3));
        for spread in [found.by_worst, found.by_range] {
            assert!(spread.unwrap().max < 1e-12);
        }
        assert_eq!(found.tau_b.unwrap().mean, 1.0);
    }

    #[test]
    fn deviations_by_hand() {
        // By the worst (the last): 1.5 and 1; by the range: [1, 0] and no range.
        let trials = [vec![3.0, 2.0], vec![2.0, 2.0]];
        let found = Stability::of(&trials, &[90.0, 10.0]).unwrap();
        let spread = found.by_worst.unwrap();
        assert!(spread.n == 1 && (spread.max - 0.5 / 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!((found.by_range, found.tau_b), (None, None));
    }

    #[test]
    fn what_has_no_score_in_some_trial_is_left_out() {
        let trials = [vec![1.0, f64::NAN, 2.0], vec![2.0, 1.0, 3.0]];
        assert_eq!(Stability::of(&trials, &[1.0, 2.0, 3.0]).unwrap().archs, 2);
        assert_eq!(Stability::of(&trials, &[f64::NAN, 2.0, 3.0]), None);
        assert_eq!(Stability::of(&trials[..1], &[1.0, 2.0, 3.0]), None);
    }
}
