//! Fisher: the Fisher information of activation channels.
//!
//! For the output `a` (bias included, in front of normalisation and activation) of every convolution and linear layer and
//! its gradient `d` of the mean cross-entropy: `g_nc = sum_hw a d`, `f_c = mean_n g_nc^2 / 2`, score `sum_l m_l sum_c f_c`. The
//! official code spreads each channel's value over the weights of its filter, so `m_l = numel(W) / C_out`.

use super::{
    Axis, Choice, Cost, Direction, LossRequest, PassRequest, Prepared, Proxy, ProxySpec, Score, ScoreError,
    Variant,
};
use crate::engine::{GradientReduction, Reduced};
use crate::scoring::Network;

/// Turner et al., Fisher-guided block substitution.
pub struct Fisher;

static SPEC: ProxySpec = ProxySpec {
    name: "fisher",
    title: "Fisher",
    reference: "Turner et al., BlockSwap, ICLR 2020, arXiv:1906.04113; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    direction: Direction::HigherIsBetter,
    inputs: "one mini-batch with labels",
    about: "half the mean square of (activation times gradient) of each channel of each layer's output; batch statistics",
    axes: &[Axis {
        name: "multiplicity",
        about: "how often a channel counts",
        choices: &[
            Choice { name: "broadcast", about: "once for each weight of its filter (official code)" },
            Choice { name: "unbroadcast", about: "once" },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

impl Proxy for Fisher {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, net: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let outputs = net.graph().layer_outputs().map(|(node, _)| node).collect();
        let products = GradientReduction::ChannelProducts(outputs);
        Ok(vec![PassRequest::gradients(LossRequest::CrossEntropy, vec![products])])
    }

    fn score(
        &self,
        variant: &Variant,
        net: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let Some(Reduced::Values(layers)) = seen.first().and_then(|pass| pass.last()) else {
            return Err(ScoreError::Undefined("no activation gradients were observed".into()));
        };
        let graph = net.graph();
        let scores = graph.layer_outputs().filter_map(|(node, weight)| {
            let (_, products) = layers.iter().find(|(id, _)| *id == node)?;
            let channels = graph.node(node).shape.channels();
            let images = products.len() / channels;
            let fisher = products.iter().map(|g| g * g).sum::<f64>() / (2.0 * images as f64);
            let filter = graph.param(weight).numel() / channels;
            Some(if variant.is("unbroadcast") { fisher } else { fisher * filter as f64 })
        });
        Ok(Score::plain(scores.sum()))
    }
}
