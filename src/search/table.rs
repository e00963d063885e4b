//! Searches on tabular spaces: scores guide, and the accuracy of what was found is looked up at the end.
//!
//! | walk | candidates |
//! |---|---|
//! | evolution | regularised evolution as NATS-Bench has it: ten random architectures, then the mutated best of three members drawn with replacement; the oldest of eleven leaves |
//! | random | architectures drawn without replacement |
//!
//! The answer of S evaluations is the best-scored architecture of the first S, the first of equal ones; searches of one trial
//! with different S are therefore parts of one walk. A score that is not finite is the worst. Trial `t` has draws of its own
//! (`table.<t>` and `evolve.<t>.<evaluation>`), the same for all rules.

use std::cell::Cell;
use std::collections::HashMap;

use super::error::GuidedError;
use super::evolve::{
    Evolution, FinalList, Goal, Limits, Parents, Removal, Rules, Start, State, Unscored, Until,
};
use super::scores::Scores;
use super::top1::Top1;
use crate::keyed::{Draws, sample};
use crate::spaces::{NetworkInput, SearchSpace};

crate::named! {
    /// Which architectures a search on a table asks for.
    pub enum Walk: "walk" {
        /// regularised evolution: population 10, tournament 3, the oldest leaves
        Evolution = "evolution",
        /// architectures drawn without replacement
        Random = "random",
    }
}

/// Members of the population, and of a tournament.
const POPULATION: usize = 10;
const TOURNAMENT: usize = 3;
/// How often a child is drawn again that is not among the candidates.
const MOST_DRAWS: usize = 1000;

/// The architectures that can be found, with what is looked up at the end.
pub struct TableSearch<'a> {
    pub space: &'static dyn SearchSpace,
    pub archs: &'a [String],
    /// Percent, or negative losses.
    pub accuracies: &'a [f64],
    /// S: numbers of evaluations, in any order.
    pub sizes: &'a [usize],
    pub seed: u64,
    /// Place of each architecture.
    places: HashMap<&'a str, usize>,
}

/// What a search found with each number of evaluations, in the order of [`TableSearch::sizes`].
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub accuracies: Vec<f64>,
    /// Whether no candidate had a finite score, so that the first was taken.
    pub undecided: Vec<bool>,
    /// Accuracy of the first architecture that was drawn.
    pub first: f64,
    /// Children that had no mutant among the candidates, and were drawn from all of them.
    pub jumps: u64,
}

impl<'a> TableSearch<'a> {
    /// Searches among these architectures.
    pub fn new(
        space: &'static dyn SearchSpace,
        (archs, accuracies): (&'a [String], &'a [f64]),
        sizes: &'a [usize],
        seed: u64,
    ) -> Self {
        let places = archs.iter().map(String::as_str).zip(0..).collect();
        Self { space, archs, accuracies, sizes, seed, places }
    }

    /// What is looked up for a candidate.
    pub fn accuracy(&self, arch: &str) -> Option<f64> {
        self.places.get(arch).map(|at| self.accuracies[*at])
    }

    /// One trial of a walk. `each` is told after every evaluation.
    ///
    /// # Errors
    /// A space without mutations, more evaluations at random than there are candidates, or what the scores say.
    pub fn trial(
        &self,
        walk: Walk,
        number: u32,
        goal: &Goal,
        scores: &mut Scores<'_>,
        each: &mut dyn FnMut(),
    ) -> Result<Trial, GuidedError> {
        let most = self.sizes.iter().copied().max().unwrap_or(0);
        let drawn = match walk {
            Walk::Random => most,
            Walk::Evolution => most.min(POPULATION),
        };
        if drawn > self.archs.len() {
            return Err(GuidedError::TooFew { drawn, there: self.archs.len() });
        }
        let drawn = sample(drawn, self.archs.len(), self.seed, &format!("table.{number}"));
        let first = drawn.first().map_or(f64::NAN, |at| self.accuracies[*at]);
        let rules = rules(walk, drawn.into_iter().map(|at| self.archs[at].clone()).collect());
        let jumps = Cell::new(0);
        let mutate = |arch: &str, _: usize, draws: &mut Draws| self.mutant(arch, draws, &jumps);
        let evolution = Evolution {
            space: self.space,
            // Nothing is limited, so that nothing is built to be counted.
            input: NetworkInput { resolution: 32, classes: 10 },
            rules: &rules,
            limits: &Limits::default(),
            goal,
            mutate: &mutate,
            seed: self.seed,
            repetition: number,
        };
        let (mut accuracies, mut undecided) =
            (vec![f64::NAN; self.sizes.len()], vec![false; self.sizes.len()]);
        let mut see = |state: &State| {
            for (k, size) in self.sizes.iter().enumerate() {
                if *size as u64 == state.evaluations {
                    let best =
                        state.best_ever().map(|at| (self.places[&*state.history[at].arch], state.values[at]));
                    accuracies[k] = best.map_or(f64::NAN, |(at, _)| self.accuracies[at]);
                    undecided[k] = best.is_none_or(|(_, value)| !value.is_finite());
                }
            }
            each();
        };
        evolution.run(scores, Until::Iterations(most as u64), &mut see)?;
        Ok(Trial { accuracies, undecided, first, jumps: jumps.get() })
    }

    /// A mutant among the candidates, or where a thousand draws give none any candidate.
    fn mutant(&self, arch: &str, draws: &mut Draws, jumps: &Cell<u64>) -> Result<String, GuidedError> {
        for _ in 0..MOST_DRAWS {
            let mutant = self.space.mutate(arch, draws)?;
            let mutant = mutant.ok_or(GuidedError::NoMutation { space: self.space.spec().id })?;
            if self.places.contains_key(mutant.as_str()) {
                return Ok(mutant);
            }
        }
        jumps.set(jumps.get() + 1);
        Ok(draws.one_of(self.archs).cloned().unwrap_or_default())
    }
}

fn rules(walk: Walk, drawn: Vec<String>) -> Rules {
    let (population, removal) = match walk {
        Walk::Evolution => (POPULATION, Removal::Oldest),
        Walk::Random => (usize::MAX, Removal::Nobody),
    };
    Rules {
        population,
        start: Start::Sample(drawn),
        parents: Parents::Tournament(TOURNAMENT),
        replacements: 1,
        removal,
        final_list: FinalList::Kept,
        unscored: Unscored::Worst,
    }
}

/// The outcome of trials for each number of evaluations.
pub fn outcomes(sizes: &[usize], trials: &[Trial]) -> Vec<(usize, Top1)> {
    let of = |(k, size): (usize, &usize)| {
        let undecided = trials.iter().filter(|trial| trial.undecided[k]).count();
        (*size, Top1 { accuracies: trials.iter().map(|trial| trial.accuracies[k]).collect(), undecided })
    };
    sizes.iter().enumerate().map(of).collect()
}

/// Architectures drawn at random: the first of every trial.
pub fn at_random(sizes: &[usize], trials: &[Trial]) -> Vec<(usize, Top1)> {
    let first = Top1 { accuracies: trials.iter().map(|trial| trial.first).collect(), undecided: 0 };
    sizes.iter().map(|size| (*size, first.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::scoring::Parallelism;
    use crate::search::scores::{PartScore, Scored};
    use crate::spaces::{SearchSpace, nasbench_macro::NasBenchMacro};
    use crate::stats::Summary;

    /// NAS-Bench-Macro's 6,561 strings with a made-up accuracy: digits that are 2, the later the better.
    fn candidates() -> (Vec<String>, Vec<f64>) {
        let archs: Vec<String> = (0..6561).filter_map(|i| NasBenchMacro.arch(i)).collect();
        let accuracy =
            |arch: &String| arch.bytes().zip(1..).map(|(b, i)| f64::from(b - b'0') * f64::from(i)).sum();
        let accuracies = archs.iter().map(accuracy).collect();
        (archs, accuracies)
    }

    fn trials(walk: Walk, sizes: &[usize], count: u32, score: &(dyn Fn(f64) -> f64 + Sync)) -> Vec<Trial> {
        let (archs, accuracies) = candidates();
        let by_arch: HashMap<&str, f64> = archs.iter().map(String::as_str).zip(accuracies.clone()).collect();
        let source = |arch: &str| {
            let scores = vec![PartScore::plain(score(by_arch[arch]))];
            Ok(Scored { arch: arch.to_owned(), latency_ms: None, scores })
        };
        let never = AtomicBool::new(false);
        let one = Parallelism { threads: 1, at_once: None };
        let mut scores = Scores::new(&source, one, &never).unwrap();
        let search = TableSearch::new(&NasBenchMacro, (&archs, &accuracies), sizes, 3);
        let goal = Goal::score();
        (0..count).map(|t| search.trial(walk, t, &goal, &mut scores, &mut || {}).unwrap()).collect()
    }

    fn summary(trials: &[Trial], k: usize) -> Summary {
        Summary::of(&trials.iter().map(|trial| trial.accuracies[k]).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn an_oracle_finds_what_order_statistics_say_and_constant_scores_find_the_mean() {
        let (_, mut accuracies) = candidates();
        accuracies.sort_by(f64::total_cmp);
        let n = accuracies.len();
        // Mean of the largest of ten drawn without replacement: rank k (from 0) is the largest with probability
        // C(k, 9) / C(n, 10).
        let mut expected = 0.0;
        let mut probability = (0..10).fold(1.0, |p, i| p * (10 - i) as f64 / (n - i) as f64);
        for (k, accuracy) in accuracies.iter().enumerate().skip(9) {
            expected += probability * accuracy;
            probability *= (k + 1) as f64 / (k + 1 - 9) as f64;
        }
        let found = trials(Walk::Random, &[10, 100], 400, &|accuracy| accuracy);
        let of = summary(&found, 0);
        assert!((of.mean - expected).abs() < 3.0 * of.std.unwrap() / 20.0, "{} {expected}", of.mean);
        assert!(found.iter().all(|trial| trial.accuracies[0] <= trial.accuracies[1]), "a walk goes on");
        let constant = trials(Walk::Random, &[10], 400, &|_| 1.0);
        let (of, mean) = (summary(&constant, 0), accuracies.iter().sum::<f64>() / n as f64);
        assert!((of.mean - mean).abs() < 3.0 * of.std.unwrap() / 20.0, "{} {mean}", of.mean);
        assert!(constant.iter().all(|trial| trial.first == trial.accuracies[0]));
    }

    #[test]
    fn evolution_beats_random_search_by_the_same_score() {
        let [evolved, drawn] =
            [Walk::Evolution, Walk::Random].map(|walk| summary(&trials(walk, &[100], 40, &|x| x), 0).mean);
        assert!(evolved > drawn + 2.0, "{evolved} {drawn}");
        // The population begins with the same ten architectures.
        let ten = [Walk::Evolution, Walk::Random].map(|walk| trials(walk, &[10], 5, &|x| x));
        assert_eq!(ten[0], ten[1]);
    }

    #[test]
    fn without_any_finite_score_the_first_is_taken() {
        for walk in [Walk::Evolution, Walk::Random] {
            let found = trials(walk, &[5, 30], 3, &|_| f64::NAN);
            assert!(found.iter().all(|t| t.undecided == [true, true] && t.accuracies == [t.first; 2]));
        }
    }

    #[test]
    fn more_draws_than_candidates_are_refused() {
        let (archs, accuracies) = (vec!["22222222".to_owned(); 1], vec![1.0]);
        let source = |_: &str| Err(GuidedError::Stopped);
        let never = AtomicBool::new(false);
        let mut scores = Scores::new(&source, Parallelism { threads: 1, at_once: None }, &never).unwrap();
        let search = TableSearch::new(&NasBenchMacro, (&archs, &accuracies), &[3], 0);
        let error = search.trial(Walk::Random, 0, &Goal::score(), &mut scores, &mut || {}).unwrap_err();
        assert!(error.to_string().contains("--samples"), "{error}");
    }
}
