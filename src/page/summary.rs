//! What came out, in sentences.

use crate::analysis::{Best, Correlation, Metric, compare};
use crate::report::{Kind, metric_kind};

/// From this many comparisons on the page says first what they have in common.
const MANY: usize = 5;

/// What ranks first beside one accuracy.
#[derive(Debug)]
pub struct First {
    proxy: String,
    /// Whether others were compared with it.
    has_rivals: bool,
    /// Beside the number of parameters, where that is another's.
    beside_params: Option<Beside>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Beside {
    Beats,
    Ahead,
    Behind,
}

/// What many comparisons have in common: how often the first proxy beats the number of parameters, and which are first most often.
/// Nothing for a few.
pub(super) fn in_common(firsts: &[First]) -> Option<String> {
    let count = |beside| firsts.iter().filter(|first| first.beside_params == Some(beside)).count();
    let [beats, ahead, behind] = [Beside::Beats, Beside::Ahead, Beside::Behind].map(count);
    if firsts.len() < MANY {
        return None;
    }
    let mut often: Vec<(&str, usize)> = vec![];
    for First { proxy, .. } in firsts.iter().filter(|first| first.has_rivals) {
        match often.iter_mut().find(|(known, _)| known == proxy) {
            Some((_, times)) => *times += 1,
            None => often.push((proxy, 1)),
        }
    }
    often.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let often: Vec<String> =
        often.iter().take(3).map(|(proxy, times)| format!("{proxy} ({times})")).collect();
    let often =
        if often.is_empty() { String::new() } else { format!(" First most often: {}.", often.join(", ")) };
    Some(format!(
        "Of {} comparisons the proxy that ranks first beats the number of parameters in {beats}; in {ahead} it is ahead of it but not shown to \
         beat it, in {behind} it is not ahead.{often}",
        firsts.len()
    ))
}

/// What ranks first, by how much, and whether it beats the parameter count, with a sentence that says so. The metric is Kendall's
/// tau-b where that was computed, else the first.
pub(super) fn sentence(name: &str, correlations: &[Correlation]) -> Option<(String, Option<First>)> {
    let metrics = &correlations.first()?.metrics;
    let metric = *metrics.iter().find(|metric| **metric == Metric::TAU_B).or(metrics.first())?;
    let ranked = ranked(correlations, metric);
    let [best, others @ ..] = &ranked[..] else {
        return Some((format!("{name}: no proxy has a value of {}.", metric.title()), None));
    };
    let n =
        |of: fn(usize, usize) -> usize| best.samples.iter().map(|sample| sample.n).reduce(of).unwrap_or(0);
    let (fewest, most) = (n(usize::min), n(usize::max));
    let archs = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
    let counted = match best.samples.len() {
        1 => format!("{archs} architectures"),
        repetitions => format!("{archs} architectures in each of {repetitions} repetitions"),
    };
    let (proxy, value) = (&best.proxy, value(best, metric));
    let place = if others.is_empty() {
        "has".to_owned()
    } else {
        format!("ranks first of {} proxies by", ranked.len())
    };
    let mut text = format!("{name}: {proxy} {place} {} {value} over {counted}.", metric.title());
    if let Some(second) = others.first() {
        text += &format!(" Second is {}: {}.", second.proxy, beside(second, best, metric));
    }
    let params = correlations.iter().find(|c| c.proxy == "params" && c.summary(metric).is_some());
    let mut beside_params = None;
    if let Some(params) = params.filter(|params| params.proxy != *proxy) {
        let is_ahead = ahead(best, params, metric) > 0.0;
        let (place, verdict) = if !is_ahead {
            (Beside::Behind, "does not beat")
        } else if sure(best, params, metric).0 == Some(false) {
            (Beside::Ahead, "is ahead of, but not shown to beat,")
        } else {
            (Beside::Beats, "beats")
        };
        beside_params = Some(place);
        text += &format!(" {proxy} {verdict} the number of parameters: {}.", beside(params, best, metric));
    }
    Some((text, Some(First { proxy: proxy.clone(), has_rivals: !others.is_empty(), beside_params })))
}

/// Proxies that are no baselines (baselines where there is nothing else), the best first.
fn ranked(correlations: &[Correlation], metric: Metric) -> Vec<&Correlation> {
    let entries = correlations.iter().any(|c| !c.baseline);
    let defined = |c: &&Correlation| (!c.baseline || !entries) && c.summary(metric).is_some();
    let mut ranked: Vec<&Correlation> = correlations.iter().filter(defined).collect();
    ranked.sort_by(|a, b| ahead(b, a, metric).total_cmp(&0.0));
    ranked
}

/// By how much `a` is better than `b`.
fn ahead(a: &Correlation, b: &Correlation, metric: Metric) -> f64 {
    let mean = |c: &Correlation| c.summary(metric).map_or(f64::NAN, |summary| summary.mean);
    match metric.spec().best {
        Best::Largest => mean(a) - mean(b),
        Best::Smallest => mean(b) - mean(a),
    }
}

/// A value with its spread: `0.589 ± 0.013`, `0.589 (interval 0.580 to 0.598)`.
fn value(correlation: &Correlation, metric: Metric) -> String {
    let kind = metric_kind(metric);
    let Some(summary) = correlation.summary(metric) else { return "undefined".to_owned() };
    let mean = kind.shown(summary.mean);
    match (summary.std, correlation.interval(metric)) {
        (Some(std), _) => format!("{mean} ± {}", kind.shown(std)),
        (None, Some(i)) => format!("{mean} (interval {} to {})", kind.shown(i.low), kind.shown(i.high)),
        (None, None) => mean,
    }
}

/// The value of `a`, how far it is from that of `b`, and whether that may be chance.
fn beside(a: &Correlation, b: &Correlation, metric: Metric) -> String {
    let ahead = ahead(a, b, metric);
    let words = if ahead > 0.0 { "ahead" } else { "behind" };
    let (shown, by) = (value(a, metric), metric_kind(metric).shown(ahead.abs()));
    format!("{shown}, {by} {words}; {}", sure(a, b, metric).1)
}

/// Whether a difference is more than chance (`None`: not tested), and by what that was judged: a paired t-test over
/// repetitions at the five per cent level, or the intervals of a single one.
fn sure(a: &Correlation, b: &Correlation, metric: Metric) -> (Option<bool>, String) {
    if let Ok(comparison) = compare(a, b, metric, true) {
        let p = comparison.test.p;
        let shown = Kind::Probability.shown(p);
        return (Some(p < 0.05), format!("p = {shown} (paired t-test over repetitions)"));
    }
    match a.interval(metric).zip(b.interval(metric)) {
        Some((a, b)) if a.low > b.high || b.low > a.high => {
            (Some(true), "their intervals do not overlap".to_owned())
        }
        Some(_) => (Some(false), "their intervals overlap".to_owned()),
        None => (None, "not tested".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_comparisons_are_counted_and_a_few_are_not() {
        let first = |proxy: &str, has_rivals, beside| First {
            proxy: proxy.to_owned(),
            has_rivals,
            beside_params: beside,
        };
        let firsts = [
            first("zen", true, Some(Beside::Behind)),
            first("naswot", true, Some(Beside::Beats)),
            first("naswot", true, Some(Beside::Ahead)),
            first("rbflex", false, Some(Beside::Beats)),
            first("params", true, None),
        ];
        let said = in_common(&firsts).unwrap();
        assert!(
            said.contains("Of 5 comparisons the proxy that ranks first beats the number of parameters in 2;"),
            "{said}"
        );
        assert!(said.contains("in 1 it is ahead of it") && said.contains("in 1 it is not ahead."), "{said}");
        assert!(said.ends_with("First most often: naswot (2), zen (1), params (1)."), "{said}");
        assert_eq!(in_common(&firsts[..4]), None);
    }
}
