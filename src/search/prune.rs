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
//! `d_R`, the smallest first; equal ones share a rank, and the next has one rank more. On every edge the operations with the
//! smallest sum of ranks are pruned ([`Supernet::PER_ROUND`]), the first of equal ones. Where a node keeps two edges only (DARTS), its edges are
//! left out and ranked in the same way once each has one operation, node by node, and the two with the largest sums stay.
//!
//! The released code draws new weights and images for every network. Here the supernet and its parts have the same weights and images
//! for an initialisation, which takes the noise out of the differences. An undefined condition number counts as infinite.

use serde::Serialize;

use super::error::GuidedError;
use super::scores::{PartScore, Scores};
use crate::keyed::Draws;
use crate::spaces::supernet::Supernet;

/// The proxies of a pruning search, in the order of its scores.
pub const PROXIES: [&str; 2] = ["ntk", "linear_regions:crops"];
/// Initialisations over which changes are averaged.
pub const INITIALISATIONS: u32 = 3;

/// What leaving an operation out changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// In the order of the string.
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
    /// The architecture that is left.
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

/// Edges that a node keeps where it has more.
const KEPT: usize = 2;

/// An operation that may be left out, and what is left then.
struct Choice<S> {
    edge: usize,
    operation: &'static str,
    without: S,
}

/// Names the places of the choices that go, given all of them and their places in the order of their ranks.
type Pick<'p, S> = dyn Fn(&[Choice<S>], &[usize]) -> Vec<usize> + 'p;

/// A pruning search and the networks that it has scored.
struct Search<'s, 'a> {
    scores: &'s mut [Scores<'a>],
    each: &'s mut dyn FnMut(u64),
    done: u64,
    rounds: Vec<Round>,
}

/// Prunes the whole supernet. There is one set of scores for each initialisation. `each` is told of every scored network: how many of
/// [`planned`] are done.
///
/// # Errors
/// What the scores say.
pub fn prune<S: Supernet>(
    scores: &mut [Scores<'_>],
    each: &mut dyn FnMut(u64),
) -> Result<Pruned, GuidedError> {
    let mut search = Search { scores, each, done: 0, rounds: vec![] };
    let mut net = S::whole();
    loop {
        let choices = choices(&net, |_, operations| operations > 1);
        if choices.is_empty() {
            break;
        }
        net = search.round(&net, &choices, &first_of_each_edge)?;
    }
    for node in S::nodes() {
        let choices = choices(&net, |edge, _| node.contains(&edge));
        if choices.len() > KEPT {
            net = search.round(&net, &choices, &|_, order| order[..order.len() - KEPT].to_vec())?;
        }
    }
    Ok(Pruned { arch: net.found().unwrap_or_default(), rounds: search.rounds })
}

/// Places of the choices that are pruned, of all in the order of their ranks.
fn first_of_each_edge<S: Supernet>(choices: &[Choice<S>], order: &[usize]) -> Vec<usize> {
    let of = |edge: usize| order.iter().copied().filter(move |at| choices[*at].edge == edge);
    let mut edges: Vec<usize> = choices.iter().map(|choice| choice.edge).collect();
    edges.dedup();
    edges.into_iter().flat_map(|edge| of(edge).take(S::PER_ROUND.min(of(edge).count() - 1))).collect()
}

impl Search<'_, '_> {
    /// Leaves out each of the choices for a moment, and those that `pick` names for good.
    fn round<S: Supernet>(
        &mut self,
        net: &S,
        choices: &[Choice<S>],
        pick: &Pick<'_, S>,
    ) -> Result<S, GuidedError> {
        let changes = self.changes(net, choices)?;
        let ranks = ranks(&changes);
        let mut order: Vec<usize> = (0..choices.len()).collect();
        order.sort_by_key(|at| ranks[*at]);
        let pruned = pick(choices, &order);
        let change = |(at, choice): (usize, &Choice<S>)| Change {
            edge: choice.edge,
            operation: choice.operation,
            d_kappa: changes[at][0],
            d_regions: changes[at][1],
            ranks: ranks[at],
            pruned: pruned.contains(&at),
        };
        let changes = choices.iter().enumerate().map(change).collect();
        self.rounds.push(Round { supernet: net.to_string(), changes });
        let without = |net: S, at: &usize| net.without(choices[*at].edge, choices[*at].operation);
        Ok(pruned.iter().fold(net.clone(), without))
    }

    /// `[d_kappa, d_R]` of every choice.
    fn changes<S: Supernet>(&mut self, net: &S, choices: &[Choice<S>]) -> Result<Vec<[f64; 2]>, GuidedError> {
        let all = std::iter::once(net).chain(choices.iter().map(|choice| &choice.without));
        let all: Vec<String> = all.map(ToString::to_string).collect();
        let mut sums = vec![[0.0; 2]; choices.len()];
        for scores in self.scores.iter_mut() {
            let mut measures = vec![];
            for (i, arch) in all.iter().enumerate() {
                let next = |n: usize| all[i + 1..].iter().take(n).cloned().collect();
                measures.push(Measures::of(&scores.of(arch, next)?.scores));
                self.done += 1;
                (self.each)(self.done);
            }
            for (sum, part) in sums.iter_mut().zip(&measures[1..]) {
                let changes = measures[0].changes(*part);
                (0..2).for_each(|k| sum[k] += changes[k]);
            }
        }
        let count = self.scores.len().max(1) as f64;
        Ok(sums.into_iter().map(|sum| sum.map(|x| x / count)).collect())
    }
}

/// Networks that a search scores for each initialisation.
pub fn planned<S: Supernet>() -> u64 {
    let (net, mut planned) = (S::whole(), 0);
    let edges = net.edges();
    let mut left: Vec<usize> = edges.iter().map(Vec::len).collect();
    while left.iter().any(|operations| *operations > 1) {
        planned += 1 + left.iter().filter(|operations| **operations > 1).sum::<usize>();
        left.iter_mut().for_each(|operations| *operations -= S::PER_ROUND.min(*operations - 1));
    }
    let nodes = S::nodes().into_iter().map(|node| node.len()).filter(|edges| *edges > KEPT);
    (planned + nodes.map(|edges| 1 + edges).sum::<usize>()) as u64
}

/// Operations that may be left out: those on edges that `of` accepts, by their place and number of operations.
fn choices<S: Supernet>(net: &S, of: impl Fn(usize, usize) -> bool) -> Vec<Choice<S>> {
    let edges = net.edges().into_iter().enumerate();
    let edges = edges.filter(|(edge, operations)| of(*edge, operations.len()));
    let all =
        edges.flat_map(|(edge, operations)| operations.into_iter().map(move |operation| (edge, operation)));
    all.map(|(edge, operation)| Choice { edge, operation, without: net.without(edge, operation) }).collect()
}

/// Sums of the ranks by condition number and by linear regions, from 0.
fn ranks(changes: &[[f64; 2]]) -> Vec<usize> {
    let by_kappa = dense_ranks(&changes.iter().map(|change| -change[0]).collect::<Vec<_>>());
    let by_regions = dense_ranks(&changes.iter().map(|change| change[1]).collect::<Vec<_>>());
    by_kappa.iter().zip(&by_regions).map(|(a, b)| a + b).collect()
}

/// Ranks from 0, the smallest number first; equal numbers share one, and the next number has one more.
fn dense_ranks(numbers: &[f64]) -> Vec<usize> {
    let mut distinct = numbers.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let rank = |x: &f64| distinct.iter().position(|d| d == x).unwrap_or(distinct.len());
    numbers.iter().map(rank).collect()
}

/// A supernet pruned at random: on every edge one of the operations is left, and of every node's edges as many as the search leaves, all
/// equally likely.
pub fn at_random<S: Supernet>(seed: u64, repetition: u32) -> String {
    let mut draws = Draws::new(seed, &format!("prune.{repetition}"));
    let mut net = S::whole();
    for edge in 0..net.edges().len() {
        while let Some(left) = net.edges().get(edge).filter(|left| left.len() > 1) {
            let Some(pruned) = draws.one_of(left) else { break };
            net = net.without(edge, pruned);
        }
    }
    for node in S::nodes() {
        let mut left: Vec<usize> = node.collect();
        while left.len() > KEPT {
            let edge = left.remove(draws.below(left.len()));
            let operations = net.edges().swap_remove(edge);
            net = operations.into_iter().fold(net, |net, operation| net.without(edge, operation));
        }
    }
    net.found().unwrap_or_default()
}

#[cfg(test)]
mod tests;
