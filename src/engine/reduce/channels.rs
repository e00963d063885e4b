//! Moments of channels.

use super::ImageRows;
use crate::graph::{NodeId, Shape};

/// Mean and biased variance of each channel of a map over (N, H, W).
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelMoments {
    pub node: NodeId,
    /// How many batch normalisations read this value.
    pub times: usize,
    /// Values in each channel, N * H * W.
    pub count: usize,
    pub mean: Vec<f64>,
    /// Divided by the count, not by the count less one.
    pub variance: Vec<f64>,
}

impl ChannelMoments {
    pub(super) fn of<T: Copy + Into<f64>>(node: NodeId, shape: Shape, rows: ImageRows<'_, T>) -> Self {
        let (channels, pixels) = (shape.channels(), shape.pixels());
        let count = rows.n * pixels;
        let channel_sum = |c: usize, f: &dyn Fn(f64) -> f64| -> f64 {
            let pixels = |i: usize| rows.row(i)[c * pixels..(c + 1) * pixels].iter();
            (0..rows.n).map(|i| pixels(i).map(|x| f((*x).into())).sum::<f64>()).sum()
        };
        let mean: Vec<f64> = (0..channels).map(|c| channel_sum(c, &|x| x) / count as f64).collect();
        let variance =
            mean.iter().enumerate().map(|(c, m)| channel_sum(c, &|x| (x - m) * (x - m)) / count as f64);
        Self { node, times: rows.times, count, variance: variance.collect(), mean }
    }

    /// Mean over the channels of the biased variance.
    pub fn mean_variance(&self) -> f64 {
        self.variance.iter().sum::<f64>() / self.variance.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_images_two_channels() {
        // Channel 0: 1 2 | 3 6 (mean 3, variance 3.5); channel 1: constant 5.
        let values = [1f32, 2., 5., 5., 3., 6., 5., 5.];
        let shape = Shape::map(2, 1, 2);
        let moments =
            ChannelMoments::of(NodeId(7), shape, ImageRows { values: &values, n: 2, len: 4, times: 2 });
        assert_eq!((moments.mean.clone(), moments.variance.clone()), (vec![3., 5.], vec![3.5, 0.]));
        assert_eq!((moments.count, moments.times, moments.mean_variance()), (4, 2, 1.75));
    }
}
