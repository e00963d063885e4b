//! Layer normalisation and attention as tensor operations.

use ::burn::tensor::{Tensor, activation};

use super::kernels::{BurnKernels, Map};
use crate::engine::kernels::{Heads, Numbers, TokenNorm};

/// Added to the scores of padding: far below every score, and finite in f32.
const MASKED: f64 = -1e30;

/// Layer normalisation over the channels of each pixel.
pub fn layer_norm(kernels: &BurnKernels<'_>, x: Map, norm: &TokenNorm<'_>) -> Map {
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let inv = variance.add_scalar(norm.eps).sqrt().recip();
    centred * inv * kernels.channels(Numbers::F32(norm.weight)) + kernels.channels(Numbers::F32(norm.bias))
}

/// Attention, for which sequences `[N, heads d, 1, tokens]` are reshaped to `[N, heads, d, tokens]`.
pub fn attention(kernels: &BurnKernels<'_>, [q, k, v]: [&Map; 3], heads: &Heads<'_>) -> Map {
    let (n, features, tokens) = (heads.sizes.n, heads.sizes.features, heads.sizes.tokens);
    let d = features / heads.heads;
    let split = |x: &Map| -> Map { x.clone().reshape([n, heads.heads, d, tokens]) };
    let masked: Vec<f64> = heads.attended.iter().map(|a| if *a { 0.0 } else { MASKED }).collect();
    let masked: Tensor<4> = kernels.tensor(Numbers::F64(&masked), [n, 1, 1, tokens]);
    let scores = split(q).swap_dims(2, 3).matmul(split(k)).mul_scalar(1.0 / (d as f64).sqrt());
    let weights = activation::softmax(scores + masked, 3);
    split(v).matmul(weights.swap_dims(2, 3)).reshape([n, features, 1, tokens])
}
