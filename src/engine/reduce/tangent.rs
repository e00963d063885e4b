//! The neural tangent kernel of a mini-batch.

use super::pairs;
use crate::engine::kernels::{GradientForm, HostValues};
use crate::engine::reverse::{Gradients, Wants};
use crate::engine::session::{Cotangent, Session};
use crate::engine::{EngineError, ForwardPass};
use crate::graph::{ParamId, ParamRole};
use crate::simd::{LANES, Lanes, WithLanes, with_lanes};

/// `K_nm = G_n . G_m` in f64, `[N, N]`, one backward pass for each image.
///
/// # Errors
/// The device's message.
pub fn tangent_kernel(session: &dyn Session, pass: &ForwardPass<'_>) -> Result<Vec<f64>, EngineError> {
    let (graph, logits, n) = (pass.graph, pass.graph.logits(), pass.input.shape[0]);
    let called = |role| matches!(role, ParamRole::Weight | ParamRole::NormWeight | ParamRole::Embedding);
    let weights = graph.trainable().filter(|(_, p)| called(p.role));
    let weights: Vec<ParamId> = weights.map(|(id, _)| id).collect();
    let classes = graph.node(logits).shape.elements();
    let wants = Wants { params: &weights, form: GradientForm::Summed, nodes: &[] };
    let mut gradients: Vec<Gradients> = vec![];
    for image in 0..n {
        let mut values = vec![0.0; n * classes];
        values[image * classes..(image + 1) * classes].fill(1.0);
        let mut one = Gradients::default();
        session.backward(&[Cotangent { node: logits, values: &values }], &wants, &mut one)?;
        gradients.push(one);
    }
    let layers = weights.iter().map(|id| gradients.iter().map(|one| one.param(*id)).collect());
    Ok(with_lanes(Gram { n, layers: layers.collect() }))
}

/// Number of columns at a time: 32 rows of them fit the first-level cache.
const CHUNK: usize = 128;

/// The loop for inner products of rows that come in pieces, one for each layer. `None` stands for zeros.
struct Gram<'a> {
    n: usize,
    layers: Vec<Vec<Option<&'a HostValues>>>,
}

impl WithLanes for Gram<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn go<L: Lanes<T = f32>>(self, l: L) -> Vec<f64> {
        let n = self.n;
        // The pairs are rows 0 and 0, 1 and 0, 1 and 1, 2 and 0, ...
        let mut sums = vec![[0.0; LANES]; n * (n + 1) / 2];
        let mut chunk = vec![0.0; n * CHUNK];
        for layer in &self.layers {
            let columns = layer.iter().flatten().map(|row| row.numbers().len()).max().unwrap_or(0);
            for start in (0..columns).step_by(CHUNK) {
                for (row, out) in layer.iter().zip(chunk.chunks_exact_mut(CHUNK)) {
                    copy(*row, start, out);
                }
                add_products(l, &chunk, n, &mut sums);
            }
        }
        let mut kernel = vec![0.0; n * n];
        let mut pairs = sums.iter().map(|lanes| lanes.iter().sum::<f64>());
        for i in 0..n {
            for j in 0..=i {
                kernel[i * n + j] = pairs.next().unwrap_or(0.0);
                kernel[j * n + i] = kernel[i * n + j];
            }
        }
        kernel
    }
}

/// Copies the columns from `start` on, followed by zeros.
#[inline(always)]
fn copy(row: Option<&HostValues>, start: usize, out: &mut [f64]) {
    fn widen<T: Copy + Into<f64>>(row: &[T], start: usize, out: &mut [f64]) {
        let row = row.get(start..).unwrap_or_default();
        out.iter_mut().zip(row).for_each(|(out, x)| *out = (*x).into());
        out.iter_mut().skip(row.len()).for_each(|out| *out = 0.0);
    }
    match row {
        Some(HostValues::F32(row)) => widen(row, start, out),
        Some(HostValues::F64(row)) => widen(row, start, out),
        None => out.fill(0.0),
    }
}

/// Adds the products of all pairs of rows of a chunk, `[N, CHUNK]`.
#[inline(always)]
fn add_products<L: Lanes<T = f32>>(l: L, chunk: &[f64], n: usize, sums: &mut [[f64; LANES]]) {
    let row = |i: usize| &chunk[i * CHUNK..][..CHUNK];
    let product = |x, y, sum| l.wide_fma(x, y, sum);
    let mut pair = 0;
    for i in 0..n {
        pairs::add_all(l, row(i), 0..i + 1, row, &mut sums[pair..], product);
        pair += i + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows of some layers, in f32 or f64, some of them absent.
    fn layers() -> impl Strategy<Value = Vec<Vec<Option<HostValues>>>> {
        (1usize..7, prop::collection::vec(1usize..300, 1..4)).prop_flat_map(|(n, lengths)| {
            let layer = |length: usize| {
                let single =
                    prop::collection::vec(-3.0f32..3.0, length).prop_map(|x| Some(HostValues::F32(x)));
                let double =
                    prop::collection::vec(-3.0f64..3.0, length).prop_map(|x| Some(HostValues::F64(x)));
                prop::collection::vec(prop_oneof![single, double, Just(None)], n)
            };
            lengths.into_iter().map(layer).collect::<Vec<_>>()
        })
    }

    proptest! {
        #[test]
        fn products_are_those_of_a_plain_loop(layers in layers()) {
            let n = layers[0].len();
            let borrowed = layers.iter().map(|rows| rows.iter().map(Option::as_ref).collect()).collect();
            let found = with_lanes(Gram { n, layers: borrowed });
            for i in 0..n {
                for j in 0..n {
                    let product = |rows: &Vec<Option<HostValues>>| match (&rows[i], &rows[j]) {
                        (Some(a), Some(b)) => a.to_f64().iter().zip(b.to_f64()).map(|(a, b)| a * b).sum(),
                        _ => 0.0,
                    };
                    let expected: f64 = layers.iter().map(product).sum();
                    prop_assert!((found[i * n + j] - expected).abs() <= 1e-10 * (1.0 + expected.abs()));
                }
            }
        }
    }

    #[test]
    fn without_weights_all_products_are_zero() {
        assert_eq!(with_lanes(Gram { n: 2, layers: vec![] }), [0.0; 4]);
    }
}
