//! What is found by whoever takes the observations with the largest x and looks for a large y.
//!
//! Equal values of x are taken in every order with the same probability, and what is computed is the expectation. An observation is
//! among the best of y if fewer than the number asked for are better: equal values at the end of the best are all among them.

use super::ranks::{Counted, Drawn};

impl Counted<'_> {
    /// Of the `percent` of observations with the largest x, the share that is among the `percent` with the largest y. `m = percent n / 100`
    /// observations are taken, rounded, but at least one. `None` without observations.
    pub fn overlap(&self, percent: f64) -> Option<f64> {
        let best = self.share(percent);
        let least = self.least_of_best(best)?;
        let mut found = 0.0;
        for (equal, size, taken) in self.taken(best) {
            let among = size_of(equal.iter().filter(|one| one.y as usize >= least));
            found += among as f64 * taken as f64 / size as f64;
        }
        Some(found / best as f64)
    }

    /// The largest y less the largest y among the `k` observations with the largest x (all of them where there are fewer). `None` without
    /// observations, and for `k = 0`.
    pub fn regret(&self, k: u64) -> Option<f64> {
        let largest = self.values_y[self.least_of_best(1)?];
        let mut found = None;
        for (equal, size, taken) in self.taken(k) {
            found = Some(self.expected_largest(equal, size, taken, found));
        }
        found.map(|found| largest - found)
    }

    /// Kendall's tau-b among the `percent` of observations with the largest y.
    pub fn tau_b_of_best(&self, percent: f64) -> Option<f64> {
        self.at_least_y(self.least_of_best(self.share(percent))?).pairs().tau_b()
    }

    /// Kendall's tau-b among the observations whose y is larger than a value.
    pub fn tau_b_above(&self, y: f64) -> Option<f64> {
        self.at_least_y(self.values_y.partition_point(|value| *value <= y)).pairs().tau_b()
    }

    fn share(&self, percent: f64) -> u64 {
        ((percent * self.n as f64 / 100.0).round() as u64).clamp(1, self.n.max(1))
    }

    /// The rank of the `number`-th largest y.
    fn least_of_best(&self, number: u64) -> Option<usize> {
        let mut best = 0;
        (0..self.of_y.len()).rev().find(|&rank| {
            best += u64::from(self.of_y[rank]);
            best >= number
        })
    }

    /// The runs of equal x that the `number` observations with the largest x are taken from, with their sizes and how many of each
    /// are taken.
    fn taken(&self, number: u64) -> impl Iterator<Item = (&[Drawn], u64, u64)> {
        let runs = self.best_first().scan(number, |left, equal| {
            let size = size_of(equal);
            let taken = size.min(*left);
            *left -= taken;
            Some((equal, size, taken))
        });
        runs.take_while(|(_, _, taken)| *taken > 0)
    }

    /// The expectation of the largest y among `taken` of the `size` observations of a run, and of `found` before it.
    ///
    /// They come by falling y: the largest is the first that is taken, and after `i` others that were not, that is one of
    /// `size - i` with probability `taken / (size - i)`.
    fn expected_largest(&self, equal: &[Drawn], size: u64, taken: u64, found: Option<f64>) -> f64 {
        let (mut left, mut none_yet, mut expected) = (size, 1.0, 0.0);
        for one in equal {
            let (y, before) = (self.values_y[one.y as usize], none_yet);
            if found.is_some_and(|found| found >= y) {
                break;
            }
            for _ in 0..one.times {
                none_yet *= 1.0 - taken as f64 / left as f64;
                left -= 1;
                if none_yet == 0.0 {
                    return expected + before * y;
                }
            }
            expected += (before - none_yet) * y;
        }
        found.map_or(expected, |found| expected + none_yet * found)
    }
}

/// Observations, counted with their multiplicities.
fn size_of<'d>(drawn: impl IntoIterator<Item = &'d Drawn>) -> u64 {
    drawn.into_iter().map(|one| u64::from(one.times)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::stats::{Gain, Ranked, kendall};

    /// All orders of the places `0..n`.
    fn orders(n: usize) -> Vec<Vec<usize>> {
        let longer = |order: Vec<usize>| {
            (0..=order.len()).map(move |at| [&order[..at], &[order.len()], &order[at..]].concat())
        };
        (0..n).fold(vec![vec![]], |orders, _| orders.into_iter().flat_map(longer).collect())
    }

    /// The mean of a metric of accuracies over all orders in which scores do not rise.
    fn expectation(x: &[f64], y: &[f64], metric: impl Fn(&[f64]) -> f64) -> f64 {
        let mut falling = orders(x.len());
        falling.retain(|order| order.is_sorted_by(|&a, &b| x[a] >= x[b]));
        let values = falling.iter().map(|order| metric(&order.iter().map(|&i| y[i]).collect::<Vec<_>>()));
        values.sum::<f64>() / falling.len() as f64
    }

    fn largest(y: &[f64]) -> f64 {
        y.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    fn falling(y: &[f64]) -> Vec<f64> {
        let mut sorted = y.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        sorted
    }

    /// Observations with ties, each of which occurs up to three times; six in all at most.
    fn samples() -> impl Strategy<Value = Vec<(f64, f64, u32)>> {
        let value = || (0i32..4).prop_map(f64::from);
        let some = |sample: &Vec<(f64, f64, u32)>| (1..=6).contains(&sample.iter().map(|s| s.2).sum::<u32>());
        proptest::collection::vec((value(), value(), 0u32..4), 1..5).prop_filter("one to six", some)
    }

    proptest! {
        #[test]
        fn equal_scores_come_in_every_order(sample in samples(), k in 1usize..8, percent in 1.0..100f64) {
            let column = |of: fn(&(f64, f64, u32)) -> f64| sample.iter().map(of).collect::<Vec<_>>();
            let times: Vec<u32> = sample.iter().map(|s| s.2).collect();
            let ranked = Ranked::new(&column(|s| s.0), &column(|s| s.1)).unwrap();
            let counted = ranked.counted(&times);
            let repeated = |of: fn(&(f64, f64, u32)) -> f64| -> Vec<f64> {
                sample.iter().flat_map(|s| std::iter::repeat_n(of(s), s.2 as usize)).collect()
            };
            let (x, y) = (repeated(|s| s.0), repeated(|s| s.1));
            let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;

            let first = |order: &[f64], k: usize| order[..k.min(order.len())].to_vec();
            let regret = expectation(&x, &y, |order| largest(order) - largest(&first(order, k)));
            prop_assert!(close(counted.regret(k as u64), regret), "{:?} and {regret}", counted.regret(k as u64));

            let m = ((percent * y.len() as f64 / 100.0).round() as usize).max(1);
            let least = falling(&y)[m - 1];
            let overlap = expectation(&x, &y, |order| {
                order[..m].iter().filter(|y| **y >= least).count() as f64 / m as f64
            });
            prop_assert!(close(counted.overlap(percent), overlap), "{:?} and {overlap}", counted.overlap(percent));

            let rank = |y: &[f64], value: f64| {
                let count = |of: &dyn Fn(f64) -> bool| y.iter().filter(|y| of(**y)).count() as f64;
                count(&|y| y < value) + (count(&|y| y == value) - 1.0) / 2.0
            };
            for (gain, of) in [(Gain::Power, None), (Gain::Rank, Some(&rank))] {
                let gain_of = |order: &[f64], value: f64| of.map_or(value.exp2() - 1.0, |rank| rank(order, value));
                let dcg = |order: &[f64]| -> f64 {
                    let places = first(order, k).into_iter().zip(2u32..);
                    places.map(|(value, place)| gain_of(order, value) / f64::from(place).log2()).sum()
                };
                let ideal = dcg(&falling(&y));
                let found = counted.ndcg(k as u64, gain);
                prop_assert_eq!(found.is_some(), ideal > 0.0);
                if ideal > 0.0 {
                    prop_assert!(close(found, expectation(&x, &y, dcg) / ideal), "{:?} {:?}", gain, found);
                }
            }

            let tau = |keep: &dyn Fn(f64) -> bool| {
                let kept = x.iter().zip(&y).filter(|(_, y)| keep(**y));
                let (x, y): (Vec<f64>, Vec<f64>) = kept.map(|(x, y)| (*x, *y)).unzip();
                kendall(&x, &y).unwrap().tau_b()
            };
            prop_assert_eq!(counted.tau_b_of_best(percent), tau(&|y| y >= least));
            prop_assert_eq!(counted.tau_b_above(1.0), tau(&|y| y > 1.0));
        }
    }

    const X: [f64; 10] = [12.0, 2.0, 1.0, 12.0, 2.0, 7.5, 7.5, 7.5, -3.0, 0.0];
    const Y: [f64; 10] = [10.0, 11.5, 7.0, 10.0, 0.0, 3.0, 3.0, 9.25, 12.0, 4.0];

    #[test]
    fn by_hand() {
        let ranked = Ranked::new(&X, &Y).unwrap();
        let counted = ranked.counted(&[1; 10]);
        // The two best-scored have 10, the five best-scored 9.25 at most beside that; the best is 12.
        assert_eq!([1, 2, 5].map(|k| counted.regret(k)), [Some(2.0); 3]);
        // Six: one of those with x = 2 as well, whose accuracies are 11.5 and 0.
        assert_eq!(counted.regret(6), Some(0.5 * 0.5 + 0.5 * 2.0));
        assert_eq!([10, 99].map(|k| counted.regret(k)), [Some(0.0); 2]);
        // The best three are 12, 11.5 and both 10, of which the three best-scored have the last two for certain.
        assert_eq!(counted.overlap(30.0), Some(2.0 / 3.0));
        // 4 %, 0.4 of an observation, is one.
        assert_eq!([4.0, 10.0].map(|percent| counted.overlap(percent)), [Some(0.0); 2]);
        assert_eq!(counted.overlap(100.0), Some(1.0));
        // scipy.stats.kendalltau of the observations with y >= 10, and with y > 3.
        assert_eq!(counted.tau_b_of_best(30.0), Some(-1.0));
        assert!((counted.tau_b_above(3.0).unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(
            [counted.tau_b_of_best(10.0), counted.tau_b_above(11.5), counted.tau_b_above(99.0)],
            [None; 3]
        );
    }

    #[test]
    fn equal_scores_find_what_chance_finds() {
        let ranked = Ranked::new(&[1.0; 4], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        let counted = ranked.counted(&[1; 4]);
        assert_eq!(counted.overlap(50.0), Some(0.5));
        assert_eq!(counted.regret(1), Some(1.5));
        assert_eq!(counted.tau_b_of_best(50.0), None);
        let equal = Ranked::new(&[1.0, 2.0, 3.0], &[5.0; 3]).unwrap();
        let equal = equal.counted(&[1; 3]);
        assert_eq!((equal.overlap(10.0), equal.regret(1)), (Some(1.0), Some(0.0)));
    }

    #[test]
    fn without_observations_nothing_is_found() {
        let ranked = Ranked::new(&[], &[]).unwrap();
        let counted = ranked.counted(&[]);
        let taus = [counted.tau_b_of_best(10.0), counted.tau_b_above(0.0)];
        assert_eq!((counted.overlap(10.0), counted.regret(1), taus), (None, None, [None; 2]));
        assert_eq!(Ranked::new(&[1.0], &[2.0]).unwrap().counted(&[1]).regret(0), None);
    }
}
