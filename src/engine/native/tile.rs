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

use super::tiles::{Tiles, wide};
use crate::simd::{Block, LANES, Lanes, Loop};

/// Products that an accumulator sums before it is added to the output: a sum of sums loses fewer digits than one long sum,
/// at the cost of one more addition for so many products.
const PART: usize = 256;

/// Number of input planes that a row of tiles sums at once.
pub fn planes_of_part(taps: usize) -> usize {
    (PART / (taps * LANES)).max(1)
}

/// A tap of a window that meets the map: the distance of its pixel from the first tap's, and its index among the taps of
/// the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    pub pixel: usize,
    pub index: usize,
}

/// Where a row of tiles reads and writes. All distances count blocks.
#[derive(Clone, Copy, Debug)]
pub struct TileRow<'a, T> {
    /// The input of all planes, and where the row's first pixel lies in it.
    pub input: &'a [Block<T>],
    pub start: usize,
    /// Distance in the input between the pixels of neighbouring outputs.
    pub pixel: usize,
    /// Distance between planes.
    pub plane: usize,
    pub planes: usize,
    /// Number of channels in the last plane, 1 to 16.
    pub last: usize,
    /// Whether the output holds the sums of earlier planes, to which those of these planes are added.
    pub more: bool,
    /// The taps that meet the map. The others read padding only.
    pub taps: &'a [Tap],
    /// Number of taps of the whole window.
    pub window: usize,
    /// `[planes][window][channels]` vectors for each output block, and the distance between output blocks.
    pub weights: &'a [Block<T>],
    pub weight_block: usize,
    /// Number of output pixels, the distance between them, and the distance between output blocks.
    pub width: usize,
    pub out_pixel: usize,
    pub out_block: usize,
}

/// The initial value of the sums.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    Zero,
    /// One block for each output block.
    Bias(&'a [Block<T>]),
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
    check(row, blocks, start, out.len());
    let threes = L::MANY_REGISTERS && row.pixel == 1 && in_threes(row.taps);
    // SAFETY: `check` has compared the farthest read and write with the slices, and `in_threes` has compared the taps.
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

/// Whether the taps are runs of three neighbouring pixels. A pixel that is loaded for one output then serves the next two
/// as well.
pub fn in_threes(taps: &[Tap]) -> bool {
    let next = |a: &Tap, b: &Tap| b.pixel == a.pixel + 1 && b.index == a.index + 1;
    let (runs, rest) = taps.as_chunks::<3>();
    rest.is_empty() && runs.iter().all(|[a, b, c]| next(a, b) && next(b, c))
}

/// Panics unless every access of the row lies inside its slices.
fn check<T>(row: &TileRow<'_, T>, blocks: usize, start: Start<'_, T>, out: usize) {
    let far = row.taps.iter().map(|tap| tap.pixel).max();
    let (Some(far), true) = (far, row.width > 0 && row.planes > 0) else {
        assert!(row.width == 0, "a convolution without taps or channels");
        return;
    };
    let last_pixel = row.start + (row.width - 1) * row.pixel + (row.planes - 1) * row.plane + far;
    assert!(last_pixel < row.input.len(), "the row reads past its input");
    assert!((1..=LANES).contains(&row.last) && (1..=2).contains(&blocks));
    assert!(row.taps.iter().all(|tap| tap.index < row.window), "a tap outside of the window");
    let vectors = ((row.planes - 1) * LANES + row.last) * row.window;
    assert!((blocks - 1) * row.weight_block + vectors <= row.weights.len(), "the row reads past its weights");
    let last_out = (row.width - 1) * row.out_pixel + (blocks - 1) * row.out_block;
    assert!(last_out < out, "the row writes past its output");
    assert!(!matches!(start, Start::Bias(bias) if bias.len() < blocks), "a bias for each output block");
}

/// Cuts a row into tiles of the widths `P` (as many as [`wide`] says), `Q`, `R` and 1 (as many of each as fit). The pixel distance `S` is a constant, so
/// that the inputs of a tile lie at constant distances from one pointer.
///
/// # Safety
/// What [`check`] asserts holds; `row.pixel == S` where tiles are wider than one pixel or `K` is not 1; the taps are runs of
/// `K` neighbouring pixels.
pub unsafe fn split<
    L: Lanes,
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
unsafe fn tiles<L: Lanes, const P: usize, const S: usize, const B: usize, const K: usize>(
    l: L,
    row: &TileRow<'_, L::T>,
    pixels: Range<usize>,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) -> usize {
    l.run(TileLoop::<L, P, S, B, K> { l, row, pixels, start, out })
}

/// The loop of [`tiles`]. It is a type, and not a closure, so that all of it is compiled for the instruction set.
struct TileLoop<'a, L: Lanes, const P: usize, const S: usize, const B: usize, const K: usize> {
    l: L,
    row: &'a TileRow<'a, L::T>,
    pixels: Range<usize>,
    start: Start<'a, L::T>,
    out: &'a mut [Block<L::T>],
}

impl<L: Lanes, const P: usize, const S: usize, const B: usize, const K: usize> Loop
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
unsafe fn sum<L: Lanes, const P: usize, const S: usize, const B: usize, const K: usize>(
    l: L,
    row: &TileRow<'_, L::T>,
    at: usize,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    // SAFETY: the caller's promise: no index below exceeds those that `check` has compared.
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
/// What [`check`] asserts holds; `out` is the tile's first pixel.
#[inline(always)]
unsafe fn store<L: Lanes, const P: usize, const B: usize>(
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
fn first<L: Lanes, const P: usize, const B: usize>(l: L, start: Start<'_, L::T>) -> [[L::V; P]; B] {
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
unsafe fn channels_of<L: Lanes, const P: usize, const S: usize, const B: usize, const K: usize>(
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
