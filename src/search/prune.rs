//! TE-NAS's search (Chen et al., ICLR 2021, section 3.3 and its released code): operations are pruned from a supernet until one is left on
//! every edge.
//!
//! In every round each operation of an edge that has others is left out for a moment, and
//!
//! ```text
//! d_kappa = mean over initialisations of round3((kappa - kappa') / kappa)    kappa: condition number of the NTK
//! d_R     = mean over initialisations of round3((R - R') / R)                R: number of linear regions
//! ```
//!
//! say what that does to the supernet (the primed without the operation). Operations are ranked by `d_kappa`, the largest first, and by
//! `d_R`, the smallest first; equal ones share a rank, and the next has one rank more. On every edge the operation with the
//! smallest sum of ranks is pruned, the first of equal ones.
//!
//! The released code draws new weights and images for every network. Here the supernet and its parts have the same weights and images
//! for an initialisation, which takes the noise out of the differences. An undefined condition number counts as infinite.

use serde::Serialize;

use super::error::GuidedError;
use super::scores::{PartScore, Scores};
use crate::keyed::Draws;
use crate::spaces::nasbench201::EdgeOperation;
use crate::spaces::supernet::SuperCell;

/// The proxies of a pruning search, in the order of its scores.
pub const PROXIES: [&str; 2] = ["ntk", "linear_regions:crops"];
/// Initialisations over which changes are averaged.
pub const INITIALISATIONS: u32 = 3;

/// What leaving an operation out changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// In string order: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3.
    pub edge: usize,
    pub operation: &'static str,
    #[serde(serialize_with = "crate::store::number::serialize")]
    pub d_kappa: f64,
    #[serde(serialize_with = "crate::store::number::serialize")]
    pub d_regions: f64,
    /// Sum of both ranks, counted from 0.
    pub ranks: usize,
    pub pruned: bool,
}

/// One round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Round {
    /// The supernet before it.
    pub supernet: String,
    pub changes: Vec<Change>,
}

/// A supernet that was pruned to the end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pruned {
    pub rounds: Vec<Round>,
    /// A cell of NAS-Bench-201.
    pub arch: String,
}

/// Condition number and linear regions of a supernet.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measures {
    kappa: f64,
    regions: f64,
}

impl Measures {
    fn of(scores: &[PartScore]) -> Self {
        let score = |k: usize| scores.get(k).and_then(|part| part.score);
        // The score of `ntk` is the negative condition number.
        let kappa = score(0).filter(|x| x.is_finite()).map_or(f64::INFINITY, |x| -x);
        Self { kappa, regions: score(1).unwrap_or(0.0) }
    }

    /// `[d_kappa, d_R]` of the supernet with these measures without an operation.
    fn changes(self, without: Self) -> [f64; 2] {
        [relative(self.kappa, without.kappa), relative(self.regions, without.regions)]
    }
}

/// `round3((whole - part) / whole)`; with infinite numbers its limit, and 0 where both are.
fn relative(whole: f64, part: f64) -> f64 {
    match (whole.is_finite(), part.is_finite()) {
        (true, true) if whole == part => 0.0,
        (true, _) => ((whole - part) / whole * 1e3).round_ties_even() / 1e3,
        (false, true) => 1.0,
        (false, false) => 0.0,
    }
}

/// Prunes the whole supernet. There is one set of scores for each initialisation. `each` is told of every scored network: how many of
/// `planned` are done.
///
/// # Errors
/// What the scores say.
pub fn prune(scores: &mut [Scores<'_>], each: &mut dyn FnMut(u64)) -> Result<Pruned, GuidedError> {
    let (mut cell, mut rounds, mut done) = (SuperCell::whole(), vec![], 0);
    while cell.single().is_none() {
        let choices = choices(&cell);
        let all: Vec<String> =
            std::iter::once(&cell).chain(choices.iter().map(|c| &c.2)).map(ToString::to_string).collect();
        let mut sums = vec![[0.0; 2]; choices.len()];
        for scores in &mut *scores {
            let mut measures = vec![];
            for (i, arch) in all.iter().enumerate() {
                let next = |n: usize| all[i + 1..].iter().take(n).cloned().collect();
                measures.push(Measures::of(&scores.of(arch, next)?.scores));
                done += 1;
                each(done);
            }
            for (sum, part) in sums.iter_mut().zip(&measures[1..]) {
                let changes = measures[0].changes(*part);
                (0..2).for_each(|k| sum[k] += changes[k]);
            }
        }
        let count = scores.len().max(1) as f64;
        let changes: Vec<[f64; 2]> = sums.into_iter().map(|sum| sum.map(|x| x / count)).collect();
        let changes = decided(&choices, &changes);
        let supernet = cell.to_string();
        for change in changes.iter().filter(|change| change.pruned) {
            let operation = choices.iter().find(|c| c.0 == change.edge && c.1.name() == change.operation);
            cell = operation.and_then(|c| cell.without(c.0, c.1)).unwrap_or(cell);
        }
        rounds.push(Round { supernet, changes });
    }
    let arch = cell.single().map(|cell| cell.to_string()).unwrap_or_default();
    Ok(Pruned { rounds, arch })
}

/// Networks that a search scores for each initialisation.
pub fn planned() -> u64 {
    let (edges, operations) = (6, 4);
    (2..=operations).map(|k| 1 + edges * k).sum()
}

/// Operations that can be left out, with the edge and what is left.
fn choices(cell: &SuperCell) -> Vec<(usize, EdgeOperation, SuperCell)> {
    let edges = cell.edges().iter().enumerate();
    let all = edges.flat_map(|(edge, operations)| operations.iter().map(move |operation| (edge, *operation)));
    all.filter_map(|(edge, operation)| Some((edge, operation, cell.without(edge, operation)?))).collect()
}

/// The changes with their ranks, and on every edge the one that is pruned.
fn decided(choices: &[(usize, EdgeOperation, SuperCell)], changes: &[[f64; 2]]) -> Vec<Change> {
    let by_kappa = dense_ranks(&changes.iter().map(|change| -change[0]).collect::<Vec<_>>());
    let by_regions = dense_ranks(&changes.iter().map(|change| change[1]).collect::<Vec<_>>());
    let ranks: Vec<usize> = by_kappa.iter().zip(&by_regions).map(|(a, b)| a + b).collect();
    let best = |edge: usize| {
        let of_edge = (0..choices.len()).filter(|i| choices[*i].0 == edge);
        of_edge.reduce(|best, i| if ranks[i] < ranks[best] { i } else { best })
    };
    let change = |(i, (edge, operation, _)): (usize, &(usize, EdgeOperation, SuperCell))| Change {
        edge: *edge,
        operation: operation.name(),
        d_kappa: changes[i][0],
        d_regions: changes[i][1],
        ranks: ranks[i],
        pruned: best(*edge) == Some(i),
    };
    choices.iter().enumerate().map(change).collect()
}

/// Ranks from 0, the smallest number first; equal numbers share one, and the next number has one more.
fn dense_ranks(numbers: &[f64]) -> Vec<usize> {
    let mut distinct = numbers.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let rank = |x: &f64| distinct.iter().position(|d| d == x).unwrap_or(distinct.len());
    numbers.iter().map(rank).collect()
}

/// A supernet pruned at random: on every edge one of the operations is left, all equally likely.
pub fn at_random(seed: u64, repetition: u32) -> String {
    let mut draws = Draws::new(seed, &format!("prune.{repetition}"));
    let mut cell = SuperCell::whole();
    for edge in 0..cell.edges().len() {
        while let Some(left) = Some(cell.edges()[edge].clone()).filter(|left| left.len() > 1) {
            let pruned = draws.one_of(&left).and_then(|operation| cell.without(edge, *operation));
            cell = pruned.unwrap_or(cell);
        }
    }
    cell.single().map(|cell| cell.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;
    use crate::scoring::Parallelism;
    use crate::search::scores::Scored;

    /// A supernet that is the better trained the more conv3x3 it has, and the more expressive the fewer skips.
    fn measured(arch: &str, initialisation: f64) -> Scored {
        let count = |name: &str| arch.matches(name).count() as f64;
        let kappa = 50.0 + initialisation - count("nor_conv_3x3") + count("avg_pool_3x3");
        let regions = 600.0 - 10.0 * count("skip_connect") - count("avg_pool_3x3");
        let scores = [-kappa, regions].map(PartScore::plain).to_vec();
        Scored { arch: arch.to_owned(), latency_ms: None, scores }
    }

    fn pruned(threads: usize) -> (Pruned, u64, u64) {
        let (never, computed) = (AtomicBool::new(false), AtomicU64::new(0));
        let sources: Vec<_> = (0..3)
            .map(|k| {
                let computed = &computed;
                move |arch: &str| {
                    computed.fetch_add(1, Ordering::Relaxed);
                    Ok(measured(arch, f64::from(k)))
                }
            })
            .collect();
        let parallelism = Parallelism { threads, at_once: None };
        let mut scores: Vec<Scores<'_>> =
            sources.iter().map(|source| Scores::new(source, parallelism, &never).unwrap()).collect();
        let mut last = 0;
        let pruned = prune(&mut scores, &mut |done| last = done).unwrap();
        (pruned, last, computed.load(Ordering::Relaxed))
    }

    #[test]
    fn what_hurts_least_goes_first() {
        let (found, done, computed) = pruned(1);
        let conv = "nor_conv_3x3";
        assert_eq!(found.arch, format!("|{conv}~0|+|{conv}~0|{conv}~1|+|{conv}~0|{conv}~1|{conv}~2|"));
        assert_eq!(found.rounds.len(), 3);
        assert_eq!(found.rounds.iter().map(|r| r.changes.len()).collect::<Vec<_>>(), [24, 18, 12]);
        assert!(found.rounds.iter().all(|r| r.changes.iter().filter(|c| c.pruned).count() == 6));
        assert_eq!((done, computed), (3 * planned(), 3 * planned()));
        // (50 + k - 6 + 6 - (50 + k + 1)) / (50 + k) without a conv3x3, rounded, over k = 0, 1, 2.
        let without_conv = found.rounds[0].changes.iter().find(|c| c.operation == conv).unwrap();
        assert!((without_conv.d_kappa - (-0.02 - 0.02 - 0.019) / 3.0).abs() < 1e-12, "{without_conv:?}");
        assert_eq!(pruned(3).0, found, "threads change nothing");
    }

    #[test]
    fn ranks_are_shared_by_equal_numbers() {
        assert_eq!(dense_ranks(&[2.0, 1.0, 2.0, 5.0, 1.0]), [1, 0, 1, 2, 0]);
        let relative = [relative(4.0, 3.0), relative(4.0, f64::INFINITY), relative(f64::INFINITY, 4.0)];
        assert_eq!(relative, [0.25, f64::NEG_INFINITY, 1.0]);
        assert_eq!(super::relative(f64::INFINITY, f64::INFINITY), 0.0);
    }

    #[test]
    fn pruning_at_random_leaves_cells_without_none() {
        let cells: Vec<String> = (0..40).map(|r| at_random(0, r)).collect();
        assert!(cells.iter().all(
            |cell| cell.parse::<crate::spaces::nasbench201::EdgeCell>().is_ok() && !cell.contains("none")
        ));
        assert_eq!(cells[3], at_random(0, 3));
        assert!(cells.iter().collect::<std::collections::BTreeSet<_>>().len() > 35);
    }
}
