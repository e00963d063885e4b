//! The register tile under every dense convolution: `P` output pixels times `B` blocks of sixteen output channels.
//!
//! ```text
//! out[b][p] (+)= sum over planes i, taps t, channels c of x[i][p * pixel + t][c] * w[b][i][t][c]
//! ```
//!
//! The accumulators stay in registers over the whole sum; each weight vector is loaded once for `P` pixels, and each
//! input value is broadcast once for `B` blocks. Forward, input gradient and linear layers differ only in strides and
//! taps.

use super::lanes::{Block, LANES, Lanes};

/// Products that an accumulator sums before it is added to the output: a sum of sums loses fewer digits than one long
/// sum, and costs one addition in so many.
const PART: usize = 256;

/// Where a row of tiles reads and writes. All distances count blocks.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a, T> {
    /// Input of all planes (blocks of sixteen channels), and where the row's first pixel lies in it.
    pub input: &'a [Block<T>],
    pub start: usize,
    /// Distance between neighbouring output pixels in the input.
    pub pixel: usize,
    /// Distance between planes.
    pub plane: usize,
    pub planes: usize,
    /// Channels used of the last plane, 1 to 16.
    pub last: usize,
    /// Distance of each tap from the pixel.
    pub taps: &'a [usize],
    /// `[planes][taps][channels]` vectors for each output block, and the distance between output blocks.
    pub weights: &'a [Block<T>],
    pub weight_block: usize,
    /// Output pixels, the distance between them and between output blocks.
    pub width: usize,
    pub out_pixel: usize,
    pub out_block: usize,
}

/// What the sums start from.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a, T> {
    Zero,
    /// One block for each output block.
    Bias(&'a [Block<T>]),
}

/// Output blocks that one tile serves on this instruction set: with few registers, one and more pixels are better.
pub fn widest<L: Lanes>() -> usize {
    if L::PAIRS { 2 } else { 1 }
}

/// Computes one row of `blocks` output blocks (1 or 2); `out` begins at the first pixel of the first block.
pub fn row<L: Lanes>(
    l: L,
    row: &Row<'_, L::T>,
    blocks: usize,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    check(row, blocks, start, out.len());
    // SAFETY: `check` has compared the farthest read and write with the slices.
    unsafe {
        match (row.pixel, blocks) {
            (1, 1) => l.single::<1>(row, start, out),
            (1, _) => l.double::<1>(row, start, out),
            (2, 1) => l.single::<2>(row, start, out),
            (2, _) => l.double::<2>(row, start, out),
            // A pixel at a time has no distance.
            (_, 1) => split::<L, 1, 1, 1, 0, 1>(l, row, start, out),
            _ => split::<L, 1, 1, 1, 0, 2>(l, row, start, out),
        }
    }
}

/// Panics unless every access of the row lies inside its slices.
fn check<T>(row: &Row<'_, T>, blocks: usize, start: Start<'_, T>, out: usize) {
    let (Some(far), true) = (row.taps.iter().max(), row.width > 0 && row.planes > 0) else {
        assert!(row.width == 0, "a convolution without taps or channels");
        return;
    };
    let last_pixel = row.start + (row.width - 1) * row.pixel + (row.planes - 1) * row.plane + far;
    assert!(last_pixel < row.input.len(), "the row reads past its input");
    assert!((1..=LANES).contains(&row.last) && (1..=2).contains(&blocks));
    let vectors = ((row.planes - 1) * LANES + row.last) * row.taps.len();
    assert!((blocks - 1) * row.weight_block + vectors <= row.weights.len(), "the row reads past its weights");
    let last_out = (row.width - 1) * row.out_pixel + (blocks - 1) * row.out_block;
    assert!(last_out < out, "the row writes past its output");
    assert!(!matches!(start, Start::Bias(bias) if bias.len() < blocks), "a bias for each output block");
}

/// Cuts a row into tiles of the first width, then of the smaller ones, then single pixels. The pixel distance `S` is a
/// constant, so that a tile's inputs lie at constant distances from one pointer.
///
/// # Safety
/// As [`check`] asserts, and `row.pixel == S` where tiles are wider than one pixel.
pub unsafe fn split<
    L: Lanes,
    const P: usize,
    const Q: usize,
    const R: usize,
    const S: usize,
    const B: usize,
>(
    l: L,
    row: &Row<'_, L::T>,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    let mut at = 0;
    // SAFETY: `at + width of the tile <= row.width` before every tile.
    unsafe {
        while at + P <= row.width {
            tile::<L, P, S, B>(l, row, at, start, out);
            at += P;
        }
        while at + Q <= row.width {
            tile::<L, Q, S, B>(l, row, at, start, out);
            at += Q;
        }
        while at + R <= row.width {
            tile::<L, R, S, B>(l, row, at, start, out);
            at += R;
        }
        while at < row.width {
            tile::<L, 1, S, B>(l, row, at, start, out);
            at += 1;
        }
    }
}

/// One tile at output pixel `at`.
///
/// # Safety
/// As [`check`] asserts, with `at + P <= row.width`.
#[inline(never)]
unsafe fn tile<L: Lanes, const P: usize, const S: usize, const B: usize>(
    l: L,
    row: &Row<'_, L::T>,
    at: usize,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    // SAFETY: the caller's promise.
    l.run(|| unsafe { sum::<L, P, S, B>(l, row, at, start, out) });
}

#[inline(always)]
unsafe fn sum<L: Lanes, const P: usize, const S: usize, const B: usize>(
    l: L,
    row: &Row<'_, L::T>,
    at: usize,
    start: Start<'_, L::T>,
    out: &mut [Block<L::T>],
) {
    // SAFETY: the caller's promise: every index below is at most what `check` compared.
    unsafe {
        let out = out.as_mut_ptr().add(at * row.out_pixel);
        let mut sums = first::<L, P, B>(l, start);
        let base = row.input.as_ptr().add(row.start + at * row.pixel);
        let mut w = row.weights.as_ptr();
        let part = (PART / (row.taps.len() * LANES)).max(1);
        for plane in 0..row.planes {
            let channels = if plane + 1 == row.planes { row.last } else { LANES };
            for tap in row.taps {
                let x = base.add(plane * row.plane + tap).cast::<L::T>();
                if channels == LANES {
                    // A constant length, so that this loop is unrolled.
                    channels_of::<L, P, S, B>(l, x, w, row.weight_block, LANES, &mut sums);
                } else {
                    channels_of::<L, P, S, B>(l, x, w, row.weight_block, channels, &mut sums);
                }
                w = w.add(channels);
            }
            let last = plane + 1 == row.planes;
            if last || (plane + 1) % part == 0 {
                deliver::<L, P, B>(l, row, plane >= part, &sums, out);
                sums = [[l.splat(L::T::default()); P]; B];
            }
        }
    }
}

/// Writes the accumulators, or adds them to what earlier planes have left.
///
/// # Safety
/// As [`check`] asserts; `out` is the tile's first pixel.
#[inline(always)]
unsafe fn deliver<L: Lanes, const P: usize, const B: usize>(
    l: L,
    row: &Row<'_, L::T>,
    more: bool,
    sums: &[[L::V; P]; B],
    out: *mut Block<L::T>,
) {
    for b in 0..B {
        for p in 0..P {
            // SAFETY: the caller's promise.
            let out = unsafe { &mut *out.add(b * row.out_block + p * row.out_pixel) };
            let sum = if more { l.add(l.load(out), sums[b][p]) } else { sums[b][p] };
            l.store(sum, out);
        }
    }
}

/// What the accumulators start from.
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

/// `sums[b][p] += x[p][c] * w[b][c]` over the channels of one tap.
#[inline(always)]
unsafe fn channels_of<L: Lanes, const P: usize, const S: usize, const B: usize>(
    l: L,
    x: *const L::T,
    w: *const Block<L::T>,
    weight_block: usize,
    channels: usize,
    sums: &mut [[L::V; P]; B],
) {
    for c in 0..channels {
        // SAFETY: channel `c` of `P` pixels and `B` blocks, all inside what `check` compared.
        unsafe {
            let mut weights = [l.splat(L::T::default()); B];
            for b in 0..B {
                weights[b] = l.load(&*w.add(b * weight_block + c));
            }
            for p in 0..P {
                let value = l.splat(*x.add(p * S * LANES + c));
                for b in 0..B {
                    sums[b][p] = l.fma(value, weights[b], sums[b][p]);
                }
            }
        }
    }
}
