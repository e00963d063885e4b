//! Random search: draw S architectures, keep the one with the best score, look its accuracy up (Mellor et al., "Neural
//! Architecture Search without Training", 2021, section 4; RBFleX-NAS, Table III).

use rayon::prelude::*;

use crate::keyed::smallest;
use crate::progress;
use crate::stats::Summary;

crate::named! {
    /// What a trial may remember of those before it.
    pub enum Protocol: "protocol" {
        /// Every trial searches its own S architectures
        Independent = "independent",
        /// The best score found so far is never reset, as in the papers' released scripts: trial k has searched k S
        /// architectures, and the spread is that of a monotone sequence
        RunningBest = "running_best",
    }
}

/// One search, repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Request {
    /// S, the architectures that a trial draws, without replacement.
    pub sample_size: usize,
    pub trials: usize,
    pub protocol: Protocol,
    /// Seed of the draws.
    pub seed: u64,
}

/// One repetition's candidates.
pub struct Pool<'a> {
    /// Names the pool in the keys of draws.
    pub repetition: u64,
    /// Number of architectures.
    pub size: usize,
    /// For each rule, the scores that it selects by: higher is better, anything that is not finite is the worst.
    pub scores: Vec<&'a [f64]>,
    /// Percent.
    pub accuracies: &'a [f64],
}

/// Why a search cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    #[error(
        "a trial draws {sample_size} architectures without replacement, but repetition {repetition} has only {size}; \
         choose smaller --samples, or score more architectures"
    )]
    PoolTooSmall { sample_size: usize, size: usize, repetition: u64 },
    #[error(
        "a search needs architectures to draw, a trial and candidates; --samples and --trials begin at 1"
    )]
    Nothing,
}

/// The outcome of one rule.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Top1 {
    /// Accuracy, in percent, of what each trial selected.
    pub accuracies: Vec<f64>,
    /// Trials in which no candidate had a finite score, so that chance decided.
    pub undecided: usize,
}

impl Top1 {
    /// Mean and spread over trials.
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.accuracies)
    }
}

/// Repeats a search and gives the outcome of each rule. Trial `t` searches pool `t mod R` of R repetitions.
///
/// All rules see the same draws: the keyed choice `smallest(S, n, seed, "top1.<S>.<repetition>.<trial>")`. It comes in
/// random order, so that taking the first of equal scores breaks ties at random.
///
/// # Errors
/// Nothing to search, or a pool smaller than a draw.
pub fn top1(pools: &[Pool<'_>], request: &Request) -> Result<Vec<Top1>, SearchError> {
    let rules = pools.first().ok_or(SearchError::Nothing)?.scores.len();
    if request.sample_size == 0 || request.trials == 0 {
        return Err(SearchError::Nothing);
    }
    if let Some(small) = pools.iter().find(|pool| pool.size < request.sample_size) {
        let (size, repetition) = (small.size, small.repetition);
        return Err(SearchError::PoolTooSmall { sample_size: request.sample_size, size, repetition });
    }
    let work = progress::begin("drawing samples", "trials", request.trials);
    let trial = |t: usize| {
        work.advance(1);
        let pool = &pools[t % pools.len()];
        let key = format!("top1.{}.{}.{t}", request.sample_size, pool.repetition);
        let drawn = smallest(request.sample_size, pool.size, request.seed, &key);
        pool.scores.iter().map(|scores| Found::best(scores, pool.accuracies, &drawn)).collect()
    };
    let found: Vec<Vec<Found>> = (0..request.trials).into_par_iter().map(trial).collect();
    Ok((0..rules).map(|rule| outcome(found.iter().map(|trial| trial[rule]), request.protocol)).collect())
}

/// What a trial selected.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Found {
    /// Minus infinity where no candidate has a finite score.
    score: f64,
    accuracy: f64,
}

impl Found {
    /// The first of the best-scored architectures in the order of the draw, which is not empty.
    fn best(scores: &[f64], accuracies: &[f64], drawn: &[usize]) -> Self {
        let score = |index: usize| if scores[index].is_finite() { scores[index] } else { f64::NEG_INFINITY };
        let first = drawn[0];
        let best =
            drawn.iter().fold(first, |best, &index| if score(index) > score(best) { index } else { best });
        Self { score: score(best), accuracy: accuracies[best] }
    }
}

fn outcome(found: impl Iterator<Item = Found>, protocol: Protocol) -> Top1 {
    let mut outcome = Top1 { accuracies: vec![], undecided: 0 };
    let mut best: Option<Found> = None;
    for found in found {
        outcome.undecided += usize::from(found.score == f64::NEG_INFINITY);
        let kept = match (protocol, best) {
            (Protocol::RunningBest, Some(best)) if found.score <= best.score => best,
            _ => found,
        };
        best = Some(kept);
        outcome.accuracies.push(kept.accuracy);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keyed::Stream;

    fn request(sample_size: usize, trials: usize, protocol: Protocol) -> Request {
        Request { sample_size, trials, protocol, seed: 3 }
    }

    fn numbers(n: usize, name: &str) -> Vec<f64> {
        (0..n as u64).map(|i| Stream::new(0, name).unit(i)).collect()
    }

    fn search(scores: &[&[f64]], accuracies: &[f64], request: Request) -> Vec<Top1> {
        let pool = Pool { repetition: 0, size: accuracies.len(), scores: scores.to_vec(), accuracies };
        top1(&[pool], &request).unwrap()
    }

    #[test]
    fn an_oracle_finds_the_best_of_its_draw() {
        // The largest of S of n equally spaced numbers 0..n is (S (n + 1) / (S + 1)) - 1 on average.
        let accuracies: Vec<f64> = (0..1000).map(f64::from).collect();
        let found = search(&[&accuracies], &accuracies, request(9, 2000, Protocol::Independent));
        let summary = found[0].summary().unwrap();
        let standard_error = summary.std.unwrap() / 2000f64.sqrt();
        assert!((summary.mean - 899.9).abs() < 3.0 * standard_error, "{summary:?}");
        let all = search(&[&accuracies], &accuracies, request(1000, 5, Protocol::Independent));
        assert_eq!(all[0].accuracies, [999.0; 5]);
    }

    #[test]
    fn constant_and_worthless_scores_select_at_random() {
        let accuracies = numbers(500, "accuracy");
        let mean = accuracies.iter().sum::<f64>() / 500.0;
        let (constant, worthless) = (vec![1.0; 500], vec![f64::NAN; 500]);
        let found = search(&[&constant, &worthless], &accuracies, request(10, 4000, Protocol::Independent));
        let summary = found[0].summary().unwrap();
        assert!(
            (summary.mean - mean).abs() < 3.0 * summary.std.unwrap() / 4000f64.sqrt(),
            "{summary:?} {mean}"
        );
        assert_eq!((found[0].undecided, found[1].undecided), (0, 4000));
        assert_eq!(found[0].accuracies, found[1].accuracies);
    }

    #[test]
    fn what_is_not_finite_is_the_worst() {
        let scores = [f64::INFINITY, -5.0, f64::NAN, f64::NEG_INFINITY];
        let found = search(&[&scores], &[1.0, 2.0, 3.0, 4.0], request(4, 20, Protocol::Independent));
        assert_eq!(found[0].accuracies, [2.0; 20]);
    }

    #[test]
    fn a_pool_that_is_too_small_is_named() {
        let accuracies = [1.0, 2.0];
        let pool =
            |repetition| Pool { repetition, size: 2, scores: vec![&accuracies[..]], accuracies: &accuracies };
        let error = top1(&[pool(4)], &request(3, 1, Protocol::Independent)).unwrap_err();
        assert_eq!(error, SearchError::PoolTooSmall { sample_size: 3, size: 2, repetition: 4 });
        assert_eq!(top1(&[], &request(1, 1, Protocol::Independent)), Err(SearchError::Nothing));
        assert_eq!(top1(&[pool(0)], &request(1, 0, Protocol::Independent)), Err(SearchError::Nothing));
        assert_eq!(top1(&[pool(0)], &request(0, 1, Protocol::Independent)), Err(SearchError::Nothing));
    }

    proptest! {
        #[test]
        fn the_running_best_is_monotone_in_the_score_and_independent_trials_are_not(seed in 0u64..1000) {
            let scores = numbers(200, &format!("score.{seed}"));
            // The accuracy is the score, so that what a trial reports shows what it selected.
            let request = |protocol| Request { sample_size: 5, trials: 60, protocol, seed };
            let running = search(&[&scores], &scores, request(Protocol::RunningBest));
            prop_assert!(running[0].accuracies.is_sorted());
            let independent = search(&[&scores], &scores, request(Protocol::Independent));
            prop_assert!(!independent[0].accuracies.is_sorted());
            let best = independent[0].accuracies.iter().copied().fold(0.0, f64::max);
            prop_assert_eq!(running[0].accuracies[59], best);
            prop_assert_eq!(running[0].accuracies[0], independent[0].accuracies[0]);
        }
    }
}
