//! Depthwise convolution: every channel is its own group, so a tap is one multiplication per vector.

use super::lanes::{Block, Lanes};
use super::tile::{Row, Start};

/// One row of one plane: `out[p] = sum over taps of x[p * pixel + t] * w[t]`.
///
/// Of the packed weights of a plane, `[tap][16 inputs][16 outputs]` with zeros off the diagonal, only the diagonal is
/// meant; the caller packs it as one vector for each tap.
pub fn row<L: Lanes>(l: L, row: &Row<'_, L::T>, start: Start<'_, L::T>, out: &mut [Block<L::T>]) {
    l.run(|| {
        let first = match start {
            Start::Zero => l.splat(L::T::default()),
            Start::Bias(bias) => l.load(&bias[0]),
        };
        for p in 0..row.width {
            let out = &mut out[p * row.out_pixel];
            let mut sum = first;
            let base = row.start + p * row.pixel;
            for (tap, weight) in row.taps.iter().zip(row.weights) {
                sum = l.fma(l.load(&row.input[base + tap]), l.load(weight), sum);
            }
            l.store(sum, out);
        }
    });
}

/// Adds `sum over pixels of x[p * pixel + t] * dy[p]` to the gradient of each tap.
pub fn weight_row<L: Lanes>(
    l: L,
    x: (&[Block<L::T>], usize, usize),
    dy: (&[Block<L::T>], usize, usize),
    width: usize,
    taps: &[usize],
    gradient: &mut [Block<L::T>],
) {
    let (x, x_start, x_pixel) = x;
    let (dy, dy_start, dy_pixel) = dy;
    l.run(|| {
        for (tap, gradient) in taps.iter().zip(gradient) {
            let mut sum = l.load(gradient);
            for p in 0..width {
                let value = l.load(&x[x_start + p * x_pixel + tap]);
                sum = l.fma(value, l.load(&dy[dy_start + p * dy_pixel]), sum);
            }
            l.store(sum, gradient);
        }
    });
}
