//! Our numbers beside the published ones.

use super::doubts::doubts;
use super::file::Published;
use super::measure::{Measure, Over};
use super::results::{AccuracyResult, RunResult};
use crate::analysis::{Best, Metric};
use crate::report::{Column, Group, Kind, Role, Table, TableCell, TableRow};

/// Differences of correlations and of metrics without a unit that are larger than this are worth an explanation.
pub const LARGE: f64 = 0.05;

/// What the source gives about an accuracy of a run.
pub(super) fn published<'r>(
    result: &'r RunResult<'_>,
    accuracy: &'r AccuracyResult,
) -> impl Iterator<Item = &'r Published> {
    let about = |p: &&Published| p.accuracy.as_ref().is_none_or(|a| a.get_ref().0 == accuracy.query);
    result.run.published.iter().filter(about)
}

/// The published value of a correlation of a proxy, for figures.
pub fn published_correlation(
    result: &RunResult<'_>,
    accuracy: &AccuracyResult,
    proxy: &str,
    metric: Metric,
) -> Option<f64> {
    let of = |p: &&Published| p.proxies.get_ref().iter().any(|named| named.0.to_string() == proxy);
    let found = published(result, accuracy).find(of)?;
    Measure::Metric(metric).published(found).map(|cell| cell.value)
}

/// Published and measured numbers with their differences (ours less the paper's): a row for each proxy, a group for each
/// accuracy of each run; ours alone where nothing is published. Baselines and the oracle, which papers seldom give, stand below.
pub fn comparison_table(source: &str, results: &[RunResult<'_>]) -> Table {
    let accuracies = || results.iter().flat_map(|r| r.accuracies.iter().map(move |a| (r, a)));
    let any = accuracies().any(|(result, accuracy)| published(result, accuracy).next().is_some());
    let (title, origin) = match any {
        true => ("Ours beside the published numbers", "published in"),
        false => ("Scores beside trained accuracy", "source"),
    };
    let mut table = Table {
        title: title.to_owned(),
        rows_are: "proxy".to_owned(),
        facts: vec![(origin.to_owned(), source.to_owned())],
        ..Table::default()
    };
    let mut measures: Vec<Vec<Measure<'static>>> = vec![];
    for (result, accuracy) in accuracies() {
        let of_group = measures_of(result, accuracy);
        let columns = of_group.iter().flat_map(|m| columns(*m, any)).collect();
        table.groups.push(Group {
            name: accuracy.group.name.clone(),
            facts: accuracy.group.facts.clone(),
            columns,
        });
        table.notes.extend(notes(result, accuracy, &of_group));
        measures.push(of_group);
    }
    for (name, role) in rows(results) {
        let cells = accuracies().zip(&measures).map(|((result, accuracy), measures)| {
            let of_measure = |m: &Measure| {
                let [paper, ours, difference] = cells(*m, result, accuracy, &name);
                if any { vec![paper, ours, difference] } else { vec![ours] }
            };
            measures.iter().flat_map(of_measure).collect()
        });
        table.rows.push(TableRow { cells: cells.collect(), name, role });
    }
    table
}

/// The measures that the source gives for an accuracy; correlations where it gives nothing.
fn measures_of(result: &RunResult<'_>, accuracy: &AccuracyResult) -> Vec<Measure<'static>> {
    let correlations = [Metric::PEARSON, Metric::TAU_B];
    let metrics = Metric::each_once(correlations.into_iter().chain(result.run.metrics()));
    let mut sizes: Vec<usize> = accuracy
        .searches
        .iter()
        .flat_map(|(_, s)| s.searched.outcomes.iter().map(|(size, _)| *size))
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    let searches = sizes.into_iter().map(Measure::Top1);
    let given = |m: &Measure| published(result, accuracy).any(|p| m.published(p).is_some());
    let deviations = [Over::Lowest, Over::Mean, Over::Highest].map(Measure::Deviation);
    let all: Vec<Measure> =
        metrics.into_iter().map(Measure::Metric).chain(searches).chain(deviations).collect();
    let found: Vec<Measure> = all.iter().copied().filter(given).collect();
    if found.is_empty() { correlations.map(Measure::Metric).to_vec() } else { found }
}

/// The columns of a measure: one where nothing at all is published.
fn columns(measure: Measure, published: bool) -> Vec<Column> {
    let kind = measure.kind();
    if !published {
        return vec![Column::new(measure.name(), kind)];
    }
    let difference = Kind::Difference { decimals: kind.decimals() };
    [("paper", kind), ("ours", kind), ("difference", difference)]
        .map(|(name, kind)| Column { above: measure.name(), ..Column::new(name, kind) })
        .to_vec()
}

fn cells(
    measure: Measure,
    result: &RunResult<'_>,
    accuracy: &AccuracyResult,
    proxy: &str,
) -> [Option<TableCell>; 3] {
    let beside = |p: &&Published| p.proxies.get_ref().iter().any(|named| named.0.to_string() == proxy);
    let paper = published(result, accuracy).filter(beside).find_map(|p| measure.published(p));
    let ours =
        measure.ours(result, accuracy, proxy).map(|(summary, interval)| TableCell::of(&summary, interval));
    let difference = paper.zip(ours).map(|(paper, ours)| TableCell::plain(ours.value - paper.value));
    [paper, ours, difference]
}

/// Proxies of all runs in the order of the file, then baselines, then the oracle.
fn rows(results: &[RunResult<'_>]) -> Vec<(String, Role)> {
    let mut rows: Vec<(String, Role)> = vec![];
    let role = |baseline| if baseline { Role::Baseline } else { Role::Entry };
    for column in results.iter().flat_map(|r| &r.set.columns) {
        let row = (column.proxy.clone(), role(column.baseline));
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows.sort_by_key(|(_, role)| *role != Role::Entry);
    if results.iter().flat_map(|r| &r.accuracies).any(|a| !a.searches.is_empty()) {
        rows.push(("oracle".to_owned(), Role::Bound));
    }
    rows
}

/// The file's notes, and differences that are large and have none.
fn notes(result: &RunResult<'_>, accuracy: &AccuracyResult, measures: &[Measure]) -> Vec<String> {
    let mut notes = vec![];
    for published in published(result, accuracy) {
        if let Some(note) = &published.note {
            notes.push(format!("{}, {}: {note}", accuracy.group.name, published.method));
        }
    }
    notes.extend(doubts(result, accuracy));
    for (_, searched) in accuracy.searches.iter().take(1).filter(|(_, s)| !s.left_out.is_empty()) {
        let sizes: Vec<String> = searched.left_out.iter().map(usize::to_string).collect();
        let scored = result.set.smallest_sample();
        let sizes = sizes.join(", ");
        notes.push(format!(
            "{}: no searches with S = {sizes}, as only {scored} architectures are scored",
            accuracy.group.name
        ));
    }
    let large = result.set.columns.iter().flat_map(|c| measures.iter().map(move |m| (c, *m)));
    let without_unit =
        |m: &Measure| matches!(m, Measure::Metric(metric) if metric.spec().best == Best::Largest);
    let large = large.filter(|(_, m)| without_unit(m)).filter(|(c, m)| {
        let difference = cells(*m, result, accuracy, &c.proxy)[2];
        difference.is_some_and(|d| d.value.abs() > LARGE)
    });
    let large: Vec<String> = large.map(|(c, m)| format!("{} ({})", c.proxy, m.name())).collect();
    if !large.is_empty() {
        notes.push(format!(
            "{}: more than {LARGE} from the paper: {}",
            accuracy.group.name,
            large.join(", ")
        ));
    }
    notes
}
