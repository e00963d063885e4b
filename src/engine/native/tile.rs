//! The register tile under every dense convolution: `P` output pixels times `B` blocks of sixteen output channels.
//!
//! ```text
//! out[b][p] (+)= sum over planes i, taps t, channels c of x[i][p * pixel + t][c] * w[b][i][t][c]
//! ```
//!
//! The accumulators stay in registers over the whole sum. Each weight vector is loaded once for `P` pixels, and each input
//! value is broadcast once for `B` blocks and `K` neighbouring taps; otherwise loads would be the bottleneck. Forward
//! convolutions, input gradients and linear layers differ only in strides and taps.

use std::ops::Range;

use super::tile_row::{Start, TileRow, in_threes};
use super::tiles::{Tiles, wide};
use crate::simd::{Block, LANES, Lanes, Loop, Vectors};

/// Products that an accumulator sums before it is added to the output: a sum of sums loses fewer digits than one long sum,
/// at the cost of one more addition for so many products.
const PART: usize = 256;

/// Number of input planes that a row of tiles sums at once.
pub fn planes_of_part(taps: usize) -> usize {
    (PART / (taps * LANES)).max(1)
}

/// Number of output blocks that one tile computes on this instruction set: with few registers a tile of one block and more
/// pixels is faster.
pub fn widest<L: Lanes>() -> usize {
    if L::MANY_REGISTERS { 2 } else { 1 }
}

/// Computes one row of `blocks` output blocks (1 or 2); `out` begins at the first pixel of the first block.
pub fn row<L: Tiles>(
    l: L,
    row: &TileRow<'_, L::T>,
    blocks: usize,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    row.check(blocks, start, out.len());
    let threes = L::MANY_REGISTERS && row.pixel == 1 && in_threes(row.taps);
    // SAFETY: `TileRow::check` has compared the farthest read and write with the slices, and `in_threes` has compared the taps.
    unsafe {
        match (row.pixel, blocks) {
            (1, 1) if threes => l.single::<1, 3>(row, start, out),
            (1, _) if threes => l.double::<1, 3>(row, start, out),
            (1, 1) => l.single::<1, 1>(row, start, out),
            (1, _) => l.double::<1, 1>(row, start, out),
            (2, 1) => l.single::<2, 1>(row, start, out),
            (2, _) => l.double::<2, 1>(row, start, out),
            // Tiles of one pixel do not use the distance between pixels, so it need not be a constant.
            (_, 1) => split::<L, 1, 1, 1, 0, 1, 1>(l, row, start, out),
            _ => split::<L, 1, 1, 1, 0, 2, 1>(l, row, start, out),
        }
    }
}

/// Cuts a row into tiles of the widths `P` (as many as [`wide`] says), `Q`, `R` and 1 (as many of each as fit). The pixel distance `S` is a constant, so
/// that the inputs of a tile lie at constant distances from one pointer.
///
/// # Safety
/// What [`TileRow::check`] asserts holds; `row.pixel == S` where tiles are wider than one pixel or `K` is not 1; the taps are runs of
/// `K` neighbouring pixels.
pub unsafe fn split<
    L: Vectors,
    const P: usize,
    const Q: usize,
    const R: usize,
    const S: usize,
    const B: usize,
    const K: usize,
>(
    l: L,
    row: &TileRow<'_, L::T>,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    let mut at = 0;
    // SAFETY: the caller's promise; `tiles` stays inside the row.
    unsafe {
        at = tiles::<L, P, S, B, K>(l, row, at..wide(row.width, P, Q) * P, start, out);
        if at < row.width {
            at = tiles::<L, Q, S, B, K>(l, row, at..row.width, start, out);
        }
        if at < row.width {
            at = tiles::<L, R, S, B, K>(l, row, at..row.width, start, out);
        }
        if at < row.width {
            tiles::<L, 1, S, B, K>(l, row, at..row.width, start, out);
        }
    }
}

/// As many tiles of `P` pixels as fit into a range of output pixels; returns where they end.
///
/// # Safety
/// As [`split`]; the range lies in the row.
#[inline(never)]
unsafe fn tiles<L: Vectors, const P: usize, const S: usize, const B: usize, const K: usize>(
    l: L,
    row: &TileRow<'_, L::T>,
    pixels: Range<usize>,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) -> usize {
    l.run(TileLoop::<L, P, S, B, K> { l, row, pixels, start, out })
}

/// The loop of [`tiles`]. It is a type, and not a closure, so that all of it is compiled for the instruction set.
struct TileLoop<'a, L: Vectors, const P: usize, const S: usize, const B: usize, const K: usize> {
    l: L,
    row: &'a TileRow<'a, L::T>,
    pixels: Range<usize>,
    start: Start<'a, L::T>,
    out: &'a mut [Block<L::T>],
}

impl<L: Vectors, const P: usize, const S: usize, const B: usize, const K: usize> Loop
    for TileLoop<'_, L, P, S, B, K>
{
    type Output = usize;

    #[inline(always)]
    fn go(self) -> usize {
        let Self { l, row, pixels, start, out } = self;
        let mut at = pixels.start;
        while at + P <= pixels.end {
            // SAFETY: the promise of `tiles`' caller, and `at + P <= pixels.end <= row.width`.
            unsafe { sum::<L, P, S, B, K>(l, row, at, start, out) };
            at += P;
        }
        at
    }
}

/// One tile at output pixel `at`.
///
/// # Safety
/// As [`split`], with `at + P <= row.width`.
#[inline(always)]
unsafe fn sum<L: Vectors, const P: usize, const S: usize, const B: usize, const K: usize>(
    l: L,
    row: &TileRow<'_, L::T>,
    at: usize,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    // SAFETY: the caller's promise: no index below exceeds those that `TileRow::check` has compared.
    unsafe {
        let out = out.as_mut_ptr().add(at * row.out_pixel);
        let mut sums = first::<L, P, B>(l, start);
        let base = row.input.as_ptr().add(row.start + at * row.pixel);
        for plane in 0..row.planes {
            let channels = if plane + 1 == row.planes { row.last } else { LANES };
            // All planes before this one have sixteen channels.
            let weights = row.weights.as_ptr().add(plane * LANES * row.window);
            for run in row.taps.as_chunks::<K>().0 {
                let x = base.add(plane * row.plane + run[0].pixel).cast::<L::T>();
                let w = weights.add(run[0].index * channels);
                if channels == LANES {
                    // The constant length lets the compiler unroll the loop.
                    channels_of::<L, P, S, B, K>(l, x, w, row.weight_block, LANES, &mut sums);
                } else {
                    channels_of::<L, P, S, B, K>(l, x, w, row.weight_block, channels, &mut sums);
                }
            }
        }
        store::<L, P, B>(l, row, &sums, out);
    }
}

/// Writes the accumulators, or adds them to the sums of earlier planes.
///
/// # Safety
/// What [`TileRow::check`] asserts holds; `out` is the tile's first pixel.
#[inline(always)]
unsafe fn store<L: Vectors, const P: usize, const B: usize>(
    l: L,
    row: &TileRow<'_, L::T>,
    sums: &[[L::V; P]; B],
    out: *mut Block<L::T>,
) {
    for b in 0..B {
        for p in 0..P {
            // SAFETY: the caller's promise.
            let out = unsafe { &mut *out.add(b * row.out_block + p * row.out_pixel) };
            let sum = if row.more { l.add(l.load(out), sums[b][p]) } else { sums[b][p] };
            l.store(sum, out);
        }
    }
}

/// The initial accumulators.
#[inline(always)]
fn first<L: Vectors, const P: usize, const B: usize>(l: L, start: Start<'_, L::T>) -> [[L::V; P]; B] {
    let mut sums = [[l.splat(L::T::default()); P]; B];
    if let Start::Bias(bias) = start {
        for b in 0..B {
            sums[b] = [l.load(&bias[b]); P];
        }
    }
    sums
}

/// `sums[b][p] += x[p + k][c] * w[b][k][c]` over the channels of a run of `K` neighbouring taps.
///
/// # Safety
/// There are `P + K - 1` pixels at distance `S` from `x` on, and `K` times `channels` vectors for each block.
#[inline(always)]
unsafe fn channels_of<L: Vectors, const P: usize, const S: usize, const B: usize, const K: usize>(
    l: L,
    x: *const L::T,
    w: *const Block<L::T>,
    weight_block: usize,
    channels: usize,
    sums: &mut [[L::V; P]; B],
) {
    let zero = l.splat(L::T::default());
    for c in 0..channels {
        // SAFETY: the caller's promise.
        unsafe {
            let mut weights = [[zero; B]; K];
            for k in 0..K {
                for b in 0..B {
                    weights[k][b] = l.load(&*w.add(b * weight_block + k * channels + c));
                }
            }
            // The pixels under the taps. From one output to the next they move on by one pixel.
            let mut values = [zero; K];
            for k in 1..K {
                values[k] = l.splat(*x.add((k - 1) * S * LANES + c));
            }
            for p in 0..P {
                for k in 1..K {
                    values[k - 1] = values[k];
                }
                values[K - 1] = l.splat(*x.add((p + K - 1) * S * LANES + c));
                for k in 0..K {
                    for b in 0..B {
                        sums[b][p] = l.fma(values[k], weights[k][b], sums[b][p]);
                    }
                }
            }
        }
    }
}
