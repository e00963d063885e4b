//! Tiles as their products see them.

use super::multiply::STEP;
use super::strips::{Gradients, Inputs, WeightGradients};
use super::{Form, Grid, Part, pitch};
use crate::engine::native::field::{Field, Padded};
use crate::engine::native::memory::Buffer;
use crate::engine::native::pack::Wiring;
use crate::engine::native::tiles::Tiles;
use crate::engine::native::weight_tiles::Work;
use crate::simd::{Block, LANES, Lanes, Scalar};

/// Products of a tile, at most: those of [`Form::F4`].
const MOST: usize = 36;

/// One number of every product of some tiles, `[product][plane][tile]`.
pub struct Products<T: Scalar> {
    form: Form,
    blocks: Buffer<T>,
    /// Memory for the columns of a row of tiles.
    columns: Buffer<T>,
    /// Distance between products.
    pub(super) pitch: usize,
    /// Distance between planes: the number of tiles, rounded up for [`super::multiply`].
    pub(super) plane: usize,
}

impl<T: Scalar> Products<T> {
    /// Memory for so many planes and tiles in rows of so many.
    pub(super) fn new(form: Form, planes: usize, tiles: usize, row: usize) -> Self {
        let plane = tiles.next_multiple_of(STEP);
        let pitch = pitch(planes * plane);
        let (blocks, columns) = (form.products() * pitch, form.inputs() * form.width(row));
        Self { form, blocks: Buffer::stale(blocks), columns: Buffer::stale(columns), pitch, plane }
    }

    /// Memory for all tiles of chunks of images.
    pub fn of_chunk(grid: Grid, planes: usize, images: usize) -> Self {
        Self::new(grid.form, planes, images * grid.len(), grid.tiles[1])
    }

    /// The numbers.
    pub(super) fn blocks(&self) -> &[Block<T>] {
        &self.blocks
    }

    /// The numbers, to be written.
    pub(super) fn blocks_mut(&mut self) -> &mut [Block<T>] {
        &mut self.blocks
    }

    /// Takes the tiles of a part of the images, at most as many as there is memory for.
    pub(super) fn take<L: Lanes<T = T>>(&mut self, l: L, input: &[Block<T>], field: &Field, part: &Part) {
        assert!(part.len() <= self.plane);
        for plane in 0..field.planes {
            for (image, row, tile) in part.lines() {
                let first =
                    image * field.image() + plane * field.plane() + row * self.form.outputs() * field.row();
                Inputs {
                    l,
                    form: self.form,
                    source: &input[first..],
                    row: field.row(),
                    tiles: part.width,
                    columns: &mut self.columns,
                    out: &mut self.blocks[plane * self.plane + tile..],
                    pitch: self.pitch,
                }
                .run();
            }
        }
    }

    /// Takes all tiles of a chunk of images.
    pub fn inputs<L: Lanes<T = T>>(&mut self, l: L, images: &Padded<T>, grid: Grid) {
        self.take(l, images.blocks(), &images.field, &grid.whole(images.field.images));
    }

    /// Takes all tiles of a chunk of gradients.
    pub fn gradients<L: Lanes<T = T>>(&mut self, l: L, images: &Padded<T>, grid: Grid) {
        let (field, part) = (&images.field, grid.whole(images.field.images));
        assert!(part.len() <= self.plane);
        for plane in 0..field.planes {
            for (image, row, tile) in part.lines() {
                let first = image * field.image()
                    + plane * field.plane()
                    + field.at((row * self.form.outputs()) as isize, 0);
                Gradients {
                    l,
                    form: self.form,
                    source: &images.blocks()[first..],
                    row: field.row(),
                    tiles: part.width,
                    out: &mut self.blocks[plane * self.plane + tile..],
                    pitch: self.pitch,
                }
                .run();
            }
        }
    }
}

/// Adds what a chunk contributes to the weights between an input plane and an output block, `[tap][input channel]`.
pub fn add_weights<L: Tiles>(
    l: L,
    wiring: &Wiring,
    [x, dy]: &[Products<L::T>; 2],
    (plane, block): (usize, usize),
    sums: &mut [Block<L::T>],
    tiles: usize,
) {
    let mut products = [L::T::ZERO; MOST * LANES];
    for product in 0..x.form.products() {
        let work = Work {
            x: &x.blocks[product * x.pitch + plane * x.plane..],
            dy: &dy.blocks[product * dy.pitch + block * dy.plane..],
            width: tiles,
            x_pixel: 1,
            channels: LANES.min(wiring.inputs - plane * LANES),
            lanes: LANES.min(wiring.outputs - block * LANES),
        };
        work.check(&[(0, 0)], 0, 1);
        // SAFETY: `check` has compared the reads with the slices, and each product has sixteen vectors.
        unsafe { l.weight_tiles(&work, &[(0, 0)], 0, &mut products[product * LANES..][..LANES]) };
    }
    WeightGradients { l, form: x.form, products: &products, channels: LANES, taps: sums }.run();
}
