//! The table of correlations.

use super::table::{Column, Group, Kind, Role, Table, TableCell, TableRow};
use crate::analysis::{Best, Correlation, CorrelationGroup, Facts, Metric, NonFinitePolicy, compare};

/// Counts beside the metrics, summed over repetitions: repetitions, architectures, pairs.
const COUNTS: [&str; 5] = ["reps", "n", "excluded", "tied scores", "tied accuracies"];

/// Proxies as rows, metrics of each group as columns: a mean and its standard deviation over repetitions, or the value
/// of a single repetition with its bootstrap interval. With a `reference` a column holds the p-values of
/// [t-tests](compare) of the last metric against that proxy.
pub fn correlation_table(groups: &[CorrelationGroup], metrics: &[Metric], reference: Option<&str>) -> Table {
    let mut table = Table {
        title: "Correlation of scores with trained accuracy".to_owned(),
        rows_are: "proxy".to_owned(),
        facts: formulas(metrics),
        ..Table::default()
    };
    let tested = metrics.last().copied().zip(reference);
    for group in groups {
        let value = |metric: &Metric| column(&metric.to_string(), metric_kind(*metric));
        let test = tested.map(|(metric, name)| column(&format!("p({metric} vs {name})"), Kind::Probability));
        let counts = COUNTS.iter().map(|name| column(name, Kind::Count));
        let columns = metrics.iter().map(value).chain(test).chain(counts).collect();
        table.groups.push(Group { name: group.name.clone(), facts: group.facts.clone(), columns });
        table.notes.extend(notes(group));
    }
    let mut rows: Vec<(&str, Role)> = vec![];
    for correlation in groups.iter().flat_map(|group| &group.correlations) {
        if rows.iter().all(|(name, _)| *name != correlation.proxy) {
            rows.push((&correlation.proxy, if correlation.baseline { Role::Baseline } else { Role::Entry }));
        }
    }
    rows.sort_by_key(|(_, role)| *role == Role::Baseline);
    let row = |(name, role): (&str, Role)| {
        let cells = groups.iter().map(|group| cells(groups, group, name, metrics, tested));
        TableRow { name: name.to_owned(), role, cells: cells.collect() }
    };
    table.rows = rows.into_iter().map(row).collect();
    table
}

/// The formulas of metrics that are no plain correlations.
fn formulas(metrics: &[Metric]) -> Facts {
    let others = metrics.iter().filter(|metric| !Metric::CORRELATIONS.contains(metric));
    others.map(|metric| (metric.to_string(), metric.spec().about.to_owned())).collect()
}

/// How a metric is shown: regrets are accuracies, of which papers print two decimals.
pub fn metric_kind(metric: Metric) -> Kind {
    match metric.spec().best {
        Best::Largest => Kind::Number { decimals: 3 },
        Best::Smallest => Kind::Loss { decimals: 2 },
    }
}

fn column(name: &str, kind: Kind) -> Column {
    Column::new(name, kind)
}

fn cells(
    groups: &[CorrelationGroup],
    group: &CorrelationGroup,
    name: &str,
    metrics: &[Metric],
    tested: Option<(Metric, &str)>,
) -> Vec<Option<TableCell>> {
    let Some(correlation) = group.find(name) else {
        return vec![None; metrics.len() + usize::from(tested.is_some()) + COUNTS.len()];
    };
    let test = tested.filter(|(_, reference)| *reference != name).map(|(metric, reference)| {
        let (reference, same_samples) = reference_for(groups, group, correlation, reference)?;
        Some(TableCell::plain(compare(correlation, reference, metric, same_samples).ok()?.test.p))
    });
    let test = tested.map(|_| test.flatten());
    let values = metrics
        .iter()
        .map(|metric| Some(TableCell::of(&correlation.summary(*metric)?, correlation.interval(*metric))));
    values.chain(test).chain(counts(correlation).map(|count| Some(TableCell::plain(count as f64)))).collect()
}

/// The correlation that a proxy of a group is tested against, and whether it is of the same samples: the reference in this
/// group, else in another with the same accuracy of the same space.
fn reference_for<'g>(
    groups: &'g [CorrelationGroup],
    group: &'g CorrelationGroup,
    tested: &Correlation,
    reference: &str,
) -> Option<(&'g Correlation, bool)> {
    let elsewhere = || {
        let same_space = groups.iter().filter(|other| other.space == group.space);
        same_space.filter_map(|other| other.find(reference)).find(|found| found.query == tested.query)
    };
    group.find(reference).map(|found| (found, true)).or_else(|| elsewhere().map(|found| (found, false)))
}

/// In the order of [`COUNTS`].
fn counts(correlation: &Correlation) -> [u64; 5] {
    let samples = &correlation.samples;
    [
        samples.len() as u64,
        samples.iter().map(|s| s.n as u64).sum(),
        samples.iter().map(|s| s.excluded.total() as u64).sum(),
        samples.iter().map(|s| s.tied_scores).sum(),
        samples.iter().map(|s| s.tied_accuracies).sum(),
    ]
}

/// Why architectures were left out or ranked last, and what that means for Pearson's correlations.
pub fn notes(group: &CorrelationGroup) -> Vec<String> {
    let note = |correlation: &Correlation| {
        let sum = |count: fn(&crate::analysis::SampleStatistics) -> usize| {
            correlation.samples.iter().map(count).sum()
        };
        let last = match correlation.policy {
            NonFinitePolicy::Exclude | NonFinitePolicy::Worst => {
                "not finite, ranked last (Pearson's correlations have no value then)"
            }
            NonFinitePolicy::Sentinel => {
                "not finite, -1e8 in their place (which decides Pearson's correlations)"
            }
        };
        let reasons: [(usize, &str); 6] = [
            (sum(|s| s.excluded.non_finite), "not finite, excluded"),
            (sum(|s| s.ranked_last), last),
            (sum(|s| s.excluded.failed), "failed, excluded"),
            (sum(|s| s.excluded.skipped), "without meaning for the proxy, excluded"),
            (sum(|s| s.excluded.missing), "not recorded, excluded"),
            (sum(|s| s.excluded.no_accuracy), "without an accuracy in the table, excluded"),
        ];
        let reasons: Vec<String> =
            reasons.iter().filter(|(n, _)| *n > 0).map(|(n, reason)| format!("{n} {reason}")).collect();
        (!reasons.is_empty())
            .then(|| format!("{}, {}: {}", group.name, correlation.proxy, reasons.join("; ")))
    };
    group.correlations.iter().filter_map(note).collect()
}
