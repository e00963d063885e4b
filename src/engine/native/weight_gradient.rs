//! Weight gradients: `dw[o][i][t] = sum over images and pixels of dy[o][p] x[i][p * stride + t]`.
//!
//! A register tile holds some input channels times sixteen outputs over a run of pixels.

use super::field::Padded;
use super::lanes::{Block, LANES, Lanes, Loop};
use super::memory::{Buffer, Pooled};
use super::pack::Wiring;
use super::tile;
use crate::engine::kernels::HostValues;

/// Pixels that a tile sums before the next tap: what they read stays in the first-level cache.
const RUN: usize = 128;

/// A gradient in progress, `[image][output block][input plane][tap][input channel][16 outputs]`.
pub struct WeightGradient<T: Pooled> {
    wiring: Wiring,
    taps: usize,
    /// One gradient for each image, or one for all.
    images: Option<usize>,
    sums: Buffer<T>,
}

impl<T: Pooled> WeightGradient<T> {
    /// Zeros.
    pub fn new(wiring: Wiring, taps: usize, images: Option<usize>) -> Self {
        let mut this = Self { wiring, taps, images, sums: Buffer::stale(0) };
        this.sums = Buffer::zeroed(images.unwrap_or(1) * this.image_blocks());
        this
    }

    fn blocks(&self) -> usize {
        self.wiring.outputs.div_ceil(LANES)
    }

    fn planes(&self) -> usize {
        self.wiring.inputs.div_ceil(LANES)
    }

    fn image_blocks(&self) -> usize {
        if self.wiring.depthwise() {
            self.planes() * self.taps
        } else {
            self.blocks() * self.planes() * self.taps * LANES
        }
    }

    /// Adds the share of a chunk of images to gradient `image`. The window slides over `x` from an origin with a stride and
    /// taps, all in pixels.
    pub fn add<L: Lanes<T = T>>(
        &mut self,
        l: L,
        x: &Padded<T>,
        (origin, stride, taps): ([isize; 2], [usize; 2], &[[usize; 2]]),
        dy: &Padded<T>,
        image: usize,
    ) {
        let taps: Vec<usize> = taps.iter().map(|[y, c]| y * x.field.row() + c * x.field.pixel()).collect();
        let rows = pair_rows(x, origin, stride, dy);
        let (width, x_pixel) = match x.field.images_inside {
            true => (x.field.images, 1),
            false => (dy.field.size[1], stride[1]),
        };
        let work = |plane: usize, block: usize| Work {
            x: &x.blocks()[plane * x.field.plane()..],
            dy: &dy.blocks()[block * dy.field.plane()..],
            width,
            x_pixel,
            channels: LANES.min(self.wiring.inputs - plane * LANES),
        };
        let vectors = self.image_blocks();
        let (depthwise, wiring) = (self.wiring.depthwise(), self.wiring);
        let planes = self.planes();
        let pairs = (0..self.blocks()).flat_map(|b| (0..planes).map(move |p| (p, b)));
        let pairs: Vec<_> =
            pairs.filter(|(p, b)| if depthwise { p == b } else { feeds(&wiring, *p, *b) }).collect();
        for (plane, block) in pairs {
            let work = work(plane, block);
            let (at, each) = if depthwise { (block, 1) } else { (block * planes + plane, LANES) };
            let at = image * vectors + at * self.taps * each;
            let sums = &mut self.sums[at..at + self.taps * each];
            work.check(&rows, &taps);
            let threes =
                L::MANY_REGISTERS && !depthwise && x_pixel == 1 && width > 1 && tile::in_threes(&taps);
            for rows in rows.chunks(RUN.div_ceil(width)) {
                if threes {
                    for (run, sums) in taps.chunks_exact(3).zip(sums.chunks_exact_mut(3 * LANES)) {
                        // SAFETY: as below, and `in_threes` has seen the taps.
                        unsafe { l.weight_runs(&work, rows, run[0], sums) }
                    }
                    continue;
                }
                for (tap, sums) in taps.iter().zip(sums.chunks_exact_mut(each)) {
                    if depthwise {
                        work.diagonal(l, rows, *tap, &mut sums[0]);
                    } else {
                        // SAFETY: `check` has compared the farthest reads of all rows and taps with the slices; a tap has
                        // sixteen vectors.
                        unsafe { l.weight_tiles(&work, rows, *tap, sums) }
                    }
                }
            }
        }
    }

    /// The gradient in PyTorch's layout, `[N,] [out, in/groups, kh, kw]`.
    pub fn finish(self) -> HostValues {
        let (per_group, per_out) = (self.wiring.group_inputs(), self.wiring.group_outputs());
        let mut values =
            Vec::with_capacity(self.images.unwrap_or(1) * self.wiring.outputs * per_group * self.taps);
        for image in self.sums.chunks_exact(self.image_blocks()) {
            for output in 0..self.wiring.outputs {
                let (block, lane) = (output / LANES, output % LANES);
                for input in 0..per_group {
                    let input = output / per_out * per_group + input;
                    let (plane, c) = (input / LANES, input % LANES);
                    for tap in 0..self.taps {
                        let at = match self.wiring.depthwise() {
                            true => block * self.taps + tap,
                            false => ((block * self.planes() + plane) * self.taps + tap) * LANES + c,
                        };
                        values.push(image[at].0[lane]);
                    }
                }
            }
        }
        T::host(values)
    }
}

/// Whether any channel of an input plane feeds any output of a block.
fn feeds(wiring: &Wiring, plane: usize, block: usize) -> bool {
    let input = |c: usize| c.min(wiring.inputs - 1) / wiring.group_inputs();
    let output = |c: usize| c.min(wiring.outputs - 1) / wiring.group_outputs();
    let (i, o) = (plane * LANES, block * LANES);
    input(i) <= output(o + LANES - 1) && output(o) <= input(i + LANES - 1)
}

/// Where each row of outputs lies in the input (its first tap) and in the gradient.
fn pair_rows<T: Pooled>(
    x: &Padded<T>,
    origin: [isize; 2],
    stride: [usize; 2],
    dy: &Padded<T>,
) -> Vec<(usize, usize)> {
    let [height, width] = dy.field.size;
    let input = |y: usize, c: usize| {
        x.field.at(origin[0] + (y * stride[0]) as isize, origin[1] + (c * stride[1]) as isize)
    };
    let gradient = |y: usize, c: usize| dy.field.at(y as isize, c as isize);
    if x.field.images_inside {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |c| (y, c)));
        return pixels.map(|(y, c)| (input(y, c), gradient(y, c))).collect();
    }
    let rows = (0..x.field.images).flat_map(|i| (0..height).map(move |y| (i, y)));
    rows.map(|(i, y)| (i * x.field.image() + input(y, 0), i * dy.field.image() + gradient(y, 0))).collect()
}

/// One input plane against one output block.
pub struct Work<'a, T> {
    x: &'a [Block<T>],
    dy: &'a [Block<T>],
    width: usize,
    x_pixel: usize,
    channels: usize,
}

impl<T: Pooled> Work<'_, T> {
    /// Panics unless every row reads inside the slices under every tap.
    fn check(&self, rows: &[(usize, usize)], taps: &[usize]) {
        assert!(self.channels <= LANES && self.width > 0);
        let far = taps.iter().max().map_or(0, |tap| tap + (self.width - 1) * self.x_pixel);
        for (x, dy) in rows {
            assert!(x + far < self.x.len(), "the row reads past its input");
            assert!(dy + self.width <= self.dy.len(), "the row reads past its gradient");
        }
    }

    /// Depthwise: each channel with itself.
    fn diagonal<L: Lanes<T = T>>(&self, l: L, rows: &[(usize, usize)], tap: usize, sum: &mut Block<T>) {
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

    /// Three neighbouring taps at once, in tiles of `C` input channels and then of single ones.
    ///
    /// # Safety
    /// As `check` asserts for `tap`, `tap + 1` and `tap + 2`, with `3 * 16` vectors of sums, `x_pixel == 1` and rows of
    /// two pixels or more.
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

    /// Tiles of `C` input channels, then of `D`, then single ones.
    ///
    /// # Safety
    /// As `check` asserts, with sixteen vectors of sums.
    pub unsafe fn channels_of<L: Lanes<T = T>, const C: usize, const D: usize>(
        &self,
        l: L,
        rows: &[(usize, usize)],
        tap: usize,
        sums: &mut [Block<T>],
    ) {
        let mut c = 0;
        // SAFETY: the caller's promise; `c` stays below the sixteen channels of a block.
        unsafe {
            while c + C <= self.channels {
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

    /// # Safety
    /// As `check` asserts, with `c + C <= channels`.
    #[inline(never)]
    unsafe fn tile<L: Lanes<T = T>, const C: usize>(
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
            // A run is summed by itself first: a sum of sums loses fewer digits than one long sum.
            for k in 0..C {
                let sum = l.add(l.load(&sums[c + k]), tile[k]);
                l.store(sum, &mut sums[c + k]);
            }
        });
    }
}

/// `C` input channels under three neighbouring taps: `x[q]` meets `dy[q]`, `dy[q - 1]` and `dy[q - 2]`, which stay in
/// registers, so that an input value is loaded once for three products. Exists under the promise of [`Work::runs_of`].
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
                // The first two pixels lie under the first taps only, the last two under the last: the tile never
                // multiplies what does not belong together, not even with zero.
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

/// `tile[t][k] += x[k] * dy[t]` for the taps from `FROM` to before `TO`.
///
/// # Safety
/// `C` numbers at `x`.
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
