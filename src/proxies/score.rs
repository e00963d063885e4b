//! What a proxy gives one architecture.

use std::borrow::Cow;

use crate::engine::EngineError;
use crate::passes::PassError;

/// A score and its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Higher is better or not as the proxy's direction says. May be non-finite.
    pub value: f64,
    /// Named parts of it.
    pub components: Vec<(Cow<'static, str>, f64)>,
}

/// The part of a score that says how far numbers that are zero in exact arithmetic, and rounding in any other, may move it.
pub const ROUNDING: &str = "rounding";

impl Score {
    /// A score without parts.
    pub fn plain(value: f64) -> Self {
        Self { value, components: vec![] }
    }

    /// The score with one more part.
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: f64) -> Self {
        self.components.push((name.into(), value));
        self
    }
}

/// Why there is no score.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScoreError {
    #[error(transparent)]
    Engine(EngineError),
    /// The proxy has no meaning for this network.
    #[error("{0}")]
    Undefined(String),
    /// An input that the proxy asks for is not at hand.
    #[error("{0}")]
    Input(String),
    /// What had to be known about the candidate set could not be computed.
    #[error("preparing the candidate set: {0}")]
    Prepare(String),
    /// A command gave this architecture no score.
    #[error("{0}")]
    External(String),
    /// A command gives no scores any more, whatever the architecture.
    #[error("{0}")]
    Unavailable(String),
}

impl ScoreError {
    /// The images have no labels, which the proxy needs.
    pub(super) fn no_labels() -> Self {
        Self::undefined("it needs labels, and these images have none")
    }

    /// The proxy has no meaning for this network, for this reason.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Self::Undefined(reason.into())
    }
}

impl From<EngineError> for ScoreError {
    /// A proxy that needs labels has no meaning for images without any, which is no failure.
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Labels { labels: 0, .. } => Self::no_labels(),
            error => Self::Engine(error),
        }
    }
}

impl From<PassError> for ScoreError {
    fn from(error: PassError) -> Self {
        match error {
            PassError::Engine(error) => error.into(),
            PassError::Undefined(reason) => Self::Undefined(reason),
            PassError::Input(reason) => Self::Input(reason),
            PassError::Candidates(reason) => Self::Prepare(reason),
        }
    }
}
