//! MeCo: how far the channels of a map are from depending on each other.
//!
//! `C_l` is the Pearson correlation matrix of the channels of module `l`'s output over its pixels, for one Gaussian image of
//! 64 x 64 pixels; score `sum_l v_min(C_l)`. Correlations with a constant channel count as 0, as in the official code; an output
//! of one pixel a channel has no others and adds 0.

use super::prelude::*;
use crate::engine::ChannelCovariance;
use crate::graph::{Graph, Module, Shape, Tap};
use crate::linalg::eigenvalues;

named! {
    /// whose outputs count
    enum Modules: "modules" {
        /// every module that runs, containers included, which repeat the output of their last child (official code)
        All = "all_modules",
        /// modules without children (the layers of the paper)
        LeafOnly = "leaf_only",
    }
}

/// The image.
const INPUT: InputRequest = InputRequest::NoiseOf { name: "input", shape: [1, 3, 64, 64] };

/// Jiang et al., minimum eigenvalue of correlation.
pub static PROXY: Proxy = Proxy {
    name: "meco",
    title: "MeCo",
    reference: "Jiang et al., MeCo, NeurIPS 2023",
    inputs: "one Gaussian image of 64 x 64 pixels, whatever the run's images; no data",
    about: "sum over modules of the smallest eigenvalue of the correlation matrix of the output's channels; batch statistics",
    cost: Cost::Forward,
    scorer: |variant, _| {
        let leaf_only = variant.get::<Modules>() == Modules::LeafOnly;
        Ok(Scorer::passes(move |net, ask| {
            let taps = taps(&*net.graph_of(Form::At64)?, leaf_only);
            let mut pass = ask.pass(INPUT, NormStatistics::Batch).form(Form::At64);
            let outputs = pass.channel_covariances(taps);
            Ok(reduce(move |seen| {
                let outputs = seen.get(outputs);
                let counted: usize = outputs.iter().map(|o| o.times).sum();
                let value = outputs.iter().fold(0.0, |sum, o| sum + o.times as f64 * smallest_eigenvalue(o));
                Ok(Score::plain(value).with("outputs", counted as f64))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Modules>()], ..Details::USUAL },
};

/// Outputs of the modules that run, as often as modules give them; maps only.
fn taps(graph: &Graph, leaf_only: bool) -> Vec<Tap> {
    let parents: Vec<usize> = graph.modules().iter().filter_map(|m| m.parent).map(|id| id.index()).collect();
    let leaf = |(i, _): &(usize, &Module)| !leaf_only || !parents.contains(i);
    let mut taps = graph.output_taps(graph.modules().iter().enumerate().filter(leaf).map(|(_, m)| m));
    taps.retain(|tap| matches!(graph.node(tap.node).shape, Shape::Map { .. }));
    taps
}

/// Smallest eigenvalue of the correlation matrix; not a number where a covariance is not.
fn smallest_eigenvalue(output: &ChannelCovariance) -> f64 {
    let (n, covariance) = (output.channels, &output.matrix);
    if covariance.iter().any(|x| !x.is_finite()) {
        return f64::NAN;
    }
    let spread: Vec<f64> = (0..n).map(|c| covariance[c * n + c].sqrt()).collect();
    let correlation = |at: usize| {
        let r = covariance[at] / spread[at / n] / spread[at % n];
        if r.is_finite() { r.clamp(-1.0, 1.0) } else { 0.0 }
    };
    let matrix: Vec<f64> = (0..n * n).map(correlation).collect();
    eigenvalues(&matrix, n).first().copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::NodeId;
    use crate::spaces::{NetworkInput, find};

    fn of(rows: &[[f64; 4]]) -> f64 {
        let n = rows.len();
        let mean = |i: usize| rows[i].iter().sum::<f64>() / 4.0;
        let product = |at: usize| {
            (0..4).map(|k| (rows[at / n][k] - mean(at / n)) * (rows[at % n][k] - mean(at % n))).sum::<f64>()
        };
        let matrix = (0..n * n).map(|at| product(at) / 4.0).collect();
        smallest_eigenvalue(&ChannelCovariance { node: NodeId(0), times: 1, channels: n, matrix })
    }

    /// proxies.md 7.2.
    #[test]
    fn analytic_example() {
        let rows = [[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 0.0, 3.0], [0.0, 1.0, 1.0, 0.0]];
        assert!((of(&rows) - 0.083_484_861_0).abs() < 1e-9);
    }

    #[test]
    fn constant_channels_correlate_with_nothing() {
        assert_eq!(of(&[[1.0, 2.0, 0.0, 3.0], [5.0; 4]]), 0.0);
        assert_eq!(of(&[[5.0; 4], [5.0; 4]]), 0.0);
        assert!(of(&[[1.0, f64::NAN, 0.0, 0.0], [1.0, 0.0, 2.0, 0.0]]).is_nan());
    }

    /// Counts of the reference code's hooks (`meco_modules_run` less the pooling, the classifier and the root, whose outputs
    /// are vectors).
    #[test]
    fn containers_count_again() {
        let graph =
            find("nats_sss").unwrap().build("8:8:8:8:8", NetworkInput { resolution: 64, classes: 10 });
        let graph = graph.unwrap();
        let count = |leaf| taps(&graph, leaf).iter().map(|t| t.times).sum::<usize>();
        let leaves = graph.modules().iter().filter(|m| m.call.is_some()).count();
        assert!(count(true) < count(false));
        assert_eq!(count(false), leaves - 3);
    }
}
