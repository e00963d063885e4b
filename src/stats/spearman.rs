//! Spearman's rank correlation.

use std::marker::PhantomData;
use std::ops::{AddAssign, Mul};

use pulp::{Arch, Simd, WithSimd};

use super::StatsError;
use super::ranks::{Counted, Ranked};

/// Observations whose ranks of y are fetched before the first of them is used.
const AHEAD: usize = 64;

impl<const L: usize> Counted<'_, L> {
    /// Pearson's r of average ranks, `t` equal values that follow `k` smaller ones having rank `k + (t + 1) / 2`, of
    /// each lane by itself. `None` where all x or all y are equal.
    ///
    /// In integers up to the last step: twice a rank less twice the mean rank is `2 k + t - n`.
    pub fn spearman(&self) -> [Option<f64>; L] {
        // No sum exceeds n^3.
        let n = self.n.iter().max().copied().unwrap_or(0);
        if n < 1 << 17 {
            Arch::new().dispatch(Rho::<f64, L>::new(self))
        } else if n < 1 << 20 {
            Arch::new().dispatch(Rho::<i64, L>::new(self))
        } else {
            Arch::new().dispatch(Rho::<i128, L>::new(self))
        }
    }

    #[inline(always)]
    fn rho<S: Integer>(&self) -> [Option<f64>; L] {
        let (of_y, yy) = self.ranks_y::<S>();
        let (mut ranks, mut xx, mut xy) = (Ranks::new(self.n), [S::default(); L], [S::default(); L]);
        let mut equal = EqualX { sizes: [0; L], sums: [S::default(); L] };
        let (mut x, mut ranks_here) = (0, [[0; L]; AHEAD]);
        for (steps, ms) in self.ranked.sweep.chunks(AHEAD).zip(self.by_x.chunks(AHEAD)) {
            // A loop of its own that jumps in memory, in which the processor looks far ahead.
            steps.iter().zip(&mut ranks_here).for_each(|(step, rank)| *rank = of_y[step.y as usize]);
            for ((step, m), rank) in steps.iter().zip(ms).zip(&ranks_here) {
                if step.x != x {
                    equal.close(&mut ranks, &mut xx, &mut xy);
                    x = step.x;
                }
                equal.add(m, rank);
            }
        }
        equal.close(&mut ranks, &mut xx, &mut xy);
        std::array::from_fn(|lane| {
            let (xx, yy, xy) = (xx[lane].value(), yy[lane].value(), xy[lane].value());
            (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
        })
    }

    /// The centred rank of every value of y, and the sums of their squares.
    #[inline(always)]
    fn ranks_y<S: Integer>(&self) -> (Vec<[i32; L]>, [S; L]) {
        let (mut ranks, mut squares) = (Ranks::new(self.n), [S::default(); L]);
        let (mut of_y, mut rows) = (Vec::with_capacity(self.ranked.equal_y.len()), self.by_y.iter());
        for &equal in &self.ranked.equal_y {
            let mut sizes = [0; L];
            for m in rows.by_ref().take(equal as usize) {
                sizes = std::array::from_fn(|lane| sizes[lane] + i32::from(m[lane]));
            }
            let rank = ranks.next(&sizes);
            for lane in 0..L {
                squares[lane] += S::of(sizes[lane]) * (S::of(rank[lane]) * S::of(rank[lane]));
            }
            of_y.push(rank);
        }
        (of_y, squares)
    }
}

/// The observations of one x so far: how many, and the sum of their ranks of y.
struct EqualX<S, const L: usize> {
    sizes: [i32; L],
    sums: [S; L],
}

impl<S: Integer, const L: usize> EqualX<S, L> {
    #[inline(always)]
    fn add(&mut self, m: &[u16; L], rank_y: &[i32; L]) {
        for lane in 0..L {
            self.sizes[lane] += i32::from(m[lane]);
            self.sums[lane] += S::of(m[lane].into()) * S::of(rank_y[lane]);
        }
    }

    /// Adds their share of the sums over all observations, and starts with the next x.
    #[inline(always)]
    fn close(&mut self, ranks: &mut Ranks<L>, xx: &mut [S; L], xy: &mut [S; L]) {
        let rank = ranks.next(&self.sizes);
        for lane in 0..L {
            let rank = S::of(rank[lane]);
            xx[lane] += S::of(self.sizes[lane]) * (rank * rank);
            xy[lane] += self.sums[lane] * rank;
        }
        *self = Self { sizes: [0; L], sums: [S::default(); L] };
    }
}

/// [`Counted::rho`], compiled for the processor's vectors.
struct Rho<'a, S, const L: usize>(&'a Counted<'a, L>, PhantomData<S>);

impl<'a, S, const L: usize> Rho<'a, S, L> {
    fn new(counted: &'a Counted<'a, L>) -> Self {
        Self(counted, PhantomData)
    }
}

impl<N: Integer, const L: usize> WithSimd for Rho<'_, N, L> {
    type Output = [Option<f64>; L];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        self.0.rho::<N>()
    }
}

/// Twice the centred ranks of values that come in order. A sample has fewer than 2^31 observations, and no rank is farther
/// from the mean than that.
struct Ranks<const L: usize> {
    n: [i32; L],
    below: [i32; L],
}

impl<const L: usize> Ranks<L> {
    #[inline(always)]
    fn new(n: [u64; L]) -> Self {
        Self { n: n.map(|n| n as i32), below: [0; L] }
    }

    /// The rank `2 k + t - n` of the next `t` equal values.
    #[inline(always)]
    fn next(&mut self, sizes: &[i32; L]) -> [i32; L] {
        std::array::from_fn(|lane| {
            let (size, below) = (sizes[lane], self.below[lane]);
            self.below[lane] += size;
            // `k - (n - k - t)`: neither exceeds n.
            below - (self.n[lane] - below - size)
        })
    }
}

/// Numbers that hold the integers that occur here exactly.
trait Integer: Copy + Default + AddAssign + Mul<Output = Self> {
    fn of(value: i32) -> Self;
    fn value(self) -> f64;
}

/// Up to 2^53.
impl Integer for f64 {
    fn of(value: i32) -> Self {
        value.into()
    }

    fn value(self) -> f64 {
        self
    }
}

impl Integer for i64 {
    fn of(value: i32) -> Self {
        value.into()
    }

    fn value(self) -> f64 {
        self as f64
    }
}

impl Integer for i128 {
    fn of(value: i32) -> Self {
        value.into()
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
    let [rho] = Ranked::new(x, y)?.counted(&vec![[1]; x.len()]).spearman();
    Ok(rho)
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
        fn all_widths_are_one(sample in proptest::collection::vec((-9i32..9, -9i32..9, 0u16..4), 0..60)) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.iter().map(|s| (f64::from(s.0), f64::from(s.1))).unzip();
            let m: Vec<[u16; 2]> = sample.iter().map(|s| [s.2, 1]).collect();
            let ranked = Ranked::new(&x, &y).unwrap();
            let counted = ranked.counted(&m);
            prop_assert_eq!(counted.rho::<f64>(), counted.rho::<i128>());
            prop_assert_eq!(counted.rho::<i64>(), counted.rho::<i128>());
        }

        #[test]
        fn it_is_pearson_of_average_ranks(
            sample in proptest::collection::vec((-4i32..4, -4i32..4, 0u16..4), 0..40)
        ) {
            let m: Vec<[u16; 2]> = sample.iter().map(|(_, _, m)| [*m, 3 - *m]).collect();
            let column = |get: fn(&(i32, i32, u16)) -> i32| -> Vec<f64> { sample.iter().map(|s| get(s).into()).collect() };
            let (x, y) = (column(|s| s.0), column(|s| s.1));
            let found = Ranked::new(&x, &y).unwrap().counted(&m).spearman();
            for (lane, rho) in found.into_iter().enumerate() {
                let repeated = |v: &[f64]| -> Vec<f64> {
                    v.iter().zip(&m).flat_map(|(&v, m)| std::iter::repeat_n(v, m[lane] as usize)).collect()
                };
                let (rx, ry) = (by_definition(&repeated(&x)), by_definition(&repeated(&y)));
                let expected = pearson(&rx, &ry).unwrap();
                prop_assert_eq!(rho.is_some(), expected.is_some());
                prop_assert!((rho.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
            }
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
