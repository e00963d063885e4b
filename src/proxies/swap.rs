//! SWAP: how many different ways units answer to the mini-batch.
//!
//! For every activation of a feature map, `b = [z > 0]` of each unit over the images is a pattern; `Psi` is the number of distinct
//! patterns, at most `2^N`. Weights are N(0, 1). The official code takes the mean over 32 initialisations; initialisation `k` is keyed
//! by the weight seed plus `k`.
//!
//! Regularised: `Psi exp(-(P - mu)^2 / sigma)`, `P` the number of parameters in thousands. The paper chooses `mu` and `sigma` by the size
//! of network that is wanted and its code has no defaults. Here they are mean and variance of `P` over 100 keyed networks of
//! the space, which prefers its middle.

use super::prelude::*;
use crate::graph::{Graph, Shape};

named! {
    /// initialisations whose numbers are averaged
    enum Repeats: "repeats" {
        /// one; repetitions of a run give more
        Once = "once",
        /// 32 (official code)
        ThirtyTwo = "repeats_32",
    }
}

named! {
    /// whether the number of parameters P (in thousands) counts
    enum Size: "size" {
        /// no
        Any = "any_size",
        /// times exp(-(P - mu)^2 / sigma) (paper), mu and sigma mean and variance of P over 100 networks of the space
        /// (our choice)
        Regularised = "regularised",
    }
}

const INIT: Scheme = Scheme::Normal01;
/// Networks over which the usual size is found.
const NETWORKS: usize = 100;

/// Peng et al., sample-wise activation patterns.
pub static PROXY: Proxy = Proxy {
    name: "swap",
    title: "SWAP",
    reference: "Peng et al., SWAP-NAS, ICLR 2024, arXiv:2403.04161",
    inputs: "one mini-batch, no labels",
    about: "number of distinct patterns of a unit's binary code over the images; N(0, 1) weights, batch statistics",
    cost: Cost::Forward,
    scorer: |variant, set| {
        let repeats = if variant.get::<Repeats>() == Repeats::ThirtyTwo { 32 } else { 1 };
        let usual = match variant.get::<Size>() {
            Size::Any => None,
            Size::Regularised => Some(Sizes::of(set)?),
        };
        Ok(Scorer::passes(move |net, ask| {
            let graph = net.graph();
            let mut taps = graph.input_taps(graph.activation_modules());
            taps.retain(|tap| matches!(graph.node(tap.node).shape, Shape::Map { .. }));
            if taps.is_empty() {
                return Err(ScoreError::undefined("the network has no activation of a feature map"));
            }
            let pass = |repeat| ask.mini_batch().init(INIT).repeat(repeat).neuron_patterns(taps.clone());
            let patterns: Vec<_> = (0..repeats).map(pass).collect();
            Ok(reduce(move |seen| {
                let distinct = patterns.iter().map(|p| seen.get(*p).distinct() as f64).sum::<f64>();
                let distinct = distinct / patterns.len() as f64;
                let units = patterns.first().map_or(0.0, |p| seen.get(*p).units() as f64);
                let factor = usual.map_or(Ok(1.0), |usual| usual.factor(thousands(net.graph())))?;
                let score = Score::plain(distinct * factor).with("units", units);
                Ok(score.with("distinct", distinct).with("size_factor", factor))
            }))
        }))
    },
    details: Details {
        axes: &[Axis::of::<Repeats>(), Axis::of::<Size>()],
        init: Some(INIT),
        ..Details::USUAL
    },
};

/// Parameters in thousands.
fn thousands(graph: &Graph) -> f64 {
    graph.param_count() as f64 / 1e3
}

/// Mean and variance of the sizes in a space.
#[derive(Clone, Copy)]
struct Sizes {
    mu: f64,
    sigma: f64,
}

impl Sizes {
    fn of(set: &CandidateSet<'_>) -> Result<Self, ScoreError> {
        let sizes: Vec<f64> =
            set.networks("swap", NETWORKS, "swap")?.iter().map(|net| thousands(net.graph())).collect();
        let mu = sizes.iter().sum::<f64>() / sizes.len() as f64;
        let sigma = sizes.iter().map(|p| (p - mu) * (p - mu)).sum::<f64>() / sizes.len() as f64;
        Ok(Self { mu, sigma })
    }

    /// `exp(-(P - mu)^2 / sigma)`.
    fn factor(self, size: f64) -> Result<f64, ScoreError> {
        if self.sigma == 0.0 {
            return Err(ScoreError::undefined(
                "all networks of this space have the same number of parameters",
            ));
        }
        Ok((-(size - self.mu) * (size - self.mu) / self.sigma).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_size_counts_most() {
        let usual = |sigma| Sizes { mu: 40.0, sigma };
        assert_eq!(usual(25.0).factor(40.0), Ok(1.0));
        assert_eq!(usual(25.0).factor(45.0), Ok((-1.0f64).exp()));
        assert!(matches!(usual(0.0).factor(40.0), Err(ScoreError::Undefined(_))));
    }
}
