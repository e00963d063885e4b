//! The candidate set that a proxy may look at before it scores.

use super::selection::listed;
use super::{Inputs, Network, Settings, passes};
use crate::engine::{Engine, Reduced};
use crate::keyed::sample;
use crate::proxies::{PassRequest, ScoreError};

/// The space, the seeds, the batch and an engine: enough to look at some of the space's networks.
pub struct CandidateSet<'a> {
    pub settings: Settings,
    pub engine: &'a dyn Engine,
    pub inputs: &'a Inputs,
    /// Architecture by index in the table's order, asked for only where the space itself does not know it.
    pub order: &'a dyn Fn(usize) -> Option<String>,
}

/// What to do where no networks of the space can be drawn.
const WITHOUT_LOOKING: &str =
    "choose a variant that does not look at the space (rbflex:hda_self, rbflex:fixed, swap)";

impl CandidateSet<'_> {
    /// Id of the space.
    pub fn space_id(&self) -> &'static str {
        self.settings.space.spec().id
    }

    /// Seed of the choice of architectures.
    pub fn sample_seed(&self) -> u64 {
        self.settings.seeds.sample
    }

    /// Repetition number.
    pub fn repetition(&self) -> u64 {
        self.settings.repetition
    }

    /// The keyed choice `sample(count, size, "<purpose>.<space>.<repetition>")` of the space's networks.
    ///
    /// # Errors
    /// [`ScoreError::Prepare`] when the space has no order, or the official one is not known.
    pub fn networks(&self, purpose: &str, count: usize) -> Result<Vec<Network>, ScoreError> {
        let key = format!("{purpose}.{}.{}", self.space_id(), self.repetition());
        let size = listed(self.settings.space.spec(), self.order).ok_or_else(|| {
            let id = self.space_id();
            ScoreError::Prepare(format!(
                "nobody lists the architectures of {id}, so none can be drawn; {WITHOUT_LOOKING}"
            ))
        })?;
        // Without a table there is nothing to choose from; asking for the first architecture says so.
        let indices = sample(count, size.max(1), self.sample_seed(), &key);
        indices.into_iter().map(|i| self.network(i)).collect()
    }

    /// Runs one pass on one network.
    ///
    /// # Errors
    /// The engine's error.
    pub fn run(&self, network: &Network, request: &PassRequest) -> Result<Vec<Reduced>, ScoreError> {
        let plan = passes::Plan::merge(network, std::iter::once(request));
        plan.run(self.engine, self.inputs).seen(request)
    }

    fn network(&self, index: usize) -> Result<Network, ScoreError> {
        let id = self.space_id();
        let arch = self.settings.space.arch(index).or_else(|| (self.order)(index)).ok_or_else(|| {
            ScoreError::Prepare(format!(
                "networks of {id} are chosen by their index in its table, which is not at hand; get it with `untrained \
                 data fetch {id}`, or {WITHOUT_LOOKING}"
            ))
        })?;
        Network::build(self.settings, &arch).map_err(|e| ScoreError::Prepare(e.to_string()))
    }
}
