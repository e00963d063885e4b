//! Spearman's rank correlation.

use super::StatsError;
use super::ranks::{Counted, Ranked};

impl Counted<'_> {
    /// Pearson's r of average ranks, `t` equal values that follow `k` smaller ones having rank `k + (t + 1) / 2`. `None`
    /// where all x or all y are equal.
    ///
    /// In integers up to the last step: twice a rank less twice the mean rank is `2 k + t - n`. With `n` up to 2^31
    /// the product of two such ranks, and the sum of ranks of y over equal x, have room in 64 bits.
    pub fn spearman(&self) -> Option<f64> {
        let mut ranks = Ranks { n: self.n as i64, below: 0 };
        let mut yy = 0;
        let of_y = self.of_y.iter().map(|&times| {
            let rank = ranks.next(times.into());
            yy += product(rank * rank, times.into());
            rank
        });
        let of_y: Vec<i64> = of_y.collect();
        let mut ranks = Ranks { n: self.n as i64, below: 0 };
        let (mut xx, mut xy) = (0, 0);
        for equal in self.drawn.chunk_by(|a, b| a.x == b.x) {
            let (mut size, mut sum_y) = (0, 0);
            for one in equal {
                size += i64::from(one.times);
                sum_y += i64::from(one.times) * of_y[one.y as usize];
            }
            let rank = ranks.next(size);
            xx += product(rank * rank, size);
            xy += product(rank, sum_y);
        }
        let (xx, yy, xy) = (xx as f64, yy as f64, xy as f64);
        (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
    }
}

/// Twice the centred ranks of values that come in order.
struct Ranks {
    n: i64,
    below: i64,
}

impl Ranks {
    /// The rank `2 k + t - n` of the next `t` equal values.
    fn next(&mut self, size: i64) -> i64 {
        let rank = 2 * self.below + size - self.n;
        self.below += size;
        rank
    }
}

/// The product of two numbers, exact.
fn product(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
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
        fn it_is_pearson_of_average_ranks(
            sample in proptest::collection::vec((-4i32..4, -4i32..4, 0u32..4), 0..40)
        ) {
            let m: Vec<u32> = sample.iter().map(|s| s.2).collect();
            let column = |get: fn(&(i32, i32, u32)) -> i32| -> Vec<f64> { sample.iter().map(|s| get(s).into()).collect() };
            let (x, y) = (column(|s| s.0), column(|s| s.1));
            let rho = Ranked::new(&x, &y).unwrap().counted(&m).spearman();
            let repeated = |v: &[f64]| -> Vec<f64> {
                v.iter().zip(&m).flat_map(|(&v, m)| std::iter::repeat_n(v, *m as usize)).collect()
            };
            let (rx, ry) = (by_definition(&repeated(&x)), by_definition(&repeated(&y)));
            let expected = pearson(&rx, &ry).unwrap();
            prop_assert_eq!(rho.is_some(), expected.is_some());
            prop_assert!((rho.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn sums_beyond_64_bits_are_exact() {
        // Four observations that each occur 2^29 times: sums of cubes of 2^31. rho is that of the four.
        let (x, y) = ([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0]);
        let many = Ranked::new(&x, &y).unwrap();
        assert_eq!(many.counted(&[1 << 29; 4]).spearman(), Some(0.8));
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
