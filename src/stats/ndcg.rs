//! Normalised discounted cumulative gain: a ranking by x, of which the first places count most.

use super::ranks::Counted;

/// What an observation is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gain {
    /// `2^y - 1` (Burges et al., Learning to rank using gradient descent, ICML 2005). With y in percent an observation that has one more is
    /// worth twice as much.
    Power,
    /// The number of observations with a smaller y, and half of the number of others with an equal one: the average rank of y
    /// less 1.
    Rank,
}

impl Counted<'_> {
    /// `nDCG@k = DCG@k / IDCG@k` (Järvelin and Kekäläinen, TOIS 2002). `DCG@k = sum_{j=1}^k gain_j / log2(1 + j)` runs over the
    /// observations in falling order of x, `IDCG@k` in falling order of y; `k` larger than the sample is its size.
    ///
    /// Observations of equal x come in every order with the same probability, so that each counts with their mean gain
    /// (McSherry and Najork, ECIR 2008; scikit-learn's `ndcg_score`). `None` where no gain is positive, and for
    /// [`Gain::Power`] where a y is negative.
    pub fn ndcg(&self, k: u64, gain: Gain) -> Option<f64> {
        let gains = self.gains(gain)?;
        let by_x = self.best_first().map(|equal| {
            let size = equal.iter().map(|one| u64::from(one.times)).sum::<u64>();
            let sum = equal.iter().map(|one| f64::from(one.times) * gains(one.y as usize)).sum::<f64>();
            (size, sum / size as f64)
        });
        let falling = (0..self.of_y.len()).rev().filter(|&rank| self.of_y[rank] > 0);
        let by_y = falling.map(|rank| (u64::from(self.of_y[rank]), gains(rank)));
        let (found, ideal) = (cumulative(by_x, k), cumulative(by_y, k));
        (ideal > 0.0).then(|| found / ideal)
    }

    /// The gain of each rank of y, up to a factor that all have in common: powers of two are divided by that of the largest y.
    fn gains(&self, gain: Gain) -> Option<impl Fn(usize) -> f64> {
        let occurs = |times: &u32| *times > 0;
        let least = self.values_y[self.of_y.iter().position(occurs)?];
        let largest = self.values_y[self.of_y.iter().rposition(occurs)?];
        if gain == Gain::Power && !(least >= 0.0 && largest.is_finite()) {
            return None;
        }
        let mut below = 0.0;
        let rank_less_one = self.of_y.iter().map(|&times| {
            let smaller = below;
            below += f64::from(times);
            smaller + (f64::from(times) - 1.0) / 2.0
        });
        let ranks: Vec<f64> = if gain == Gain::Rank { rank_less_one.collect() } else { vec![] };
        let one = libm::exp2(-largest);
        Some(move |rank: usize| match gain {
            Gain::Power => libm::exp2(self.values_y[rank] - largest) - one,
            Gain::Rank => ranks[rank],
        })
    }
}

/// `sum_{j=1}^k gain_j / log2(1 + j)` of gains that are given as how many there are of each, in their order.
fn cumulative(gains: impl Iterator<Item = (u64, f64)>, k: u64) -> f64 {
    let (mut place, mut sum) = (0, 0.0);
    for (size, gain) in gains {
        let end = k.min(place + size);
        let discounts: f64 = (place..end).map(|before| 1.0 / libm::log2((before + 2) as f64)).sum();
        sum += gain * discounts;
        place = end;
        if place == k {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Ranked;

    fn ndcg(x: &[f64], y: &[f64], k: u64, gain: Gain) -> Option<f64> {
        Ranked::new(x, y).unwrap().counted(&vec![1; x.len()]).ndcg(k, gain)
    }

    #[test]
    fn fixed_vectors_agree_with_scikit_learn() {
        // scikit-learn 1.9.1: ndcg_score([gain], [x], k=k), with gain 2**y - 1 and scipy's rankdata(y) - 1.
        let x = [12.0, 2.0, 1.0, 12.0, 2.0, 7.5, 7.5, 7.5, -3.0, 0.0];
        let y = [10.0, 11.5, 7.0, 10.0, 0.0, 3.0, 3.0, 9.25, 12.0, 4.0];
        for (k, power, rank) in [
            (1, 0.249_816_849_816_849_82, 0.722_222_222_222_222_2),
            (3, 0.275_458_040_529_778_4, 0.689_950_541_336_513_2),
            (5, 0.273_112_945_698_659, 0.640_660_486_140_828_3),
            (10, 0.581_845_794_005_126_5, 0.852_583_852_708_848_2),
        ] {
            for (gain, expected) in [(Gain::Power, power), (Gain::Rank, rank)] {
                let found = ndcg(&x, &y, k, gain).unwrap();
                assert!((found - expected).abs() < 1e-13, "{gain:?} at {k}: {found} and {expected}");
            }
        }
    }

    #[test]
    fn by_hand() {
        // In falling order of x the accuracies are 2, 3, 1: gains 3, 7, 1 over log2 of 2, 3, 4; ideally 7, 3, 1.
        let (x, y) = ([3.0, 2.0, 1.0], [2.0, 3.0, 1.0]);
        let [second, third] = [3f64.log2().recip(), 0.5];
        let expected = (3.0 + 7.0 * second + third) / (7.0 + 3.0 * second + third);
        assert!((ndcg(&x, &y, 3, Gain::Power).unwrap() - expected).abs() < 1e-15);
        assert_eq!(ndcg(&x, &y, 1, Gain::Power), Some(3.0 / 7.0));
        // Ranks less one: 1, 2, 0.
        assert_eq!(ndcg(&x, &y, 1, Gain::Rank), Some(0.5));
        assert_eq!(ndcg(&x, &y, 3, Gain::Rank), Some((1.0 + 2.0 * second) / (2.0 + second)));
    }

    #[test]
    fn perfect_scores_have_one_and_equal_scores_the_mean_gain() {
        let y = [50.0, 94.0, 10.0, 94.0];
        for gain in [Gain::Power, Gain::Rank] {
            assert_eq!(ndcg(&y, &y, 2, gain), Some(1.0));
            // More places than observations are as many as these.
            assert_eq!(ndcg(&[1.0, 4.0, 2.0, 3.0], &y, 9, gain), ndcg(&[1.0, 4.0, 2.0, 3.0], &y, 4, gain));
            // Nothing to lose.
            assert_eq!(ndcg(&[1.0, 2.0], &[3.0, 3.0], 1, gain), Some(1.0));
        }
        // Ranks less one: 1, 2.5, 0, 2.5.
        assert_eq!(ndcg(&[7.0; 4], &y, 1, Gain::Rank), Some(1.5 / 2.5));
    }

    #[test]
    fn without_a_gain_there_is_none() {
        assert_eq!(ndcg(&[], &[], 3, Gain::Power), None);
        assert_eq!(ndcg(&[1.0, 2.0], &[0.0, 0.0], 1, Gain::Power), None);
        assert_eq!(ndcg(&[1.0, 2.0], &[-1.0, 2.0], 1, Gain::Power), None);
        assert_eq!(ndcg(&[1.0, 2.0], &[-1.0, 2.0], 1, Gain::Rank), Some(1.0));
        assert_eq!(ndcg(&[1.0], &[50.0], 1, Gain::Rank), None);
        // 2^5000 has no number, what it is relative to the largest has.
        assert_eq!(ndcg(&[1.0, 2.0], &[5000.0, 4999.0], 1, Gain::Power), Some(0.5));
    }
}
