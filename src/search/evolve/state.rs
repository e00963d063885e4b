//! The population of an evolution, and all that was ever in it.

use std::sync::Arc;

use super::goal::{Goal, Kept};
use super::{Excess, Parents, Refusal};
use crate::keyed::Draws;
use crate::named::Named;
use crate::search::scores::{PartScore, Scored};

/// A candidate that joined the population.
#[derive(Clone, Debug)]
pub struct Member {
    pub arch: String,
    /// Place of its parent in the history; `None` for those that the search began with and their children.
    pub parent: Option<usize>,
    /// The iteration that made it, from 0.
    pub iteration: u64,
    /// `None` while it is being scored.
    pub scored: Option<Arc<Scored>>,
}

/// Where an evolution stands.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Iterations that are done.
    pub iteration: u64,
    /// Candidates that were scored, with or without a result.
    pub evaluations: u64,
    /// All members that there ever were, in the order in which they joined.
    pub history: Vec<Arc<Member>>,
    /// The value of each of them.
    pub values: Vec<f64>,
    /// Places in the history, oldest first.
    pub population: Vec<usize>,
    /// How many candidates were refused, by the order of [`Refusal::ALL`], and by how little at best.
    pub refused: [(u64, Option<Excess>); Refusal::ALL.len()],
    /// Why the last candidate without a finite score had none.
    pub reason: Option<String>,
    kept: Vec<Kept>,
}

impl State {
    /// Place of the best member of the population in the history, the first of equal ones.
    pub fn best(&self) -> Option<usize> {
        let better = |best: usize, at: usize| if self.values[at] > self.values[best] { at } else { best };
        self.population.iter().copied().reduce(better)
    }

    /// Place of the best of all members that there ever were in the history, the first of equal ones.
    pub fn best_ever(&self) -> Option<usize> {
        (0..self.values.len()).reduce(|best, at| if self.values[at] > self.values[best] { at } else { best })
    }

    /// Place of the worst member in the population, the first of equal ones.
    pub(super) fn worst(&self) -> usize {
        let value = |i: usize| self.values[self.population[i]];
        (0..self.population.len()).reduce(|w, i| if value(i) < value(w) { i } else { w }).unwrap_or(0)
    }

    /// The members from which parents are chosen, as places in the history.
    pub fn parents(&self, parents: Parents) -> Vec<usize> {
        let mut members = self.population.clone();
        if let Parents::Top(most) = parents {
            // Stable, so that of equal ones the older are kept.
            members.sort_by(|a, b| self.values[*b].total_cmp(&self.values[*a]));
            members.truncate(most);
        }
        members
    }

    /// A parent, as a place in the history; `None` without members.
    pub(super) fn parent(&self, parents: Parents, draws: &mut Draws) -> Option<usize> {
        let members = self.parents(parents);
        let Parents::Tournament(size) = parents else { return draws.one_of(&members).copied() };
        let drawn: Vec<usize> = (0..size).filter_map(|_| draws.one_of(&members).copied()).collect();
        drawn.into_iter().reduce(|best, at| if self.values[at] > self.values[best] { at } else { best })
    }

    pub(super) fn add(&mut self, member: Member, kept: Kept, goal: &Goal) {
        self.population.push(self.history.len());
        self.history.push(Arc::new(member));
        self.kept.push(kept);
        self.values = goal.values(std::mem::take(&mut self.values), &self.kept);
    }

    pub(super) fn refuse(&mut self, excess: Excess) {
        let place = Refusal::ALL.iter().position(|refusal| *refusal == excess.refusal).unwrap_or_default();
        let (count, nearest) = &mut self.refused[place];
        *count += 1;
        if nearest.is_none_or(|nearest| excess.value < nearest.value) {
            *nearest = Some(excess);
        }
    }

    /// Remembers why a candidate has no finite score.
    pub(super) fn note(&mut self, scored: &Scored) {
        let bad = scored.scores.iter().find(|part| !part.score.is_some_and(f64::is_finite));
        let said = |part: &PartScore| {
            part.reason.clone().unwrap_or_else(|| format!("it is {}", part.score.unwrap_or(f64::NAN)))
        };
        self.reason = bad.map(said).or(self.reason.take());
    }

    /// The refusal that was commonest, with its least excess and its number.
    pub(super) fn commonest(&self) -> Option<(Excess, u64)> {
        let (count, nearest) = self.refused.iter().max_by_key(|(count, _)| *count)?;
        Some(((*nearest)?, *count))
    }

    /// How many candidates were refused for which reason; reasons that occurred.
    pub fn refusals(&self) -> impl Iterator<Item = (Refusal, u64)> {
        let counts = Refusal::ALL.iter().zip(&self.refused).map(|(refusal, (count, _))| (*refusal, *count));
        counts.filter(|(_, count)| *count > 0)
    }
}

impl Excess {
    /// A refusal without a limit that could be raised.
    pub(super) fn of_nothing(refusal: Refusal) -> Self {
        Self { refusal, value: 0.0, limit: 0.0 }
    }
}
