//! How a population develops: one row for each of some two hundred iterations.

use serde::{Deserialize, Serialize};

use super::{Accounting, Counts, Member, Parents, State};
use crate::spaces::{NetworkInput, SearchSpace};
use crate::stats::Summary;

/// Rows of a trajectory.
const ROWS: u64 = 200;

/// The population after an iteration. Means and spread are over the members from which parents are chosen and whose
/// value is finite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub repetition: u32,
    /// `search`, or `random`.
    pub rule: String,
    /// Iterations done.
    pub iteration: u64,
    /// Candidates scored.
    pub evaluations: u64,
    pub members: u64,
    /// Largest value in the population.
    pub best: f64,
    /// Largest value of any member so far.
    pub best_so_far: f64,
    pub mean: f64,
    /// Sample standard deviation; none of one member.
    pub std: Option<f64>,
    /// Those of the best member.
    pub best_params: u64,
    pub best_flops: u64,
    pub best_layers: Option<u64>,
    pub best_rho: Option<f64>,
    pub mean_params: f64,
    pub mean_flops: f64,
    pub mean_layers: Option<f64>,
    pub mean_rho: Option<f64>,
    /// The best member's scores by proxy, and their components; where the search has several numbers to show. They have a file of
    /// their own.
    #[serde(skip)]
    pub parts: Vec<(String, f64)>,
}

impl Row {
    /// One of the best member's scores or components.
    pub fn part(&self, name: &str) -> Option<f64> {
        self.parts.iter().find(|(known, _)| known == name).map(|(_, x)| *x)
    }
}

/// Collects the rows of one search.
pub struct Trajectory<'a> {
    pub repetition: u32,
    pub rule: &'a str,
    pub parents: Parents,
    /// Iterations over which rows are spread.
    pub iterations: u64,
    pub space: &'static dyn SearchSpace,
    pub input: NetworkInput,
    pub accounting: Accounting,
    /// Names of the proxies.
    pub proxies: &'a [String],
    pub best_so_far: f64,
    pub rows: Vec<Row>,
}

impl Trajectory<'_> {
    /// Adds a row where one is due.
    pub fn see(&mut self, state: &State) {
        let best = state.best().map_or(f64::NEG_INFINITY, |at| state.values[at]);
        self.best_so_far = self.best_so_far.max(best);
        let due = |t: u64| (t * ROWS).div_ceil(self.iterations.max(1));
        if due(state.iteration) != due(state.iteration + 1) || state.iteration == self.iterations {
            self.rows.extend(self.row(state));
        }
    }

    /// Adds the row of the end, unless it is there.
    pub fn end(&mut self, state: &State) {
        if self.rows.last().is_none_or(|row| row.iteration != state.iteration) {
            self.rows.extend(self.row(state));
        }
    }

    /// `None` before there is a member with a finite value.
    fn row(&self, state: &State) -> Option<Row> {
        let best = state.best()?;
        let mut members = state.parents(self.parents);
        members.retain(|at| state.values[*at].is_finite());
        let values: Vec<f64> = members.iter().map(|at| state.values[*at]).collect();
        let summary = Summary::of(&values)?;
        let count = |at: usize| {
            Counts::of(self.space, &state.history[at].arch, self.input, self.accounting).unwrap_or_default()
        };
        let counts: Vec<Counts> = members.iter().map(|at| count(*at)).collect();
        let mean = |of: &dyn Fn(&Counts) -> Option<f64>| {
            let all: Option<Vec<f64>> = counts.iter().map(of).collect();
            Summary::of(&all?).map(|summary| summary.mean)
        };
        let parts = self.parts(&state.history[best]);
        let (of_best, best) = (count(best), state.values[best]);
        Some(Row {
            repetition: self.repetition,
            rule: self.rule.to_owned(),
            iteration: state.iteration,
            evaluations: state.evaluations,
            members: members.len() as u64,
            best,
            best_so_far: self.best_so_far.max(best),
            mean: summary.mean,
            std: summary.std,
            best_params: of_best.params,
            best_flops: of_best.flops,
            best_layers: of_best.layers,
            best_rho: of_best.rho,
            mean_params: mean(&|c| Some(c.params as f64)).unwrap_or_default(),
            mean_flops: mean(&|c| Some(c.flops as f64)).unwrap_or_default(),
            mean_layers: mean(&|c| c.layers.map(|x| x as f64)),
            mean_rho: mean(&|c| c.rho),
            parts,
        })
    }

    /// Finite scores and components of a member; nothing where its one score is all that there is.
    fn parts(&self, member: &Member) -> Vec<(String, f64)> {
        let scores = member.scored.iter().flat_map(|scored| &scored.scores);
        let parts = self.proxies.iter().zip(scores).flat_map(|(proxy, part)| {
            let score = part.score.map(|score| (proxy.clone(), score));
            score.into_iter().chain(part.components.iter().cloned())
        });
        let parts: Vec<_> = parts.filter(|(_, x)| x.is_finite()).collect();
        if parts.len() > 1 { parts } else { vec![] }
    }
}
