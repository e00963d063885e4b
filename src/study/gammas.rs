//! RBFleX with gammas that are fixed at powers of ten: how its correlation depends on them.

use super::results::AccuracyResult;
use crate::analysis::{Correlation, Metric};
use crate::plot::{Labels, LinePoint, Lines, Series};
use crate::search::RuleKind;

/// What the names of these variants begin with (`rbflex:gamma_1e_20+naive`).
const PREFIX: &str = "rbflex:gamma_1e_";

/// Fewer powers are no line.
const FEWEST: usize = 3;

/// A metric by gamma, means over repetitions with the sample standard deviation: a line for each form of the determinant, the
/// number of parameters beside. A power at which no score is finite has no point. `None` for a run without such variants.
pub(super) fn by_gamma(accuracy: &AccuracyResult, metric: Metric, labels: Labels) -> Option<Lines> {
    let correlations = &accuracy.group.correlations;
    let mut series: Vec<Series> = vec![];
    for (correlation, (gamma, form)) in correlations.iter().filter_map(|c| Some((c, variant(&c.proxy)?))) {
        let Some(point) = point(correlation, metric, gamma) else { continue };
        match series.iter_mut().find(|line| line.name == form) {
            Some(line) => line.points.push(point),
            None => series.push(Series { name: form.to_owned(), kind: RuleKind::Proxy, points: vec![point] }),
        }
    }
    series.retain(|line| line.points.len() >= FEWEST);
    let gammas = || series.iter().flat_map(|line| &line.points).map(|point| point.x);
    let ends = [gammas().reduce(f64::min)?, gammas().reduce(f64::max)?];
    if let Some(params) = correlations.iter().find(|c| c.proxy == "params") {
        let points = ends.iter().filter_map(|gamma| point(params, metric, *gamma)).collect();
        series.push(Series { name: "params".to_owned(), kind: RuleKind::Baseline, points });
    }
    Some(Lines { labels, x: "gamma".to_owned(), y: metric.title().to_owned(), series })
}

/// Gamma, and the form of the determinant.
fn variant(proxy: &str) -> Option<(f64, &str)> {
    let rest = proxy.strip_prefix(PREFIX)?;
    let (power, form) = rest.split_once('+').unwrap_or((rest, "stable"));
    Some((format!("1e-{power}").parse().ok()?, form))
}

fn point(correlation: &Correlation, metric: Metric, gamma: f64) -> Option<LinePoint> {
    Some(LinePoint::of(gamma, &correlation.summary(metric)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_told_apart() {
        assert_eq!(variant("rbflex:gamma_1e_20"), Some((1e-20, "stable")));
        assert_eq!(variant("rbflex:gamma_1e_2+naive"), Some((1e-2, "naive")));
        assert_eq!(variant("rbflex:fixed"), None);
        assert_eq!(variant("rbflex:gamma_1e_x"), None);
    }
}
