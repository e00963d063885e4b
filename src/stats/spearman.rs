//! Spearman's rank correlation.

use std::ops::AddAssign;

use super::StatsError;
use super::ranks::{Counted, Ranked};

impl Counted {
    /// Pearson's r of average ranks, `t` equal values that follow `k` smaller ones having rank `k + (t + 1) / 2`. `None` where all x or all y are equal.
    ///
    /// In integers up to the last step: twice a rank less twice the mean rank is `2 k + t - n`.
    pub fn spearman(&self) -> Option<f64> {
        let n: i64 = self.sizes_y.iter().map(|&size| i64::from(size)).sum();
        // No sum exceeds n^3, which nearly every sample can have in 64 bits.
        match n < 1 << 20 {
            true => self.rho::<i64>(n),
            false => self.rho::<i128>(n),
        }
    }

    fn rho<S: Sum>(&self, n: i64) -> Option<f64> {
        let centred = |size: i64, below: i64| 2 * below + size - n;
        let square = |size: i64, rank: i64| S::product(size * rank, rank);
        let (mut below, mut yy) = (0, S::default());
        let of_y = self.sizes_y.iter().map(|&size| {
            let rank = centred(size.into(), below);
            below += i64::from(size);
            yy += square(size.into(), rank);
            rank as i32
        });
        let of_y: Vec<i32> = of_y.collect();
        let (mut below, mut xx, mut xy) = (0, S::default(), S::default());
        for equal in self.present.chunk_by(|a, b| a.0.x == b.0.x) {
            let rows = equal.iter().map(|(step, m)| (i64::from(*m), i64::from(of_y[step.y as usize])));
            let (size, sum) = rows.fold((0, 0), |(size, sum), (m, y)| (size + m, sum + m * y));
            let rank = centred(size, below);
            below += size;
            xx += square(size, rank);
            xy += S::product(sum, rank);
        }
        let (xx, yy, xy) = (xx.value(), yy.value(), xy.value());
        (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
    }
}

/// An exact sum of products.
trait Sum: Copy + Default + AddAssign {
    fn product(a: i64, b: i64) -> Self;
    fn value(self) -> f64;
}

impl Sum for i64 {
    fn product(a: i64, b: i64) -> Self {
        a * b
    }

    fn value(self) -> f64 {
        self as f64
    }
}

impl Sum for i128 {
    fn product(a: i64, b: i64) -> Self {
        Self::from(a) * Self::from(b)
    }

    fn value(self) -> f64 {
        self as f64
    }
}

/// Spearman's rho of two samples.
///
/// # Errors
/// As [`Ranked::new`].
pub fn spearman(x: &[f64], y: &[f64]) -> Result<Option<f64>, StatsError> {
    Ok(Ranked::new(x, y)?.counted(&vec![1; x.len()]).spearman())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pearson;
    use super::*;

    /// The definition of an average rank: half of the equals, itself included, and all smaller ones.
    fn by_definition(values: &[f64]) -> Vec<f64> {
        let rank = |v: f64| {
            let smaller = values.iter().filter(|&&w| w < v).count() as f64;
            smaller + (values.iter().filter(|&&w| w == v).count() as f64 + 1.0) / 2.0
        };
        values.iter().map(|&v| rank(v)).collect()
    }

    proptest! {
        #[test]
        fn both_widths_are_one(sample in proptest::collection::vec((-9i32..9, -9i32..9, 0u32..4), 0..60)) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.iter().map(|s| (f64::from(s.0), f64::from(s.1))).unzip();
            let m: Vec<u32> = sample.iter().map(|s| s.2).collect();
            let (counted, n) = (Ranked::new(&x, &y).unwrap().counted(&m), i64::from(m.iter().sum::<u32>()));
            prop_assert_eq!(counted.rho::<i64>(n), counted.rho::<i128>(n));
        }

        #[test]
        fn it_is_pearson_of_average_ranks(
            sample in proptest::collection::vec((-4i32..4, -4i32..4, 0u32..4), 0..40)
        ) {
            let m: Vec<u32> = sample.iter().map(|(_, _, m)| *m).collect();
            let column = |get: fn(&(i32, i32, u32)) -> i32| -> Vec<f64> { sample.iter().map(|s| get(s).into()).collect() };
            let repeated = |v: &[f64]| -> Vec<f64> {
                v.iter().zip(&m).flat_map(|(&v, &m)| std::iter::repeat_n(v, m as usize)).collect()
            };
            let (x, y) = (column(|s| s.0), column(|s| s.1));
            let (rx, ry) = (by_definition(&repeated(&x)), by_definition(&repeated(&y)));
            let expected = pearson(&rx, &ry).unwrap();
            let rho = Ranked::new(&x, &y).unwrap().counted(&m).spearman();
            prop_assert_eq!(rho.is_some(), expected.is_some());
            prop_assert!((rho.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn tied_vectors_agree_with_scipy() {
        // scipy.stats.spearmanr(x, y)
        let x = [12.0, 2.0, 1.0, 12.0, 2.0, 7.5, 7.5, 7.5, -3.0, 0.0];
        let y = [1.0, 4.0, 7.0, 1.0, 0.0, 3.0, 3.0, -1.0, 9.0, 4.0];
        let rho = spearman(&x, &y).unwrap().unwrap();
        assert!((rho + 0.713_426_796_039_323).abs() < 1e-14, "{rho}");
        assert_eq!(spearman(&[2.0; 4], &[1.0, 2.0, 3.0, 4.0]), Ok(None));
    }
}
