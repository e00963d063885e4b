//! Bars and box plots of correlations.

use super::{count_words, words};
use crate::analysis::{Correlation, Figure};
use crate::plot::{Bars, BoxPlot, Estimate, Labels, Row};
use crate::report::CorrelationGroup;

/// What a paper gives for a proxy (second argument) in a group (first, its name); nothing where it gives none.
pub type PublishedFigure<'a> = &'a dyn Fn(&str, &str) -> Option<f64>;

/// Correlations as bars: the mean over repetitions with its sample standard deviation, or the figure of a single repetition
/// with its bootstrap interval.
pub fn bars(
    groups: &[CorrelationGroup],
    figure: Figure,
    published: PublishedFigure<'_>,
    caption: &str,
) -> Bars {
    let entry = |group: &CorrelationGroup, correlation: &Correlation| {
        let summary = correlation.summary(figure)?;
        let std = summary.std.map(|std| (summary.mean - std, summary.mean + std));
        let interval = std.or_else(|| correlation.interval(figure).map(|i| (i.low, i.high)));
        Some(Estimate {
            value: summary.mean,
            interval,
            published: published(&group.name, &correlation.proxy),
        })
    };
    let repeated = groups.iter().flat_map(|g| &g.correlations).any(|c| c.samples.len() > 1);
    let interval =
        if repeated { "± standard deviation over repetitions" } else { "95 % bootstrap intervals" };
    let mut labels = labels(groups, figure, caption);
    labels.facts.push(interval.to_owned());
    Bars { labels, x: words(figure).to_owned(), groups: names(groups), rows: rows(groups, entry) }
}

/// Correlations of every repetition as box plots.
pub fn boxes(groups: &[CorrelationGroup], figure: Figure, caption: &str) -> BoxPlot {
    let entry = |_: &CorrelationGroup, correlation: &Correlation| {
        let values: Vec<f64> = correlation.values(figure).into_iter().flatten().collect();
        (!values.is_empty()).then_some(values)
    };
    let mut labels = labels(groups, figure, caption);
    labels.facts.push("each point is a repetition".to_owned());
    BoxPlot { labels, x: words(figure).to_owned(), groups: names(groups), rows: rows(groups, entry) }
}

fn names(groups: &[CorrelationGroup]) -> Vec<String> {
    groups.iter().map(|g| g.name.clone()).collect()
}

fn labels(groups: &[CorrelationGroup], figure: Figure, caption: &str) -> Labels {
    let samples = || groups.iter().flat_map(|g| &g.correlations).flat_map(|c| &c.samples);
    let excluded: usize = samples().map(|s| s.excluded.total()).sum();
    let repetitions = groups.iter().flat_map(|g| &g.correlations).map(|c| c.samples.len());
    let title = match groups {
        [only] => format!("{} of scores with trained accuracy, {}", words(figure), only.name),
        _ => format!("{} of scores with trained accuracy", words(figure)),
    };
    let facts = vec![
        count_words("repetitions", repetitions),
        count_words("n", samples().map(|s| s.n)),
        format!("{excluded} scores excluded in all"),
    ];
    Labels { title, facts, caption: caption.to_owned() }
}

/// One row for each proxy that any group has.
fn rows<T>(
    groups: &[CorrelationGroup],
    entry: impl Fn(&CorrelationGroup, &Correlation) -> Option<T>,
) -> Vec<Row<T>> {
    let mut rows: Vec<Row<T>> = vec![];
    for correlation in groups.iter().flat_map(|g| &g.correlations) {
        if rows.iter().any(|row| row.name == correlation.proxy) {
            continue;
        }
        let of = |group: &CorrelationGroup| {
            let found = group.correlations.iter().find(|c| c.proxy == correlation.proxy)?;
            entry(group, found)
        };
        let entries = groups.iter().map(of).collect();
        rows.push(Row { name: correlation.proxy.clone(), baseline: correlation.baseline, entries });
    }
    rows
}
