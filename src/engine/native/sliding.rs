//! The windows that slide over images and gradients for the sums of a weight gradient.

use super::evaluate::Reader;
use super::field::{Field, Padded};
use super::pack::Wiring;
use super::tile_row::{Tap, in_threes};
use super::tiles::Tiles;
use super::weight_tiles::Work;
use super::winograd::{self, Grid, Products};
use crate::engine::work::Work as Pass;
use crate::simd::{Block, LANES, Lanes, Scalar};

/// Pixels over which a tile sums before it goes on to the next tap: what they read stays in the first-level cache.
const RUN: usize = 128;

/// A chunk of images and of their gradients.
pub struct Chunk<T: Scalar> {
    pub dy: Padded<T>,
    /// The images, where gradients of weights are wanted.
    pub x: Option<Padded<T>>,
    /// Images and gradients as products, with the tiles of both.
    products: Option<(Grid, [Products<T>; 2])>,
}

impl<T: Scalar> Chunk<T> {
    /// Memory for a chunk.
    pub fn new(dy: Padded<T>, x: Option<Padded<T>>, correlation: &Correlation) -> Self {
        let products = match (correlation, &x) {
            (Correlation::Winograd(grid), Some(x)) => {
                let of = |field: &Field| Products::of_chunk(*grid, field.planes, field.images);
                Some((*grid, [of(&x.field), of(&dy.field)]))
            }
            _ => None,
        };
        Self { dy, x, products }
    }

    /// Fills the chunk with the images from `first` on.
    pub fn fill<L: Lanes<T = T>>(&mut self, l: L, (x, dy): (&Reader<T>, &Reader<T>), first: usize) {
        self.dy.fill(l, dy, first);
        let Some(inputs) = &mut self.x else { return };
        inputs.fill(l, x, first);
        if let Some((grid, [x, dy])) = &mut self.products {
            Pass::WeightGradient.of(|| {
                x.inputs(l, inputs, *grid);
                dy.gradients(l, &self.dy, *grid);
            });
        }
    }
}

/// How the weight gradient of a chunk is summed.
pub enum Correlation {
    Direct(Sliding),
    Winograd(Grid),
}

impl Correlation {
    /// Adds what a chunk contributes to the weights between an input plane and an output block, `[tap][input channel]`
    /// (`[tap]` in a depthwise layer).
    pub fn add<L: Tiles>(
        &self,
        l: L,
        wiring: &Wiring,
        chunk: &Chunk<L::T>,
        at: (usize, usize),
        sums: &mut [Block<L::T>],
    ) {
        match (self, &chunk.products) {
            (Self::Direct(sliding), _) => sliding.add(l, wiring, chunk, at, sums),
            (Self::Winograd(grid), Some((_, products))) => {
                winograd::add_weights(l, wiring, products, at, sums, chunk.dy.field.images * grid.len())
            }
            (Self::Winograd(_), None) => {}
        }
    }
}

/// A window that slides over chunks of one layout.
pub struct Sliding {
    x: Field,
    dy: Field,
    pieces: Vec<Piece>,
    /// Whether a piece is three neighbouring taps.
    threes: bool,
    width: usize,
    x_pixel: usize,
}

/// Some rows of outputs under one tap, or under three neighbouring taps.
struct Piece {
    tap: Tap,
    /// Where each row begins in the input (under the first tap) and in the gradient.
    rows: Vec<(usize, usize)>,
}

impl Sliding {
    /// A window with an origin, a stride and taps, all in pixels, that slides over `x`.
    pub fn new<L: Lanes>(
        x: Field,
        (origin, stride, offsets): ([isize; 2], [usize; 2], &[[usize; 2]]),
        dy: Field,
        depthwise: bool,
    ) -> Self {
        let taps = offsets.iter().zip(0..).map(|(o, index)| Tap { pixel: x.distance(*o), index });
        let taps: Vec<Tap> = taps.collect();
        let (width, x_pixel) = match x.images_inside {
            true => (x.images, 1),
            false => (dy.size[1], stride[1]),
        };
        let threes = L::MANY_REGISTERS && !depthwise && x_pixel == 1 && width > 1 && in_threes(&taps);
        let rows = output_rows(x, origin, stride, dy);
        let mut pieces = vec![];
        // What some rows read stays in the first-level cache while all taps are applied to them.
        for rows in rows.chunks(RUN.div_ceil(width)) {
            for taps in taps.chunks(if threes { 3 } else { 1 }) {
                let meets = |row: &&OutputRow| taps.iter().any(|tap| row.meets(&x, offsets[tap.index]));
                let rows: Vec<_> = rows.iter().filter(meets).map(|row| (row.x, row.dy)).collect();
                if !rows.is_empty() {
                    pieces.push(Piece { tap: taps[0], rows });
                }
            }
        }
        Self { x, dy, pieces, threes, width, x_pixel }
    }

    fn add<L: Tiles>(
        &self,
        l: L,
        wiring: &Wiring,
        chunk: &Chunk<L::T>,
        (plane, block): (usize, usize),
        sums: &mut [Block<L::T>],
    ) {
        let Some(x) = &chunk.x else { return };
        let work = Work {
            x: &x.blocks()[plane * self.x.plane()..],
            dy: &chunk.dy.blocks()[block * self.dy.plane()..],
            width: self.width,
            x_pixel: self.x_pixel,
            channels: LANES.min(wiring.inputs - plane * LANES),
            lanes: LANES.min(wiring.outputs - block * LANES),
        };
        let taps = if self.threes { 3 } else { 1 };
        for Piece { tap, rows } in &self.pieces {
            work.check(rows, tap.pixel, taps);
            if wiring.depthwise() {
                work.diagonal(l, rows, tap.pixel, &mut sums[tap.index]);
                continue;
            }
            let sums = &mut sums[tap.index * LANES..][..taps * LANES];
            // SAFETY: `check` has compared the farthest reads of all rows with the slices; each tap has sixteen vectors,
            // and `in_threes` has said that three taps are neighbours.
            match self.threes {
                true => unsafe { l.weight_runs(&work, rows, tap.pixel, sums) },
                false => unsafe { l.weight_tiles(&work, rows, tap.pixel, sums) },
            }
        }
    }
}

/// A row of outputs, over the pixels of a line or over the images of a pixel.
struct OutputRow {
    /// Where it begins in the input (under the first tap) and in the gradient.
    x: usize,
    dy: usize,
    /// The pixels under the first tap, vertical and horizontal: the first of them, their distance and their number.
    pixels: [(isize, usize, usize); 2],
}

impl OutputRow {
    /// Whether a tap meets the map for some output of the row. Else it reads padding only, which is zero.
    fn meets(&self, field: &Field, offset: [usize; 2]) -> bool {
        [0, 1].iter().all(|axis| {
            let (first, stride, count) = self.pixels[*axis];
            (0..count).any(|o| field.holds(*axis, first + (o * stride + offset[*axis]) as isize))
        })
    }
}

/// All rows of outputs.
fn output_rows(x: Field, origin: [isize; 2], stride: [usize; 2], dy: Field) -> Vec<OutputRow> {
    let [height, width] = dy.size;
    let row = |image: usize, y: usize, c: usize, count: usize| {
        let (py, px) = (origin[0] + (y * stride[0]) as isize, origin[1] + (c * stride[1]) as isize);
        OutputRow {
            x: image * x.image() + x.at(py, px),
            dy: image * dy.image() + dy.at(y as isize, c as isize),
            pixels: [(py, stride[0], 1), (px, stride[1], count)],
        }
    };
    match x.images_inside {
        true => (0..height).flat_map(|y| (0..width).map(move |c| row(0, y, c, 1))).collect(),
        false => (0..x.images).flat_map(|i| (0..height).map(move |y| row(i, y, 0, width))).collect(),
    }
}
