//! Embeddings, layer normalisation and attention, for every engine: on the host, in f64.
//!
//! A network for text spends its time in its linear layers, which are convolutions of one pixel; what lies between them is
//! small. Formulas are written over `Real` numbers: f64 for values and gradients, `Dual` numbers for tangents and second
//! derivatives. An engine may have kernels of its own for the forward pass.

mod attention;
mod embedding;
mod layer_norm;
mod real;
mod second;

pub use embedding::TableGradient;
pub use second::{attention_second, attention_tangent, layer_norm_second, layer_norm_tangent};

use super::kernels::{
    GradientForm, Heads, HostValues, Kernels, LayerGradients, LayerWants, Numbers, Sizes, TokenNorm, wide,
};
use super::{EngineError, ForwardPass, Precision};
use crate::graph::{EmbeddingRow, LayerNorm, ParamId, Shape};

impl<'a> ForwardPass<'a> {
    pub(super) fn token_norm(&self, shape: Shape, norm: &LayerNorm) -> TokenNorm<'a> {
        TokenNorm {
            sizes: Sizes::of(self.images(), shape),
            weight: self.weights.get(norm.weight),
            bias: self.weights.get(norm.bias),
            eps: norm.eps,
        }
    }

    /// The attention of an output of this shape, with the mask that [`ForwardPass::attended`] gives.
    pub(super) fn heads<'m>(&self, shape: Shape, heads: usize, attended: &'m [bool]) -> Heads<'m> {
        Heads { sizes: Sizes::of(self.images(), shape), heads, attended }
    }

    /// Whether each token is attended to, `[N, tokens]`.
    pub(super) fn attended(&self) -> Vec<bool> {
        let tokens = self.input.shape[2];
        let images = self.input.images.chunks_exact(2 * tokens);
        images.flat_map(|image| image[tokens..].iter().map(|m| *m != 0.0)).collect()
    }

    /// Checks that token ids are in the vocabulary and that each sentence has a token that is attended to.
    pub(super) fn check_tokens(&self) -> Result<(), EngineError> {
        let Some(vocabulary) = self.graph.vocabulary() else { return Ok(()) };
        let tokens = self.input.shape[2];
        for (sentence, image) in self.input.images.chunks_exact(2 * tokens).enumerate() {
            let (ids, mask) = image.split_at(tokens);
            let known = |id: f32| id >= 0.0 && id.fract() == 0.0 && f64::from(id) < vocabulary as f64;
            let wrong = |reason| Err(EngineError::Tokens { sentence, reason });
            if let Some(id) = ids.iter().find(|id| !known(**id)) {
                return wrong(format!("{id} is no token id from 0 to {}", vocabulary - 1));
            }
            if mask.iter().any(|m| *m != 0.0 && *m != 1.0) || mask.iter().all(|m| *m == 0.0) {
                return wrong(
                    "its attention mask must be 0 or 1 for each token, and 1 for one at least".into(),
                );
            }
        }
        Ok(())
    }
}

fn host<K: Kernels>(kernels: &K, x: &K::Value) -> Result<Vec<f64>, String> {
    Ok(kernels.host(x)?.to_f64())
}

/// Gradients of the images, `[N, numel]`, in the form that is wanted and the kernels' precision.
fn in_form<K: Kernels>(kernels: &K, images: Vec<f64>, n: usize, form: GradientForm) -> Option<HostValues> {
    let values = match form {
        GradientForm::None => return None,
        GradientForm::PerImage => images,
        GradientForm::Summed | GradientForm::SumsOnly => {
            let numel = images.len() / n.max(1);
            (0..numel).map(|k| (0..n).map(|i| images[i * numel + k]).sum()).collect()
        }
    };
    Some(match kernels.precision() {
        Precision::F32 => HostValues::F32(values.into_iter().map(|x| x as f32).collect()),
        Precision::F64 => HostValues::F64(values),
    })
}

/// Layer normalisation.
///
/// # Errors
/// The device's message.
pub fn layer_norm<K: Kernels>(kernels: &K, x: &K::Value, norm: &TokenNorm<'_>) -> Result<K::Value, String> {
    if let Some(y) = kernels.layer_norm(x, norm) {
        return Ok(y);
    }
    let (weight, bias) = (wide(norm.weight), wide(norm.bias));
    let y = layer_norm::forward(&host(kernels, x)?, (&weight, &bias), norm.sizes, norm.eps);
    Ok(kernels.upload(&y, norm.sizes.n, norm.sizes.shape()))
}

/// Gradients of a layer normalisation.
///
/// # Errors
/// The device's message.
pub fn layer_norm_backward<K: Kernels>(
    kernels: &K,
    (x, dy): (&K::Value, &K::Value),
    norm: &TokenNorm<'_>,
    wants: LayerWants,
) -> Result<LayerGradients<K::Value>, String> {
    let (x, dy, n) = (host(kernels, x)?, host(kernels, dy)?, norm.sizes.n);
    let gradients = layer_norm::backward(&x, &dy, &wide(norm.weight), norm.sizes, norm.eps);
    Ok(LayerGradients {
        input: wants.input.then(|| kernels.upload(&gradients.input, n, norm.sizes.shape())),
        weight: in_form(kernels, gradients.gamma, n, wants.params),
        bias: in_form(kernels, gradients.beta, n, wants.params),
        weight_sums: None,
    })
}

/// Attention of queries, keys and values.
///
/// # Errors
/// The device's message.
pub fn attention<K: Kernels>(
    kernels: &K,
    [q, k, v]: [&K::Value; 3],
    heads: &Heads<'_>,
) -> Result<K::Value, String> {
    if let Some(y) = kernels.attention([q, k, v], heads) {
        return Ok(y);
    }
    let (q, k, v) = (host(kernels, q)?, host(kernels, k)?, host(kernels, v)?);
    let out = attention::forward([&q, &k, &v], heads);
    Ok(kernels.upload(&out, heads.sizes.n, heads.sizes.shape()))
}

/// Gradients of queries, keys and values.
///
/// # Errors
/// The device's message.
pub fn attention_backward<K: Kernels>(
    kernels: &K,
    [q, k, v]: [&K::Value; 3],
    dy: &K::Value,
    heads: &Heads<'_>,
) -> Result<[K::Value; 3], String> {
    let (q, k, v, dy) = (host(kernels, q)?, host(kernels, k)?, host(kernels, v)?, host(kernels, dy)?);
    let all = attention::backward([&q, &k, &v], &dy, heads);
    Ok(all.map(|gradient| kernels.upload(&gradient, heads.sizes.n, heads.sizes.shape())))
}

/// The rows of a table (a parameter's own numbers, or those of a direction) that the pass's tokens take, as a sequence of
/// `shape`.
pub fn embed<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    (table, row): (Numbers<'_>, EmbeddingRow),
    shape: Shape,
) -> K::Value {
    let sizes = Sizes::of(pass.images(), shape);
    let rows = embedding::rows(pass.input.images, row, sizes);
    kernels.upload(&embedding::look_up(table, &rows, sizes), sizes.n, shape)
}

/// The gradient of a table of which a sequence of `shape` was taken; token ids have none.
///
/// # Errors
/// The device's message.
pub fn embed_backward<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    (table, row, shape): (ParamId, EmbeddingRow, Shape),
    dy: &K::Value,
    form: GradientForm,
) -> Result<TableGradient, String> {
    let sizes = Sizes::of(pass.images(), shape);
    let rows = embedding::rows(pass.input.images, row, sizes);
    let table = Numbers::F32(pass.weights.get(table));
    let narrow = kernels.precision() == Precision::F32;
    Ok(embedding::gradient(&host(kernels, dy)?, table, &rows, sizes, form, narrow))
}
