//! Evolution that scores guide: one loop for all of them.
//!
//! In iteration `t` (from 0) a member too many is removed, a parent is chosen and mutated, the child is refused if it exceeds a
//! limit, scored, and joins the population. The algorithms differ in how the population begins, how parents are chosen and
//! who is removed ([`Rules`]). A refused child and one without a finite score
//! ([`Unscored`]) use up the iteration. Duplicates are allowed.
//!
//! Every choice is a function of the seed, the repetition and the iteration (`keyed::Draws` under `evolve.<repetition>.<t>` and
//! `evolve.<repetition>.<t>.removal`), and a score is a function of the architecture, so that the same search has the same
//! members at every iteration whatever the number of threads, and however often it was resumed.
//!
//! The loop is sequential: who the next parent is depends on the score of the last child. Threads are used in the proxies'
//! own loops and by looking ahead: while a child is scored, the loop guesses that it and those behind it turn out to be the worst, and
//! threads score the children that follow from this. Until the population is full no guess is needed for uniformly
//! chosen parents, and in [`Removal::Random`] none ever.

mod goal;
mod limits;
mod lineage;
mod methods;
mod search;
mod state;
#[cfg(test)]
mod tests;
mod trajectory;

use std::sync::Arc;

pub use goal::{Goal, Objective};
pub use limits::{Accounting, Counts, Excess, Limits, Refusal};
pub use lineage::{Ancestor, Winner};
pub use methods::{Method, Preset};
pub use search::{Found, Outcome, Search, Watch};
use serde::Serialize;
pub use state::{Member, State};
pub use trajectory::{Row, Trajectory};

use super::error::GuidedError;
use super::scores::Scores;
use crate::keyed::Draws;
use crate::spaces::{NetworkInput, SearchSpace, SpaceError};

crate::named! {
    /// Who leaves the population when it has a member too many.
    pub enum Removal: "removal" {
        /// the member with the smallest value, the first of equal ones
        Worst = "worst",
        /// the oldest member
        Oldest = "oldest",
        /// any member
        Random = "random",
        /// nobody
        Nobody = "nobody",
    }
}

crate::named! {
    /// Whether the population is cut to its size once more at the end.
    pub enum FinalList: "final list" {
        /// no: it may have one member more (released code)
        Kept = "kept",
        /// yes
        Trimmed = "trimmed",
    }
}

crate::named! {
    /// What becomes of a candidate without a finite score.
    pub enum Unscored: "unscored" {
        /// it does not join
        Refused = "refused",
        /// it joins as the worst of all (Zen-NAS's released code gives it -9999)
        Worst = "worst",
    }
}

/// How the population begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Start {
    /// While the population has at most so many members, children are those of this architecture, by one replacement.
    Mutants { of: String, few: usize },
    /// With this architecture alone.
    Only(String),
    /// With these architectures, one an iteration.
    Sample(Vec<String>),
}

/// How a parent is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Parents {
    /// Every member equally likely.
    Uniform,
    /// The best of so many members drawn with replacement, the first of equal ones.
    Tournament(usize),
    /// Every one of the best so many equally likely.
    Top(usize),
}

/// What tells one evolution from another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rules {
    /// Members that the population may have when a child is made.
    pub population: usize,
    pub start: Start,
    pub parents: Parents,
    /// Replacements that make a child of a member.
    pub replacements: usize,
    pub removal: Removal,
    pub final_list: FinalList,
    pub unscored: Unscored,
}

/// When a search ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    Iterations(u64),
    /// So many candidates were scored; at the latest after so many iterations.
    Evaluations {
        evaluations: u64,
        iterations: u64,
    },
}

/// A child of an architecture by so many replacements.
pub type Mutate<'a> = dyn Fn(&str, usize, &mut Draws) -> Result<String, GuidedError> + 'a;

/// An evolution in one repetition.
pub struct Evolution<'a> {
    pub space: &'static dyn SearchSpace,
    pub input: NetworkInput,
    pub rules: &'a Rules,
    pub limits: &'a Limits,
    pub goal: &'a Goal,
    pub mutate: &'a Mutate<'a>,
    pub seed: u64,
    /// Part of the keys of draws.
    pub repetition: u32,
}

/// Iterations after which a search that has found no candidate gives up.
const PATIENCE: u64 = 1000;

/// A candidate to score.
struct Candidate {
    arch: String,
    parent: Option<usize>,
}

/// What became of an iteration before its candidate was scored.
enum Proposal {
    Refused(Excess),
    Candidate(Candidate),
}

impl Evolution<'_> {
    /// Runs from the beginning; scores that a journal has are not computed again. `each` sees the population after every
    /// iteration.
    ///
    /// # Errors
    /// A population or a number of iterations that is too small, limits that nothing keeps, no finite score, or what scoring says.
    pub fn run(
        &self,
        scores: &mut Scores<'_>,
        until: Until,
        each: &mut dyn FnMut(&State),
    ) -> Result<State, GuidedError> {
        if self.rules.population < 2 {
            return Err(GuidedError::Population(self.rules.population));
        }
        let mut state = State::default();
        while !until.reached(&state) {
            self.step(&mut state, scores)?;
            if state.iteration >= PATIENCE {
                self.give_up(&state)?;
            }
            each(&state);
        }
        if state.iteration == 0 {
            return Err(GuidedError::Iterations);
        }
        self.give_up(&state)?;
        if self.rules.final_list == FinalList::Trimmed {
            self.trim(&mut state);
        }
        Ok(state)
    }

    fn step(&self, state: &mut State, scores: &mut Scores<'_>) -> Result<(), GuidedError> {
        self.trim(state);
        match self.propose(state)? {
            Proposal::Refused(excess) => state.refuse(excess),
            Proposal::Candidate(candidate) => {
                let scored = scores.of(&candidate.arch, |n| self.guess(state, &candidate, n))?;
                state.evaluations += 1;
                let worst = || (self.rules.unscored == Unscored::Worst).then(|| self.goal.worst());
                match (self.limits.slow(scored.latency_ms), self.goal.keep(&scored).or_else(worst)) {
                    (Some(excess), _) => state.refuse(excess),
                    (None, None) => state.refuse_unscored(&scored),
                    (None, Some(kept)) => {
                        let Candidate { arch, parent } = candidate;
                        let iteration = state.iteration;
                        state.add(Member { arch, parent, iteration, scored: Some(scored) }, kept, self.goal);
                    }
                }
            }
        }
        state.iteration += 1;
        Ok(())
    }

    /// Candidates that will be scored next if this one and those behind it are the worst.
    fn guess(&self, state: &State, pending: &Candidate, most: usize) -> Result<Vec<String>, GuidedError> {
        let (mut state, mut guesses) = (state.clone(), vec![]);
        let mut arch = pending.arch.clone();
        let mut parent = pending.parent;
        while guesses.len() < most {
            let iteration = state.iteration;
            state.add(Member { arch, parent, iteration, scored: None }, self.goal.worst(), self.goal);
            loop {
                state.iteration += 1;
                self.trim(&mut state);
                match self.propose(&state)? {
                    Proposal::Candidate(next) => {
                        (arch, parent) = (next.arch, next.parent);
                        break;
                    }
                    // A guess must not search for long.
                    Proposal::Refused(_) if state.iteration > iteration + 64 => return Ok(guesses),
                    Proposal::Refused(_) => {}
                }
            }
            guesses.push(arch.clone());
        }
        Ok(guesses)
    }

    /// Removes members until the population has its size.
    fn trim(&self, state: &mut State) {
        let mut draws = self.draws(state, ".removal");
        while state.population.len() > self.rules.population {
            let at = match self.rules.removal {
                Removal::Nobody => break,
                Removal::Oldest => 0,
                Removal::Random => draws.below(state.population.len()),
                Removal::Worst => state.worst(),
            };
            state.population.remove(at);
        }
    }

    fn draws(&self, state: &State, purpose: &str) -> Draws {
        Draws::new(self.seed, &format!("evolve.{}.{}{purpose}", self.repetition, state.iteration))
    }

    fn propose(&self, state: &State) -> Result<Proposal, GuidedError> {
        let mut draws = self.draws(state, "");
        let candidate = match &self.rules.start {
            Start::Sample(archs) if (state.iteration as usize) < archs.len() => {
                Candidate { arch: archs[state.iteration as usize].clone(), parent: None }
            }
            Start::Only(arch) if state.population.is_empty() => {
                Candidate { arch: arch.clone(), parent: None }
            }
            Start::Mutants { of, few } if state.population.len() <= *few => {
                Candidate { arch: (self.mutate)(of, 1, &mut draws)?, parent: None }
            }
            _ => {
                let parent = state.parent(self.rules.parents, &mut draws);
                let arch = parent.map(|at| Arc::clone(&state.history[at]));
                let Some(arch) = arch else { return Ok(Proposal::Refused(Excess::nobody())) };
                Candidate { arch: (self.mutate)(&arch.arch, self.rules.replacements, &mut draws)?, parent }
            }
        };
        if self.limits.nothing() {
            return Ok(Proposal::Candidate(candidate));
        }
        let counts = match Counts::of(self.space, &candidate.arch, self.input, self.limits.accounting) {
            Ok(counts) => counts,
            // A mutant of a structure can be larger than any network that is built.
            Err(SpaceError::Arch(_)) => return Ok(Proposal::Refused(Excess::too_large())),
            Err(error) => return Err(error.into()),
        };
        Ok(match self.limits.excess(&counts) {
            Some(excess) => Proposal::Refused(excess),
            None => Proposal::Candidate(candidate),
        })
    }

    /// Says why a search has no candidate at all.
    fn give_up(&self, state: &State) -> Result<(), GuidedError> {
        if !state.history.is_empty() {
            return Ok(());
        }
        let tried = state.iteration;
        Err(match state.commonest() {
            Some((Excess { refusal, value, limit }, refused)) if refusal != Refusal::NoScore => {
                GuidedError::Unreachable { tried, refused, refusal, limit, nearest: value }
            }
            _ => GuidedError::NoScores { tried, reason: state.reason.clone().unwrap_or_default() },
        })
    }
}

impl Until {
    fn reached(self, state: &State) -> bool {
        match self {
            Self::Iterations(iterations) => state.iteration >= iterations,
            Self::Evaluations { evaluations, iterations } => {
                state.evaluations >= evaluations || state.iteration >= iterations
            }
        }
    }
}
