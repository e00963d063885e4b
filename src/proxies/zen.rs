//! Zen-score: how much a Gaussian perturbation of a Gaussian input moves a Gaussian network's features.
//!
//! `z = ln d + sum_BN ln sqrt(mean_c var_c)` with `d = mean_n ||f(x) - f(x + 0.01 e)||` over the feature map `f` in front
//! of the global pooling; all weights N(0, 1), `x` and `e` N(0, 1).

use super::prelude::*;
use std::borrow::Cow;

use crate::engine::ChannelMoments;
use crate::graph::{BatchNorm, Graph, NodeId, Op, Tap};

named! {
    /// the variance in the batch-norm term
    pub(super) enum BnTerm: "bn_term" {
        /// running variance after the two forwards, 0.81 + 0.09 v(x) + 0.1 v(x'), unbiased (official code)
        RunningVar = "running_var",
        /// biased batch variance of the first forward (paper)
        BatchVar = "batch_var",
    }
}

named! {
    /// how the feature difference of an image is measured
    pub(super) enum Distance: "distance" {
        /// sum of absolute differences (official code)
        L1 = "l1",
        /// Frobenius norm (paper)
        L2 = "l2",
    }
}

named! {
    /// which network is looked at
    enum Links: "links" {
        /// the network with its residual links (adaptations to other spaces)
        AsBuilt = "as_built",
        /// without them (paper and official code; only spaces of residual blocks have this form)
        None = "no_reslink",
    }
}

const INIT: Scheme = Scheme::Normal01;

/// How the formula is read; the default is the official code's reading.
#[derive(Clone, Copy, Default)]
pub(super) struct Reading {
    variance: BnTerm,
    distance: Distance,
}

/// Lin et al., Zen-NAS.
pub static PROXY: Proxy = Proxy {
    name: "zen",
    title: "Zen-score",
    reference: "Lin et al., Zen-NAS, ICCV 2021, arXiv:2102.01063",
    inputs: "two Gaussian batches of the mini-batch's shape; weights N(0, 1)",
    about: "ln of the mean feature difference under a perturbation of 0.01, plus a rescaling term for each batch norm",
    cost: Cost::TwoForwards,
    scorer: |variant, _| {
        let reading = Reading { variance: variant.get(), distance: variant.get() };
        let form = match variant.get::<Links>() {
            Links::AsBuilt => Form::Own,
            Links::None => Form::Unlinked,
        };
        Ok(Scorer::passes(move |net, ask| {
            let passes = Perturbation::observe(net, ask, form)?;
            Ok(reduce(move |seen| {
                let parts = passes.parts(seen, reading)?;
                let score = Score::plain(parts.score()).with("feature_difference", parts.difference);
                Ok(score.with("bn_term", parts.bn_term))
            }))
        }))
    },
    details: Details {
        axes: &[Axis::of::<BnTerm>(), Axis::of::<Distance>(), Axis::of::<Links>()],
        presets: &[
            Preset {
                name: "official",
                about: "as the released code",
                choices: &[BnTerm::RunningVar.as_str(), Distance::L1.as_str()],
            },
            Preset {
                name: "paper",
                about: "as the paper writes it",
                choices: &[BnTerm::BatchVar.as_str(), Distance::L2.as_str()],
            },
        ],
        init: Some(INIT),
        ..Details::USUAL
    },
};

/// The passes of a Gaussian batch and of the same batch perturbed.
pub(super) struct Perturbation<'n> {
    graph: Cow<'n, Graph>,
    features: [Handle<[f64]>; 2],
    moments: [Handle<[ChannelMoments]>; 2],
}

/// The two parts of the score.
pub(super) struct Parts {
    /// `d`, the mean feature difference.
    pub difference: f64,
    /// `sum_BN ln sqrt(mean_c var_c)`.
    pub bn_term: f64,
}

impl Parts {
    /// `ln d` plus the term of the normalisations.
    pub fn score(&self) -> f64 {
        self.difference.ln() + self.bn_term
    }
}

impl<'n> Perturbation<'n> {
    /// Asks for the two passes, on a form of the network.
    ///
    /// # Errors
    /// [`ScoreError::Undefined`] when the network has no such form.
    pub fn observe(net: &'n Network, ask: &mut Requests, form: Form) -> Result<Self, ScoreError> {
        let graph = net.graph_of(form)?;
        let inputs = [
            InputRequest::Noise("input.0"),
            InputRequest::Perturbed { base: "input.0", direction: "input.1" },
        ];
        let [first, second] = inputs.map(|input| {
            let mut pass = ask.pass(input, NormStatistics::Batch).form(form).init(INIT);
            let features = pass.values(graph.features());
            (features, pass.channel_moments(Tap::tally(norms(&graph).map(|(input, _)| input))))
        });
        Ok(Self { features: [first.0, second.0], moments: [first.1, second.1], graph })
    }

    /// The parts of the score.
    ///
    /// # Errors
    /// [`ScoreError::Undefined`] when a batch normalisation was not observed.
    pub fn parts(&self, seen: &Observed<'_>, reading: Reading) -> Result<Parts, ScoreError> {
        let [x, y] = self.features.map(|features| seen.get(features));
        let [moments_x, moments_y] = self.moments.map(|moments| seen.get(moments));
        let per_image = self.graph.node(self.graph.features()).shape.elements();
        let difference = mean_difference(x, y, per_image, reading.distance);
        let terms = norms(&self.graph).map(|(input, norm)| {
            let v1 = moments(moments_x, input)?;
            let v2 = moments(moments_y, input)?;
            let variance = match reading.variance {
                BnTerm::BatchVar => v1.mean_variance(),
                BnTerm::RunningVar => running_variance(norm, v1, v2),
            };
            Ok(0.5 * variance.ln())
        });
        Ok(Parts { difference, bn_term: terms.sum::<Result<f64, ScoreError>>()? })
    }
}

/// The normalisations that run before the feature map is there, with their inputs. Those behind it (RBFleX's levels of
/// TransNAS networks) rescale nothing that the difference sees, and the official code's pass ends at the map.
fn norms(graph: &Graph) -> impl Iterator<Item = (NodeId, &BatchNorm)> {
    graph.nodes()[..=graph.features().index()].iter().filter_map(|node| match &node.op {
        Op::BatchNorm(norm) => Some((node.inputs[0], norm)),
        _ => None,
    })
}

fn moments(all: &[ChannelMoments], node: NodeId) -> Result<&ChannelMoments, ScoreError> {
    let missing = || ScoreError::undefined("a batch norm was not observed");
    all.iter().find(|m| m.node == node).ok_or_else(missing)
}

/// Mean over the images of the L1 or L2 norm of the feature difference.
fn mean_difference(x: &[f64], y: &[f64], per_image: usize, distance: Distance) -> f64 {
    let images = x.chunks(per_image).zip(y.chunks(per_image));
    let norms = images.map(|(a, b)| match distance {
        Distance::L2 => a.iter().zip(b).map(|(p, q)| (p - q) * (p - q)).sum::<f64>().sqrt(),
        Distance::L1 => a.iter().zip(b).map(|(p, q)| (p - q).abs()).sum::<f64>(),
    });
    norms.sum::<f64>() * per_image as f64 / x.len() as f64
}

/// Mean over channels of PyTorch's running variance after two updates from 1, which take unbiased variances:
/// `(1-m)^2 + (1-m) m v1 n/(n-1) + m v2 n/(n-1)`.
fn running_variance(norm: &BatchNorm, first: &ChannelMoments, second: &ChannelMoments) -> f64 {
    let m = norm.momentum;
    let unbiased = |v: &ChannelMoments| v.mean_variance() * v.count as f64 / (v.count as f64 - 1.0);
    (1.0 - m) * (1.0 - m) + (1.0 - m) * m * unbiased(first) + m * unbiased(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_two_images() {
        let (x, y) = ([0., 0., 1., 1.], [3., -4., 1., 2.]);
        assert_eq!(mean_difference(&x, &y, 2, Distance::L1), (7.0 + 1.0) / 2.0);
        assert_eq!(mean_difference(&x, &y, 2, Distance::L2), (5.0 + 1.0) / 2.0);
    }
}
