//! The loops around the register tiles, for forward convolutions, input gradients and linear layers alike.

use std::ops::Range;
use std::sync::Arc;

use super::depthwise;
use super::field::Field;
use super::pack::{Packed, Scratch};
use super::tile;
use super::tile_row::{Start, Tap, TileRow};
use super::tiles::Tiles;
use crate::simd::{Block, LANES, Scalar};

/// Where output pixels are written; all distances count blocks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    pub start: usize,
    pub pixel: usize,
    pub row: usize,
    pub plane: usize,
    pub image: usize,
}

/// A window that slides over chunks of images in one layout.
pub struct Slide<'a, T: Scalar> {
    pub field: Field,
    /// The pixel that the window's first tap meets for the first output.
    pub origin: [isize; 2],
    /// Distance of each tap from the first, in pixels; none is negative.
    pub taps: &'a [[usize; 2]],
    pub stride: [usize; 2],
    /// Output pixels, vertical and horizontal.
    pub count: [usize; 2],
    pub output: Output,
    pub weights: &'a Packed<'a, T>,
    /// Whether each output channel is computed from the input channel of the same number alone.
    pub depthwise: bool,
    pub start: Start<'a, T>,
}

/// A [`Slide`] with its rows of outputs, which are the same for all chunks.
pub struct Sweep<'a, T: Scalar> {
    slide: Slide<'a, T>,
    rows: Vec<Place>,
}

impl<T: Scalar> Sweep<'_, T> {
    /// Computes some output planes of all images of a chunk; `out` begins with the first of them.
    pub fn run<L: Tiles<T = T>>(
        &self,
        l: L,
        input: &[Block<T>],
        outputs: Range<usize>,
        out: &mut [Block<T>],
    ) {
        let slide = &self.slide;
        let pairs = slide.weights.pairs() && !slide.depthwise && tile::widest::<L>() > 1;
        let (mut block, mut scratch) = (outputs.start, Scratch::default());
        while block < outputs.end {
            let blocks = if pairs { 2.min(outputs.end - block) } else { 1 };
            let planes = slide.weights.blocks[block].planes;
            let out = &mut out[(block - outputs.start) * slide.output.plane..];
            // The weights of a part stay in the first-level cache while all rows are computed with them.
            let step = tile::planes_of_part(slide.taps.len());
            for first in (0..planes).step_by(step) {
                let planes = first..planes.min(first + step);
                let weights = slide.weights.part(l, block..block + blocks, planes.clone(), &mut scratch);
                let part = Part { input, block, blocks, planes, weights };
                self.rows.iter().for_each(|row| slide.row(l, row, &part, out));
            }
            block += blocks;
        }
    }
}

impl<'a, T: Scalar> Slide<'a, T> {
    /// Adds the rows.
    pub fn sweep(self) -> Sweep<'a, T> {
        Sweep { rows: self.rows(), slide: self }
    }

    fn row<L: Tiles<T = T>>(&self, l: L, place: &Place, part: &Part<'_, T>, out: &mut [Block<T>]) {
        let packed = &self.weights.blocks[part.block];
        let row = TileRow {
            input: part.input,
            start: place.input + (packed.first_plane + part.planes.start) * self.field.plane(),
            pixel: place.pixel,
            plane: self.field.plane(),
            planes: part.planes.len(),
            last: if part.planes.end == packed.planes { packed.last } else { LANES },
            more: part.planes.start > 0,
            taps: &place.taps,
            window: self.taps.len(),
            weights: part.weights.0,
            weight_block: part.weights.1,
            lanes: self.weights.lanes(part.block + part.blocks - 1),
            width: place.width,
            out_pixel: place.out_pixel,
            out_block: self.output.plane,
        };
        let start = match self.start {
            Start::Bias(bias) if part.planes.start == 0 => Start::Bias(&bias[part.block..]),
            _ => Start::Zero,
        };
        let out = &mut out[place.output..];
        if self.depthwise {
            depthwise::row(l, &row, start, out)
        } else {
            tile::row(l, &row, part.blocks, start, out)
        }
    }

    /// Whether the inputs and the outputs of a plane lie one behind the other, so that the plane is one row.
    fn is_flat(&self) -> bool {
        let [height, width] = self.count;
        let dense = self.output.pixel == 1 && self.output.row == width;
        self.taps.len() == 1 && self.field.is_bare() && self.field.size == [height, width] && dense
    }

    /// The taps that meet the map for at least one of these outputs. The others read padding only, which is zero.
    fn taps(&self, outputs: [Range<usize>; 2]) -> Arc<[Tap]> {
        let all = || {
            self.taps
                .iter()
                .zip(0..)
                .map(|([y, x], index)| Tap { pixel: self.field.distance([*y, *x]), index })
        };
        let meets = |tap: &Tap| {
            let offset = self.taps[tap.index];
            [0, 1].iter().all(|axis| {
                let pixel = |o: usize| self.origin[*axis] + (o * self.stride[*axis] + offset[*axis]) as isize;
                outputs[*axis].clone().any(|o| self.field.holds(*axis, pixel(o)))
            })
        };
        let meeting: Arc<[Tap]> = all().filter(meets).collect();
        // Where no tap meets the map, the outputs are sums over zeros of the padding.
        if meeting.is_empty() { all().collect() } else { meeting }
    }

    /// The rows of outputs: each runs over the pixels of a line, or over the images of a pixel.
    fn rows(&self) -> Vec<Place> {
        let [height, width] = self.count;
        let [sy, sx] = self.stride;
        let input = |y: usize, x: usize| {
            self.field.at(self.origin[0] + (y * sy) as isize, self.origin[1] + (x * sx) as isize)
        };
        let output = |y: usize, x: usize| self.output.start + y * self.output.row + x * self.output.pixel;
        if height == 0 || width == 0 {
            return vec![];
        }
        if self.is_flat() {
            let taps = self.taps([0..1, 0..1]);
            let place = |image: usize| Place {
                input: image * self.field.image() + input(0, 0),
                pixel: 1,
                width: height * width,
                output: image * self.output.image + self.output.start,
                out_pixel: 1,
                taps: taps.clone(),
            };
            return (0..self.field.images).map(place).collect();
        }
        if self.field.images_inside {
            let place = |(y, x): (usize, usize)| Place {
                input: input(y, x),
                pixel: 1,
                width: self.field.images,
                output: output(y, x),
                out_pixel: self.output.image,
                taps: self.taps([y..y + 1, x..x + 1]),
            };
            return (0..height).flat_map(|y| (0..width).map(move |x| (y, x))).map(place).collect();
        }
        let place = |(image, y, taps): (usize, usize, &Arc<[Tap]>)| Place {
            input: image * self.field.image() + input(y, 0),
            pixel: sx,
            width,
            output: image * self.output.image + output(y, 0),
            out_pixel: self.output.pixel,
            taps: taps.clone(),
        };
        let lines: Vec<_> = (0..height).map(|y| (y, self.taps([y..y + 1, 0..width]))).collect();
        let lines = |image: usize| lines.iter().map(move |(y, taps)| (image, *y, taps));
        (0..self.field.images).flat_map(lines).map(place).collect()
    }
}

/// Some input planes of one or two blocks of outputs, with their weights and the distance between the weights of the
/// blocks.
struct Part<'a, T> {
    input: &'a [Block<T>],
    block: usize,
    blocks: usize,
    planes: Range<usize>,
    weights: (&'a [Block<T>], usize),
}

/// Where a row of outputs reads and writes in a chunk.
struct Place {
    input: usize,
    pixel: usize,
    width: usize,
    output: usize,
    out_pixel: usize,
    taps: Arc<[Tap]>,
}
