//! Sums per channel: on the host and in f64 for the CPU, as PyTorch sums there, and on the device for all others.

use super::kernels::Map;
use crate::engine::kernels::{HostValues, Moments, Numbers, over_images};

/// `f(k)(x_i, i)` summed over the pixels of each channel `k` of each image, `[N, C]`; `i` is the index among all values.
pub fn sums<G: Fn(f64, usize) -> f64>(x: &HostValues, pixels: usize, f: impl Fn(usize) -> G) -> Vec<f64> {
    match x.numbers() {
        Numbers::F32(v) => sums_of(v, pixels, f),
        Numbers::F64(v) => sums_of(v, pixels, f),
    }
}

fn sums_of<T: Copy + Into<f64>, G: Fn(f64, usize) -> f64>(
    x: &[T],
    pixels: usize,
    f: impl Fn(usize) -> G,
) -> Vec<f64> {
    let channel = |(k, values): (usize, &[T])| -> f64 {
        let term = f(k);
        values.iter().enumerate().map(|(i, x)| term((*x).into(), k * pixels + i)).sum()
    };
    x.chunks(pixels.max(1)).enumerate().map(channel).collect()
}

/// Mean and biased variance on the host: those of each image, which are combined for the batch.
pub fn moments(x: &HostValues, [n, channels, h, w]: [usize; 4], per_image: bool) -> Moments {
    let pixels = (h * w) as f64;
    let mut mean = sums(x, h * w, |_| |x, _| x);
    mean.iter_mut().for_each(|m| *m /= pixels);
    let mut variance = sums(x, h * w, |k| {
        let mean = mean[k];
        move |x, _| (x - mean) * (x - mean)
    });
    variance.iter_mut().for_each(|v| *v /= pixels);
    if per_image {
        return Moments { mean, variance };
    }
    let average =
        |images: &[f64]| -> Vec<f64> { over_images(images, channels).iter().map(|s| s / n as f64).collect() };
    let centre = average(&mean);
    let spread = mean.iter().enumerate().map(|(k, m)| variance[k] + (m - centre[k % channels]).powi(2));
    Moments { variance: average(&spread.collect::<Vec<_>>()), mean: centre }
}

/// Mean and biased variance of each channel of each image, `[N, C, 1, 1]`, in two passes: the second corrects the first for
/// the rounding of its sums (PyTorch sums in f64, which not every device can).
pub fn image_statistics(x: &Map) -> (Map, Map) {
    let mean = pixel_mean(x.clone());
    let centred = x.clone() - mean.clone();
    let rest = pixel_mean(centred.clone());
    let variance = pixel_mean(centred.clone() * centred) - rest.clone() * rest.clone();
    (mean + rest, variance)
}

/// Mean over the pixels, first of each row: rounding in f32 then grows with a side of the map, not with its area.
pub fn pixel_mean(x: Map) -> Map {
    x.mean_dim(3).mean_dim(2)
}

/// Mean and biased variance of each channel over the batch, `[1, C, 1, 1]`, combined from those of the images: so both kinds
/// of statistics share their passes over the map, and no large value is squared before its mean is subtracted.
pub fn batch_statistics(x: &Map) -> (Map, Map) {
    let (means, variances) = image_statistics(x);
    let mean = means.clone().mean_dim(0);
    let spread = means - mean.clone();
    let variance = (variances + spread.clone() * spread).mean_dim(0);
    (mean, variance)
}
