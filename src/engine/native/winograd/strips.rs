//! Rows of tiles, brought from maps to products and back.
//!
//! The tiles of a row overlap by two pixels, so columns are transformed once for both of the tiles that they belong to.

use super::transform::{
    Axis, INPUTS, OUTPUTS, OfGradients, OfOutputs, OfWeightGradients, OfWeights, PRODUCTS, Transforms,
};
use crate::simd::{Block, Lanes, Loop};

/// Pixels under a row of so many tiles.
pub fn width(tiles: usize) -> usize {
    tiles * OUTPUTS + INPUTS - OUTPUTS
}

/// `B^T x B` of a row of tiles: `out[product * pitch + tile]`.
pub struct Inputs<'a, L: Lanes> {
    pub l: L,
    /// Begins with the first pixel of the first tile; rows lie `row` blocks apart.
    pub source: &'a [Block<L::T>],
    pub row: usize,
    pub tiles: usize,
    /// Memory for six rows of [`width`] blocks.
    pub columns: &'a mut [Block<L::T>],
    pub out: &'a mut [Block<L::T>],
    pub pitch: usize,
}

impl<L: Lanes> Loop for Inputs<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, source, row, tiles, columns, out, pitch } = self;
        let (transforms, width, zero) = (Transforms::new(l), width(tiles), l.splat(L::T::default()));
        let mut rows: [&[Block<L::T>]; INPUTS] = [&[]; INPUTS];
        for r in 0..INPUTS {
            rows[r] = &source[r * row..][..width];
        }
        for x in 0..width {
            let mut column = [zero; INPUTS];
            for r in 0..INPUTS {
                column[r] = l.load(&rows[r][x]);
            }
            let column = transforms.inputs(column);
            for r in 0..INPUTS {
                l.store(column[r], &mut columns[r * width + x]);
            }
        }
        for r in 0..INPUTS {
            let line = &columns[r * width..][..width];
            let out = &mut out[r * INPUTS * pitch..];
            for tile in 0..tiles {
                let line = &line[tile * OUTPUTS..][..INPUTS];
                let mut x = [zero; INPUTS];
                for c in 0..INPUTS {
                    x[c] = l.load(&line[c]);
                }
                let x = transforms.inputs(x);
                for c in 0..INPUTS {
                    l.store(x[c], &mut out[c * pitch + tile]);
                }
            }
        }
    }
}

/// `A^T m A` of a row of tiles, of which an output map has `height` rows and `width` columns.
pub struct Outputs<'a, L: Lanes> {
    pub l: L,
    /// `products[product * pitch + tile]`.
    pub products: &'a [Block<L::T>],
    pub pitch: usize,
    pub bias: Block<L::T>,
    /// Begins with the first pixel of the first tile; rows lie `width` blocks apart.
    pub out: &'a mut [Block<L::T>],
    pub height: usize,
    pub width: usize,
}

impl<L: Lanes> Loop for Outputs<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, products, pitch, bias, out, height, width } = self;
        let (transforms, bias) = (Transforms::new(l), l.load(&bias));
        for tile in 0..width.div_ceil(OUTPUTS) {
            let tile_of = gathered(l, products, pitch, tile);
            let y = OfOutputs::both(&transforms, tile_of);
            let columns = OUTPUTS.min(width - tile * OUTPUTS);
            for r in 0..OUTPUTS {
                if r >= height {
                    continue;
                }
                let line = &mut out[r * width + tile * OUTPUTS..][..columns];
                for c in 0..OUTPUTS {
                    if c < columns {
                        l.store(l.add(y[r][c], bias), &mut line[c]);
                    }
                }
            }
        }
    }
}

/// `A dy A^T` of a row of tiles: `out[product * pitch + tile]`.
pub struct Gradients<'a, L: Lanes> {
    pub l: L,
    /// Begins with the first pixel of the first tile; rows lie `row` blocks apart, and zeros fill up the tiles.
    pub source: &'a [Block<L::T>],
    pub row: usize,
    pub tiles: usize,
    pub out: &'a mut [Block<L::T>],
    pub pitch: usize,
}

impl<L: Lanes> Loop for Gradients<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, source, row, tiles, out, pitch } = self;
        let (transforms, zero) = (Transforms::new(l), l.splat(L::T::default()));
        for tile in 0..tiles {
            let mut dy = [[zero; OUTPUTS]; OUTPUTS];
            for r in 0..OUTPUTS {
                let line = &source[r * row + tile * OUTPUTS..][..OUTPUTS];
                for c in 0..OUTPUTS {
                    dy[r][c] = l.load(&line[c]);
                }
            }
            scattered(l, &OfGradients::both(&transforms, dy), out, pitch, tile);
        }
    }
}

/// `G w G^T` of channels: `out[product * pitch + channel]` of `taps[tap * channels + channel]`.
pub struct Weights<'a, L: Lanes> {
    pub l: L,
    pub taps: &'a [Block<L::T>],
    pub channels: usize,
    pub out: &'a mut [Block<L::T>],
    pub pitch: usize,
}

impl<L: Lanes> Loop for Weights<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, taps, channels, out, pitch } = self;
        let (transforms, zero) = (Transforms::new(l), l.splat(L::T::default()));
        for channel in 0..channels {
            let mut w = [[zero; 3]; 3];
            for r in 0..3 {
                for c in 0..3 {
                    w[r][c] = l.load(&taps[(r * 3 + c) * channels + channel]);
                }
            }
            scattered(l, &OfWeights::both(&transforms, w), out, pitch, channel);
        }
    }
}

/// Adds `G^T u G` of channels to `taps[tap * channels + channel]`, of `products[product * pitch + channel]`.
pub struct WeightGradients<'a, L: Lanes> {
    pub l: L,
    pub products: &'a [Block<L::T>],
    pub pitch: usize,
    pub channels: usize,
    pub taps: &'a mut [Block<L::T>],
}

impl<L: Lanes> Loop for WeightGradients<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, products, pitch, channels, taps } = self;
        let transforms = Transforms::new(l);
        for channel in 0..channels {
            let u = gathered(l, products, pitch, channel);
            let w = OfWeightGradients::both(&transforms, u);
            for r in 0..3 {
                for c in 0..3 {
                    let sum = &mut taps[(r * 3 + c) * channels + channel];
                    l.store(l.add(l.load(sum), w[r][c]), sum);
                }
            }
        }
    }
}

/// `[row][column]` of a tile's products.
#[inline(always)]
fn gathered<L: Lanes>(l: L, products: &[Block<L::T>], pitch: usize, at: usize) -> [[L::V; INPUTS]; INPUTS] {
    let mut tile = [[l.splat(L::T::default()); INPUTS]; INPUTS];
    let products = &products[..(PRODUCTS - 1) * pitch + at + 1];
    for r in 0..INPUTS {
        for c in 0..INPUTS {
            tile[r][c] = l.load(&products[(r * INPUTS + c) * pitch + at]);
        }
    }
    tile
}

#[inline(always)]
fn scattered<L: Lanes>(
    l: L,
    tile: &[[L::V; INPUTS]; INPUTS],
    out: &mut [Block<L::T>],
    pitch: usize,
    at: usize,
) {
    for r in 0..INPUTS {
        for c in 0..INPUTS {
            l.store(tile[r][c], &mut out[(r * INPUTS + c) * pitch + at]);
        }
    }
}
