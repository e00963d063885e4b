//! Accuracy of the highest-scoring architecture against the sample size.

use super::{Drawing, Labels, LinePoint, Lines, Series, label};
use crate::search::{SearchGroup, search};
use crate::tables::Query;

pub(super) static DRAWING: Drawing = Drawing {
    name: "top1",
    about: "Accuracy of the best-scored architecture against the sample size",
    draw: |request| {
        let shown = request.only()?;
        let searched = search(shown.set, shown.table, &shown.query, &request.searches(shown))?;
        let group = SearchGroup { name: shown.name.clone(), facts: vec![], searched };
        top1(&group, &shown.query, &request.caption(shown)).draw()
    },
};

/// The searches of a group: sample size S on a logarithmic axis, mean accuracy over trials with its sample standard
/// deviation.
pub fn top1(group: &SearchGroup, query: &Query, caption: &str) -> Lines {
    let outcomes = &group.searched.outcomes;
    let series = group.searched.rules.iter().enumerate().map(|(place, (name, kind))| {
        let points = outcomes.iter().filter_map(|(size, outcomes)| {
            let summary = outcomes[place].summary()?;
            Some(LinePoint::of(*size as f64, &summary))
        });
        Series { name: name.clone(), kind: *kind, points: points.collect() }
    });
    let trials = outcomes.iter().map(|(size, outcomes)| {
        format!("S = {size}: {} trials", outcomes.first().map_or(0, |o| o.accuracies.len()))
    });
    let facts = std::iter::once("mean ± standard deviation over trials".to_owned()).chain(trials).collect();
    Lines {
        labels: Labels { title: format!("Top-1 search, {}", group.name), facts, caption: caption.to_owned() },
        x: "sample size S (architectures per trial)".to_owned(),
        y: label::accuracy(query),
        series: series.collect(),
    }
}
