//! Rows of tiles, brought from maps to products and back.
//!
//! A tile is a square of vectors whose rows and columns lie some blocks apart: pixels of a map, products, taps.

use std::marker::PhantomData;

use super::Form;
use super::transform::{self, F2, F4, Transforms};
use crate::simd::{Block, Lanes, Loop};

/// Panics unless products up to that of `tiles` tiles lie inside a slice.
fn check_products<T>(form: Form, products: &[Block<T>], pitch: usize, tiles: usize) {
    assert!((form.products() - 1) * pitch + tiles <= products.len(), "products outside of their memory");
}

/// A strip in the form that `F` transforms: `M` outputs and `N` inputs along an axis.
struct In<S, F, const M: usize, const N: usize>(S, PhantomData<F>);

/// Runs a strip in a form, compiled for the instruction set.
macro_rules! run {
    ($l:expr, $form:expr, $strip:expr) => {
        match $form {
            Form::F2 => $l.run(In::<_, F2, 2, 4>($strip, PhantomData)),
            Form::F4 => $l.run(In::<_, F4, 4, 6>($strip, PhantomData)),
        }
    };
}

/// The square at `from`.
///
/// # Safety
/// There are blocks at all `r * row + c * column` from there.
#[inline(always)]
unsafe fn load<L: Lanes, const N: usize>(
    l: L,
    from: *const Block<L::T>,
    [row, column]: [usize; 2],
) -> [[L::V; N]; N] {
    let mut square = [[l.splat(L::T::default()); N]; N];
    for r in 0..N {
        for c in 0..N {
            // SAFETY: the caller's promise.
            square[r][c] = unsafe { l.load(&*from.add(r * row + c * column)) };
        }
    }
    square
}

/// Writes a square to `to`.
///
/// # Safety
/// As [`load`].
#[inline(always)]
unsafe fn store<L: Lanes, const N: usize>(
    l: L,
    square: &[[L::V; N]; N],
    to: *mut Block<L::T>,
    [row, column]: [usize; 2],
) {
    for r in 0..N {
        for c in 0..N {
            // SAFETY: the caller's promise.
            unsafe { l.store(square[r][c], &mut *to.add(r * row + c * column)) };
        }
    }
}

/// `B^T x B` of a row of tiles: `out[product * pitch + tile]`.
///
/// The tiles of a row overlap by two pixels, so columns are transformed once for both of the tiles that they belong to.
pub struct Inputs<'a, L: Lanes> {
    pub l: L,
    pub form: Form,
    /// Begins with the first pixel of the first tile; rows lie `row` blocks apart.
    pub source: &'a [Block<L::T>],
    pub row: usize,
    pub tiles: usize,
    /// Memory for [`width`] columns of six blocks.
    pub columns: &'a mut [Block<L::T>],
    pub out: &'a mut [Block<L::T>],
    pub pitch: usize,
}

impl<L: Lanes> Inputs<'_, L> {
    /// Transforms the row.
    pub fn run(self) {
        let (rows, width) = (self.form.inputs(), self.form.width(self.tiles));
        assert!((rows - 1) * self.row + width <= self.source.len(), "tiles outside of the map");
        assert!(rows * width <= self.columns.len());
        check_products(self.form, self.out, self.pitch, self.tiles);
        run!(self.l, self.form, self)
    }
}

impl<L: Lanes, F: Transforms<M, N>, const M: usize, const N: usize> Loop for In<Inputs<'_, L>, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Inputs { l, source, row, tiles, columns, out, pitch, .. } = self.0;
        let zero = l.splat(L::T::default());
        // SAFETY: `run` has compared the farthest reads and writes with the slices.
        unsafe {
            for x in 0..tiles * M + N - M {
                let mut column = [zero; N];
                for r in 0..N {
                    column[r] = l.load(&*source.as_ptr().add(r * row + x));
                }
                let column = F::inputs(l, column);
                for r in 0..N {
                    l.store(column[r], &mut *columns.as_mut_ptr().add(x * N + r));
                }
            }
            for tile in 0..tiles {
                let mut products: [[L::V; N]; N] = load(l, columns.as_ptr().add(tile * M * N), [1, N]);
                for r in 0..N {
                    products[r] = F::inputs(l, products[r]);
                }
                store(l, &products, out.as_mut_ptr().add(tile), [N * pitch, pitch]);
            }
        }
    }
}

/// `A^T m A` of a row of tiles, of which an output map has `height` rows and `width` columns.
pub struct Outputs<'a, L: Lanes> {
    pub l: L,
    pub form: Form,
    /// `products[product * pitch + tile]`.
    pub products: &'a [Block<L::T>],
    pub pitch: usize,
    pub bias: Block<L::T>,
    /// Begins with the first pixel of the first tile; rows lie `width` blocks apart.
    pub out: &'a mut [Block<L::T>],
    pub height: usize,
    pub width: usize,
}

impl<L: Lanes> Outputs<'_, L> {
    /// Writes the row.
    pub fn run(self) {
        let tile = self.form.outputs();
        assert!((1..=tile).contains(&self.height) && self.height * self.width <= self.out.len());
        check_products(self.form, self.products, self.pitch, self.width.div_ceil(tile));
        run!(self.l, self.form, self)
    }
}

impl<L: Lanes, F: Transforms<M, N>, const M: usize, const N: usize> Loop for In<Outputs<'_, L>, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Outputs { l, products, pitch, bias, out, height, width, .. } = self.0;
        let bias = l.load(&bias);
        for tile in 0..width.div_ceil(M) {
            // SAFETY: `run` has compared the last product of the last tile with the slice.
            let products = unsafe { load(l, products.as_ptr().add(tile), [N * pitch, pitch]) };
            let mut y = transform::outputs::<L, F, M, N>(l, products);
            for r in 0..M {
                for c in 0..M {
                    y[r][c] = l.add(y[r][c], bias);
                }
            }
            let columns = M.min(width - tile * M);
            if height == M && columns == M {
                // SAFETY: `run` has compared the last pixel of the last row with the slice.
                unsafe { store(l, &y, out.as_mut_ptr().add(tile * M), [width, 1]) };
            } else {
                for r in 0..height {
                    for c in 0..columns {
                        l.store(y[r][c], &mut out[r * width + tile * M + c]);
                    }
                }
            }
        }
    }
}

/// `A dy A^T` of a row of tiles: `out[product * pitch + tile]`.
pub struct Gradients<'a, L: Lanes> {
    pub l: L,
    pub form: Form,
    /// Begins with the first pixel of the first tile; rows lie `row` blocks apart, and zeros fill up the tiles.
    pub source: &'a [Block<L::T>],
    pub row: usize,
    pub tiles: usize,
    pub out: &'a mut [Block<L::T>],
    pub pitch: usize,
}

impl<L: Lanes> Gradients<'_, L> {
    /// Transforms the row.
    pub fn run(self) {
        let tile = self.form.outputs();
        let last = (tile - 1) * self.row + self.tiles * tile;
        assert!(last <= self.source.len(), "tiles outside of the map");
        check_products(self.form, self.out, self.pitch, self.tiles);
        run!(self.l, self.form, self)
    }
}

impl<L: Lanes, F: Transforms<M, N>, const M: usize, const N: usize> Loop for In<Gradients<'_, L>, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Gradients { l, source, row, tiles, out, pitch, .. } = self.0;
        for tile in 0..tiles {
            // SAFETY: `run` has compared the last pixel and the last product with the slices.
            unsafe {
                let dy = load(l, source.as_ptr().add(tile * M), [row, 1]);
                let products = transform::gradients::<L, F, M, N>(l, dy);
                store(l, &products, out.as_mut_ptr().add(tile), [N * pitch, pitch]);
            }
        }
    }
}

/// `G w G^T` of channels: `out[product * pitch + channel]` of `taps[tap * channels + channel]`.
pub struct Weights<'a, L: Lanes> {
    pub l: L,
    pub form: Form,
    pub taps: &'a [Block<L::T>],
    pub channels: usize,
    pub out: &'a mut [Block<L::T>],
    pub pitch: usize,
}

impl<L: Lanes> Weights<'_, L> {
    /// Transforms the weights.
    pub fn run(self) {
        assert!(9 * self.channels <= self.taps.len());
        check_products(self.form, self.out, self.pitch, self.channels);
        run!(self.l, self.form, self)
    }
}

impl<L: Lanes, F: Transforms<M, N>, const M: usize, const N: usize> Loop for In<Weights<'_, L>, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Weights { l, taps, channels, out, pitch, .. } = self.0;
        for channel in 0..channels {
            // SAFETY: `run` has compared the last tap and the last product with the slices.
            unsafe {
                let w = load(l, taps.as_ptr().add(channel), [3 * channels, channels]);
                let products = transform::weights::<L, F, M, N>(l, w);
                store(l, &products, out.as_mut_ptr().add(channel), [N * pitch, pitch]);
            }
        }
    }
}

/// Adds `G^T u G` of channels to `taps[tap * channels + channel]`, of `products[product * channels + channel]`.
pub struct WeightGradients<'a, L: Lanes> {
    pub l: L,
    pub form: Form,
    pub products: &'a [Block<L::T>],
    pub channels: usize,
    pub taps: &'a mut [Block<L::T>],
}

impl<L: Lanes> WeightGradients<'_, L> {
    /// Adds the gradients.
    pub fn run(self) {
        assert!(9 * self.channels <= self.taps.len());
        check_products(self.form, self.products, self.channels, self.channels);
        run!(self.l, self.form, self)
    }
}

impl<L: Lanes, F: Transforms<M, N>, const M: usize, const N: usize> Loop
    for In<WeightGradients<'_, L>, F, M, N>
{
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let WeightGradients { l, products, channels, taps, .. } = self.0;
        for channel in 0..channels {
            // SAFETY: `run` has compared the last product and the last tap with the slices.
            unsafe {
                let products = load(l, products.as_ptr().add(channel), [N * channels, channels]);
                let mut w = transform::weight_gradients::<L, F, M, N>(l, products);
                let (taps, distances) = (taps.as_mut_ptr().add(channel), [3 * channels, channels]);
                let before: [[L::V; 3]; 3] = load(l, taps, distances);
                for r in 0..3 {
                    for c in 0..3 {
                        w[r][c] = l.add(before[r][c], w[r][c]);
                    }
                }
                store(l, &w, taps, distances);
            }
        }
    }
}
