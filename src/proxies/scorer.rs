//! The three kinds of proxies: what each does with a network.

use std::sync::Arc;

use super::{Score, ScoreError};
use crate::engine::Engine;
use crate::passes::{InputRequest, Inputs, Network, Observed, Requests};

/// A proxy in one variant that knows the candidate set, and scores its networks.
pub enum Scorer {
    /// Reads the graph, its weights or the structure; nothing runs.
    Static(Box<StaticFn>),
    /// Observes passes, which it shares with other proxies that observe the same.
    Passes(Box<ObserveFn>),
    /// Short sequential code that opens sessions itself: it trains, or looks before it goes on. It shares nothing.
    Program(Box<ProgramFn>),
}

/// The score of a network that is only read.
pub type StaticFn = dyn Fn(&Network) -> Result<Score, ScoreError> + Send + Sync;
/// What asks for passes on a network.
pub type ObserveFn =
    dyn for<'n> Fn(&'n Network, &mut Requests) -> Result<Reduce<'n>, ScoreError> + Send + Sync;
/// The score that a program gives.
pub type ProgramFn = dyn Fn(&Context<'_>) -> Result<Score, ScoreError> + Send + Sync;

/// How a score is made of what was seen on a network's passes.
pub type Reduce<'n> = Box<dyn FnOnce(&Observed<'_>) -> Result<Score, ScoreError> + 'n>;

/// What a program works with: one network, the run's inputs and an engine.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub engine: &'a dyn Engine,
    pub network: &'a Network,
    pub inputs: &'a Inputs,
}

impl Context<'_> {
    /// The run's mini-batch and its shape.
    ///
    /// # Errors
    /// [`ScoreError::Input`] when there is none.
    pub fn batch(&self) -> Result<(Arc<Vec<f32>>, [usize; 4]), ScoreError> {
        Ok((self.inputs.get(InputRequest::MiniBatch)?, self.inputs.shape(InputRequest::MiniBatch)))
    }
}

impl Scorer {
    /// A scorer that runs nothing.
    pub fn fixed(score: impl Fn(&Network) -> Result<Score, ScoreError> + Send + Sync + 'static) -> Self {
        Self::Static(Box::new(score))
    }

    /// A scorer that asks for passes on a network, and says how a score is made of what they give.
    pub fn passes(
        observe: impl for<'n> Fn(&'n Network, &mut Requests) -> Result<Reduce<'n>, ScoreError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::Passes(Box::new(observe))
    }

    /// A scorer that is a program.
    pub fn program(run: impl Fn(&Context<'_>) -> Result<Score, ScoreError> + Send + Sync + 'static) -> Self {
        Self::Program(Box::new(run))
    }
}

/// How a score is made, once everything was asked for.
pub fn reduce<'n>(score: impl FnOnce(&Observed<'_>) -> Result<Score, ScoreError> + 'n) -> Reduce<'n> {
    Box::new(score)
}
