//! Two samples as ranks: what rank correlations are computed from.

use super::{StatsError, check, sorted};

/// Two samples, ranked and sorted once, so that their rank correlations can be computed under any multiplicities.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// All observations by increasing x; those with equal x by decreasing y.
    sweep: Vec<Step>,
    /// The different values of y, in increasing order.
    values_y: Vec<f64>,
}

/// One observation. Ranks are dense: equal values share one, and they count from 0 without gaps.
#[derive(Clone, Copy, Debug)]
struct Step {
    index: u32,
    x: u32,
    y: u32,
}

impl Ranked {
    /// Ranks and sorts the samples, in O(n log n).
    ///
    /// # Errors
    /// Samples of different lengths, or a NaN. Infinities are values like others.
    pub fn new(x: &[f64], y: &[f64]) -> Result<Self, StatsError> {
        check(x, y, |value| !value.is_nan())?;
        let mut values_y = sorted(y.iter().copied());
        values_y.dedup();
        let (x, y) = (dense(x), dense(y));
        let ranks = x.iter().zip(&y);
        let mut sweep: Vec<Step> = (0..).zip(ranks).map(|(index, (&x, &y))| Step { index, x, y }).collect();
        sweep.sort_unstable_by_key(|step| (step.x, std::cmp::Reverse(step.y)));
        Ok(Self { sweep, values_y })
    }

    /// The samples when observation `i` occurs `multiplicities[i]` times; the multiplicities add up to 2^31 at most.
    ///
    /// # Panics
    /// If there are fewer multiplicities than observations.
    pub fn counted(&self, multiplicities: &[u32]) -> Counted<'_> {
        // Every observation is written, and one that does not occur is written over by the next: a branch that depends on
        // chance would be mispredicted at every third observation.
        let mut drawn = vec![Drawn::default(); self.sweep.len()];
        let mut kept = 0;
        for step in &self.sweep {
            let times = multiplicities[step.index as usize];
            drawn[kept] = Drawn { x: step.x, y: step.y, times };
            kept += usize::from(times > 0);
        }
        drawn.truncate(kept);
        Counted::new(drawn, &self.values_y)
    }
}

/// Ranked samples under multiplicities.
#[derive(Clone, Debug)]
pub struct Counted<'r> {
    /// Observations, counted with their multiplicities.
    pub(super) n: u64,
    /// Those that occur, by increasing x and, where x is equal, by decreasing y.
    pub(super) drawn: Vec<Drawn>,
    /// How many observations have each rank of y.
    pub(super) of_y: Vec<u32>,
    /// The value of y that each of its ranks stands for.
    pub(super) values_y: &'r [f64],
}

impl<'r> Counted<'r> {
    fn new(drawn: Vec<Drawn>, values_y: &'r [f64]) -> Self {
        let mut of_y = vec![0; values_y.len()];
        drawn.iter().for_each(|one| of_y[one.y as usize] += one.times);
        Self { n: of_y.iter().map(|times| u64::from(*times)).sum(), drawn, of_y, values_y }
    }

    /// The observations whose rank of y is `least` or above.
    pub(super) fn at_least_y(&self, least: usize) -> Self {
        let above = self.drawn.iter().filter(|one| one.y as usize >= least);
        let drawn = above.map(|one| Drawn { y: one.y - least as u32, ..*one }).collect();
        Self::new(drawn, &self.values_y[least..])
    }

    /// Observations of equal x together, the largest x first.
    pub(super) fn best_first(&self) -> impl Iterator<Item = &[Drawn]> {
        self.drawn.chunk_by(|a, b| a.x == b.x).rev()
    }
}

/// An observation that occurs: its ranks, and how often it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Drawn {
    pub x: u32,
    pub y: u32,
    pub times: u32,
}

/// Ranks from 1 in increasing order, where equal values share the mean of theirs: `t` of them that follow `k` smaller ones
/// have rank `k + (t + 1) / 2`. The values have no NaN.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let ranks = dense(values);
    let mut sizes = vec![0u32; distinct(&ranks)];
    ranks.iter().for_each(|rank| sizes[*rank as usize] += 1);
    let mut smaller = 0.0;
    let means = sizes.into_iter().map(|size| {
        let mean = smaller + (f64::from(size) + 1.0) / 2.0;
        smaller += f64::from(size);
        mean
    });
    let means: Vec<f64> = means.collect();
    ranks.into_iter().map(|rank| means[rank as usize]).collect()
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

/// How many different ranks there are.
fn distinct(dense: &[u32]) -> usize {
    dense.iter().max().map_or(0, |last| *last as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(dense(&[3.0, -0.0, 7.0, 0.0, f64::NEG_INFINITY, 3.0]), [2, 1, 3, 1, 0, 2]);
        assert_eq!(dense(&[]), [0; 0]);
        assert_eq!(average_ranks(&[3.0, -1.0, 3.0, 7.0]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(average_ranks(&[f64::NEG_INFINITY, 1.0, f64::NEG_INFINITY]), [1.5, 3.0, 1.5]);
        assert_eq!(average_ranks(&[0.0, -0.0]), [1.5, 1.5]);
        assert!(average_ranks(&[]).is_empty());
    }

    #[test]
    fn observations_that_do_not_occur_are_left_out() {
        let ranked = Ranked::new(&[2.0, 1.0, 1.0, 0.0], &[5.0, 5.0, 4.0, 9.0]).unwrap();
        let counted = ranked.counted(&[1, 3, 2, 0]);
        let drawn = |x, y, times| Drawn { x, y, times };
        assert_eq!(counted.drawn, [drawn(1, 1, 3), drawn(1, 0, 2), drawn(2, 1, 1)]);
        assert_eq!((counted.n, counted.of_y), (6, vec![2, 4, 0]));
    }
}
