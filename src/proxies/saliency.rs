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

use super::prelude::*;
use crate::engine::Loss;
use crate::graph::{Graph, NodeId, Op};

named! {
    /// how the change of the loss is found
    enum Order: "order" {
        /// gradient of the operation's gate: one backward pass for all
        First = "first_order",
        /// mean square of the images' shares of that gradient
        Fisher = "fisher",
        /// the change itself: one forward pass for each operation
        Exact = "exact",
    }
}

named! {
    /// whose operations count
    enum Cells: "cells" {
        /// those of all cells
        All = "all_cells",
        /// those of the first cell
        First = "first_cell",
    }
}

named! {
    /// what the gradient of a skip connection's output is; the exact change has no such choice
    enum Skips: "skips" {
        /// that of the edge, as the gate asks for
        Edge = "edge",
        /// that of the value it hands on, for all its readers: what a hook on PyTorch's module sees, whose output is its
        /// input tensor
        Shared = "shared",
    }
}

/// Saliency of operations, as a score of the architecture.
pub static PROXY: Proxy = Proxy {
    name: "saliency",
    title: "Architecture saliency (re-derived)",
    reference: "architecture saliency for gradient-based NAS, known from its abstract only; Taylor terms as in LeCun et al., Optimal \
                Brain Damage, NeurIPS 1989",
    inputs: "one mini-batch with labels",
    about: "sum over the operations of all cells of the squared change of the mean cross-entropy when the operation's output \
            becomes zero; batch statistics",
    cost: Cost::Backward,
    scorer: |variant, _| {
        let (order, cells, skips) = (variant.get::<Order>(), variant.get(), variant.get());
        Ok(Scorer::passes(move |net, ask| {
            let graph = net.graph();
            // The exact change takes an operation's own output away, whoever reads it.
            let skips = if order == Order::Exact { Skips::Edge } else { skips };
            let nodes = operations(graph, cells, skips)?;
            if order == Order::Exact {
                let mut logits = |form| ask.mini_batch().form(form).values(graph.logits());
                let whole = logits(Form::Own);
                let without: Vec<_> = nodes.into_iter().map(Form::Without).map(logits).collect();
                return Ok(reduce(move |seen| {
                    let labels = seen.labels()?;
                    let loss = |logits: Handle<[f64]>| {
                        Loss::CrossEntropy { labels }.value(seen.get(logits), labels.len())
                    };
                    let whole = loss(whole)?;
                    let change = |logits: &Handle<[f64]>| Ok((loss(*logits)? - whole).powi(2));
                    Ok(total(&without.iter().map(change).collect::<Result<Vec<_>, ScoreError>>()?))
                }));
            }
            let gates = ask.mini_batch().backward(LossRequest::CrossEntropy).channel_products(nodes.clone());
            Ok(reduce(move |seen| Ok(total(&squares(graph, &nodes, seen.get(gates), order)))))
        }))
    },
    details: Details {
        axes: &[Axis::of::<Order>(), Axis::of::<Cells>(), Axis::of::<Skips>()],
        ..Details::USUAL
    },
};

/// The sum over the operations, with their number and the largest.
fn total(saliencies: &[f64]) -> Score {
    let value = saliencies.iter().fold(0.0, |sum, s| sum + s);
    let largest = saliencies.iter().fold(0.0, |top: f64, s| if *s > top { *s } else { top });
    Score::plain(value).with("operations", saliencies.len() as f64).with("largest", largest)
}

/// Outputs of the operations that count.
fn operations(graph: &Graph, cells: Cells, skips: Skips) -> Result<Vec<NodeId>, ScoreError> {
    let value = |node: NodeId| match &graph.node(node).op {
        Op::Identity if skips == Skips::Shared => graph.node(node).inputs[0],
        _ => node,
    };
    let counts = |cell: usize| cell == 0 || cells == Cells::All;
    let nodes: Vec<NodeId> =
        graph.operations().iter().filter(|o| counts(o.cell)).map(|o| value(o.node)).collect();
    match nodes.is_empty() {
        true => Err(ScoreError::undefined("the search space chooses no operations of cells")),
        false => Ok(nodes),
    }
}

/// Squared derivatives of the gates. No gradient reaches an operation that leads nowhere.
fn squares(graph: &Graph, nodes: &[NodeId], products: &[(NodeId, Vec<f64>)], order: Order) -> Vec<f64> {
    let of = |node: &NodeId| {
        let Some((_, products)) = products.iter().find(|(id, _)| id == node) else { return 0.0 };
        let shares = products.chunks(graph.node(*node).shape.channels()).map(|c| c.iter().sum::<f64>());
        squared(&shares.collect::<Vec<_>>(), order == Order::Fisher)
    };
    nodes.iter().map(of).collect()
}

/// The square of the sum of the images' shares, or the mean of their squares, each as if it were the whole.
fn squared(shares: &[f64], fisher: bool) -> f64 {
    let n = shares.len() as f64;
    match fisher {
        true => shares.iter().map(|s| (n * s) * (n * s)).sum::<f64>() / n,
        false => shares.iter().sum::<f64>().powi(2),
    }
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
