//! Two samples as ranks: what rank correlations are computed from.

use std::ops::Range;

use super::merge::MergeSort;
use super::{StatsError, check};

/// Two samples, ranked and sorted once, whose rank correlations can be had under any multiplicities.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// All observations, by increasing x, equal x by increasing y.
    pub(super) sweep: Vec<Step>,
    /// What sorts them by y.
    sort: MergeSort,
    /// Observations of each rank of y.
    pub(super) equal_y: Vec<u32>,
    pub(super) ties: Ties,
}

/// Where more than one observation has the same rank: places in the order of [`Ranked::sweep`] for x and for both, by
/// increasing y for y.
#[derive(Clone, Debug)]
pub(super) struct Ties {
    pub x: Vec<Range<u32>>,
    pub y: Vec<Range<u32>>,
    pub both: Vec<Range<u32>>,
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
        let keys: Vec<u32> = sweep.iter().map(|step| step.y).collect();
        let mut equal_y = vec![0; y.iter().max().map_or(0, |last| *last as usize + 1)];
        y.iter().for_each(|rank| equal_y[*rank as usize] += 1);
        let ties = Ties {
            x: runs(sweep.chunk_by(|a, b| a.x == b.x).map(<[Step]>::len)),
            y: runs(equal_y.iter().map(|n| *n as usize)),
            both: runs(sweep.chunk_by(|a, b| (a.x, a.y) == (b.x, b.y)).map(<[Step]>::len)),
        };
        Ok(Self { sort: MergeSort::record(&keys), sweep, equal_y, ties })
    }

    /// The samples when observation `i` occurs `multiplicities[i][lane]` times, for every lane at once.
    ///
    /// # Panics
    /// If there are fewer multiplicities than observations.
    pub fn counted<const L: usize>(&self, multiplicities: &[[u16; L]]) -> Counted<'_, L> {
        // A loop of its own, in which the processor looks far ahead, and the only one that jumps in memory.
        let by_x: Vec<[u16; L]> = self.sweep.iter().map(|step| multiplicities[step.index as usize]).collect();
        let n = by_x.iter().fold([0; L], |n, m| std::array::from_fn(|lane| n[lane] + u64::from(m[lane])));
        let replay = self.sort.replay(&by_x, n.iter().copied().max().unwrap_or(0));
        Counted { ranked: self, n, by_x, by_y: replay.sorted, in_order: replay.in_order }
    }
}

/// Ranked samples under `L` sets of multiplicities. Lanes do not meet: they are worked on together because processors
/// have vectors, and because the order is the same for all.
#[derive(Clone, Debug)]
pub struct Counted<'a, const L: usize> {
    pub(super) ranked: &'a Ranked,
    /// Observations, counted with their multiplicities.
    pub(super) n: [u64; L],
    /// How often each observation occurs, in the order of [`Ranked::sweep`] and by increasing y.
    pub(super) by_x: Vec<[u16; L]>,
    pub(super) by_y: Vec<[u16; L]>,
    /// Pairs of different observations of which that with the smaller x, or the smaller y where these are equal, has no
    /// larger y.
    pub(super) in_order: [u64; L],
}

/// Where runs of these lengths lie that are longer than one.
fn runs(lengths: impl Iterator<Item = usize>) -> Vec<Range<u32>> {
    let ends = lengths.scan(0, |end, length| {
        let start = *end;
        *end += length as u32;
        Some(start..*end)
    });
    ends.filter(|run| run.len() > 1).collect()
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
        let ranked = Ranked::new(&[2.0, 1.0, 1.0, 0.0], &[5.0, 5.0, 4.0, 9.0]).unwrap();
        let multiplicities = [[1, 1], [3, 0], [2, 0], [0, 1]];
        let counted = ranked.counted(&multiplicities);
        assert_eq!(counted.n, [6, 2]);
        assert_eq!(counted.by_x, [[0, 1], [2, 0], [3, 0], [1, 1]]);
        assert_eq!(counted.by_y, [[2, 0], [3, 0], [1, 1], [0, 1]]);
        assert_eq!(ranked.equal_y, [1, 2, 1]);
        // Of the first lane, the sole pairs with a smaller y later are none; of the second, one.
        assert_eq!(counted.in_order, [2 * 3 + 2 + 3, 0]);
    }
}
