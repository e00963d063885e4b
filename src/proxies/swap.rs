//! SWAP: how many different ways units answer to the mini-batch.
//!
//! For every activation of a feature map, `b = [z > 0]` of each unit over the images is a pattern; `Psi` is the number of distinct
//! patterns, at most `2^N`. Weights are N(0, 1). The official code takes the mean over 32 initialisations; initialisation `k` is keyed
//! by the weight seed plus `k`.
//!
//! Regularised: `Psi exp(-(P - mu)^2 / sigma)`, `P` the number of parameters in thousands. The paper chooses `mu` and `sigma` by the size
//! of network that is wanted and its code has no defaults. Here they are mean and variance of `P` over 100 keyed networks of
//! the space, which prefers its middle.

use super::{
    Axis, Choice, Cost, Direction, InputRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError,
    Variant,
};
use crate::engine::{NormStatistics, Observation, Reduced, Reduction};
use crate::graph::init::Scheme;
use crate::graph::{Graph, Shape};
use crate::scoring::{CandidateSet, Network};

/// Peng et al., sample-wise activation patterns.
pub struct Swap;

static SPEC: ProxySpec = ProxySpec {
    name: "swap",
    title: "SWAP",
    reference: "Peng et al., SWAP-NAS, ICLR 2024, arXiv:2403.04161",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch, no labels",
    about: "number of distinct patterns of a unit's binary code over the images; N(0, 1) weights, batch statistics",
    axes: &[
        Axis {
            name: "repeats",
            about: "initialisations whose numbers are averaged",
            choices: &[
                Choice { name: "once", about: "one; repetitions of a run give more" },
                Choice { name: "repeats_32", about: "32 (official code)" },
            ],
        },
        Axis {
            name: "size",
            about: "whether the number of parameters P (in thousands) counts",
            choices: &[
                Choice { name: "any_size", about: "no" },
                Choice {
                    name: "regularised",
                    about: "times exp(-(P - mu)^2 / sigma) (paper), mu and sigma mean and variance of P over 100 networks of the \
                            space (our choice)",
                },
            ],
        },
    ],
    presets: &[],
    init: Some(Scheme::Normal01),
    cost: Cost::Forward,
    version: 1,
};

/// Networks over which the usual size is found.
const NETWORKS: usize = 100;

impl Proxy for Swap {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn prepare(&self, variant: &Variant, set: &CandidateSet<'_>) -> Result<Prepared, ScoreError> {
        if !variant.is("regularised") {
            return Ok(Prepared::default());
        }
        let sizes =
            set.networks("swap", NETWORKS)?.iter().map(|net| thousands(net.graph())).collect::<Vec<_>>();
        let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
        let variance = sizes.iter().map(|p| (p - mean) * (p - mean)).sum::<f64>() / sizes.len() as f64;
        Ok(Prepared { values: vec![("mu", mean), ("sigma", variance)], ..Prepared::default() })
    }

    fn passes(&self, variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let graph = net.graph();
        let mut taps = graph.input_taps(graph.activation_modules());
        taps.retain(|tap| matches!(graph.node(tap.node).shape, Shape::Map { .. }));
        if taps.is_empty() {
            return Err(ScoreError::Undefined("the network has no activation of a feature map".into()));
        }
        let patterns = Observation { taps, reduction: Reduction::NeuronPatterns };
        let pass = PassRequest::forward(InputRequest::MiniBatch, NormStatistics::Batch, vec![patterns]);
        let repeats = if variant.is("repeats_32") { 32 } else { 1 };
        Ok((0..repeats).map(|repeat| PassRequest { init: SPEC.init, repeat, ..pass.clone() }).collect())
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        prepared: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let patterns = seen.iter().map(|pass| match pass.first() {
            Some(Reduced::Patterns(patterns)) => Ok((patterns.distinct() as f64, patterns.units() as f64)),
            _ => Err(ScoreError::Undefined("no activation patterns were observed".into())),
        });
        let patterns: Vec<(f64, f64)> = patterns.collect::<Result<_, _>>()?;
        let distinct = patterns.iter().map(|(distinct, _)| distinct).sum::<f64>() / patterns.len() as f64;
        let units = patterns.first().map_or(0.0, |(_, units)| *units);
        let factor = if variant.is("regularised") { factor(prepared, thousands(net.graph()))? } else { 1.0 };
        let components = vec![("units", units), ("distinct", distinct), ("size_factor", factor)];
        Ok(Score { value: distinct * factor, components })
    }
}

/// Parameters in thousands.
fn thousands(graph: &Graph) -> f64 {
    graph.param_count() as f64 / 1e3
}

/// `exp(-(P - mu)^2 / sigma)`.
fn factor(prepared: &Prepared, size: f64) -> Result<f64, ScoreError> {
    let missing = || ScoreError::Prepare("no sizes were prepared for this candidate set".into());
    let value = |name| prepared.get(name).ok_or_else(missing);
    let (mu, sigma) = (value("mu")?, value("sigma")?);
    if sigma == 0.0 {
        return Err(ScoreError::Undefined(
            "all networks of this space have the same number of parameters".into(),
        ));
    }
    Ok((-(size - mu) * (size - mu) / sigma).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_size_counts_most() {
        let prepared =
            |sigma| Prepared { values: vec![("mu", 40.0), ("sigma", sigma)], ..Prepared::default() };
        assert_eq!(factor(&prepared(25.0), 40.0), Ok(1.0));
        assert_eq!(factor(&prepared(25.0), 45.0), Ok((-1.0f64).exp()));
        assert!(matches!(factor(&prepared(0.0), 40.0), Err(ScoreError::Undefined(_))));
        assert!(matches!(factor(&Prepared::default(), 40.0), Err(ScoreError::Prepare(_))));
    }
}
