//! Register tiles of weight gradients: some input channels times sixteen outputs, over a run of pixels.

use super::tiles;
use crate::simd::{Block, LANES, Lanes, Loop, Scalar, Vectors};

/// The weights between one input plane and one output block.
pub struct Work<'a, T> {
    pub x: &'a [Block<T>],
    pub dy: &'a [Block<T>],
    /// Number of pixels in a row, and their distance in the input.
    pub width: usize,
    pub x_pixel: usize,
    /// Number of input channels, 1 to 16, and of outputs.
    pub channels: usize,
    pub lanes: usize,
}

impl<T: Scalar> Work<'_, T> {
    /// Panics unless every row reads inside the slices under `taps` neighbouring taps from `tap` on.
    pub fn check(&self, rows: &[(usize, usize)], tap: usize, taps: usize) {
        assert!(self.channels <= LANES && self.width > 0 && taps > 0);
        let far = tap + taps - 1 + (self.width - 1) * self.x_pixel;
        for (x, dy) in rows {
            assert!(x + far < self.x.len(), "the row reads past its input");
            assert!(dy + self.width <= self.dy.len(), "the row reads past its gradient");
        }
    }

    /// The sums of a depthwise layer, in which each channel meets itself only.
    pub fn diagonal<L: Lanes<T = T>>(&self, l: L, rows: &[(usize, usize)], tap: usize, sum: &mut Block<T>) {
        l.run(|| {
            let mut run = l.splat(T::default());
            for (x, dy) in rows {
                for p in 0..self.width {
                    let value = l.load(&self.x[x + tap + p * self.x_pixel]);
                    run = l.fma(value, l.load(&self.dy[dy + p]), run);
                }
            }
            let total = l.add(l.load(sum), run);
            l.store(total, sum);
        });
    }

    /// The sums of three neighbouring taps at once, in tiles of `C` input channels and then of one.
    ///
    /// # Safety
    /// What `check` asserts holds for `tap`, `tap + 1` and `tap + 2`, with `3 * 16` vectors of sums, `x_pixel == 1` and rows
    /// of at least two pixels.
    pub unsafe fn runs_of<L: Lanes<T = T>, const C: usize>(
        &self,
        l: L,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<T>],
    ) {
        let mut c = 0;
        while c + C <= self.channels {
            l.run(RunTile::<L, C> { l, work: self, rows, tap, c, sums });
            c += C;
        }
        while c < self.channels {
            l.run(RunTile::<L, 1> { l, work: self, rows, tap, c, sums });
            c += 1;
        }
    }

    /// The sums of one tap, in tiles of `C` input channels, then of `D`, then of one.
    ///
    /// # Safety
    /// What `check` asserts holds, with sixteen vectors of sums.
    pub unsafe fn channels_of<L: Vectors<T = T>, const C: usize, const D: usize>(
        &self,
        l: L,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<T>],
    ) {
        let mut c = 0;
        // SAFETY: the caller's promise; `c` stays below the sixteen channels of a block.
        unsafe {
            for _ in 0..tiles::wide(self.channels, C, D) {
                self.tile::<L, C>(l, rows, tap, c, sums);
                c += C;
            }
            while c + D <= self.channels {
                self.tile::<L, D>(l, rows, tap, c, sums);
                c += D;
            }
            while c < self.channels {
                self.tile::<L, 1>(l, rows, tap, c, sums);
                c += 1;
            }
        }
    }

    /// The sums of `C` input channels from `c` on.
    ///
    /// # Safety
    /// What `check` asserts holds, with `c + C <= channels`.
    #[inline(never)]
    unsafe fn tile<L: Vectors<T = T>, const C: usize>(
        &self,
        l: L,
        rows: &[(usize, usize)],
        tap: usize,
        c: usize,
        sums: &mut [Block<T>],
    ) {
        l.run(|| {
            let mut tile = [l.splat(T::default()); C];
            for (x, dy) in rows {
                // SAFETY: the caller's promise.
                unsafe {
                    let mut x = self.x.as_ptr().add(x + tap).cast::<T>().add(c);
                    let mut dy = self.dy.as_ptr().add(*dy);
                    for _ in 0..self.width {
                        let gradient = l.load(&*dy);
                        for k in 0..C {
                            tile[k] = l.fma(l.splat(*x.add(k)), gradient, tile[k]);
                        }
                        x = x.wrapping_add(self.x_pixel * LANES);
                        dy = dy.wrapping_add(1);
                    }
                }
            }
            // The rows are summed by themselves first, because a sum of sums loses fewer digits than one long sum.
            for k in 0..C {
                let sum = l.add(l.load(&sums[c + k]), tile[k]);
                l.store(sum, &mut sums[c + k]);
            }
        });
    }
}

/// `C` input channels under three neighbouring taps: `x[q]` is multiplied with `dy[q]`, `dy[q - 1]` and `dy[q - 2]`, which
/// stay in registers, so that an input value is loaded once for three products. It is made under the promise of
/// [`Work::runs_of`].
struct RunTile<'a, L: Lanes, const C: usize> {
    l: L,
    work: &'a Work<'a, L::T>,
    rows: &'a [(usize, usize)],
    tap: usize,
    c: usize,
    sums: &'a mut [Block<L::T>],
}

impl<L: Lanes, const C: usize> Loop for RunTile<'_, L, C> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, work, rows, tap, c, sums } = self;
        let zero = l.splat(L::T::default());
        let mut tile = [[zero; C]; 3];
        for (x, dy) in rows {
            // SAFETY: the promise of `runs_of`'s caller: the row has `width` gradients, and the pixels under the taps of
            // its outputs are `width + 2`.
            unsafe {
                let mut x = work.x.as_ptr().add(x + tap).cast::<L::T>().add(c);
                let mut dy = work.dy.as_ptr().add(*dy);
                let (mut before, mut latest) = (l.load(&*dy), l.load(&*dy.add(1)));
                // The first two pixels lie under the first taps only, and the last two under the last taps only. A product
                // with a zero in place of a gradient would make NaN of an infinite input, so there is none.
                add_pixel::<L, C, 0, 1>(l, x, &[before, zero, zero], &mut tile);
                add_pixel::<L, C, 0, 2>(l, x.add(LANES), &[latest, before, zero], &mut tile);
                x = x.add(2 * LANES);
                dy = dy.add(2);
                for _ in 2..work.width {
                    let next = l.load(&*dy);
                    add_pixel::<L, C, 0, 3>(l, x, &[next, latest, before], &mut tile);
                    (before, latest) = (latest, next);
                    x = x.add(LANES);
                    dy = dy.add(1);
                }
                add_pixel::<L, C, 1, 3>(l, x, &[zero, latest, before], &mut tile);
                add_pixel::<L, C, 2, 3>(l, x.add(LANES), &[zero, zero, latest], &mut tile);
            }
        }
        for t in 0..3 {
            for k in 0..C {
                let sum = &mut sums[t * LANES + c + k];
                l.store(l.add(l.load(sum), tile[t][k]), sum);
            }
        }
    }
}

/// `tile[t][k] += x[k] * dy[t]` for the taps `FROM..TO`.
///
/// # Safety
/// There are `C` numbers at `x`.
#[inline(always)]
unsafe fn add_pixel<L: Lanes, const C: usize, const FROM: usize, const TO: usize>(
    l: L,
    x: *const L::T,
    dy: &[L::V; 3],
    tile: &mut [[L::V; C]; 3],
) {
    for k in 0..C {
        // SAFETY: the caller's promise.
        let value = l.splat(unsafe { *x.add(k) });
        for t in FROM..TO {
            tile[t][k] = l.fma(value, dy[t], tile[t][k]);
        }
    }
}
