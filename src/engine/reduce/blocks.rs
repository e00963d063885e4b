//! Products of the Jacobians of blocks with random signs.

use super::covariance::dot;
use crate::engine::reverse::{Gradients, NodeWant, Wants};
use crate::engine::session::{Cotangent, Session};
use crate::engine::{EngineError, ForwardPass};
use crate::graph::{NodeId, Shape};
use crate::keyed::Stream;
use crate::simd::{Loop, vectorised};

/// `v' g / (N H W)` over all pixels (AZ-NAS's trainability), for random signs `g` at a map and their product `v` with the
/// Jacobian of the map with respect to an earlier one. `v` is brought to the size of `g`: a window of pixels becomes channels.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockResponse {
    /// Whether `v` equals `g`: nothing lies between the maps.
    pub identical: bool,
    /// Channels of `v`.
    pub rows: usize,
    /// Channels of `g`.
    pub columns: usize,
    /// Row-major `[rows, columns]`.
    pub matrix: Vec<f64>,
}

/// The response of each map to the one before it, one backward pass for each. The signs of map `b` are those of
/// `rademacher.b` under `seed`.
///
/// # Errors
/// A map that was not computed, or the device's message.
pub fn block_responses(
    session: &dyn Session,
    pass: &ForwardPass<'_>,
    maps: &[NodeId],
    seed: u64,
) -> Result<Vec<BlockResponse>, EngineError> {
    let images = pass.input.shape[0];
    let pairs = maps.windows(2).enumerate().map(|(i, pair)| {
        let [from, to] = [pair[0], pair[1]].map(|id| pass.graph.node(id).shape);
        let mut signs = vec![0f32; images * to.elements()];
        Stream::new(seed, &format!("rademacher.{}", i + 1)).fill_rademacher(&mut signs);
        let signs: Vec<f64> = signs.into_iter().map(f64::from).collect();
        let wants = Wants { nodes: &[(pair[0], NodeWant::Gradient)], ..Wants::default() };
        let mut gradients = Gradients::default();
        session.backward(&[Cotangent { node: pair[1], values: &signs }], &wants, &mut gradients)?;
        let back = gradients.node(pair[0], NodeWant::Gradient).map(|v| v.to_f64());
        // Without a path between the maps the Jacobian is zero.
        let back = back.unwrap_or_else(|| vec![0.0; images * from.elements()]);
        Ok(respond((&back, from), (&signs, to), images))
    });
    pairs.collect()
}

fn respond((back, from): (&[f64], Shape), (signs, to): (&[f64], Shape), images: usize) -> BlockResponse {
    if from == to && back == signs {
        return BlockResponse { identical: true, rows: 0, columns: 0, matrix: vec![] };
    }
    let unfolded = unshuffle(back, from, to, images);
    let (rows, columns, pixels) = (unfolded.len() / images / to.pixels(), to.channels(), to.pixels());
    let mut matrix = vec![0.0; rows * columns];
    vectorised(AddImages { back: &unfolded, signs, images, pixels, rows, columns, matrix: &mut matrix });
    let count = (images * pixels) as f64;
    matrix.iter_mut().for_each(|x| *x /= count);
    BlockResponse { identical: false, rows, columns, matrix }
}

/// Makes channels of windows of pixels: `out[c r r + dy r + dx][y][x] = in[c][y r + dy][x r + dx]`, where `r` is the ratio of
/// the heights. Pixels of an incomplete window are left out.
fn unshuffle(values: &[f64], from: Shape, to: Shape, images: usize) -> Vec<f64> {
    let (Shape::Map { channels, height, width }, Shape::Map { height: rows, width: columns, .. }) =
        (from, to)
    else {
        return values.to_vec();
    };
    let r = height / rows.max(1);
    let mut out = Vec::with_capacity(images * channels * r * r * rows * columns);
    for plane in values.chunks_exact(height * width).take(images * channels) {
        for (dy, dx) in (0..r * r).map(|at| (at / r, at % r)) {
            for y in 0..rows {
                out.extend((0..columns).map(|x| plane[(y * r + dy) * width + x * r + dx]));
            }
        }
    }
    out
}

/// The loop over all products, which the compiler vectorises.
struct AddImages<'a> {
    back: &'a [f64],
    signs: &'a [f64],
    images: usize,
    pixels: usize,
    rows: usize,
    columns: usize,
    matrix: &'a mut [f64],
}

impl Loop for AddImages<'_> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { back, signs, images, pixels, rows, columns, matrix } = self;
        for image in 0..images {
            for i in 0..rows {
                let v = &back[(image * rows + i) * pixels..][..pixels];
                for j in 0..columns {
                    let g = &signs[(image * columns + j) * pixels..][..pixels];
                    matrix[i * columns + j] += dot(v, g);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_become_channels() {
        let values: Vec<f64> = (0..16).map(f64::from).collect();
        let out = unshuffle(&values, Shape::map(1, 4, 4), Shape::map(3, 2, 2), 1);
        assert_eq!(out, [0., 2., 8., 10., 1., 3., 9., 11., 4., 6., 12., 14., 5., 7., 13., 15.]);
        assert_eq!(unshuffle(&values, Shape::map(4, 2, 2), Shape::map(1, 2, 2), 1), values);
    }

    /// A block that doubles everything answers with twice the correlation of the signs.
    #[test]
    fn response_by_hand() {
        let signs = [1.0, -1.0, 1.0, 1.0];
        let shape = Shape::map(2, 1, 2);
        let back: Vec<f64> = signs.iter().map(|s| 2.0 * s).collect();
        let found = respond((&back, shape), (&signs, shape), 1);
        assert_eq!((found.rows, found.columns, found.matrix), (2, 2, vec![2.0, 0.0, 0.0, 2.0]));
        assert!(respond((&signs, shape), (&signs, shape), 1).identical);
    }
}
