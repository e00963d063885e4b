//! Kendall's tau-a and tau-b in O(n log n).

use super::StatsError;
use super::ranks::{Counted, Drawn, Ranked};

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

impl Counted<'_> {
    /// Counts the pairs in O(n log n). Repetitions of one observation are pairs that are tied in both.
    pub fn pairs(&self) -> PairCounts {
        let (tied_x, tied_both) = (self.tied(|a, b| a.x == b.x), self.tied(|a, b| (a.x, a.y) == (b.x, b.y)));
        let tied_y = self.of_y.iter().map(|times| choose_two((*times).into())).sum();
        let (pairs, concordant) = (choose_two(self.n), self.concordant());
        let discordant = pairs + tied_both - tied_x - tied_y - concordant;
        PairCounts { pairs, concordant, discordant, tied_x, tied_y, tied_both }
    }

    /// Pairs within runs of neighbours that are equal.
    fn tied(&self, equal: fn(&Drawn, &Drawn) -> bool) -> u64 {
        let runs = self.drawn.chunk_by(equal);
        runs.map(|run| choose_two(run.iter().map(|one| u64::from(one.times)).sum())).sum()
    }

    /// Pairs of which one observation has the smaller x and the smaller y.
    ///
    /// Observations come by increasing x, so that each is paired with those before it that have a smaller y. A binary tree
    /// over the ranks of y counts these: every inner node holds how many observations came to its left half, and the way
    /// from a rank up to the root passes the left halves of all ranks below it. Among observations of equal x the larger y
    /// come first, so that none of them is paired with another.
    fn concordant(&self) -> u64 {
        let leaves = self.of_y.len().next_power_of_two();
        let (mut left, mut pairs) = (vec![0u32; leaves], 0);
        for one in &self.drawn {
            let (mut node, mut below) = (leaves + one.y as usize, 0);
            while node > 1 {
                // All ones in a right child, without a branch.
                let right = (node as u32 % 2).wrapping_neg();
                node /= 2;
                below += left[node] & right;
                left[node] += one.times & !right;
            }
            pairs += u64::from(below) * u64::from(one.times);
        }
        pairs
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
                v.iter().zip(&m).flat_map(|(&v, m)| std::iter::repeat_n(v, *m as usize)).collect()
            };
            let expected = by_definition(&repeated(&x), &repeated(&y));
            prop_assert_eq!(Ranked::new(&x, &y).unwrap().counted(&m).pairs(), expected);
            prop_assert_eq!(Ranked::new(&x, &y).unwrap().counted(&vec![0; m.len()]).pairs(), PairCounts::default());
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
    fn constants_and_single_observations_have_no_tau_b() {
        assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]).unwrap().tau_b(), None);
        assert_eq!(kendall(&[1.0, 1.0], &[1.0, 2.0]).unwrap().tau_a(), Some(0.0));
        assert_eq!(kendall(&[1.0], &[1.0]).unwrap().tau_a(), None);
        assert_eq!(kendall(&[], &[]).unwrap(), PairCounts::default());
    }
}
