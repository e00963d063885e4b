//! Zen-score: how much a Gaussian perturbation of a Gaussian input moves a Gaussian network's features.
//!
//! `z = ln d + sum_BN ln sqrt(mean_c var_c)` with `d = mean_n ||f(x) - f(x + 0.01 e)||` over the feature map `f` in front
//! of the global pooling; all weights N(0, 1), `x` and `e` N(0, 1).

use super::{
    Axis, Choice, Cost, Direction, Form, InputRequest, PassRequest, Prepared, Preset, Proxy, ProxySpec,
    Score, ScoreError, Variant,
};
use crate::engine::{ChannelMoments, NormStatistics, Observation, Reduced, Reduction};
use crate::graph::init::Scheme;
use crate::graph::{BatchNorm, Graph, NodeId, Op, Tap};
use crate::scoring::Network;

/// Lin et al., Zen-NAS.
pub struct Zen;

static SPEC: ProxySpec = ProxySpec {
    name: "zen",
    title: "Zen-score",
    reference: "Lin et al., Zen-NAS, ICCV 2021, arXiv:2102.01063",
    direction: Direction::HigherIsBetter,
    inputs: "two Gaussian batches of the mini-batch's shape; weights N(0, 1)",
    about: "ln of the mean feature difference under a perturbation of 0.01, plus a rescaling term for each batch norm",
    axes: &[
        Axis {
            name: "bn_term",
            about: "the variance in the batch-norm term",
            choices: &[
                Choice {
                    name: "running_var",
                    about: "running variance after the two forwards, 0.81 + 0.09 v(x) + 0.1 v(x'), unbiased (official \
                            code)",
                },
                Choice { name: "batch_var", about: "biased batch variance of the first forward (paper)" },
            ],
        },
        Axis {
            name: "distance",
            about: "how the feature difference of an image is measured",
            choices: &[
                Choice { name: "l1", about: "sum of absolute differences (official code)" },
                Choice { name: "l2", about: "Frobenius norm (paper)" },
            ],
        },
        Axis {
            name: "links",
            about: "which network is looked at",
            choices: &[
                Choice {
                    name: "as_built",
                    about: "the network with its residual links (adaptations to other spaces)",
                },
                Choice {
                    name: "no_reslink",
                    about: "without them (paper and official code; only spaces of residual blocks have this form)",
                },
            ],
        },
    ],
    presets: &[
        Preset { name: "official", about: "as the released code", choices: &["running_var", "l1"] },
        Preset { name: "paper", about: "as the paper writes it", choices: &["batch_var", "l2"] },
    ],
    init: Some(Scheme::Normal01),
    cost: Cost::TwoForwards,
    version: 1,
};

impl Proxy for Zen {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        passes_on(net, form(variant))
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let graph = net.graph_of(form(variant))?;
        let parts = Parts::of(&graph, seen, (variant.is("batch_var"), variant.is("l2")))?;
        Ok(Score {
            value: parts.score(),
            components: vec![("feature_difference", parts.difference), ("bn_term", parts.bn_term)],
        })
    }
}

fn form(variant: &Variant) -> Form {
    if variant.is("no_reslink") { Form::Unlinked } else { Form::Own }
}

/// The two passes, on a form of the network.
///
/// # Errors
/// [`ScoreError::Undefined`] when the network has no such form.
pub(super) fn passes_on(net: &Network, form: Form) -> Result<Vec<PassRequest>, ScoreError> {
    let graph = net.graph_of(form)?;
    let features =
        Observation { taps: vec![Tap { node: graph.features(), times: 1 }], reduction: Reduction::Copy };
    let inputs = Tap::tally(norms(&graph).map(|(input, _)| input));
    let norms = Observation { taps: inputs, reduction: Reduction::ChannelMoments };
    let observations = vec![features, norms];
    let pass = |input| PassRequest {
        form,
        init: SPEC.init,
        ..PassRequest::forward(input, NormStatistics::Batch, observations.clone())
    };
    Ok(vec![
        pass(InputRequest::Noise("input.0")),
        pass(InputRequest::Perturbed { base: "input.0", direction: "input.1" }),
    ])
}

/// The two parts of the score.
pub(super) struct Parts {
    /// `d`, the mean feature difference.
    pub difference: f64,
    /// `sum_BN ln sqrt(mean_c var_c)`.
    pub bn_term: f64,
}

impl Parts {
    /// From what the two passes saw; with batch instead of running variances, and with the L2 instead of the L1 norm.
    ///
    /// # Errors
    /// [`ScoreError::Undefined`] when something was not observed.
    pub fn of(
        graph: &Graph,
        seen: &[Vec<Reduced>],
        (batch_var, l2): (bool, bool),
    ) -> Result<Self, ScoreError> {
        let [first, second] = seen else {
            return Err(ScoreError::Undefined("zen needs two passes".into()));
        };
        let (x, moments_x) = unpack(first)?;
        let (y, moments_y) = unpack(second)?;
        let per_image = graph.node(graph.features()).shape.elements();
        let difference = mean_difference(x, y, per_image, l2);
        let terms = norms(graph).map(|(input, norm)| {
            let v1 = moments(moments_x, input)?;
            let v2 = moments(moments_y, input)?;
            Ok(0.5 * if batch_var { v1.mean_variance() } else { running_variance(norm, v1, v2) }.ln())
        });
        Ok(Self { difference, bn_term: terms.sum::<Result<f64, ScoreError>>()? })
    }

    /// `ln d` plus the term of the normalisations.
    pub fn score(&self) -> f64 {
        self.difference.ln() + self.bn_term
    }
}

type Seen<'a> = (&'a [f64], &'a [ChannelMoments]);

fn unpack(pass: &[Reduced]) -> Result<Seen<'_>, ScoreError> {
    match pass {
        [Reduced::Values(values), Reduced::Channels(channels)] if values.len() == 1 => {
            Ok((&values[0].1, channels))
        }
        _ => Err(ScoreError::Undefined("the feature map was not observed".into())),
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
    let missing = || ScoreError::Undefined("a batch norm was not observed".into());
    all.iter().find(|m| m.node == node).ok_or_else(missing)
}

/// Mean over the images of the L1 or L2 norm of the feature difference.
fn mean_difference(x: &[f64], y: &[f64], per_image: usize, l2: bool) -> f64 {
    let images = x.chunks(per_image).zip(y.chunks(per_image));
    let norms = images.map(|(a, b)| match l2 {
        true => a.iter().zip(b).map(|(p, q)| (p - q) * (p - q)).sum::<f64>().sqrt(),
        false => a.iter().zip(b).map(|(p, q)| (p - q).abs()).sum::<f64>(),
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
        assert_eq!(mean_difference(&x, &y, 2, false), (7.0 + 1.0) / 2.0);
        assert_eq!(mean_difference(&x, &y, 2, true), (5.0 + 1.0) / 2.0);
    }
}
