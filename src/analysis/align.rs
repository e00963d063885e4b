//! Scores of one proxy beside the trained accuracies of the same architectures.

use super::ScoreCell;
use crate::proxies::Direction;

crate::named! {
    /// What becomes of scores that are infinite or not a number.
    pub enum NonFinitePolicy: "policy" {
        /// Left out and counted
        Exclude = "exclude",
        /// Ranked below all others, equal among themselves: rank correlations only, Pearson's has no value then
        Worst = "worst",
        /// The number -1e8 in their place, as NASLib and RBFleX's TransNAS scripts have it: only to reproduce published
        /// numbers, since a few of these numbers decide Pearson's correlation
        Sentinel = "sentinel",
    }
}

impl NonFinitePolicy {
    /// What is done, for reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::Exclude => "excluded and counted",
            Self::Worst => "ranked last",
            Self::Sentinel => "replaced by -1e8, as in some released codes",
        }
    }
}

/// What [`NonFinitePolicy::Sentinel`] puts in the place of a score that is not finite (NASLib, `predictors/zerocost.py`;
/// RBFleX-NAS, TransNAS scoring scripts), turned so that higher is better.
pub const SENTINEL: f64 = -1e8;

/// Architectures without a score to correlate, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Excluded {
    pub non_finite: usize,
    pub failed: usize,
    pub skipped: usize,
    /// Without a record.
    pub missing: usize,
    /// Without an accuracy to correlate with.
    pub no_accuracy: usize,
}

impl Excluded {
    /// All of them.
    pub fn total(self) -> usize {
        self.non_finite + self.failed + self.skipped + self.missing + self.no_accuracy
    }

    fn count(&mut self, cell: ScoreCell) {
        match cell {
            ScoreCell::Ok(_) => {}
            ScoreCell::NonFinite(_) => self.non_finite += 1,
            ScoreCell::Failed => self.failed += 1,
            ScoreCell::Skipped => self.skipped += 1,
            ScoreCell::Missing => self.missing += 1,
        }
    }
}

/// Scores and accuracies of the architectures that count, in the order of the sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Aligned {
    /// Turned so that higher is better; minus infinity where a score is [ranked last](NonFinitePolicy::Worst), [`SENTINEL`]
    /// where that is the policy.
    pub scores: Vec<f64>,
    /// Percent.
    pub accuracies: Vec<f64>,
    /// Places in the sample of those that count.
    pub places: Vec<usize>,
    pub excluded: Excluded,
    /// Scores that are not finite and were ranked last, by minus infinity or by a sentinel.
    pub ranked_last: usize,
}

/// Aligns one sample of a column with accuracies in percent, one for each architecture of the sample, NaN where there is none.
///
/// # Panics
/// If there are fewer cells than accuracies.
pub fn align(
    cells: &[ScoreCell],
    direction: Direction,
    accuracies: &[f64],
    policy: NonFinitePolicy,
) -> Aligned {
    let (mut places, mut scores, mut kept) = (vec![], vec![], vec![]);
    let (mut excluded, mut ranked_last) = (Excluded::default(), 0);
    for (place, &accuracy) in accuracies.iter().enumerate() {
        if accuracy.is_nan() {
            excluded.no_accuracy += 1;
            continue;
        }
        let score = match (cells[place], policy) {
            (ScoreCell::Ok(score), _) => oriented(score, direction),
            (ScoreCell::NonFinite(_), NonFinitePolicy::Worst) => {
                ranked_last += 1;
                f64::NEG_INFINITY
            }
            (ScoreCell::NonFinite(_), NonFinitePolicy::Sentinel) => {
                ranked_last += 1;
                SENTINEL
            }
            (cell, _) => {
                excluded.count(cell);
                continue;
            }
        };
        places.push(place);
        scores.push(score);
        kept.push(accuracy);
    }
    Aligned { scores, accuracies: kept, places, excluded, ranked_last }
}

/// The scores of a sample for a search: every architecture stays in the pool, higher is better, and what has no finite
/// score is the worst.
pub fn pool(cells: &[ScoreCell], direction: Direction) -> Vec<f64> {
    let score = |cell: &ScoreCell| match cell {
        ScoreCell::Ok(score) => oriented(*score, direction),
        _ => f64::NEG_INFINITY,
    };
    cells.iter().map(score).collect()
}

fn oriented(score: f64, direction: Direction) -> f64 {
    match direction {
        Direction::HigherIsBetter => score,
        Direction::LowerIsBetter => -score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: [ScoreCell; 6] = [
        ScoreCell::Ok(2.0),
        ScoreCell::NonFinite(f64::INFINITY),
        ScoreCell::Failed,
        ScoreCell::Ok(-1.0),
        ScoreCell::Skipped,
        ScoreCell::Missing,
    ];
    const ACCURACIES: [f64; 6] = [60.0, 61.0, 62.0, 63.0, 64.0, 65.0];

    #[test]
    fn what_is_left_out_is_counted_by_reason() {
        let aligned = align(&CELLS, Direction::HigherIsBetter, &ACCURACIES, NonFinitePolicy::Exclude);
        assert_eq!((aligned.scores, aligned.accuracies), (vec![2.0, -1.0], vec![60.0, 63.0]));
        assert_eq!(aligned.places, [0, 3]);
        assert_eq!(
            aligned.excluded,
            Excluded { non_finite: 1, failed: 1, skipped: 1, missing: 1, no_accuracy: 0 }
        );
        assert_eq!((aligned.excluded.total(), aligned.ranked_last), (4, 0));
        let accuracies = [f64::NAN, 61.0, 62.0, 63.0, f64::NAN, 65.0];
        let aligned = align(&CELLS, Direction::HigherIsBetter, &accuracies, NonFinitePolicy::Exclude);
        assert_eq!((aligned.places, aligned.excluded.no_accuracy, aligned.excluded.skipped), (vec![3], 2, 0));
    }

    #[test]
    fn the_worst_rank_is_the_last_whatever_the_direction_and_the_sign_of_infinity() {
        for (direction, first) in [(Direction::HigherIsBetter, 2.0), (Direction::LowerIsBetter, -2.0)] {
            let aligned = align(&CELLS, direction, &ACCURACIES, NonFinitePolicy::Worst);
            assert_eq!(aligned.scores, [first, f64::NEG_INFINITY, -first / 2.0]);
            assert_eq!((aligned.ranked_last, aligned.excluded.non_finite), (1, 0));
        }
    }

    #[test]
    fn the_sentinel_is_the_worst_number_whatever_the_direction() {
        for (direction, first) in [(Direction::HigherIsBetter, 2.0), (Direction::LowerIsBetter, -2.0)] {
            let aligned = align(&CELLS, direction, &ACCURACIES, NonFinitePolicy::Sentinel);
            assert_eq!(aligned.scores, [first, SENTINEL, -first / 2.0]);
            assert_eq!((aligned.ranked_last, aligned.excluded.non_finite), (1, 0));
        }
    }

    #[test]
    fn a_pool_keeps_every_architecture() {
        let worst = f64::NEG_INFINITY;
        assert_eq!(pool(&CELLS, Direction::LowerIsBetter), [-2.0, worst, worst, 1.0, worst, worst]);
    }
}
