//! Whether a printed number was reproduced. METHODOLOGY, section 15, states the rule in words.

use super::catalogue;
use super::compare::published;
use super::measure::Measure;
use super::outputs::Output;
use super::published::Printed;
use super::results::{AccuracyResult, RunResult};
use crate::named::Named;
use crate::stats::{Interval, Summary};

/// Something is said with an uncertainty of up to so many tolerances; beyond it only the shape is compared.
const WIDEST: f64 = 5.0;

crate::named! {
    /// What became of a printed number.
    pub enum Verdict: "verdict" {
        /// The difference is no more than the spread of ours or the tolerance
        Reproduced = "reproduced",
        /// The difference is larger than that
        Differs = "differs",
        /// Within the spread of ours, which is so wide that the number itself says little
        ShapeOnly = "shape only",
        /// Nothing of ours can stand beside it
        CannotBeCompared = "cannot be compared",
        /// The study that measures it has not been run
        NotRun = "not run yet",
    }
}

/// A printed number beside ours.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub row: &'static Printed,
    pub ours: f64,
    /// The mean's own, about 95 %; `None` for a single value without a bootstrap.
    pub interval: Option<(f64, f64)>,
    pub verdict: Verdict,
    /// The run and proxy that ours comes from, with the sizes of the study where they were changed.
    pub reading: String,
    pub reason: String,
}

/// Judges every printed number that a study measures, once for each proxy that stands beside it.
pub(super) fn judge(output: &Output<'_, '_>) -> Vec<Judged> {
    let guided = super::guided::judge(output.guided);
    let accuracies = output.results.iter().flat_map(|r| r.accuracies.iter().map(move |a| (r, a)));
    let sizes = output.context.overrides.words();
    accuracies.flat_map(|(result, accuracy)| of_accuracy(result, accuracy, &sizes)).chain(guided).collect()
}

fn of_accuracy(result: &RunResult<'_>, accuracy: &AccuracyResult, sizes: &str) -> Vec<Judged> {
    let mut judged = vec![];
    for published in published(result, accuracy) {
        let measured = published.printed.iter().filter_map(|row| Some((*row, Measure::of_printed(row)?)));
        for (row, measure) in measured {
            for proxy in published.proxies.get_ref() {
                let proxy = proxy.0.to_string();
                let Some(ours) = measure.ours(result, accuracy, &proxy) else { continue };
                let words = [result.run.id.get_ref(), proxy.as_str(), sizes].map(str::to_owned);
                let reading = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
                judged.push(of_row(row, measure, ours, reading, published.note.as_deref()));
            }
        }
    }
    judged
}

pub(super) fn of_row(
    row: &'static Printed,
    measure: Measure<'_>,
    (ours, interval): (Summary, Option<Interval>),
    reading: String,
    note: Option<&str>,
) -> Judged {
    let theirs = match measure {
        // Their trials are as many as ours.
        Measure::Top1(_) => ours.n,
        _ => catalogue::item(&row.item).map_or(1, |item| item.repetitions),
    };
    let own = ours.std.map(|std| 2.0 * std / (ours.n as f64).sqrt());
    let interval = own.map(|half| (ours.mean - half, ours.mean + half)).or(interval.map(|i| (i.low, i.high)));
    let (tolerance, allowed) = allowed(row, measure, &ours, interval, theirs);
    let difference = ours.mean - row.value();
    let shown = number(allowed, measure.kind().decimals());
    let (verdict, mut reason) = if difference.abs() > allowed {
        (Verdict::Differs, format!("more than {shown} apart"))
    } else if allowed > WIDEST * tolerance + row.rounding() {
        (Verdict::ShapeOnly, format!("within {shown}, which is wide"))
    } else {
        (Verdict::Reproduced, format!("within {shown}"))
    };
    // Notes are about methods as a whole, not about the scores of single networks.
    if let (Verdict::Differs, Measure::Metric(_) | Measure::Top1(_) | Measure::Operations, Some(note)) =
        (verdict, measure, note)
    {
        reason += &format!("; {note}");
    }
    Judged { row, ours: ours.mean, interval, verdict, reading, reason }
}

/// The tolerance, and the difference that is allowed: with n values of ours of standard deviation s, and m behind the
/// printed number, `max(tolerance, 2 s sqrt(1/n + 1/m))` and half a unit of the last printed digit; for a single value
/// half its bootstrap interval stands in the place of the second.
fn allowed(
    row: &Printed,
    measure: Measure<'_>,
    ours: &Summary,
    interval: Option<(f64, f64)>,
    theirs: usize,
) -> (f64, f64) {
    let tolerance = measure.tolerance(row.value());
    let of_means = |std: f64| 2.0 * std * (1.0 / ours.n as f64 + 1.0 / theirs.max(1) as f64).sqrt();
    let of_interval = || interval.map_or(0.0, |(low, high)| (high - low) / 2.0);
    let spread = ours.std.map_or_else(of_interval, of_means);
    (tolerance, tolerance.max(spread) + row.rounding())
}

/// For people: with decimals, very large and very small numbers by their powers of ten.
pub(super) fn number(x: f64, decimals: usize) -> String {
    match x.abs() {
        size if size != 0.0 && !(1e-3..1e6).contains(&size) => format!("{x:.2e}"),
        _ => format!("{x:.decimals$}"),
    }
}

impl Verdict {
    /// All verdicts with their names, in the order of the page's columns.
    pub(super) fn all() -> impl Iterator<Item = (Self, &'static str)> {
        Self::ALL.iter().map(|verdict| (*verdict, verdict.name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Metric;
    use crate::study::printed;

    fn verdict(digits: &str, item: &str, values: &[f64]) -> Verdict {
        let row = Printed { digits: digits.to_owned(), item: item.to_owned(), ..printed()[0].clone() };
        let row: &'static Printed = Box::leak(Box::new(row));
        let ours = Summary::of(values).unwrap();
        of_row(row, Measure::Metric(Metric::TAU_B), (ours, None), String::new(), None).verdict
    }

    #[test]
    fn a_single_value_has_the_tolerance_and_the_rounding() {
        assert_eq!(verdict("0.500", "rbflex-table4", &[0.5204]), Verdict::Reproduced);
        assert_eq!(verdict("0.500", "rbflex-table4", &[0.5206]), Verdict::Differs);
        assert_eq!(verdict("0.5", "rbflex-table4", &[0.569]), Verdict::Reproduced);
    }

    #[test]
    fn several_values_have_the_spread_of_two_means() {
        // Standard deviation 0.04: 2 s sqrt(1/4 + 1/10) = 0.0473 beside a mean of ten, 0.0894 beside one value.
        let values = [0.46, 0.54, 0.4653589838, 0.5346410162];
        assert!((Summary::of(&values).unwrap().std.unwrap() - 0.0432).abs() < 1e-3);
        assert_eq!(verdict("0.549", "rbflex-table1", &values), Verdict::Reproduced);
        assert_eq!(verdict("0.570", "rbflex-table1", &values), Verdict::Differs);
        assert_eq!(verdict("0.570", "rbflex-table4", &values), Verdict::Reproduced);
    }

    #[test]
    fn a_wide_spread_shows_the_shape_only() {
        assert_eq!(verdict("0.550", "rbflex-table4", &[0.1, 0.9, 0.3]), Verdict::ShapeOnly);
    }
}
