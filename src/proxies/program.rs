//! Proxies that do more than observe passes: they train, or look before they go on.

use std::sync::Arc;

use super::{InputRequest, Prepared, Score, ScoreError, Variant};
use crate::engine::Engine;
use crate::scoring::{Inputs, Network};

/// What a program works with: one network, the run's inputs, an engine, and what was prepared for the candidate set.
pub struct Lab<'a> {
    pub engine: &'a dyn Engine,
    pub network: &'a Network,
    pub inputs: &'a Inputs,
    pub prepared: &'a Prepared,
}

impl Lab<'_> {
    /// The run's mini-batch and its shape.
    ///
    /// # Errors
    /// [`ScoreError::Input`] when there is none.
    pub fn batch(&self) -> Result<(Arc<Vec<f32>>, [usize; 4]), ScoreError> {
        Ok((self.inputs.get(InputRequest::MiniBatch)?, self.inputs.shape(InputRequest::MiniBatch)))
    }
}

/// A proxy as short sequential code that opens sessions itself. Its work is shared with no other proxy.
pub trait Program: Sync {
    /// The score of the lab's network.
    ///
    /// # Errors
    /// The engine's, or [`ScoreError::Undefined`] when the variant has no meaning for the network.
    fn run(&self, variant: &Variant, lab: &Lab<'_>) -> Result<Score, ScoreError>;
}
