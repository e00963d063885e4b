//! Moments of channels, computed while the values are in cache.
//!
//! All sums are f64, as PyTorch's are: in f32 the statistics of a channel would carry the rounding of long sums into every
//! value behind the normalisation.

use super::map::Map;
use crate::engine::kernels::Moments;
use crate::simd::{Block, LANES, Lanes, Scalar};
use crate::threads;

/// Sums of one plane of one image.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlaneSums {
    sum: [f64; LANES],
    square: [f64; LANES],
}

impl PlaneSums {
    /// Sums of all pixels of a plane.
    #[inline(always)]
    pub fn of<L: Lanes>(l: L, pixels: &[Block<L::T>]) -> Self {
        let (mut s, mut q) = ([l.wide_zero(); 2], [l.wide_zero(); 2]);
        // Two independent chains of additions, so that one does not wait for the other.
        let (pairs, rest) = pixels.as_chunks::<2>();
        for pair in pairs {
            for k in 0..2 {
                let x = l.wide(l.load(&pair[k]));
                s[k] = l.wide_add(s[k], x);
                q[k] = l.wide_fma(x, x, q[k]);
            }
        }
        for x in rest {
            let x = l.wide(l.load(x));
            s[0] = l.wide_add(s[0], x);
            q[0] = l.wide_fma(x, x, q[0]);
        }
        let join = |[a, b]: [L::W; 2]| l.wide_store(l.wide_add(a, b));
        Self { sum: join(s), square: join(q) }
    }

    /// Mean of each channel.
    pub fn mean<T: Scalar>(&self, pixels: usize) -> Block<T> {
        Block(std::array::from_fn(|k| T::of(self.sum[k] / pixels as f64)))
    }

    /// Mean and biased variance of channel `k`.
    fn finish(&self, k: usize, count: f64) -> (f64, f64) {
        let mean = self.sum[k] / count;
        let variance = self.square[k] / count - mean * mean;
        // Rounding may leave a negative variance; a NaN remains a NaN.
        (mean, if variance < 0.0 { 0.0 } else { variance })
    }
}

/// Sums of the first planes of `data`, as many as `sums` has places.
pub fn plane_sums<L: Lanes>(l: L, data: &[Block<L::T>], pixels: usize, sums: &mut [PlaneSums]) {
    for (sums, plane) in sums.iter_mut().zip(data.chunks_exact(pixels.max(1))) {
        *sums = l.run(|| PlaneSums::of(l, plane));
    }
}

/// Moments of each channel of each image, `[N, C]`, from the sums over all planes.
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

/// Moments of each channel over the batch from those of the images, which all have equally many pixels.
pub fn batch_moments(images: &Moments, channels: usize) -> Moments {
    let n = (images.mean.len() / channels.max(1)) as f64;
    let over = |term: &dyn Fn(usize, usize) -> f64| {
        let mut sums = vec![0.0; channels];
        for image in (0..images.mean.len()).step_by(channels.max(1)) {
            sums.iter_mut().enumerate().for_each(|(c, sum)| *sum += term(image + c, c));
        }
        sums.iter_mut().for_each(|sum| *sum /= n);
        sums
    };
    let mean = over(&|at, _| images.mean[at]);
    let within = over(&|at, _| images.variance[at]);
    let between = over(&|at, c| (images.mean[at] - mean[c]).powi(2));
    let variance = within.iter().zip(between).map(|(w, b)| w + b).collect();
    Moments { mean, variance }
}

/// Moments of the channels of each image of a map whose values are `data`.
pub fn of_data<L: Lanes>(l: L, map: &Map<L::T>, data: &[Block<L::T>]) -> Moments {
    let (mut sums, pixels) = (vec![PlaneSums::default(); map.n * map.planes()], map.pixels());
    threads::shares(&mut sums, 1, |first, sums| plane_sums(l, &data[first * pixels..], pixels, sums));
    image_moments(&sums, map.channels(), pixels)
}
