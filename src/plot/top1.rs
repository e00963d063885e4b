//! Accuracy of the highest-scoring architecture against the sample size.

use super::{Labels, Lines, Series, XScale};

/// The figure of top-1 searches: sample size S on a logarithmic axis, mean accuracy over trials with its standard
/// deviation. `accuracy` says which one: data set, split and budget.
pub fn top1(labels: Labels, accuracy: String, series: Vec<Series>) -> Lines {
    Lines {
        labels,
        x: "sample size S (architectures per trial)".into(),
        y: accuracy,
        x_scale: XScale::Log10,
        series,
    }
}
