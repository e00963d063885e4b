//! Winograd's convolution of stride 1 with 3 x 3 taps: `Y = A^T [sum over channels (G w G^T) * (B^T x B)] A` for tiles of
//! M x M outputs (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016, equations 12 and 13). F(4 x 4)
//! has 36 products where the direct form has 144, F(2 x 2) 16 where it has 36. Products are multiplications of matrices, for
//! which there are register tiles.
//!
//! Sums and differences of inputs lose digits, so only f32 layers are computed like this; f64 is the measure of f32 and stays
//! direct. The error of F(2 x 2) is no larger than that of the direct form, that of F(4 x 4) is two to three times as large.
//! F(4 x 4) is used for 24 to 63 channels: so the committed golden records all stay within their f32 tolerances, and fewer of the
//! full set leave theirs than with the direct form (METHODOLOGY, section 4). Elsewhere it would be faster, but takes records of
//! the committed set or of VGG-19 out of their tolerances. Below 24 channels F(2 x 2) pays off in networks of mixed widths, backward
//! above all (gradients of NATS-Bench size take a sixth longer without it, AVX-512); 16 -> 16 channels forward gain nothing.

mod convolution;
mod multiply;
mod products;
mod strips;
mod transform;
mod weights;

pub use convolution::Convolution;
pub use products::{Products, add_weights};

use std::ops::Range;

use super::conv::Layer;
use super::field::Field;
use super::pack::Wiring;
use super::params::HostScalar;

/// Tiles whose products are in work at once, about: they fill register tiles, and stay in the caches.
const TOGETHER: usize = 16;

/// Tiles of a chunk of images: over so many the products of a weight gradient are summed in registers.
const CHUNK: usize = 64;

/// Channels, in and out, from which on tiles are transformed at all.
const CHANNELS: usize = 8;

/// Channels, in and out, with which tiles are 4 x 4; else they are 2 x 2.
const FOUR: Range<usize> = 24..64;

/// The size of a tile of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    F2,
    F4,
}

impl Form {
    /// Outputs of a tile along an axis.
    fn outputs(self) -> usize {
        match self {
            Self::F2 => 2,
            Self::F4 => 4,
        }
    }

    /// Inputs of a tile along an axis.
    fn inputs(self) -> usize {
        self.outputs() + 2
    }

    /// Products of a tile.
    fn products(self) -> usize {
        self.inputs() * self.inputs()
    }

    /// Pixels under a row of so many tiles.
    fn width(self, tiles: usize) -> usize {
        tiles * self.outputs() + 2
    }
}

/// The tiles of maps of one size.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    pub form: Form,
    /// Size of the output maps.
    pub out: [usize; 2],
    /// Tiles, vertical and horizontal.
    pub tiles: [usize; 2],
}

impl Grid {
    /// The tiles of outputs of this size.
    pub fn new(form: Form, out: [usize; 2]) -> Self {
        Self { form, out, tiles: out.map(|side| side.div_ceil(form.outputs())) }
    }

    /// Pixels that the tiles cover, vertical and horizontal.
    pub fn pixels(&self) -> [usize; 2] {
        self.tiles.map(|tiles| tiles * self.form.outputs())
    }

    /// Tiles of an image.
    pub fn len(&self) -> usize {
        self.tiles[0] * self.tiles[1]
    }

    /// Images of a chunk: the fewest with [`CHUNK`] tiles, without a remainder; all where the weights are many.
    pub fn chunk(&self, n: usize, wiring: Wiring) -> usize {
        if convolution::by_parts(self.form, &wiring, n * self.len()) {
            return n;
        }
        let whole = (1..=n).filter(|images| n.is_multiple_of(*images));
        let (few, many): (Vec<_>, Vec<_>) = whole.partition(|images| images * self.len() < CHUNK);
        // A batch of a prime number of images has no other parts than one image and all.
        let small = |images: &&usize| *images * self.len() <= 2 * CHUNK;
        *many.first().filter(small).or(few.last()).or(many.first()).unwrap_or(&1)
    }

    /// The layout of chunks of images with their borders, which fill up the tiles.
    pub fn field(&self, images: usize, planes: usize, size: [usize; 2], padding: [usize; 2]) -> Field {
        let after = |axis: usize| self.form.width(self.tiles[axis]) - padding[axis] - size[axis];
        Field { images, planes, size, before: padding, after: [after(0), after(1)], images_inside: false }
    }

    /// All tiles of a chunk of images.
    fn whole(&self, images: usize) -> Part {
        Part { images: 0..images, rows: 0..self.tiles[0], width: self.tiles[1] }
    }

    /// Cuts a chunk of images into parts of about so many tiles: some rows of tiles of an image, or some images.
    fn parts(&self, images: usize, together: usize) -> Vec<Part> {
        let [height, width] = self.tiles;
        let rows = together.div_ceil(width).clamp(1, height);
        let each = if rows < height { 1 } else { (together / self.len()).max(1) };
        let firsts =
            (0..images).step_by(each).flat_map(|i| (0..height).step_by(rows).map(move |row| (i, row)));
        let part = |(image, row)| Part {
            images: image..images.min(image + each),
            rows: row..height.min(row + rows),
            width,
        };
        firsts.map(part).collect()
    }
}

/// Some tiles of a chunk of images.
#[derive(Clone, Debug)]
struct Part {
    images: Range<usize>,
    rows: Range<usize>,
    width: usize,
}

impl Part {
    fn len(&self) -> usize {
        self.images.len() * self.rows.len() * self.width
    }

    /// The rows of tiles: image, row, and where its tiles begin among those of the part.
    fn lines(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let (rows, width) = (self.rows.clone(), self.width);
        let lines = self.images.clone().flat_map(move |image| rows.clone().map(move |row| (image, row)));
        lines.zip((0..).step_by(width)).map(|((image, row), tile)| (image, row, tile))
    }
}

/// The tiles of a layer over maps of this size, where it takes Winograd's form.
pub fn grid<T: HostScalar>(layer: &Layer<'_, T>, size: [usize; 2]) -> Option<Grid> {
    let (window, wiring) = (&layer.window, &layer.wiring);
    let threes = window.kernel == [3, 3] && window.stride == [1, 1] && window.dilation == [1, 1];
    let single = size_of::<T>() == size_of::<f32>();
    let wide = wiring.groups == 1 && wiring.inputs >= CHANNELS && wiring.outputs >= CHANNELS;
    let padded = window.padding.iter().all(|padding| *padding <= 2);
    let four = FOUR.contains(&wiring.inputs) && FOUR.contains(&wiring.outputs);
    let form = if four { Form::F4 } else { Form::F2 };
    let grid = Grid::new(form, layer.output_size(size));
    (single && threes && wide && padded && grid.out.iter().all(|side| *side > 2)).then_some(grid)
}

/// A distance between products, in blocks: an odd one, so that products of one tile lie in different sets of the caches.
fn pitch(blocks: usize) -> usize {
    blocks | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_tile_once() {
        for (out, images, together) in
            [([32, 32], 3, 16), ([7, 9], 5, 16), ([4, 4], 20, 16), ([8, 8], 2, usize::MAX)]
        {
            for form in [Form::F2, Form::F4] {
                let grid = Grid::new(form, out);
                let mut seen = vec![0; images * grid.tiles[0]];
                for part in grid.parts(images, together) {
                    let lines: Vec<_> = part.lines().collect();
                    assert_eq!(lines.len() * grid.tiles[1], part.len());
                    lines.iter().for_each(|(image, row, _)| seen[image * grid.tiles[0] + row] += 1);
                }
                assert!(seen.iter().all(|times| *times == 1), "{grid:?}: {seen:?}");
            }
        }
    }

    #[test]
    fn chunks_divide_the_batch() {
        let wiring = Wiring { outputs: 32, inputs: 32, groups: 1 };
        for (side, n, chunk) in
            [(32, 16, 1), (16, 16, 4), (8, 16, 16), (8, 17, 17), (8, 64, 16), (4, 7, 7), (16, 13, 1)]
        {
            assert_eq!(Grid::new(Form::F4, [side; 2]).chunk(n, wiring), chunk, "{side} {n}");
        }
    }
}
