//! Fisher: the Fisher information of activation channels.
//!
//! For the output `a` (bias included, in front of normalisation and activation) of every convolution and linear layer and
//! its gradient `d` of the mean cross-entropy: `g_nc = sum_hw a d`, `f_c = mean_n g_nc^2 / 2`, score `sum_l m_l sum_c f_c`. The
//! official code spreads each channel's value over the weights of its filter, so `m_l = numel(W) / C_out`.

use super::prelude::*;
use crate::graph::{Graph, NodeId};

named! {
    /// how often a channel counts
    enum Multiplicity: "multiplicity" {
        /// once for each weight of its filter (official code)
        Broadcast = "broadcast",
        /// once
        Once = "unbroadcast",
    }
}

/// Turner et al., Fisher-guided block substitution.
pub static PROXY: Proxy = Proxy {
    name: "fisher",
    title: "Fisher",
    reference: "Turner et al., BlockSwap, ICLR 2020, arXiv:1906.04113; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    inputs: "one mini-batch with labels",
    about: "half the mean square of (activation times gradient) of each channel of each layer's output; batch statistics",
    cost: Cost::Backward,
    scorer: |variant, _| {
        let multiplicity = variant.get::<Multiplicity>();
        Ok(Scorer::passes(move |net, ask| {
            let outputs = net.graph().layer_outputs().map(|(node, _)| node).collect();
            let products = ask.mini_batch().backward(LossRequest::CrossEntropy).channel_products(outputs);
            Ok(reduce(move |seen| Ok(Score::plain(fisher(net.graph(), seen.get(products), multiplicity)))))
        }))
    },
    details: Details { axes: &[Axis::of::<Multiplicity>()], ..Details::USUAL },
};

/// `sum_l m_l sum_c f_c` from the layers' sums `g_nc`.
fn fisher(graph: &Graph, layers: &[(NodeId, Vec<f64>)], multiplicity: Multiplicity) -> f64 {
    let scores = graph.layer_outputs().filter_map(|(node, weight)| {
        let (_, products) = layers.iter().find(|(id, _)| *id == node)?;
        let channels = graph.node(node).shape.channels();
        let images = products.len() / channels;
        let fisher = products.iter().map(|g| g * g).sum::<f64>() / (2.0 * images as f64);
        let filter = graph.param(weight).numel() / channels;
        Some(if multiplicity == Multiplicity::Once { fisher } else { fisher * filter as f64 })
    });
    scores.sum()
}
