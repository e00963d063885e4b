//! Architecture saliency: how much the loss changes when an operation of a cell is taken away.
//!
//! Every operation `o` that the search space chooses has a gate `z_o = 1` on its output `a_o`. With `L` the mean cross-entropy of a
//! mini-batch:
//!
//! * first order: `S_o = (dL/dz_o)^2`, `dL/dz_o = sum a_o dL/da_o` over images, channels and pixels;
//! * Fisher: `S_o = mean_n (N sum a_on dL/da_on)^2`, the sum over channels and pixels of image `n`;
//! * exact: `S_o = (L(z_o = 0) - L)^2`, a forward pass for each operation.
//!
//! The score of an architecture is the sum over its operations. Only an abstract describes the method; this reading (gates,
//! squares, the sum as a score) is ours. `none` changes nothing and adds 0.

use super::{
    Axis, BackwardRequest, Choice, Cost, Direction, Form, InputRequest, LossRequest, PassRequest, Prepared,
    Proxy, ProxySpec, Score, ScoreError, Variant,
};
use crate::engine::{GradientReduction, Loss, NormStatistics, Observation, Reduced, Reduction};
use crate::graph::{Graph, NodeId, Op, Tap};
use crate::scoring::Network;

/// Saliency of operations, as a score of the architecture.
pub struct Saliency;

static SPEC: ProxySpec = ProxySpec {
    name: "saliency",
    title: "Architecture saliency (re-derived)",
    reference: "architecture saliency for gradient-based NAS, known from its abstract only; Taylor terms as in LeCun et al., Optimal \
                Brain Damage, NeurIPS 1989",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels",
    about: "sum over the operations of all cells of the squared change of the mean cross-entropy when the operation's output \
            becomes zero; batch statistics",
    axes: &[
        Axis {
            name: "order",
            about: "how the change of the loss is found",
            choices: &[
                Choice {
                    name: "first_order",
                    about: "gradient of the operation's gate: one backward pass for all",
                },
                Choice { name: "fisher", about: "mean square of the images' shares of that gradient" },
                Choice { name: "exact", about: "the change itself: one forward pass for each operation" },
            ],
        },
        Axis {
            name: "cells",
            about: "whose operations count",
            choices: &[
                Choice { name: "all_cells", about: "those of all cells" },
                Choice { name: "first_cell", about: "those of the first cell" },
            ],
        },
        Axis {
            name: "skips",
            about: "what the gradient of a skip connection's output is; the exact change has no such choice",
            choices: &[
                Choice { name: "edge", about: "that of the edge, as the gate asks for" },
                Choice {
                    name: "shared",
                    about: "that of the value it hands on, for all its readers: what a hook on PyTorch's module sees, whose \
                            output is its input tensor",
                },
            ],
        },
    ],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

impl Proxy for Saliency {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, variant: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let nodes = operations(variant, net.graph())?;
        if !variant.is("exact") {
            let backward = BackwardRequest {
                loss: LossRequest::CrossEntropy,
                reductions: vec![GradientReduction::ChannelProducts(nodes)],
            };
            let pass = PassRequest::forward(InputRequest::MiniBatch, NormStatistics::Batch, vec![]);
            return Ok(vec![PassRequest { backward: Some(backward), ..pass }]);
        }
        let gone = nodes.into_iter().map(Form::Without);
        Ok(std::iter::once(Form::Own).chain(gone).map(|form| logits(net.graph(), form)).collect())
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let nodes = operations(variant, net.graph())?;
        let saliencies = match variant.is("exact") {
            true => changes(seen)?,
            false => gates(net.graph(), &nodes, seen, variant.is("fisher"))?,
        };
        let value = saliencies.iter().fold(0.0, |sum, s| sum + s);
        let largest = saliencies.iter().fold(0.0, |top: f64, s| if *s > top { *s } else { top });
        let components = vec![("operations", nodes.len() as f64), ("largest", largest)];
        Ok(Score { value, components })
    }
}

/// Outputs of the operations that count.
fn operations(variant: &Variant, graph: &Graph) -> Result<Vec<NodeId>, ScoreError> {
    let counts = |cell: usize| cell == 0 || !variant.is("first_cell");
    let shared = variant.is("shared") && !variant.is("exact");
    let value = |node: NodeId| match &graph.node(node).op {
        Op::Identity if shared => graph.node(node).inputs[0],
        _ => node,
    };
    let nodes: Vec<NodeId> =
        graph.operations().iter().filter(|o| counts(o.cell)).map(|o| value(o.node)).collect();
    match nodes.is_empty() {
        true => Err(ScoreError::Undefined("the search space chooses no operations of cells".into())),
        false => Ok(nodes),
    }
}

/// A forward pass whose logits are looked at.
fn logits(graph: &Graph, form: Form) -> PassRequest {
    let taps = vec![Tap { node: graph.logits(), times: 1 }];
    let observed = Observation { taps, reduction: Reduction::Copy };
    let pass = PassRequest::forward(InputRequest::MiniBatch, NormStatistics::Batch, vec![observed]);
    PassRequest { form, labels: true, ..pass }
}

/// Squared changes of the loss; the first pass is that of the whole network.
fn changes(seen: &[Vec<Reduced>]) -> Result<Vec<f64>, ScoreError> {
    let losses: Vec<f64> = seen.iter().map(|pass| loss(pass)).collect::<Result<_, _>>()?;
    let (whole, without) = losses.split_first().ok_or_else(missing)?;
    Ok(without.iter().map(|loss| (loss - whole) * (loss - whole)).collect())
}

fn loss(pass: &[Reduced]) -> Result<f64, ScoreError> {
    let [Reduced::Values(nodes), Reduced::Labels(labels)] = pass else { return Err(missing()) };
    let (_, logits) = nodes.first().ok_or_else(missing)?;
    Ok(Loss::CrossEntropy { labels }.value(logits, labels.len())?)
}

/// Squared derivatives of the gates. No gradient reaches an operation that leads nowhere.
fn gates(
    graph: &Graph,
    nodes: &[NodeId],
    seen: &[Vec<Reduced>],
    fisher: bool,
) -> Result<Vec<f64>, ScoreError> {
    let Some(Reduced::Values(products)) = seen.first().and_then(|pass| pass.last()) else {
        return Err(missing());
    };
    let of = |node: &NodeId| {
        let Some((_, products)) = products.iter().find(|(id, _)| id == node) else { return 0.0 };
        let shares = products.chunks(graph.node(*node).shape.channels()).map(|c| c.iter().sum::<f64>());
        squared(&shares.collect::<Vec<_>>(), fisher)
    };
    Ok(nodes.iter().map(of).collect())
}

/// The square of the sum of the images' shares, or the mean of their squares, each as if it were the whole.
fn squared(shares: &[f64], fisher: bool) -> f64 {
    let n = shares.len() as f64;
    match fisher {
        true => shares.iter().map(|s| (n * s) * (n * s)).sum::<f64>() / n,
        false => shares.iter().sum::<f64>().powi(2),
    }
}

fn missing() -> ScoreError {
    ScoreError::Undefined("the loss was not observed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_by_hand() {
        assert_eq!(squared(&[1.0, -3.0], false), 4.0);
        assert_eq!(squared(&[1.0, -3.0], true), 4.0 * (1.0 + 9.0) / 2.0);
        // Images that agree give the same either way.
        assert_eq!(squared(&[0.5; 4], true), squared(&[0.5; 4], false));
    }
}
