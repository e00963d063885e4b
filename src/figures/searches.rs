//! Top-1 accuracy against sample size.

use crate::plot::{Labels, LinePoint, Lines, Series, SeriesKind, top1};
use crate::report::{Role, SearchGroup};

/// The searches of a group: mean accuracy over trials with its sample standard deviation. `accuracy` names the accuracy.
pub fn searches(group: &SearchGroup, accuracy: String, caption: &str) -> Lines {
    let series = group.rules.iter().enumerate().map(|(place, (name, role))| {
        let points = group.outcomes.iter().filter_map(|(size, outcomes)| {
            let summary = outcomes[place].summary()?;
            Some(LinePoint { x: *size as f64, mean: summary.mean, spread: summary.std.unwrap_or(0.0) })
        });
        let kind = match role {
            Role::Entry => SeriesKind::Proxy,
            Role::Baseline => SeriesKind::Baseline,
            Role::Bound => SeriesKind::Oracle,
        };
        Series { name: name.clone(), kind, points: points.collect() }
    });
    let trials = group.outcomes.iter().map(|(size, outcomes)| {
        format!("S = {size}: {} trials", outcomes.first().map_or(0, |o| o.accuracies.len()))
    });
    let facts = std::iter::once("mean ± standard deviation over trials".to_owned()).chain(trials).collect();
    let labels =
        Labels { title: format!("Top-1 search, {}", group.name), facts, caption: caption.to_owned() };
    top1(labels, accuracy, series.collect())
}
