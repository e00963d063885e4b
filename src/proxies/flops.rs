//! Multiply-accumulates of one image.

use super::prelude::*;

named! {
    /// what counts as an operation
    enum Count: "count" {
        /// multiply-accumulates and bias additions
        Macs = "macs",
        /// the accounting by which Zen-NAS's search keeps its budgets, with normalisations (plainnet only)
        ZenNas = "zen_nas",
    }
}

/// Multiply-accumulates of convolutions, linear layers and attention's two products plus bias additions, the convention that
/// NATS-Bench calls FLOPs; normalisations, activations, pooling, additions and embeddings count 0.
pub static PROXY: Proxy = Proxy {
    name: "flops",
    title: "FLOPs (multiply-accumulates)",
    reference: "trivial baseline; counts as in NATS-Bench (Dong et al., TPAMI 2021, arXiv:2009.00437)",
    inputs: "the architecture and the input resolution",
    about: "multiply-accumulates of convolutions, linear layers (once for each token of text) and attention's two products \
            for one image or sentence, plus one for each bias addition",
    cost: Cost::Static,
    scorer: |variant, _| {
        let count = variant.get::<Count>();
        Ok(Scorer::fixed(move |net| {
            let operations = match count {
                Count::Macs => net.graph().mac_count(),
                Count::ZenNas => net.budget()?.flops,
            };
            Ok(Score::plain(operations as f64))
        }))
    },
    details: Details { axes: &[Axis::of::<Count>()], ..Details::USUAL },
};
