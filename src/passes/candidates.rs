//! The candidate set that a proxy may look at before it scores.

use super::{Inputs, Network, Observed, PassError, Passes, Requests, Setup};
use crate::engine::Engine;
use crate::keyed::sample;

/// The space, the seeds, the batch and an engine: enough to look at some of the space's networks.
pub struct CandidateSet<'a> {
    pub setup: Setup,
    pub engine: &'a dyn Engine,
    pub inputs: &'a Inputs,
    /// Architecture by index in the table's order, asked for only where the space itself does not know it.
    pub order: &'a dyn Fn(usize) -> Option<String>,
}

impl CandidateSet<'_> {
    /// Id of the space.
    pub fn space_id(&self) -> &'static str {
        self.setup.space.spec().id
    }

    /// Seed of the choice of architectures.
    pub fn sample_seed(&self) -> u64 {
        self.setup.seeds.sample
    }

    /// Repetition number.
    pub fn repetition(&self) -> u64 {
        self.setup.repetition
    }

    /// The keyed choice `sample(count, size, "<purpose>.<space>.<repetition>")` of the space's networks. Where none can be drawn, the error
    /// tells to choose one of the `others`, proxies that do not look at the space.
    ///
    /// # Errors
    /// [`PassError::Candidates`] when the space has no order, or the official one is not known.
    pub fn networks(&self, purpose: &str, count: usize, others: &str) -> Result<Vec<Network>, PassError> {
        let key = format!("{purpose}.{}.{}", self.space_id(), self.repetition());
        let size = self.setup.space.spec().listed(self.order).ok_or_else(|| {
            let id = self.space_id();
            PassError::Candidates(format!(
                "nobody lists the architectures of {id}, so none can be drawn; choose a variant that does not look at the space \
                 ({others})"
            ))
        })?;
        // Without a table there is nothing to choose from; asking for the first architecture says so.
        let indices = sample(count, size.max(1), self.sample_seed(), &key);
        indices.into_iter().map(|i| self.network(i, others)).collect()
    }

    /// Runs the passes asked for on one network and shows what they gave.
    ///
    /// # Errors
    /// The engine's, or that of an input that is not at hand.
    pub fn observe<T>(
        &self,
        network: &Network,
        requests: &Requests,
        look: impl FnOnce(&Observed<'_>) -> T,
    ) -> Result<T, PassError> {
        let done = Passes::merge(network, requests.iter()).run(self.engine, self.inputs);
        Ok(look(&done.observed(requests)?))
    }

    fn network(&self, index: usize, others: &str) -> Result<Network, PassError> {
        let id = self.space_id();
        let arch = self.setup.space.arch(index).or_else(|| (self.order)(index)).ok_or_else(|| {
            PassError::Candidates(format!(
                "networks of {id} are chosen by their index in its table, which is not at hand; get it with `untrained \
                 data fetch {id}`, or choose a variant that does not look at the space ({others})"
            ))
        })?;
        Network::build(self.setup, &arch).map_err(|e| PassError::Candidates(e.to_string()))
    }
}
