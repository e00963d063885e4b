//! Number of trainable parameters.

use super::prelude::*;

named! {
    /// which parameters count
    enum Count: "count" {
        /// all trainable ones
        All = "all",
        /// those of the network without residual links, which Zen-NAS scores (spaces of residual blocks only)
        NoResLink = "no_reslink",
        /// the accounting by which Zen-NAS's search keeps its budgets (plainnet only)
        ModelSize = "model_size",
    }
}

/// All trainable tensors: convolution and linear weights and biases, affine parameters of normalisations, embeddings.
pub static PROXY: Proxy = Proxy {
    name: "params",
    title: "Parameters",
    reference: "trivial baseline; counts as in NATS-Bench (Dong et al., TPAMI 2021, arXiv:2009.00437)",
    inputs: "the architecture",
    about: "number of trainable parameters",
    cost: Cost::Static,
    scorer: |variant, _| {
        let count = variant.get::<Count>();
        Ok(Scorer::fixed(move |net| {
            let params = match count {
                Count::All => net.graph().param_count(),
                Count::NoResLink => net.graph_of(Form::Unlinked)?.param_count(),
                Count::ModelSize => net.budget()?.size,
            };
            Ok(Score::plain(params as f64))
        }))
    },
    details: Details { axes: &[Axis::of::<Count>()], ..Details::USUAL },
};
