//! Why a search that asks for scores ends early.

use super::evolve::Refusal;
use crate::scoring::RunError;
use crate::spaces::{ArchError, SpaceError};
use crate::store::StoreError;

/// Why a search that asks for scores ends early.
#[derive(Debug, thiserror::Error)]
pub enum GuidedError {
    /// Somebody asked it to; the journal is safe.
    #[error("stopped")]
    Stopped,
    #[error(transparent)]
    Run(Box<RunError>),
    #[error(transparent)]
    Store(Box<StoreError>),
    #[error(transparent)]
    Space(Box<SpaceError>),
    #[error("the population needs two members at least, not {0}; use --population 256, say")]
    Population(usize),
    #[error("a search needs an iteration at least; use --iterations 1000, say")]
    Iterations,
    #[error("{space} does not count {what}, so that they cannot be limited; leave {flag} out")]
    NotCounted { space: &'static str, what: &'static str, flag: &'static str },
    #[error(
        "none of the first {tried} candidates is within the limits: {refused} of them exceed --max-{refusal} {limit}, and the \
         smallest of these has {nearest}; raise that limit, or begin with another structure (--start)"
    )]
    Unreachable { tried: u64, refused: u64, refusal: Refusal, limit: f64, nearest: f64 },
    #[error(
        "none of the first {tried} candidates has a finite score ({reason}); choose other --proxies, or a mini-batch on which \
         they have a meaning"
    )]
    NoScores { tried: u64, reason: String },
    #[error(
        "{arch} has no score in the pool; score it as well (`untrained score --all`), or search without --pool"
    )]
    NotInPool { arch: String },
    #[error("a search draws {drawn} architectures, but there are only {there}; choose smaller --samples")]
    TooFew { drawn: usize, there: usize },
    #[error("{space} says of no two architectures that they are one change apart; use --walk random")]
    NoMutation { space: &'static str },
}

impl GuidedError {
    pub(crate) fn threads(error: rayon::ThreadPoolBuildError) -> Self {
        Self::Run(Box::new(RunError::Threads(error)))
    }
}

impl From<RunError> for GuidedError {
    fn from(error: RunError) -> Self {
        Self::Run(Box::new(error))
    }
}

impl From<StoreError> for GuidedError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<ArchError> for GuidedError {
    fn from(error: ArchError) -> Self {
        Self::Space(Box::new(error.into()))
    }
}

impl From<SpaceError> for GuidedError {
    fn from(error: SpaceError) -> Self {
        Self::Space(Box::new(error))
    }
}
