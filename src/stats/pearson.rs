//! Pearson's linear correlation.

use super::twice::{Twice, mean_of, scaled};
use super::{StatsError, check};

/// Two samples, ready to be correlated under any multiplicities.
#[derive(Clone, Debug)]
pub struct Pearson {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Deviations of `x` from its mean, with all their digits.
    u: Vec<f64>,
    v: Vec<f64>,
}

impl Pearson {
    /// Takes the samples over. Correlations do not depend on scale, so that scores such as 1e300 are scaled first.
    ///
    /// # Errors
    /// Samples of different lengths, or a value that is not finite.
    pub fn new(x: &[f64], y: &[f64]) -> Result<Self, StatsError> {
        check(x, y, |value| value.is_finite())?;
        let ((x, _), (y, _)) = (scaled(x), scaled(y));
        let [u, v] = [&x, &y].map(|values| {
            let mean = mean_of(values);
            values.iter().map(|&value| Twice::from(value).minus(mean).value()).collect()
        });
        Ok(Self { x, y, u, v })
    }

    /// `r = sum (x - mx)(y - my) / sqrt(sum (x - mx)^2 sum (y - my)^2)`; `None` where all x or all y are equal.
    pub fn value(&self) -> Option<f64> {
        correlation(&self.x, &self.y, |_| 1)
    }

    /// The same when observation `i` occurs `multiplicities[i]` times.
    ///
    /// One pass, over deviations `u`, `v` from the means of the plain samples: `sum (x - mx)^2 = sum u^2 - (sum u)^2 / n`.
    /// As [`Pearson::value`] where more than two digits cancel, for instance because none of the outliers that made the mean
    /// occurs.
    ///
    /// # Panics
    /// If there are fewer multiplicities than observations.
    pub fn at(&self, multiplicities: &[u32]) -> Option<f64> {
        let multiplicities = &multiplicities[..self.x.len()];
        let (mut n, mut sum_u, mut sum_v, mut uu, mut vv, mut uv) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for ((u, v), m) in self.u.iter().zip(&self.v).zip(multiplicities) {
            let m = f64::from(*m);
            n += m;
            sum_u += m * u;
            sum_v += m * v;
            uu += m * (u * u);
            vv += m * (v * v);
            uv += m * (u * v);
        }
        let (xx, yy, xy) = (uu - sum_u * sum_u / n, vv - sum_v * sum_v / n, uv - sum_u * sum_v / n);
        // Also false without observations, where these are NaN.
        match xx > uu / 100.0 && yy > vv / 100.0 {
            true => Some((xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0)),
            false => correlation(&self.x, &self.y, |i| multiplicities[i]),
        }
    }
}

/// Pearson's r of two samples.
///
/// # Errors
/// As [`Pearson::new`].
pub fn pearson(x: &[f64], y: &[f64]) -> Result<Option<f64>, StatsError> {
    Ok(Pearson::new(x, y)?.value())
}

/// The correlation of finite values, none of them larger than about 1, when value `i` occurs `m(i)` times. Sums have twice the
/// digits of a number, so that neither a large mean nor products that cancel cost any.
fn correlation(x: &[f64], y: &[f64], m: impl Fn(usize) -> u32) -> Option<f64> {
    let present: Vec<(Twice, Twice, Twice)> = (0..x.len())
        .filter(|&i| m(i) > 0)
        .map(|i| (x[i].into(), y[i].into(), f64::from(m(i)).into()))
        .collect();
    let sum = |term: &dyn Fn(Twice, Twice) -> Twice| {
        present.iter().map(|&(x, y, m)| m.times(term(x, y))).sum::<Twice>()
    };
    let n = present.iter().map(|p| p.2).sum::<Twice>().value();
    let (mean_x, mean_y) = (sum(&|x, _| x).over(n), sum(&|_, y| y).over(n));
    let xx = sum(&|x, _| x.minus(mean_x).times(x.minus(mean_x))).value();
    let yy = sum(&|_, y| y.minus(mean_y).times(y.minus(mean_y))).value();
    let xy = sum(&|x, y| x.minus(mean_x).times(y.minus(mean_y))).value();
    // Means and so deviations are rounded, so equality is asked of the values.
    let (first_x, first_y, _) = *present.first()?;
    let varies = present.iter().any(|p| p.0 != first_x) && present.iter().any(|p| p.1 != first_y);
    (varies && xx > 0.0 && yy > 0.0).then(|| (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use num_rational::BigRational;
    use num_traits::{ToPrimitive, Zero};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_multiplicity_is_a_repeated_observation(
            sample in proptest::collection::vec((-1e3..1e3, -1e3..1e3, 0u32..4), 0..40)
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.iter().map(|(x, y, _)| (*x, *y)).unzip();
            let as_drawn: Vec<u32> = sample.iter().map(|s| s.2).collect();
            let one_alone: Vec<u32> = (0..sample.len()).map(|i| u32::from(i == 0)).collect();
            for m in [as_drawn, one_alone, vec![1; sample.len()]] {
                let weighted = Pearson::new(&x, &y).unwrap().at(&m);
                let repeated = |v: &[f64]| -> Vec<f64> {
                    v.iter().zip(&m).flat_map(|(&v, m)| std::iter::repeat_n(v, *m as usize)).collect()
                };
                let plain = pearson(&repeated(&x), &repeated(&y)).unwrap();
                prop_assert_eq!(weighted.is_some(), plain.is_some());
                prop_assert!((weighted.unwrap_or(0.0) - plain.unwrap_or(0.0)).abs() < 1e-12);
            }
        }

        #[test]
        fn shift_and_scale_do_not_count_and_the_sign_does(
            sample in proptest::collection::vec((-1e3..1e3, -1e3..1e3), 2..40), scale in 1e-3..1e3f64, shift in -1e3..1e3f64
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.into_iter().unzip();
            let moved: Vec<f64> = x.iter().map(|x| -scale * x + shift).collect();
            if let (Some(a), Some(b)) = (pearson(&x, &y).unwrap(), pearson(&moved, &y).unwrap()) {
                prop_assert!((a + b).abs() < 1e-9, "{} {}", a, b);
            }
        }
    }

    /// Pearson's r in rational arithmetic; `None` where a sample does not vary.
    fn exact(x: &[f64], y: &[f64]) -> Option<f64> {
        let [x, y]: [Vec<BigRational>; 2] =
            [x, y].map(|values| values.iter().map(|&v| BigRational::from_float(v).unwrap()).collect());
        let n = BigRational::from_integer(x.len().into());
        let sum = |v: &[BigRational]| v.iter().sum::<BigRational>();
        let products = |a: &[BigRational], b: &[BigRational]| {
            let all: BigRational = a.iter().zip(b).map(|(a, b)| a * b).sum();
            &n * all - sum(a) * sum(b)
        };
        let (xx, yy, xy) = (products(&x, &x), products(&y, &y), products(&x, &y));
        let sign = if xy < BigRational::zero() { -1.0 } else { 1.0 };
        let varies = !xx.is_zero() && !yy.is_zero();
        varies.then(|| sign * (&xy * &xy / (xx * yy)).to_f64().unwrap().sqrt())
    }

    proptest! {
        #[test]
        fn every_size_and_offset_agrees_with_exact_arithmetic(
            sample in proptest::collection::vec((-9i32..10, -9i32..10), 2..30),
            x_exponent in -1000..960i32, y_exponent in -1000..960i32, x_offset in -60..60i32, y_offset in -60..60i32,
        ) {
            // Offsets are up to 2^60 times as large as the spread, where nothing but the last digit is left of it.
            let value = |i: i32, exponent, offset: i32| {
                let shift = libm::scalbn(f64::from(offset.signum()), offset.abs());
                libm::scalbn(f64::from(i) + shift, exponent)
            };
            let x: Vec<f64> = sample.iter().map(|s| value(s.0, x_exponent, x_offset)).collect();
            let y: Vec<f64> = sample.iter().map(|s| value(s.1, y_exponent, y_offset)).collect();
            let (ours, exact) = (pearson(&x, &y).unwrap(), exact(&x, &y));
            prop_assert_eq!(ours.is_some(), exact.is_some());
            if let (Some(ours), Some(exact)) = (ours, exact) {
                prop_assert!((ours - exact).abs() <= 1e-12 * exact.abs() + 1e-24, "{} and {}", ours, exact);
                let replicate = Pearson::new(&x, &y).unwrap().at(&vec![1; x.len()]).unwrap();
                prop_assert!((replicate - exact).abs() <= 1e-12, "{} and {}", replicate, exact);
            }
        }
    }

    #[test]
    fn a_fixed_vector_agrees_with_scipy() {
        // scipy.stats.pearsonr(x, y)
        let x = [12.0, 2.0, 1.0, 12.0, 2.0, 7.5, 7.5, 7.5, -3.0, 0.0];
        let y = [1.0, 4.0, 7.0, 1.0, 0.0, 3.0, 3.0, -1.0, 9.0, 4.0];
        let r = pearson(&x, &y).unwrap().unwrap();
        assert!((r + 0.699_021_590_517_273_6).abs() < 1e-14, "{r}");
    }

    #[test]
    fn a_resample_without_the_outlier_keeps_its_digits() {
        // The outlier is most of the mean, from which the others then differ by next to nothing.
        let (mut x, y) = (
            (0..40).map(f64::from).collect::<Vec<_>>(),
            (0..40).map(|i| f64::from(i * i)).collect::<Vec<_>>(),
        );
        let expected = pearson(&x[..39], &y[..39]).unwrap().unwrap();
        x[39] = 1e12;
        let pearson = Pearson::new(&x, &y).unwrap();
        let without: Vec<u32> = (0..40).map(|i| u32::from(i < 39)).collect();
        let [without, with] = [without, vec![1; 40]].map(|m| pearson.at(&m).unwrap());
        assert!((without - expected).abs() < 1e-15, "{without} {expected}");
        assert!((with - pearson.value().unwrap()).abs() < 1e-15, "{with}");
    }

    #[test]
    fn extreme_scores_neither_overflow_nor_vanish() {
        for scale in [1e305, 1e-305] {
            let x = [1.0 * scale, 2.0 * scale, 4.0 * scale];
            let r = pearson(&x, &[1.0, 2.0, 4.0]).unwrap().unwrap();
            assert!((r - 1.0).abs() < 1e-15, "{scale}: {r}");
        }
    }

    #[test]
    fn constants_have_none() {
        // 0.1 is no binary fraction: the mean of three of them is rounded away from it.
        assert_eq!(pearson(&[0.1; 3], &[1.0, 2.0, 3.0]), Ok(None));
        assert_eq!(pearson(&[1.0], &[1.0]), Ok(None));
        assert_eq!(pearson(&[], &[]), Ok(None));
    }
}
