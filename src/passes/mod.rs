//! Passes over a network: what is asked of them, which requests one pass serves, and running them.
//!
//! A [`Network`] is an architecture with its graph, its other forms and its weights, made on demand; [`Inputs`] are the mini-batch
//! and keyed noise. [`Requests`] collects what somebody wants to see and gives a typed [`Handle`] for each observation. [`Passes`]
//! joins the requests that one pass serves and runs it once; [`Observed`] gives back what a handle stands for. A
//! [`CandidateSet`] is the space from which some networks may be looked at beforehand.

mod candidates;
mod inputs;
mod merge;
mod network;
mod observed;
mod request;
mod requests;
mod run;
#[cfg(test)]
mod tests;

pub use candidates::CandidateSet;
pub use inputs::Inputs;
pub use network::{Network, Setup};
pub use observed::Observed;
pub use request::{BackwardRequest, Form, InputRequest, LossRequest, PassRequest, Rewrite};
pub use requests::{Handle, Pass, Requests};
pub use run::{Done, Passes};

use std::time::Instant;

use crate::engine::EngineError;

/// Why a pass gives nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PassError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The network has no such form, or cannot take such an input.
    #[error("{0}")]
    Undefined(String),
    /// An input that is asked for is not at hand.
    #[error("{0}")]
    Input(String),
    /// No networks of the space can be drawn.
    #[error("preparing the candidate set: {0}")]
    Candidates(String),
}

/// Milliseconds since `start`.
pub fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
