//! A repetition of an evolutionary search, and beside it one at random.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::{Evolution, Goal, Limits, Member, Mutate, Row, Rules, State, Trajectory, Until, Winner};
use crate::engine::Engine;
use crate::proxies::ProxyRef;
use crate::scoring::{BatchSource, Parallelism, Protocol, Vary};
use crate::search::error::GuidedError;
use crate::search::scores::Scores;
use crate::search::source::Networks;
use crate::spaces::NetworkInput;
use crate::store::Seeds;

/// Is told how a search goes on.
pub trait Watch {
    /// A search of a repetition begins; `planned` iterations or evaluations are ahead of it.
    fn begin(&self, _repetition: u32, _rule: &str, _planned: u64) {}
    /// So many of them are done, and so many candidates were scored.
    fn step(&self, _done: u64, _evaluations: u64) {}
}

/// An evolutionary search of any number of repetitions.
pub struct Search<'a> {
    pub protocol: &'a Protocol,
    pub input: NetworkInput,
    pub proxies: &'a [ProxyRef],
    pub goal: &'a Goal,
    pub rules: &'a Rules,
    pub limits: &'a Limits,
    pub mutate: &'a Mutate<'a>,
    pub engine: &'a dyn Engine,
    pub order: &'a dyn Fn(usize) -> Option<String>,
    pub batch: &'a BatchSource<'a>,
    pub parallelism: Parallelism,
    pub stop: &'a AtomicBool,
    pub watch: &'a dyn Watch,
    /// Structures of others by name, whose values stand beside the winners'; for [`Objective::Sum`](super::Objective::Sum) only.
    pub beside: &'a [(String, String)],
}

/// How a search ended.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub rule: String,
    pub iterations: u64,
    /// Candidates that were scored, duplicates included.
    pub evaluations: u64,
    /// Candidates that did not join, by reason.
    pub refused: BTreeMap<String, u64>,
    pub winner: Option<Winner>,
}

/// What came of a repetition.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    pub repetition: u32,
    pub seeds: Seeds,
    pub outcomes: Vec<Outcome>,
    #[serde(skip)]
    pub rows: Vec<Row>,
}

/// The search beside the guided one may need more iterations for as many evaluations; it stops at this many times the guided
/// one's in any case.
const MOST_AT_RANDOM: u64 = 10;

impl Search<'_> {
    /// Runs a repetition, with its journal in a file.
    ///
    /// # Errors
    /// As [`Evolution::run`], and what scoring and the journal say.
    pub fn repetition(&self, repetition: u32, iterations: u64, journal: &Path) -> Result<Found, GuidedError> {
        let limit = self.limits.latency_ms;
        let with = (self.engine, self.order);
        let networks = Networks::new(self.protocol, repetition, self.batch, (self.proxies, limit), with)?;
        let source = |arch: &str| networks.score(arch);
        // What is timed must have the machine for itself.
        let alone = Parallelism { at_once: Some(1), ..self.parallelism };
        let parallelism = if limit.is_some() { alone } else { self.parallelism };
        let mut scores = Scores::new(&source, parallelism, self.stop)?.kept_in(journal)?;
        let (mut rows, mut outcomes) = (vec![], vec![]);
        let mut until = Until::Iterations(iterations);
        for (rule, rules) in [("search", self.rules.clone()), ("random", self.rules.at_random())] {
            let outcome = self.one((repetition, rule), &rules, until, iterations, &mut scores, &mut rows)?;
            until = Until::Evaluations {
                evaluations: outcome.evaluations,
                iterations: MOST_AT_RANDOM * iterations,
            };
            outcomes.push(outcome);
        }
        for (name, arch) in self.beside {
            outcomes.push(self.beside(name, arch, &mut scores)?);
        }
        Ok(Found { repetition, seeds: self.protocol.seeds(repetition), outcomes, rows })
    }

    fn one(
        &self,
        (repetition, rule): (u32, &str),
        rules: &Rules,
        until: Until,
        iterations: u64,
        scores: &mut Scores<'_>,
        rows: &mut Vec<Row>,
    ) -> Result<Outcome, GuidedError> {
        let (space, input, accounting) = (self.protocol.space, self.input, self.limits.accounting);
        let evolution = Evolution {
            space,
            input,
            rules,
            limits: self.limits,
            goal: self.goal,
            mutate: self.mutate,
            seed: self.protocol.settings.sample_seed,
            repetition: if self.protocol.varies(Vary::Archs) { repetition } else { 0 },
        };
        let proxies = self.names();
        let mut trajectory = Trajectory {
            repetition,
            rule,
            parents: rules.parents,
            iterations,
            space,
            input,
            accounting,
            proxies: &proxies,
            best_so_far: f64::NEG_INFINITY,
            rows: vec![],
        };
        let planned = match until {
            Until::Iterations(iterations) => iterations,
            Until::Evaluations { evaluations, .. } => evaluations,
        };
        self.watch.begin(repetition, rule, planned);
        let mut each = |state: &State| {
            trajectory.see(state);
            let done =
                if matches!(until, Until::Iterations(_)) { state.iteration } else { state.evaluations };
            self.watch.step(done, state.evaluations);
        };
        let state = evolution.run(scores, until, &mut each)?;
        if !state.best().is_some_and(|at| state.values[at].is_finite()) {
            let reason = state.reason.unwrap_or_default();
            return Err(GuidedError::NoScores { tried: state.iteration, reason });
        }
        trajectory.end(&state);
        rows.extend(trajectory.rows);
        let refused = state.refusals().map(|(refusal, n)| (refusal.to_string(), n));
        Ok(Outcome {
            rule: rule.to_owned(),
            iterations: state.iteration,
            evaluations: state.evaluations,
            refused: refused.collect(),
            winner: self.winner(&state)?,
        })
    }

    fn winner(&self, state: &State) -> Result<Option<Winner>, GuidedError> {
        let about = (self.protocol.space, self.input, self.limits.accounting);
        Ok(Winner::of(state, &self.names(), about)?)
    }

    fn names(&self) -> Vec<String> {
        self.proxies.iter().map(ToString::to_string).collect()
    }

    /// The value of a structure that the search did not look for, as an outcome of its own name. No limit holds for it.
    fn beside(&self, name: &str, arch: &str, scores: &mut Scores<'_>) -> Result<Outcome, GuidedError> {
        let scored = scores.of(arch, |_| vec![])?;
        let kept = self.goal.keep(&scored).unwrap_or_else(|| self.goal.worst());
        let mut state = State::default();
        let member = Member { arch: arch.to_owned(), parent: None, iteration: 0, scored: Some(scored) };
        state.add(member, kept, self.goal);
        let winner = self.winner(&state)?;
        Ok(Outcome { rule: name.to_owned(), iterations: 0, evaluations: 1, refused: BTreeMap::new(), winner })
    }
}
