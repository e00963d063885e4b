//! Printed results of searches that no such experiment can give.
//!
//! * The accuracies of a space lie between m and M. Numbers between m and M with the mean a have a population variance of at most
//!   `(M - a)(a - m)` (Bhatia & Davis, Amer. Math. Monthly 107, 2000), whatever the method is.
//! * The best of S architectures drawn at random is on average better than any that a score selects among S (the oracle). A
//!   larger printed mean is not one of independent searches.

use super::compare::published;
use super::file::Published;
use super::measure::Measure;
use super::results::{AccuracyResult, RunResult};
use crate::report::Spread;
use crate::search::RuleKind;
use crate::search::top1::Protocol;
use crate::stats::Summary;

/// Largest ratio of a sample standard deviation to the population's, that of ten runs: `sqrt(10 / 9)`.
const OF_TEN: f64 = 1.0541;
/// Standard errors of the oracle's mean that a printed mean has to lie above it.
const ERRORS: f64 = 3.0;

/// A sentence for each printed mean or spread of an accuracy that cannot be.
pub(super) fn doubts(result: &RunResult<'_>, accuracy: &AccuracyResult) -> Vec<String> {
    let Ok(all) = result.table.column(&accuracy.query) else { return vec![] };
    let (least, most) = (all.iter().copied().reduce(f64::min), all.iter().copied().reduce(f64::max));
    let Some(range) = least.zip(most).filter(|_| accuracy.query.is_percent()) else { return vec![] };
    let of_source = |source: &Published| {
        let found = sizes(source).into_iter().filter_map(|(size, mean, std)| {
            let why = impossible(mean, std, range).or_else(|| above(mean, &oracle(accuracy, size)?))?;
            Some(format!("{}, {}, S = {size}: {why}", accuracy.group.name, source.method))
        });
        found.collect::<Vec<_>>()
    };
    let mut sentences: Vec<String> = published(result, accuracy).flat_map(of_source).collect();
    sentences.dedup();
    sentences
}

/// The sample sizes with the mean and spread that a source gives.
fn sizes(source: &Published) -> Vec<(usize, f64, Option<f64>)> {
    let printed = source.printed.iter().filter_map(|row| Measure::of_printed(row));
    let named = source.top1.keys().map(|size| Measure::Top1(size.0));
    let given = printed.chain(named).filter_map(|measure| {
        let (Measure::Top1(size), cell) = (measure, measure.published(source)?) else { return None };
        let std = if let Spread::Std(std) = cell.spread { Some(std) } else { None };
        Some((size, cell.value, std))
    });
    given.collect()
}

/// Why no numbers of a range have this mean and sample standard deviation.
fn impossible(mean: f64, std: Option<f64>, (least, most): (f64, f64)) -> Option<String> {
    if mean > most {
        return Some(format!(
            "a mean of {mean:.2} is impossible, as no architecture has more than {most:.2}"
        ));
    }
    let (std, bound) = (std?, OF_TEN * ((most - mean) * (mean - least)).max(0.0).sqrt());
    (std > bound).then(|| {
        format!(
            "a standard deviation of {std:.2} about a mean of {mean:.2} is impossible, as all accuracies lie between {least:.2} and {most:.2}: \
             it is at most {bound:.2}"
        )
    })
}

/// Why a mean is not that of independent searches.
fn above(mean: f64, oracle: &Summary) -> Option<String> {
    let error = oracle.std? / (oracle.n as f64).sqrt();
    (mean > oracle.mean + ERRORS * error).then(|| {
        format!(
            "a mean of {mean:.2} is no result of independent searches, as the best of the S architectures drawn has {:.2} on average",
            oracle.mean
        )
    })
}

/// What the most accurate of S architectures has, over independent trials.
fn oracle(accuracy: &AccuracyResult, size: usize) -> Option<Summary> {
    let (_, found) = accuracy.searches.iter().find(|(protocol, _)| *protocol == Protocol::Independent)?;
    let rule = found.searched.rules.iter().position(|(_, kind)| *kind == RuleKind::Oracle)?;
    let (_, outcomes) = found.searched.outcomes.iter().find(|(s, _)| *s == size)?;
    outcomes[rule].summary()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_a_bound() {
        // Half at 0, half at 10: mean 5, standard deviation 5, which is the most there is.
        assert_eq!(impossible(5.0, Some(5.0), (0.0, 10.0)), None);
        assert!(impossible(5.0, Some(5.3), (0.0, 10.0)).unwrap().contains("at most 5.27"));
        assert!(impossible(10.1, None, (0.0, 10.0)).unwrap().contains("no architecture has more than 10.00"));
        assert_eq!(impossible(9.0, None, (0.0, 10.0)), None);
    }

    #[test]
    fn nothing_is_better_than_the_best_on_average() {
        let oracle = Summary::of(&[93.0, 94.0, 93.0, 94.0]).unwrap();
        assert_eq!(above(93.6, &oracle), None);
        assert!(above(94.5, &oracle).unwrap().contains("93.50 on average"));
    }
}
