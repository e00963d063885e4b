//! What was seen on the passes that somebody asked for.

use super::requests::Kind;
use super::{Handle, InputRequest, Inputs, Network, PassError};
use crate::engine::{EngineError, Reduced};

/// What the passes of one [`Requests`](super::Requests) gave; it must be asked by the handles of these.
pub struct Observed<'a> {
    pub(super) network: &'a Network,
    pub(super) inputs: &'a Inputs,
    /// For each pass its observations and its gradients.
    pub(super) passes: Vec<[Vec<&'a Reduced>; 2]>,
}

impl<'a> Observed<'a> {
    /// What a handle stands for.
    pub fn get<T: ?Sized>(&self, handle: Handle<T>) -> &'a T {
        let [observations, gradients] = &self.passes[handle.pass];
        let results = if handle.of == Kind::Observation { observations } else { gradients };
        match (handle.read)(results[handle.at]) {
            Some(value) => value,
            None => unreachable!("an engine gives for each reduction the type of its result"),
        }
    }

    /// The class of each image of the mini-batch.
    ///
    /// # Errors
    /// They are not known, or the network does not know them.
    pub fn labels(&self) -> Result<&'a [u32], PassError> {
        let (labels, images) = (self.inputs.labels(), self.inputs.shape(InputRequest::MiniBatch)[0]);
        let graph = self.network.graph();
        let classes = graph.node(graph.logits()).shape.elements();
        match labels.len() == images && labels.iter().all(|l| (*l as usize) < classes) {
            true => Ok(labels),
            false => Err(EngineError::Labels { labels: labels.len(), images, classes }.into()),
        }
    }
}
