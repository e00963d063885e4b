//! Depthwise convolution: every channel is its own group, so a tap is one multiplication per vector.

use super::tile_row::{Start, TileRow};
use crate::simd::{Block, Lanes, Loop};

/// One row of one plane: `out[p] = sum over taps of x[p * pixel + t] * w[t]`. The packed weights of a plane are one vector
/// for each tap.
pub fn row<L: Lanes>(l: L, row: &TileRow<'_, L::T>, start: Start<'_, L::T>, out: &mut [Block<L::T>]) {
    check(row, start, out.len());
    l.run(Pixels { l, row, start, out });
}

/// Panics unless every access of the row lies inside its slices.
fn check<T>(row: &TileRow<'_, T>, start: Start<'_, T>, out: usize) {
    if row.width == 0 {
        return;
    }
    let far = row.taps.iter().map(|tap| tap.pixel).max().unwrap_or(0);
    let last = row.start + (row.width - 1) * row.pixel + far;
    assert!(last < row.input.len(), "the row reads past its input");
    assert!(row.taps.iter().all(|tap| tap.index < row.weights.len()), "the row reads past its weights");
    assert!((row.width - 1) * row.out_pixel < out, "the row writes past its output");
    assert!(!matches!(start, Start::Bias([])), "a bias for the block");
}

/// Computes the row some pixels at a time: their sums stay in registers, and a tap's weights are loaded once for all of them.
/// It is made only after [`check`].
struct Pixels<'a, L: Lanes> {
    l: L,
    row: &'a TileRow<'a, L::T>,
    start: Start<'a, L::T>,
    out: &'a mut [Block<L::T>],
}

impl<L: Lanes> Loop for Pixels<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(mut self) {
        let mut at = 0;
        // SAFETY: `check` has compared the farthest read and write with the slices, and `at + P <= width`.
        unsafe {
            while L::MANY_REGISTERS && at + 8 <= self.row.width {
                self.tile::<8>(at);
                at += 8;
            }
            while at + 4 <= self.row.width {
                self.tile::<4>(at);
                at += 4;
            }
            while at < self.row.width {
                self.tile::<1>(at);
                at += 1;
            }
        }
    }
}

impl<L: Lanes> Pixels<'_, L> {
    /// Pixels `at .. at + P`.
    ///
    /// # Safety
    /// As [`check`] asserts, with `at + P <= row.width`.
    #[inline(always)]
    unsafe fn tile<const P: usize>(&mut self, at: usize) {
        let Self { l, row, .. } = *self;
        let first = match self.start {
            Start::Zero => l.splat(L::T::default()),
            Start::Bias(bias) => l.load(&bias[0]),
        };
        let mut sums = [first; P];
        // SAFETY: the caller's promise.
        unsafe {
            let base = row.input.as_ptr().add(row.start + at * row.pixel);
            for tap in row.taps {
                let weight = l.load(row.weights.get_unchecked(tap.index));
                for p in 0..P {
                    sums[p] = l.fma(l.load(&*base.add(p * row.pixel + tap.pixel)), weight, sums[p]);
                }
            }
            for p in 0..P {
                l.store(sums[p], self.out.get_unchecked_mut((at + p) * row.out_pixel));
            }
        }
    }
}
