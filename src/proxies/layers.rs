//! Number of layers.

use super::prelude::*;

named! {
    /// what counts as a layer
    enum Count: "count" {
        /// every trainable tensor: weights, biases, affine parameters of normalisations, embeddings
        Tensors = "tensors",
        /// every convolution
        Convolutions = "convolutions",
    }
}

/// The number of named parameters of the reference code's network, which VKDNW ranks architectures by before anything else. A shared tensor
/// counts once.
pub static PROXY: Proxy = Proxy {
    name: "layers",
    title: "Layers",
    reference: "trivial baseline; Týbl and Neumann, Training-free Neural Architecture Search through Variance of Knowledge of Deep Network \
                Weights, CVPR 2025, arXiv:2502.04975 (as the dimension)",
    inputs: "the architecture",
    about: "number of trainable parameter tensors, or of convolutions",
    cost: Cost::Static,
    scorer: |variant, _| {
        let count = variant.get::<Count>();
        Ok(Scorer::fixed(move |net| {
            let layers = match count {
                Count::Tensors => net.graph().tensor_count(),
                Count::Convolutions => net.graph().convolution_count(),
            };
            Ok(Score::plain(layers as f64))
        }))
    },
    details: Details { axes: &[Axis::of::<Count>()], ..Details::USUAL },
};
