//! Moments of channels, taken while the values are in cache.
//!
//! Each image's sums are taken of `x - k` with `k` the channel's first value, which keeps the cancellation of
//! `E[x^2] - E[x]^2` harmless; a row's sums are in the engine's precision, everything longer is f64.

use super::channels::widen;
use super::lanes::{Block, LANES, Lanes, Scalar};
use super::map::Map;
use crate::engine::kernels::Moments;

/// Pixels summed in the engine's own precision.
const RUN: usize = 64;

/// Sums of one plane of one image.
#[derive(Clone, Copy, Debug)]
pub struct PlaneSums {
    origin: [f64; LANES],
    sum: [f64; LANES],
    square: [f64; LANES],
}

impl PlaneSums {
    /// Sums of all pixels of a plane.
    #[inline(always)]
    pub fn of<L: Lanes>(l: L, pixels: &[Block<L::T>]) -> Self {
        let Some(first) = pixels.first() else {
            return Self { origin: [0.0; LANES], sum: [0.0; LANES], square: [0.0; LANES] };
        };
        let origin = l.load(first);
        let mut sums = Self { origin: first.0.map(Into::into), sum: [0.0; LANES], square: [0.0; LANES] };
        for run in pixels.chunks(RUN) {
            let zero = l.splat(L::T::default());
            let (mut s, mut q) = ([zero; 2], [zero; 2]);
            let mut pairs = run.chunks_exact(2);
            for pair in &mut pairs {
                for k in 0..2 {
                    let d = l.sub(l.load(&pair[k]), origin);
                    s[k] = l.add(s[k], d);
                    q[k] = l.fma(d, d, q[k]);
                }
            }
            for x in pairs.remainder() {
                let d = l.sub(l.load(x), origin);
                s[0] = l.add(s[0], d);
                q[0] = l.fma(d, d, q[0]);
            }
            widen(l, l.add(s[0], s[1]), &mut sums.sum);
            widen(l, l.add(q[0], q[1]), &mut sums.square);
        }
        sums
    }

    /// Mean of each channel.
    pub fn mean<T: Scalar>(&self, pixels: usize) -> Block<T> {
        Block(std::array::from_fn(|k| T::of(self.origin[k] + self.sum[k] / pixels as f64)))
    }

    /// Mean and biased variance of channel `k`.
    fn finish(&self, k: usize, count: f64) -> (f64, f64) {
        let mean = self.sum[k] / count;
        let variance = self.square[k] / count - mean * mean;
        // A negative value is rounding; a NaN stays one.
        (self.origin[k] + mean, if variance < 0.0 { 0.0 } else { variance })
    }
}

/// Moments of each channel of each image, `[N, C]`, from the sums of all planes.
pub fn image_moments(sums: &[PlaneSums], channels: usize, pixels: usize) -> Moments {
    let planes = channels.div_ceil(LANES);
    let mut moments = Moments { mean: vec![], variance: vec![] };
    for image in sums.chunks_exact(planes) {
        for c in 0..channels {
            let (mean, variance) = image[c / LANES].finish(c % LANES, pixels as f64);
            moments.mean.push(mean);
            moments.variance.push(variance);
        }
    }
    moments
}

/// Moments of each channel over the batch from those of the images, which all have the same number of pixels.
pub fn batch_moments(images: &Moments, channels: usize) -> Moments {
    let n = (images.mean.len() / channels.max(1)) as f64;
    let over = |c: usize, values: &[f64], f: &dyn Fn(f64) -> f64| -> f64 {
        values.iter().skip(c).step_by(channels).map(|x| f(*x)).sum::<f64>() / n
    };
    let mean: Vec<f64> = (0..channels).map(|c| over(c, &images.mean, &|x| x)).collect();
    let spread = |(c, m): (usize, &f64)| {
        over(c, &images.variance, &|x| x) + over(c, &images.mean, &|x| (x - m) * (x - m))
    };
    Moments { variance: mean.iter().enumerate().map(spread).collect(), mean }
}

/// Moments of the channels of each image of a map that stands in memory.
pub fn of_data<L: Lanes>(l: L, map: &Map<L::T>, data: &[Block<L::T>]) -> Moments {
    let pixels = map.pixels();
    let planes = data.chunks_exact(pixels.max(1));
    let sums: Vec<PlaneSums> = planes.map(|plane| l.run(|| PlaneSums::of(l, plane))).collect();
    image_moments(&sums, map.channels(), pixels)
}
