//! Kendall's tau-a and tau-b in O(n log n).

use super::StatsError;
use super::ranks::{Counted, Ranked};

/// All `n (n - 1) / 2` pairs of observations by how they are ordered (Kendall, "The treatment of ties in ranking
/// problems", Biometrika 1945).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairCounts {
    pub pairs: u64,
    pub concordant: u64,
    pub discordant: u64,
    /// Pairs with equal x, whatever their y.
    pub tied_x: u64,
    /// Pairs with equal y, whatever their x.
    pub tied_y: u64,
    /// Pairs with equal x and equal y.
    pub tied_both: u64,
}

impl PairCounts {
    /// `tau_a = (C - D) / n0` with `n0 = n (n - 1) / 2`; `None` for fewer than two observations.
    pub fn tau_a(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.difference() / self.pairs as f64)
    }

    /// `tau_b = (C - D) / sqrt((n0 - n1) (n0 - n2))` with the tied pairs `n1` of x and `n2` of y; `None` where all x or
    /// all y are equal. The variant of scipy's `kendalltau` and of the field's official scripts.
    pub fn tau_b(&self) -> Option<f64> {
        let (x, y) = (self.pairs - self.tied_x, self.pairs - self.tied_y);
        (x > 0 && y > 0).then(|| self.difference() / (x as f64 * y as f64).sqrt())
    }

    fn difference(&self) -> f64 {
        (i128::from(self.concordant) - i128::from(self.discordant)) as f64
    }
}

impl Counted {
    /// Counts the pairs.
    ///
    /// Observations come by increasing x, equal x by increasing y, so that an earlier one with a larger y is discordant
    /// and an earlier one with the same x never is (Knight, "A computer method for calculating Kendall's tau with
    /// ungrouped data", JASA 1966). Knight counts exchanges of a merge sort; a tree of counters over y counts the same
    /// with multiplicities, in O(n log n).
    pub fn pairs(&self) -> PairCounts {
        let mut seen = Counters::new(self.sizes_y.len());
        let (mut same_x, mut same_both) = (Run::default(), Run::default());
        let (mut n, mut discordant) = (0u64, 0u64);
        for &(step, m) in &self.present {
            discordant += u64::from(m) * u64::from(seen.above_then_add(step.y, m));
            n += u64::from(m);
            same_x.add(u64::from(step.x), m);
            same_both.add(u64::from(step.x) << 32 | u64::from(step.y), m);
        }
        let (pairs, tied_x, tied_both) = (choose_two(n), same_x.pairs(), same_both.pairs());
        let tied_y = self.sizes_y.iter().map(|&size| choose_two(size.into())).sum();
        let concordant = pairs + tied_both - tied_x - tied_y - discordant;
        PairCounts { pairs, concordant, discordant, tied_x, tied_y, tied_both }
    }
}

/// Counts the pairs of two samples.
///
/// # Errors
/// As [`Ranked::new`].
pub fn kendall(x: &[f64], y: &[f64]) -> Result<PairCounts, StatsError> {
    Ok(Ranked::new(x, y)?.counted(&vec![1; x.len()]).pairs())
}

fn choose_two(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// Sizes of runs of equal keys, as they come.
#[derive(Default)]
struct Run {
    key: Option<u64>,
    size: u64,
    pairs: u64,
}

impl Run {
    fn add(&mut self, key: u64, m: u32) {
        if self.key != Some(key) {
            self.pairs += choose_two(self.size);
            (self.key, self.size) = (Some(key), 0);
        }
        self.size += u64::from(m);
    }

    fn pairs(&self) -> u64 {
        self.pairs + choose_two(self.size)
    }
}

/// Children of a node of [`Counters`].
const FAN: usize = 8;

/// `EARLIER[c]` selects the children before child `c`.
const EARLIER: [[u32; FAN]; FAN] = {
    let mut masks = [[0; FAN]; FAN];
    let mut at = 0;
    while at < FAN * FAN {
        masks[at / FAN][at % FAN] = if at % FAN < at / FAN { u32::MAX } else { 0 };
        at += 1;
    }
    masks
};

/// How much of what was added so far lies above a rank: a tree whose nodes hold, for each child, what was added below
/// the children after it.
///
/// A look-up takes one step a level (five for 32,768 ranks) and an update adds to whole nodes under a mask: no step
/// waits for a comparison, which made it twice as fast as a Fenwick tree.
struct Counters {
    /// All levels, the lowest first.
    nodes: Vec<[u32; FAN]>,
    /// Where each level starts.
    starts: Vec<usize>,
}

impl Counters {
    fn new(ranks: usize) -> Self {
        let (mut starts, mut len, mut nodes) = (vec![], 0, ranks);
        while starts.is_empty() || nodes > 1 {
            starts.push(len);
            nodes = nodes.div_ceil(FAN);
            len += nodes;
        }
        Self { nodes: vec![[0; FAN]; len], starts }
    }

    /// The sum of what was added above rank `y`; then adds `m` at `y`.
    fn above_then_add(&mut self, y: u32, m: u32) -> u32 {
        let (mut place, mut above) = (y as usize, 0);
        for start in &self.starts {
            let child = place % FAN;
            place /= FAN;
            let node = &mut self.nodes[start + place];
            above += node[child];
            // No sum exceeds the number of observations. Values and not places, so that this is vectorised.
            let (old, mask) = (*node, EARLIER[child]);
            *node = std::array::from_fn(|i| old[i].wrapping_add(m & mask[i]));
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::Equal;

    use proptest::prelude::*;

    use super::*;

    /// The definition: every pair is looked at.
    fn by_definition(x: &[f64], y: &[f64]) -> PairCounts {
        let mut counts = PairCounts::default();
        for i in 0..x.len() {
            for j in 0..i {
                let (a, b) = (x[i].partial_cmp(&x[j]).unwrap(), y[i].partial_cmp(&y[j]).unwrap());
                counts.pairs += 1;
                counts.tied_x += u64::from(a == Equal);
                counts.tied_y += u64::from(b == Equal);
                counts.tied_both += u64::from(a == Equal && b == Equal);
                counts.concordant += u64::from(a != Equal && a == b);
                counts.discordant += u64::from(a != Equal && a == b.reverse());
            }
        }
        counts
    }

    /// Pairs with many ties, and how often each counts.
    fn samples() -> impl Strategy<Value = Vec<(f64, f64, u32)>> {
        let value = || prop_oneof![(-4i32..4).prop_map(f64::from), Just(f64::NEG_INFINITY), -1e300..1e300];
        proptest::collection::vec((value(), value(), 0u32..4), 0..60)
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_definition(sample in samples()) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.iter().map(|(x, y, _)| (*x, *y)).unzip();
            prop_assert_eq!(kendall(&x, &y).unwrap(), by_definition(&x, &y));
        }

        #[test]
        fn a_multiplicity_is_a_repeated_observation(sample in samples()) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.iter().map(|(x, y, _)| (*x, *y)).unzip();
            let m: Vec<u32> = sample.iter().map(|(_, _, m)| *m).collect();
            let repeated = |v: &[f64]| -> Vec<f64> {
                v.iter().zip(&m).flat_map(|(&v, &m)| std::iter::repeat_n(v, m as usize)).collect()
            };
            let expected = by_definition(&repeated(&x), &repeated(&y));
            prop_assert_eq!(Ranked::new(&x, &y).unwrap().counted(&m).pairs(), expected);
        }

        #[test]
        fn turning_a_sample_turns_the_sign(sample in samples()) {
            let (x, y): (Vec<f64>, Vec<f64>) = sample.iter().map(|(x, y, _)| (*x, *y)).unzip();
            let turned: Vec<f64> = x.iter().map(|x| -x).collect();
            let (a, b) = (kendall(&x, &y).unwrap(), kendall(&turned, &y).unwrap());
            prop_assert_eq!(a.tau_b(), b.tau_b().map(|t| -t));
            prop_assert_eq!(a.tau_a(), b.tau_a().map(|t| -t));
        }
    }

    #[test]
    fn tied_vectors_agree_with_scipy() {
        // scipy.stats.kendalltau(x, y) with variant b
        let x = [12.0, 2.0, 1.0, 12.0, 2.0, 7.5, 7.5, 7.5, -3.0, 0.0];
        let y = [1.0, 4.0, 7.0, 1.0, 0.0, 3.0, 3.0, -1.0, 9.0, 4.0];
        let tau = kendall(&x, &y).unwrap().tau_b().unwrap();
        assert!((tau + 0.609_937_545_592_833_2).abs() < 1e-15, "{tau}");
    }

    #[test]
    fn counters_of_every_depth_count_what_lies_above() {
        for len in [1, 2, 3, 1024, 1025, 33_000] {
            let (mut counters, mut plain) = (Counters::new(len), vec![0u32; len]);
            for i in 0..300 {
                let (at, m) = ((i * 7919 + i * i * 31) % len, i as u32 % 5);
                let above = counters.above_then_add(at as u32, m);
                assert_eq!(above, plain[at + 1..].iter().sum::<u32>(), "{at} of {len}");
                plain[at] += m;
            }
        }
    }

    #[test]
    fn constants_and_single_observations_have_no_tau_b() {
        assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]).unwrap().tau_b(), None);
        assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]).unwrap().tau_a(), Some(0.0));
        assert_eq!(kendall(&[1.0], &[1.0]).unwrap().tau_a(), None);
        assert_eq!(kendall(&[], &[]).unwrap(), PairCounts::default());
    }
}
