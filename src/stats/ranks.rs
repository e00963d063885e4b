//! Two samples as ranks: what rank correlations are computed from.

use super::{StatsError, check};

/// Two samples, ranked and sorted once, whose rank correlations can be had under any multiplicities.
#[derive(Clone, Debug)]
pub struct Ranked {
    sweep: Vec<Step>,
    distinct_y: usize,
}

/// One observation. Ranks are dense: equal values share one, they count from 0 without gaps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    pub index: u32,
    pub x: u32,
    pub y: u32,
}

impl Ranked {
    /// Ranks and sorts the samples, in O(n log n).
    ///
    /// # Errors
    /// Samples of different lengths, or a NaN. Infinities are values like others.
    pub fn new(x: &[f64], y: &[f64]) -> Result<Self, StatsError> {
        check(x, y, |value| !value.is_nan())?;
        let (x, y) = (dense(x), dense(y));
        let ranks = x.iter().zip(&y);
        let mut sweep: Vec<Step> = (0..).zip(ranks).map(|(index, (&x, &y))| Step { index, x, y }).collect();
        sweep.sort_unstable_by_key(|step| (step.x, step.y));
        Ok(Self { sweep, distinct_y: y.iter().max().map_or(0, |last| *last as usize + 1) })
    }

    /// The samples when observation `i` occurs `multiplicities[i]` times.
    ///
    /// # Panics
    /// If there are fewer multiplicities than observations.
    pub fn counted(&self, multiplicities: &[u32]) -> Counted {
        let mut sizes_y = vec![0; self.distinct_y];
        // A third of the observations is absent from a resample, which ones cannot be predicted: no branch.
        let mut present = vec![(Step::default(), 0); self.sweep.len() + 1];
        let mut len = 0;
        for step in &self.sweep {
            let m = multiplicities[step.index as usize];
            sizes_y[step.y as usize] += m;
            present[len] = (*step, m);
            len += usize::from(m > 0);
        }
        present.truncate(len);
        Counted { present, sizes_y }
    }
}

/// Ranked samples under given multiplicities.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The observations that occur, with how often, by increasing x, equal x by increasing y.
    pub(super) present: Vec<(Step, u32)>,
    /// How many observations, counted with their multiplicities, have each rank of y.
    pub(super) sizes_y: Vec<u32>,
}

/// Dense ranks of values without NaN; 0 and -0 are equal.
fn dense(values: &[f64]) -> Vec<u32> {
    let mut sorted: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0; values.len()];
    let mut rank = 0;
    for (i, &(value, index)) in sorted.iter().enumerate() {
        rank += u32::from(i > 0 && value != sorted[i - 1].0);
        ranks[index as usize] = rank;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(dense(&[3.0, -0.0, 7.0, 0.0, f64::NEG_INFINITY, 3.0]), [2, 1, 3, 1, 0, 2]);
        assert_eq!(dense(&[]), [0; 0]);
        let counted =
            Ranked::new(&[2.0, 1.0, 1.0, 0.0], &[5.0, 5.0, 4.0, 9.0]).unwrap().counted(&[1, 3, 2, 0]);
        assert_eq!(counted.sizes_y, [2, 4, 0]);
        assert_eq!(
            counted.present.iter().map(|(s, m)| (s.index, *m)).collect::<Vec<_>>(),
            [(2, 2), (1, 3), (0, 1)]
        );
    }
}
