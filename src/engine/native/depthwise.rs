//! Depthwise convolution: every channel is its own group, so a tap is one multiplication per vector.

use super::lanes::{Block, Lanes};
use super::tile::{Row, Start};

/// One row of one plane: `out[p] = sum over taps of x[p * pixel + t] * w[t]`.
///
/// The packed weights of a plane are one vector for each tap.
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
            for tap in row.taps {
                sum = l.fma(l.load(&row.input[base + tap.pixel]), l.load(&row.weights[tap.index]), sum);
            }
            l.store(sum, out);
        }
    });
}
