//! How the best value of evolutionary searches develops.

use super::{Labels, LinePoint, Lines, Series};
use crate::search::RuleKind;
use crate::search::evolve::Row;
use crate::stats::Summary;

/// Points of a line, spread evenly along the logarithmic axis.
const POINTS: u32 = 24;

/// The best value so far by iteration, a line for each rule: mean over repetitions, with the sample standard deviation around
/// it. Iterations that not every repetition has a row of are left out.
pub fn trajectory(rows: &[Row], value: &str, labels: Labels) -> Lines {
    lines(rows, value, labels, &|row| Some(row.best_so_far))
}

/// One of the best member's scores or components by iteration, in the same way.
pub fn part_trajectory(rows: &[Row], part: &str, labels: Labels) -> Lines {
    lines(rows, part, labels, &|row| row.part(part))
}

fn lines(rows: &[Row], value: &str, labels: Labels, of: &dyn Fn(&Row) -> Option<f64>) -> Lines {
    let mut rules: Vec<&str> = vec![];
    rows.iter().map(|row| row.rule.as_str()).for_each(|rule| {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    });
    let series = rules.into_iter().map(|rule| {
        let of_rule: Vec<&Row> = rows.iter().filter(|row| row.rule == rule).collect();
        Series { name: rule.to_owned(), kind: RuleKind::Proxy, points: points(&of_rule, of) }
    });
    Lines { labels, x: "iteration".to_owned(), y: value.to_owned(), series: series.collect() }
}

fn points(rows: &[&Row], of: &dyn Fn(&Row) -> Option<f64>) -> Vec<LinePoint> {
    let mut repetitions: Vec<u32> = rows.iter().map(|row| row.repetition).collect();
    repetitions.dedup();
    let values = |iteration: u64| -> Vec<f64> {
        rows.iter().filter(|row| row.iteration == iteration).filter_map(|row| of(row)).collect()
    };
    let mut iterations: Vec<u64> = rows.iter().map(|row| row.iteration).collect();
    iterations.sort_unstable();
    iterations.dedup();
    iterations.retain(|iteration| values(*iteration).len() == repetitions.len());
    let point = |iteration: u64| Some(LinePoint::of(iteration as f64, &Summary::of(&values(iteration))?));
    evenly(&iterations).into_iter().filter_map(point).collect()
}

/// Some of these sorted numbers: the ends, and those nearest behind steps that are even in the logarithm.
fn evenly(sorted: &[u64]) -> Vec<u64> {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return vec![] };
    let (low, high) = ((*first).max(1) as f64, (*last).max(1) as f64);
    let step = |k: u32| low * (high / low).powf(f64::from(k) / f64::from(POINTS - 1));
    let behind = |x: f64| sorted.iter().copied().find(|s| *s as f64 >= x * (1.0 - 1e-12)).unwrap_or(*last);
    let mut chosen: Vec<u64> = (0..POINTS).map(|k| behind(step(k))).collect();
    chosen.dedup();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rule: &str, repetition: u32, iteration: u64, best_so_far: f64) -> Row {
        Row { rule: rule.to_owned(), repetition, iteration, best_so_far, ..Row::default() }
    }

    #[test]
    fn lines_are_means_over_repetitions_where_all_have_a_row() {
        let rows = [
            row("search", 0, 1, 1.0),
            row("search", 0, 10, 4.0),
            row("search", 0, 11, 9.0),
            row("search", 1, 1, 3.0),
            row("search", 1, 10, 4.0),
            row("random", 0, 1, 0.0),
        ];
        let lines = trajectory(&rows, "value", Labels::default());
        assert_eq!(lines.series.len(), 2);
        let of = |at: usize| lines.series[0].points[at];
        assert_eq!(lines.series[0].points.len(), 2);
        assert_eq!((of(0).x, of(0).mean, of(0).spread), (1.0, 2.0, 2f64.sqrt()));
        assert_eq!((of(1).x, of(1).mean, of(1).spread), (10.0, 4.0, 0.0));
        lines.draw().unwrap();
    }

    #[test]
    fn points_keep_the_ends_and_are_few() {
        let all: Vec<u64> = (1..=200).map(|i| 5 * i).collect();
        let chosen = evenly(&all);
        assert_eq!((chosen[0], *chosen.last().unwrap()), (5, 1000));
        assert!(chosen.len() > 15 && chosen.len() <= 24 && chosen.is_sorted(), "{chosen:?}");
        assert!(evenly(&[]).is_empty());
    }
}
