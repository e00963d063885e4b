//! Embeddings, layer normalisation and attention, once for every engine: on the host, in f64.
//!
//! A network for text spends its time in its linear layers, which are convolutions of one pixel; what stands between them is
//! small. Formulas are written over `Real` numbers: plain ones for values and gradients, `Dual` ones for tangents and
//! second derivatives. An engine may have kernels of its own for the forward pass.

mod attention;
mod embedding;
mod layer_norm;
mod real;
mod second;

pub use second::{attention_second, attention_tangent, layer_norm_second, layer_norm_tangent};

use super::kernels::{HostValues, Kernels, LayerGradients, LayerWants, Numbers, ParamRows};
use super::reverse::Pulled;
use super::{EngineError, ForwardPass, Precision};
use crate::graph::{EmbeddingRow, LayerNorm, Node, NodeId, ParamId, Shape};
use embedding::TableGradient;

/// Sizes of a sequence, `[N, features, tokens]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub n: usize,
    pub features: usize,
    pub tokens: usize,
}

impl Sizes {
    fn of(n: usize, shape: Shape) -> Self {
        Self { n, features: shape.channels(), tokens: shape.pixels() }
    }

    /// Elements of one image.
    fn image(&self) -> usize {
        self.features * self.tokens
    }

    fn shape(&self) -> Shape {
        Shape::sequence(self.features, self.tokens)
    }
}

/// A layer normalisation as kernels take it.
#[derive(Clone, Copy, Debug)]
pub struct TokenNorm<'a> {
    pub sizes: Sizes,
    /// `[features]`.
    pub weight: &'a [f32],
    /// `[features]`.
    pub bias: &'a [f32],
    pub eps: f64,
}

/// Attention as kernels take it.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    pub sizes: Sizes,
    pub heads: usize,
    /// Whether each token is attended to, `[N, tokens]`.
    pub attended: &'a [bool],
}

impl<'a> Heads<'a> {
    pub(super) fn of(n: usize, shape: Shape, heads: usize, attended: &'a [bool]) -> Self {
        Self { sizes: Sizes::of(n, shape), heads, attended }
    }
}

impl<'a> ForwardPass<'a> {
    pub(super) fn token_norm(&self, shape: Shape, norm: &LayerNorm) -> TokenNorm<'a> {
        TokenNorm {
            sizes: Sizes::of(self.images(), shape),
            weight: self.weights.get(norm.weight),
            bias: self.weights.get(norm.bias),
            eps: norm.eps,
        }
    }

    /// The mask of the token ids, `[N, tokens]`.
    pub(super) fn attended(&self) -> Vec<bool> {
        let tokens = self.input.shape[2];
        let images = self.input.images.chunks_exact(2 * tokens);
        images.flat_map(|image| image[tokens..].iter().map(|m| *m != 0.0)).collect()
    }

    /// Token ids must be those of the vocabulary, and some token must be attended to.
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

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

fn host<K: Kernels>(kernels: &K, x: &K::Value) -> Result<Vec<f64>, String> {
    Ok(kernels.host(x)?.to_f64())
}

/// Rows `[N, numel]` as they are wanted, in the kernels' precision.
fn delivered<K: Kernels>(kernels: &K, rows: Vec<f64>, n: usize, wants: ParamRows) -> Option<HostValues> {
    let values = match wants {
        ParamRows::None => return None,
        ParamRows::PerImage => rows,
        ParamRows::Summed | ParamRows::Sums => {
            let numel = rows.len() / n.max(1);
            (0..numel).map(|k| (0..n).map(|i| rows[i * numel + k]).sum()).collect()
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
    let parameters = (wide(norm.weight), wide(norm.bias));
    let y = layer_norm::forward(&host(kernels, x)?, (&parameters.0, &parameters.1), norm.sizes, norm.eps);
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
        weight: delivered(kernels, gradients.gamma, n, wants.params),
        bias: delivered(kernels, gradients.beta, n, wants.params),
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
    let (q, k, v) = (host(kernels, q)?, host(kernels, k)?, host(kernels, v)?);
    let out = attention::forward([&q, &k, &v], heads.sizes, (heads.heads, heads.attended));
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
    let all = attention::backward([&q, &k, &v], &dy, heads.sizes, (heads.heads, heads.attended));
    Ok(all.map(|gradient| kernels.upload(&gradient, heads.sizes.n, heads.sizes.shape())))
}

/// Rows of a table of numbers (a parameter's own, or a direction's) for the pass's tokens, as a sequence of `shape`.
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

/// Gradients of a table; token ids have none.
///
/// # Errors
/// The device's message.
pub fn embed_backward<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    (id, table, row): (NodeId, ParamId, EmbeddingRow),
    dy: &K::Value,
    wants: ParamRows,
) -> Result<Pulled<K::Value>, EngineError> {
    let Node { shape, .. } = pass.graph.node(id);
    let sizes = Sizes::of(pass.images(), *shape);
    let rows = embedding::rows(pass.input.images, row, sizes);
    let dy = host(kernels, dy).map_err(pass.failed(id))?;
    let numbers = Numbers::F32(pass.weights.get(table));
    let narrow = kernels.precision() == Precision::F32;
    let mut pulled = Pulled::nothing();
    match embedding::gradient(&dy, numbers, &rows, sizes, wants, narrow) {
        TableGradient::None => {}
        TableGradient::Values(values) => pulled.params.push((table, values)),
        TableGradient::Sums(sums) => pulled.sums = Some((table, sums)),
    }
    Ok(pulled)
}
