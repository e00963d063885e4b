//! Metrics: how well scores predict accuracies, as one number. Adding one is an entry of [`METRICS`].

mod metric;

pub use metric::{Metric, MetricError};

use super::prepared::View;
use crate::stats::Gain;

/// What is to be known about a metric, and how it is computed.
pub struct MetricSpec {
    pub name: &'static str,
    /// As it stands on an axis, with `{}` for the argument.
    pub title: &'static str,
    /// The formula, in words.
    pub about: &'static str,
    /// What stands behind the `@`.
    pub argument: Argument,
    pub best: Best,
    /// The value of a sample; `None` where it is not defined.
    value: fn(&View<'_>, f64) -> Option<f64>,
}

/// What a metric is told beside scores and accuracies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    None,
    /// A number of architectures: `ndcg@1000`.
    Count,
    /// A share of the architectures: `overlap@5%`.
    Percent,
    /// An accuracy in percent, or whatever the table holds: `tau_b_above@90`.
    Accuracy,
}

/// Which values of a metric are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Best {
    Largest,
    Smallest,
}

impl MetricSpec {
    /// Without an argument, the largest is the best.
    const USUAL: Self = Self {
        name: "",
        title: "",
        about: "",
        argument: Argument::None,
        best: Best::Largest,
        value: |_, _| None,
    };

    /// How it is written, with an example of its argument.
    pub fn usage(&self) -> String {
        format!("{}{}", self.name, self.argument.example())
    }
}

/// All metrics, in the order in which they are listed. The first five are those of [`Metric::CORRELATIONS`].
pub static METRICS: &[MetricSpec] = &[
    MetricSpec {
        name: "pearson",
        title: "Pearson's r",
        about: "Pearson's r of the raw scores",
        value: |sample, _| sample.pearson(),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "pearson_log",
        title: "Pearson's r of sign(s) ln|s|",
        about: "Pearson's r of sign(s) ln|s|; zero scores are left out",
        value: |sample, _| sample.pearson_log(),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "spearman",
        title: "Spearman's rho",
        about: "Spearman's rho: Pearson's r of average ranks",
        value: |sample, _| sample.ranks().spearman(),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "tau_b",
        title: "Kendall's tau-b",
        about: "Kendall's tau-b: (C - D) / sqrt((n0 - n1)(n0 - n2)), corrected for ties",
        value: |sample, _| sample.pairs().tau_b(),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "tau_a",
        title: "Kendall's tau-a",
        about: "Kendall's tau-a: (C - D) / n0, not corrected",
        value: |sample, _| sample.pairs().tau_a(),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "ndcg",
        title: "nDCG@{}",
        about: "nDCG of the k best-scored: sum of (2^accuracy - 1) / log2(1 + place), over that of the k most accurate",
        argument: Argument::Count,
        value: |sample, k| sample.ranks().ndcg(k as u64, Gain::Power),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "ndcg_rank",
        title: "nDCG@{} of ranks",
        about: "nDCG of the k best-scored with the number of less accurate architectures (equal ones count half) for 2^accuracy - 1",
        argument: Argument::Count,
        value: |sample, k| sample.ranks().ndcg(k as u64, Gain::Rank),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "overlap",
        title: "Overlap of the best {} %",
        about: "of the best-scored p %, the share that is among the most accurate p %",
        argument: Argument::Percent,
        value: |sample, percent| sample.ranks().overlap(percent),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "regret",
        title: "Regret@{}",
        about: "the highest accuracy less the highest accuracy among the k best-scored; lower is better",
        argument: Argument::Count,
        best: Best::Smallest,
        value: |sample, k| sample.ranks().regret(k as u64),
    },
    MetricSpec {
        name: "tau_b_best",
        title: "Kendall's tau-b of the most accurate {} %",
        about: "Kendall's tau-b among the most accurate p %",
        argument: Argument::Percent,
        value: |sample, percent| sample.ranks().tau_b_of_best(percent),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "tau_b_above",
        title: "Kendall's tau-b above accuracy {}",
        about: "Kendall's tau-b among the architectures with an accuracy above a",
        argument: Argument::Accuracy,
        value: |sample, accuracy| sample.ranks().tau_b_above(accuracy),
        ..MetricSpec::USUAL
    },
    MetricSpec {
        name: "partial_tau",
        title: "Kendall's partial tau given params",
        about: "(t_sa - t_sp t_ap) / sqrt((1 - t_sp^2)(1 - t_ap^2)), t being the tau-b of score, accuracy, parameter count",
        value: |sample, _| sample.partial_tau(),
        ..MetricSpec::USUAL
    },
];
