//! Covariances of channels.

use super::ImageRows;
use crate::graph::{NodeId, Shape};
use crate::simd::{Loop, vectorised};

/// Covariance of the channels of a map over (N, H, W), divided by the count.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelCovariance {
    pub node: NodeId,
    /// How often the tap counts.
    pub times: usize,
    pub channels: usize,
    /// Symmetric, row-major `[C, C]`.
    pub matrix: Vec<f64>,
}

impl ChannelCovariance {
    pub(super) fn of<T: Copy + Into<f64>>(node: NodeId, shape: Shape, rows: ImageRows<'_, T>) -> Self {
        let (channels, pixels) = (shape.channels(), shape.pixels());
        let count = (rows.n * pixels) as f64;
        let channel = |i: usize, c: usize| &rows.row(i)[c * pixels..(c + 1) * pixels];
        let sum = |i: usize, c: usize| channel(i, c).iter().map(|x| (*x).into()).sum::<f64>();
        let mean: Vec<f64> =
            (0..channels).map(|c| (0..rows.n).map(|i| sum(i, c)).sum::<f64>() / count).collect();
        let mut matrix = vec![0.0; channels * channels];
        let mut centred = vec![0.0; channels * pixels];
        for image in 0..rows.n {
            for (c, mean) in mean.iter().enumerate() {
                let values = centred[c * pixels..(c + 1) * pixels].iter_mut().zip(channel(image, c));
                values.for_each(|(y, x)| *y = (*x).into() - mean);
            }
            vectorised(AddProducts { centred: &centred, pixels, channels, matrix: &mut matrix });
        }
        for c in 0..channels {
            for d in 0..=c {
                let covariance = matrix[c * channels + d] / count;
                (matrix[c * channels + d], matrix[d * channels + c]) = (covariance, covariance);
            }
        }
        Self { node, times: rows.times, channels, matrix }
    }
}

/// The loop that adds the products of one image's channels to the lower triangle.
struct AddProducts<'a> {
    centred: &'a [f64],
    pixels: usize,
    channels: usize,
    matrix: &'a mut [f64],
}

impl Loop for AddProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { centred, pixels, channels, matrix } = self;
        let channel = |c: usize| &centred[c * pixels..(c + 1) * pixels];
        for c in 0..channels {
            for d in 0..=c {
                matrix[c * channels + d] += dot(channel(c), channel(d));
            }
        }
    }
}

/// The inner product, in eight sums that a processor adds to side by side.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, tail_a), (b, tail_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + tail_a.iter().zip(tail_b).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_images_two_channels() {
        // Channel 0: 1 2 | 3 6 (mean 3), channel 1: 0 0 | 2 2 (mean 1); products of deviations 2 + 1 + 0 + 3 = 6.
        let values = [1f32, 2., 0., 0., 3., 6., 2., 2.];
        let rows = ImageRows { values: &values, n: 2, len: 4, times: 3 };
        let found = ChannelCovariance::of(NodeId(7), Shape::map(2, 1, 2), rows);
        assert_eq!((found.channels, found.times, found.node), (2, 3, NodeId(7)));
        assert_eq!(found.matrix, [3.5, 1.5, 1.5, 1.0]);
    }

    #[test]
    fn long_channels_are_summed_to_the_end() {
        let (a, b): (Vec<f64>, Vec<f64>) = (0..21).map(|i| (f64::from(i), f64::from(i + 1))).unzip();
        assert_eq!(dot(&a, &b), (0..21).map(|i| f64::from(i * (i + 1))).sum::<f64>());
    }
}
