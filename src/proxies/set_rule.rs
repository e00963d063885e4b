//! Scores that exist only within a candidate set: sums of ranks of components.

use super::Direction;
use crate::stats::average_ranks;

/// A score that is a sum over components of each candidate's rank among the others.
///
/// Ranks count from 1, the worst, to `m`, the best of `m` candidates; equal values share their mean rank. What is not a number
/// ranks with minus infinity, as in AZ-NAS.
#[derive(Clone, Copy, Debug)]
pub struct SetRule {
    /// Names of the components, and which way each points.
    pub parts: &'static [(&'static str, Direction)],
    /// Sum of `ln(rank / m)` (AZ-NAS) or of the ranks themselves.
    pub logarithms: bool,
}

impl SetRule {
    /// The score of each candidate; `candidates[i][k]` is component `k` of candidate `i`.
    pub fn scores(&self, candidates: &[Vec<f64>]) -> Vec<f64> {
        let m = candidates.len() as f64;
        let mut scores = vec![0.0; candidates.len()];
        for (k, (_, direction)) in self.parts.iter().enumerate() {
            let sign = if *direction == Direction::HigherIsBetter { 1.0 } else { -1.0 };
            let values = candidates.iter().map(|parts| sign * parts.get(k).copied().unwrap_or(f64::NAN));
            let values = values.map(|x| if x.is_nan() { f64::NEG_INFINITY } else { x });
            let ranks = average_ranks(&values.collect::<Vec<_>>());
            let share = |rank: f64| if self.logarithms { (rank / m).ln() } else { rank };
            scores.iter_mut().zip(ranks).for_each(|(score, rank)| *score += share(rank));
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_shares_the_last_rank() {
        static PARTS: &[(&str, Direction)] = &[("a", Direction::HigherIsBetter)];
        let rule = SetRule { parts: PARTS, logarithms: false };
        let scores = |parts: [f64; 3]| rule.scores(&parts.map(|x| vec![x]));
        assert_eq!(scores([f64::NAN, 1.0, f64::NEG_INFINITY]), [1.5, 3.0, 1.5]);
        assert_eq!(rule.scores(&[vec![], vec![2.0]]), [1.0, 2.0]);
    }

    #[test]
    fn sums_of_ranks_and_of_their_logarithms() {
        static PARTS: &[(&str, Direction)] =
            &[("a", Direction::HigherIsBetter), ("b", Direction::LowerIsBetter)];
        let candidates = [vec![1.0, 5.0], vec![2.0, f64::NAN], vec![3.0, 4.0]];
        let sum = SetRule { parts: PARTS, logarithms: false };
        assert_eq!(sum.scores(&candidates), [3.0, 3.0, 6.0]);
        let logarithms = SetRule { parts: PARTS, logarithms: true };
        let expected = (1.0f64 / 3.0).ln() + (2.0f64 / 3.0).ln();
        assert!((logarithms.scores(&candidates)[0] - expected).abs() < 1e-15);
        assert_eq!(logarithms.scores(&candidates)[2], 0.0);
    }
}
