//! Pearson's linear correlation.

use super::{StatsError, check};

/// Two samples, ready to be correlated under any multiplicities.
#[derive(Clone, Debug)]
pub struct Pearson {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Pearson {
    /// Takes the samples over.
    ///
    /// # Errors
    /// Samples of different lengths, or a value that is not finite.
    pub fn new(x: &[f64], y: &[f64]) -> Result<Self, StatsError> {
        check(x, y, |value| value.is_finite())?;
        Ok(Self { x: scaled(x), y: scaled(y) })
    }

    /// `r = sum m (x - mx)(y - my) / sqrt(sum m (x - mx)^2 sum m (y - my)^2)`, with `mx = sum m x / sum m`; `None` where
    /// all x or all y are equal.
    ///
    /// Two passes: deviations are taken from the mean before they are squared, so that a large mean costs no digits.
    ///
    /// # Panics
    /// If there are fewer multiplicities than observations.
    pub fn at(&self, multiplicities: &[u32]) -> Option<f64> {
        correlation(&self.x, &self.y, &multiplicities[..self.x.len()])
    }
}

/// Pearson's r of two samples.
///
/// # Errors
/// As [`Pearson::new`].
pub fn pearson(x: &[f64], y: &[f64]) -> Result<Option<f64>, StatsError> {
    Ok(Pearson::new(x, y)?.at(&vec![1; x.len()]))
}

/// The values over a power of two, which changes no digit, so that neither sums nor squares of scores such as 1e300
/// overflow. Correlations do not depend on scale.
fn scaled(values: &[f64]) -> Vec<f64> {
    let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let exponent = if largest > 0.0 { largest.log2().ceil() as i32 } else { 0 };
    values.iter().map(|&value| libm::scalbn(value, -exponent)).collect()
}

/// The correlation of finite values, none of them larger than about 1.
fn correlation(x: &[f64], y: &[f64], multiplicities: &[u32]) -> Option<f64> {
    let n: u64 = multiplicities.iter().map(|&m| u64::from(m)).sum();
    let [sum_x, sum_y] = sums(x, y, multiplicities, |x, y, m| [m * x, m * y]);
    let (mean_x, mean_y) = (sum_x / n as f64, sum_y / n as f64);
    let [xx, yy, xy] = sums(x, y, multiplicities, |x, y, m| {
        let (dx, dy) = (x - mean_x, y - mean_y);
        [m * dx * dx, m * dy * dy, m * dx * dy]
    });
    let constant = |v: &[f64]| {
        let mut present = v.iter().zip(multiplicities).filter(|(_, m)| **m > 0).map(|(v, _)| *v);
        present.next().is_none_or(|first| present.all(|value| value == first))
    };
    // The mean of equal values may be rounded, so equality is asked of the values and not of their deviations.
    let defined = xx > 0.0 && yy > 0.0 && !constant(x) && !constant(y);
    defined.then(|| (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0))
}

/// Sums of `terms(x, y, multiplicity)`, in eight interleaved parts that do not wait for each other.
fn sums<const K: usize>(
    x: &[f64],
    y: &[f64],
    multiplicities: &[u32],
    terms: impl Fn(f64, f64, f64) -> [f64; K],
) -> [f64; K] {
    const PARTS: usize = 8;
    let mut parts = [[0.0; PARTS]; K];
    let mut add = |i: usize, x, y, m: u32| {
        // A sample has at most `i32::MAX` observations; signed integers are what processors convert at once.
        for (part, term) in parts.iter_mut().zip(terms(x, y, f64::from(m as i32))) {
            part[i] += term;
        }
    };
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<PARTS>(), y.as_chunks::<PARTS>());
    let (ms, m_rest) = multiplicities.as_chunks::<PARTS>();
    for ((x, y), m) in xs.iter().zip(ys).zip(ms) {
        (0..PARTS).for_each(|i| add(i, x[i], y[i], m[i]));
    }
    for (i, ((x, y), m)) in x_rest.iter().zip(y_rest).zip(m_rest).enumerate() {
        add(i, *x, *y, *m);
    }
    parts.map(|part| part.iter().sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_multiplicity_is_a_repeated_observation(
            sample in proptest::collection::vec((-1e3..1e3, -1e3..1e3, 0u32..4), 0..40)
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.iter().map(|(x, y, _)| (*x, *y)).unzip();
            let m: Vec<u32> = sample.iter().map(|(_, _, m)| *m).collect();
            let repeated = |v: &[f64]| -> Vec<f64> {
                v.iter().zip(&m).flat_map(|(&v, &m)| std::iter::repeat_n(v, m as usize)).collect()
            };
            let weighted = Pearson::new(&x, &y).unwrap().at(&m);
            let plain = pearson(&repeated(&x), &repeated(&y)).unwrap();
            prop_assert_eq!(weighted.is_some(), plain.is_some());
            prop_assert!((weighted.unwrap_or(0.0) - plain.unwrap_or(0.0)).abs() < 1e-12);
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

    #[test]
    fn a_fixed_vector_agrees_with_scipy() {
        // scipy.stats.pearsonr(x, y)
        let x = [12.0, 2.0, 1.0, 12.0, 2.0, 7.5, 7.5, 7.5, -3.0, 0.0];
        let y = [1.0, 4.0, 7.0, 1.0, 0.0, 3.0, 3.0, -1.0, 9.0, 4.0];
        let r = pearson(&x, &y).unwrap().unwrap();
        assert!((r + 0.699_021_590_517_273_6).abs() < 1e-14, "{r}");
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
