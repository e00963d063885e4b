//! Maps of another size: framed with zeros, cut, or resized to their nearest pixels.

use ::burn::tensor::{IndexingUpdateOp, Int, Tensor, s};

use super::kernels::Map;
use crate::engine::resize::{self, Frame};

/// Zeros around each channel; negative numbers take pixels away.
pub fn pad(x: &Map, before: [isize; 2], after: [isize; 2]) -> Map {
    let [n, c, h, w] = x.dims();
    let [rows, columns] = Frame::of(before, after, [h, w]);
    let zeros = Map::zeros([n, c, rows.size, columns.size], (&x.device(), x.dtype()));
    if rows.from.is_empty() || columns.from.is_empty() {
        return zeros;
    }
    let part = x.clone().slice(s![.., .., rows.from.clone(), columns.from.clone()]);
    zeros.slice_assign(s![.., .., rows.to, columns.to], part)
}

/// For each of `output` pixels of an axis, the pixel of `input` that it shows.
fn indices(x: &Map, input: usize, output: usize) -> Tensor<1, Int> {
    let indices: Vec<i32> = resize::nearest(input, output).map(|i| i as i32).collect();
    Tensor::from_data(indices.as_slice(), &x.device())
}

/// The map in `size` pixels.
pub fn nearest(x: &Map, size: [usize; 2]) -> Map {
    let [.., h, w] = x.dims();
    x.clone().select(2, indices(x, h, size[0])).select(3, indices(x, w, size[1]))
}

/// Gradient of the input of [`nearest`], which had `size` pixels.
pub fn nearest_backward(dy: &Map, size: [usize; 2]) -> Map {
    let [n, c, h, w] = dy.dims();
    let zeros = |h, w| Map::zeros([n, c, h, w], (&dy.device(), dy.dtype()));
    let add = IndexingUpdateOp::Add;
    let columns = zeros(h, size[1]).select_assign(3, indices(dy, size[1], w), dy.clone(), add);
    zeros(size[0], size[1]).select_assign(2, indices(dy, size[0], h), columns, add)
}
