//! What a population is ordered by: a weighted sum of scores, or ranks over all that was evaluated.

use std::sync::Arc;

use crate::proxies::{Direction, ProxyRef, SetRule};
use crate::search::scores::{PartScore, Scored};

crate::named! {
    /// How the scores of several proxies become one value.
    pub enum Objective: "objective" {
        /// the weighted sum of the scores; of those that are better when lower, the negative
        Sum = "sum",
        /// the weighted sum of ln(rank / m) over all m candidates evaluated so far, for each proxy or each of its components
        /// (AZ-NAS): the value of a candidate changes with every evaluation
        Ranks = "ranks",
    }
}

/// The rank of a plain score.
static SCORE: SetRule = SetRule { parts: &[("score", Direction::HigherIsBetter)], logarithms: true };

/// One proxy's part of the value.
#[derive(Clone, Debug)]
struct Term {
    weight: f64,
    direction: Direction,
    rule: Option<SetRule>,
}

/// What makes one value of the scores of a candidate.
#[derive(Clone, Debug)]
pub struct Goal {
    objective: Objective,
    terms: Vec<Term>,
}

/// What the goal keeps of a candidate: for [`Objective::Sum`] the value, for [`Objective::Ranks`] the numbers to rank.
pub type Kept = Arc<Vec<Vec<f64>>>;

impl Goal {
    /// The goal for proxies with a weight each.
    pub fn new(objective: Objective, proxies: &[(ProxyRef, f64)]) -> Self {
        let term = |(proxy, weight): &(ProxyRef, f64)| Term {
            weight: *weight,
            direction: proxy.direction(),
            rule: proxy.over_set(),
        };
        Self { objective, terms: proxies.iter().map(term).collect() }
    }

    /// The goal of a single score, the higher the better.
    pub fn score() -> Self {
        let term = Term { weight: 1.0, direction: Direction::HigherIsBetter, rule: None };
        Self { objective: Objective::Sum, terms: vec![term] }
    }

    /// What is kept of a candidate; `None` where one of its scores is missing or not finite.
    pub fn keep(&self, scored: &Scored) -> Option<Kept> {
        let mut parts = self.terms.iter().zip(&scored.scores).map(|(term, part)| {
            let score = part.score.filter(|score| score.is_finite())?;
            Some((term, part, if term.direction == Direction::HigherIsBetter { score } else { -score }))
        });
        let kept = match self.objective {
            Objective::Sum => {
                let sum =
                    parts.try_fold(0.0, |sum, part| part.map(|(term, _, up)| sum + term.weight * up))?;
                Some(vec![vec![sum]]).filter(|_| sum.is_finite())?
            }
            Objective::Ranks => parts.map(|part| part.map(ranked)).collect::<Option<_>>()?,
        };
        Some(Arc::new(kept))
    }

    /// What stands for a candidate that is still being scored: the worst.
    pub fn worst(&self) -> Kept {
        let parts = |term: &Term| term.rule.map_or(1, |rule| rule.parts.len());
        let worst = |term| vec![f64::NEG_INFINITY; parts(term)];
        Arc::new(match self.objective {
            Objective::Sum => vec![vec![f64::NEG_INFINITY]],
            Objective::Ranks => self.terms.iter().map(worst).collect(),
        })
    }

    /// The values of all candidates, given those of the first ones.
    pub fn values(&self, mut known: Vec<f64>, kept: &[Kept]) -> Vec<f64> {
        if self.objective == Objective::Sum {
            known.extend(kept[known.len()..].iter().map(|kept| kept[0][0]));
            return known;
        }
        let mut values = vec![0.0; kept.len()];
        for (k, term) in self.terms.iter().enumerate() {
            let numbers: Vec<Vec<f64>> = kept.iter().map(|kept| kept[k].clone()).collect();
            let ranks = term.rule.unwrap_or(SCORE).scores(&numbers);
            values.iter_mut().zip(ranks).for_each(|(value, rank)| *value += term.weight * rank);
        }
        values
    }
}

/// The numbers of a proxy that are ranked: the components that its rule names, or the score.
fn ranked((term, part, up): (&Term, &PartScore, f64)) -> Vec<f64> {
    let component = |name| part.components.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, x)| *x);
    term.rule.map_or(vec![up], |rule| rule.parts.iter().map(|(name, _)| component(*name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(scores: &[f64]) -> Scored {
        let scores = scores.iter().map(|x| PartScore::plain(*x)).collect();
        Scored { arch: String::new(), latency_ms: None, scores }
    }

    fn goal(objective: Objective) -> Goal {
        let proxies = [("params", 2.0), ("flops", -1.0)];
        Goal::new(objective, &proxies.map(|(name, weight)| (name.parse().unwrap(), weight)))
    }

    fn values(goal: &Goal, candidates: &[[f64; 2]]) -> Vec<f64> {
        let kept: Vec<Kept> = candidates.iter().map(|c| goal.keep(&scored(c)).unwrap()).collect();
        goal.values(vec![], &kept)
    }

    #[test]
    fn sums_are_weighted_and_need_every_score() {
        let goal = goal(Objective::Sum);
        assert_eq!(values(&goal, &[[1.0, 3.0], [5.0, 4.0]]), [-1.0, 6.0]);
        for bad in [[f64::NAN, 1.0], [1.0, f64::INFINITY]] {
            assert!(goal.keep(&scored(&bad)).is_none());
        }
    }

    /// Ranks 1, 3, 2 of the first and 3, 1, 2 of the second, which counts -1.
    #[test]
    fn ranks_are_taken_over_all_candidates() {
        let goal = goal(Objective::Ranks);
        let found = values(&goal, &[[1.0, 9.0], [5.0, 4.0], [2.0, 5.0]]);
        let ln = |rank: f64| (rank / 3.0).ln();
        let expected = [2.0 * ln(1.0) - ln(3.0), 2.0 * ln(3.0) - ln(1.0), 2.0 * ln(2.0) - ln(2.0)];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
    }
}
