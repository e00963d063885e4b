//! Maps resized to their nearest pixels, and back.

use ::burn::tensor::{IndexingUpdateOp, Int, Tensor};

use super::kernels::Map;
use crate::engine::nearest::sources;

/// The pixels that an axis of `output` pixels shows of one of `input`.
fn indices(x: &Map, input: usize, output: usize) -> Tensor<1, Int> {
    let indices: Vec<i32> = sources(input, output).map(|i| i as i32).collect();
    Tensor::from_data(indices.as_slice(), &x.device())
}

/// The map in `size` pixels.
pub fn forward(x: &Map, size: [usize; 2]) -> Map {
    let [.., h, w] = x.dims();
    x.clone().select(2, indices(x, h, size[0])).select(3, indices(x, w, size[1]))
}

/// Gradient of the input, which had `size` pixels.
pub fn backward(dy: &Map, size: [usize; 2]) -> Map {
    let [n, c, h, w] = dy.dims();
    let zeros = |h, w| Map::zeros([n, c, h, w], (&dy.device(), dy.dtype()));
    let add = IndexingUpdateOp::Add;
    let columns = zeros(h, size[1]).select_assign(3, indices(dy, size[1], w), dy.clone(), add);
    zeros(size[0], size[1]).select_assign(2, indices(dy, size[0], h), columns, add)
}
