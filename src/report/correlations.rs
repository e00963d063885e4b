//! The table of correlations.

use super::table::{Cell, Column, Facts, Group, Kind, Role, Row, Spread, Table};
use crate::analysis::{Correlation, Figure, compare};

/// Correlations with one accuracy.
pub struct CorrelationGroup {
    /// Heads the columns: space and data set.
    pub name: String,
    /// Id of the search space.
    pub space: String,
    /// The accuracy query, the source of the scores, and whatever else holds for the group.
    pub facts: Facts,
    pub correlations: Vec<Correlation>,
}

impl CorrelationGroup {
    fn find(&self, proxy: &str) -> Option<&Correlation> {
        self.correlations.iter().find(|correlation| correlation.proxy == proxy)
    }

    /// The correlation that a proxy of this group is tested against, and whether it is of the same samples: the reference
    /// in this group, else in another with the same accuracy of the same space.
    fn reference<'g>(
        &'g self,
        groups: &'g [Self],
        tested: &Correlation,
        reference: &str,
    ) -> Option<(&'g Correlation, bool)> {
        let elsewhere = || {
            let same_space = groups.iter().filter(|group| group.space == self.space);
            same_space.filter_map(|group| group.find(reference)).find(|found| found.query == tested.query)
        };
        self.find(reference).map(|found| (found, true)).or_else(|| elsewhere().map(|found| (found, false)))
    }
}

/// Counts beside the figures, summed over repetitions: repetitions, architectures, pairs.
const COUNTS: [&str; 5] = ["reps", "n", "excluded", "tied scores", "tied accuracies"];

/// Proxies as rows, figures of each group as columns: a mean and its standard deviation over repetitions, or the figure
/// of a single repetition with its bootstrap interval. With a `reference` a column holds the p-values of
/// [t-tests](compare) of the last figure against that proxy.
pub fn correlation_table(groups: &[CorrelationGroup], figures: &[Figure], reference: Option<&str>) -> Table {
    let mut table = Table {
        title: "Correlation of scores with trained accuracy".to_owned(),
        rows_are: "proxy".to_owned(),
        ..Table::default()
    };
    let tested = figures.last().copied().zip(reference);
    for group in groups {
        let figure = |figure: &Figure| column(figure.name(), Kind::Figure { decimals: 3 });
        let test = tested
            .map(|(figure, name)| column(&format!("p({} vs {name})", figure.name()), Kind::Probability));
        let counts = COUNTS.iter().map(|name| column(name, Kind::Count));
        let columns = figures.iter().map(figure).chain(test).chain(counts).collect();
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
        let cells = groups.iter().map(|group| cells(groups, group, name, figures, tested));
        Row { name: name.to_owned(), role, cells: cells.collect() }
    };
    table.rows = rows.into_iter().map(row).collect();
    table
}

fn column(name: &str, kind: Kind) -> Column {
    Column { name: name.to_owned(), kind }
}

fn cells(
    groups: &[CorrelationGroup],
    group: &CorrelationGroup,
    name: &str,
    figures: &[Figure],
    tested: Option<(Figure, &str)>,
) -> Vec<Option<Cell>> {
    let Some(correlation) = group.find(name) else {
        return vec![None; figures.len() + usize::from(tested.is_some()) + COUNTS.len()];
    };
    let test = tested.filter(|(_, reference)| *reference != name).map(|(figure, reference)| {
        let (reference, same_samples) = group.reference(groups, correlation, reference)?;
        Some(Cell::plain(compare(correlation, reference, figure, same_samples).ok()?.test.p))
    });
    let test = tested.map(|_| test.flatten());
    let figures = figures.iter().map(|figure| figure_cell(correlation, *figure));
    figures.chain(test).chain(counts(correlation).map(|count| Some(Cell::plain(count as f64)))).collect()
}

fn figure_cell(correlation: &Correlation, figure: Figure) -> Option<Cell> {
    let summary = correlation.summary(figure)?;
    let interval = correlation.interval(figure).map(|interval| Spread::Interval(interval.low, interval.high));
    let spread = summary.std.map(Spread::Std).or(interval).unwrap_or(Spread::None);
    Some(Cell { value: summary.mean, spread })
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

/// Why architectures were left out or ranked last, and which figures are not defined everywhere.
fn notes(group: &CorrelationGroup) -> Vec<String> {
    let note = |correlation: &Correlation| {
        let sum =
            |count: fn(&crate::analysis::SampleFigures) -> usize| correlation.samples.iter().map(count).sum();
        let without = correlation.values(Figure::Pearson).contains(&None);
        let last = match without {
            true => "not finite, ranked last (Pearson's correlations have no value then)",
            false => "not finite, -1e8 in their place (which decides Pearson's correlations)",
        };
        let reasons: [(usize, &str); 5] = [
            (sum(|s| s.excluded.non_finite), "not finite, excluded"),
            (sum(|s| s.ranked_last), last),
            (sum(|s| s.excluded.failed), "failed, excluded"),
            (sum(|s| s.excluded.skipped), "without meaning for the proxy, excluded"),
            (sum(|s| s.excluded.missing), "not recorded, excluded"),
        ];
        let reasons: Vec<String> =
            reasons.iter().filter(|(n, _)| *n > 0).map(|(n, reason)| format!("{n} {reason}")).collect();
        (!reasons.is_empty())
            .then(|| format!("{}, {}: {}", group.name, correlation.proxy, reasons.join("; ")))
    };
    group.correlations.iter().filter_map(note).collect()
}
