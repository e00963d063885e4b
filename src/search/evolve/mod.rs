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
mod rules;
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
pub use rules::{FinalList, Parents, Removal, Rules, Start, Unscored, Until};
pub use search::{Found, Outcome, Search, Watch};
pub use state::{Member, State};
pub use trajectory::{Row, Trajectory};

use super::error::GuidedError;
use super::scores::{Scored, Scores};
use crate::keyed::Draws;
use crate::spaces::{NetworkInput, SearchSpace, SpaceError};

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
                match self.limits.slow(scored.latency_ms) {
                    Some(excess) => state.refuse(excess),
                    None => self.join(state, candidate, scored),
                }
            }
        }
        state.iteration += 1;
        Ok(())
    }

    /// Makes a scored candidate a member, or refuses it where it has no finite score.
    fn join(&self, state: &mut State, Candidate { arch, parent }: Candidate, scored: Arc<Scored>) {
        let kept = self.goal.keep(&scored);
        if kept.is_none() {
            state.note(&scored);
        }
        let worst = || (self.rules.unscored == Unscored::Worst).then(|| self.goal.worst());
        match kept.or_else(worst) {
            None => state.refuse(Excess::of_nothing(Refusal::NoScore)),
            Some(kept) => {
                let member = Member { arch, parent, iteration: state.iteration, scored: Some(scored) };
                state.add(member, kept, self.goal);
            }
        }
    }

    /// Candidates that will be scored next if this one and those behind it are the worst. Where there is no next one, the search
    /// says so if it comes to that.
    fn guess(&self, state: &State, pending: &Candidate, most: usize) -> Vec<String> {
        let (mut state, mut guesses) = (state.clone(), vec![]);
        let mut arch = pending.arch.clone();
        let mut parent = pending.parent;
        while guesses.len() < most {
            let iteration = state.iteration;
            state.add(Member { arch, parent, iteration, scored: None }, self.goal.worst(), self.goal);
            loop {
                state.iteration += 1;
                self.trim(&mut state);
                match self.propose(&state) {
                    Ok(Proposal::Candidate(next)) => {
                        (arch, parent) = (next.arch, next.parent);
                        break;
                    }
                    // A guess must not search for long.
                    Ok(Proposal::Refused(_)) if state.iteration <= iteration + 64 => {}
                    _ => return guesses,
                }
            }
            guesses.push(arch.clone());
        }
        guesses
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
                let Some(arch) = arch else {
                    return Ok(Proposal::Refused(Excess::of_nothing(Refusal::NoScore)));
                };
                Candidate { arch: (self.mutate)(&arch.arch, self.rules.replacements, &mut draws)?, parent }
            }
        };
        if self.limits.nothing() {
            return Ok(Proposal::Candidate(candidate));
        }
        let counts = match Counts::of(self.space, &candidate.arch, self.input, self.limits.accounting) {
            Ok(counts) => counts,
            // A mutant of a structure can be larger than any network that is built.
            Err(SpaceError::Arch(_)) => return Ok(Proposal::Refused(Excess::of_nothing(Refusal::TooLarge))),
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
            Some((Excess { refusal, value, limit }, refused))
                if ![Refusal::NoScore, Refusal::TooLarge].contains(&refusal) =>
            {
                GuidedError::Unreachable { tried, refused, refusal, limit, nearest: value }
            }
            _ => GuidedError::NoScores { tried, reason: state.reason.clone().unwrap_or_default() },
        })
    }
}
