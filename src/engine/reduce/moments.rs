//! Moments of rows.

use super::ImageRows;

/// Mean and population variance of each row over all columns added so far, combined layer by layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowMoments {
    count: f64,
    mean: Vec<f64>,
    /// Sum of squared deviations from the mean.
    squares: Vec<f64>,
}

impl RowMoments {
    /// Number of images.
    pub fn images(&self) -> usize {
        self.mean.len()
    }

    /// Mean of each row.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Population variance of each row.
    pub fn variance(&self) -> Vec<f64> {
        self.squares.iter().map(|s| s / self.count).collect()
    }

    /// Combines the moments of a layer, which takes two passes, with those of the layers before it (Chan et al. 1979).
    pub(crate) fn add<T: Copy + Into<f64>>(&mut self, rows: ImageRows<'_, T>) {
        self.mean.resize(rows.n, 0.0);
        self.squares.resize(rows.n, 0.0);
        let len = rows.len as f64;
        let weight = len * rows.times as f64;
        let total = self.count + weight;
        for i in 0..rows.n {
            let row = rows.row(i);
            let mean = sum(row, |x| x) / len;
            let squares = sum(row, |x| (x - mean) * (x - mean)) * rows.times as f64;
            let step = mean - self.mean[i];
            self.squares[i] += squares + step * step * (self.count / total) * weight;
            self.mean[i] += step * (weight / total);
        }
        self.count = total;
    }
}

/// Sum of `f(x)`, in blocks, so that rounding grows with the number of blocks only.
fn sum<T: Copy + Into<f64>>(row: &[T], f: impl Fn(f64) -> f64) -> f64 {
    row.chunks(256).map(|block| block.iter().map(|x| f((*x).into())).sum::<f64>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn joined_layers_equal_one_long_row(a in 1usize..700, b in 1usize..90, times in 1usize..3, seed in 0u64..1000) {
            let mut values = vec![0f32; a + b];
            crate::keyed::Stream::new(seed, "moments").fill_normal(2.0, &mut values);
            let mut moments = RowMoments::default();
            moments.add(ImageRows { values: &values[..a], n: 1, len: a, times: 1 });
            moments.add(ImageRows { values: &values[a..], n: 1, len: b, times });
            let mut row: Vec<f64> = values[..a].iter().map(|x| f64::from(*x)).collect();
            (0..times).for_each(|_| row.extend(values[a..].iter().map(|x| f64::from(*x))));
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row.len() as f64;
            prop_assert!((moments.mean()[0] - mean).abs() < 1e-12);
            prop_assert!((moments.variance()[0] - variance).abs() < 1e-12 * (1.0 + variance));
        }
    }
}
