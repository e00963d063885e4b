//! One repetition, ready to score: its settings, its mini-batch and what its proxies know about the candidate set.

use std::sync::Arc;
use std::time::Instant;

use super::{BatchSource, Outcome, PreparedProxy, Protocol, RunError, score};
use crate::datasets::DatasetError;
use crate::engine::Engine;
use crate::passes::{CandidateSet, Inputs, Network, Setup, milliseconds};
use crate::proxies::{ProxyRef, ScoreError};
use crate::store::{Record, Status, Timings};

/// A proxy could not be prepared, or its command gives no scores any more: no architecture can be scored with it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{proxy} in repetition {repetition}: {source}")]
pub struct PrepareError {
    pub proxy: String,
    pub repetition: u32,
    pub source: ScoreError,
}

/// Draws the mini-batches that `proxies` take in a repetition: what its networks have in common, and their inputs. Where there is no
/// second mini-batch, proxies that take two fail and say so.
///
/// # Errors
/// The data set is not at hand.
pub fn draw(
    protocol: &Protocol,
    repetition: u32,
    batch: &BatchSource<'_>,
    proxies: &[ProxyRef],
) -> Result<(Setup, Inputs), DatasetError> {
    let first = batch(repetition, 0)?;
    let setup = protocol.setup(repetition, &first);
    let inputs = Inputs::of(first, setup.seeds.data);
    if proxies.iter().all(|p| p.batches() < 2) {
        return Ok((setup, inputs));
    }
    let next = batch(repetition, 1).map(|next| (next.images, next.labels));
    Ok((setup, inputs.with_next(next.map_err(|error| error.to_string()))))
}

/// Does the proxies' work on the candidate set; a failure is kept and becomes the status of every score.
pub fn prepare(proxies: &[ProxyRef], set: &CandidateSet<'_>) -> Vec<PreparedProxy> {
    let prepared =
        |proxy: &ProxyRef| PreparedProxy { proxy: proxy.clone(), scorer: proxy.scorer(set).map(Arc::new) };
    proxies.iter().map(prepared).collect()
}

/// A repetition.
pub struct Trial<'a> {
    engine: &'a dyn Engine,
    setup: Setup,
    inputs: Inputs,
    repetition: u32,
    proxies: Vec<PreparedProxy>,
}

impl<'a> Trial<'a> {
    /// Draws the mini-batches that `proxies` take and prepares them for a repetition. `order` gives the table's order, as
    /// in [`CandidateSet`].
    ///
    /// # Errors
    /// Missing data or a [`PrepareError`]: a run is better stopped before it writes thousands of failures with one cause.
    pub fn new(
        protocol: &Protocol,
        repetition: u32,
        batch: &BatchSource<'_>,
        proxies: &[ProxyRef],
        (engine, order): (&'a dyn Engine, &dyn Fn(usize) -> Option<String>),
    ) -> Result<Self, RunError> {
        let (setup, inputs) = draw(protocol, repetition, batch, proxies)?;
        let proxies = prepare(proxies, &CandidateSet { setup, engine, inputs: &inputs, order });
        // One that has no meaning for these images is skipped, architecture by architecture.
        let error = |p: &PreparedProxy| match &p.scorer {
            Ok(_) | Err(ScoreError::Undefined(_)) => None,
            Err(error) => Some(error.clone()),
        };
        let failed = |p: &PreparedProxy| Some((p.proxy.to_string(), error(p)?));
        match proxies.iter().find_map(failed) {
            Some((proxy, source)) => Err(PrepareError { proxy, repetition, source }.into()),
            None => Ok(Self { engine, setup, inputs, repetition, proxies }),
        }
    }

    /// Scores one architecture with some of the proxies, by position; records in their order.
    ///
    /// # Errors
    /// A command gives no scores any more, which says nothing about this architecture.
    pub fn score(&self, index: u32, arch: &str, proxies: &[usize]) -> Result<Vec<Record>, PrepareError> {
        let start = Instant::now();
        let network = match Network::build(self.setup, arch) {
            Ok(network) => network,
            Err(error) => {
                let failed = |p: &usize| self.failed(index, arch, &self.proxies[*p].proxy, error.to_string());
                return Ok(proxies.iter().map(failed).collect());
            }
        };
        let build_ms = milliseconds(start);
        let chosen: Vec<&PreparedProxy> = proxies.iter().map(|p| &self.proxies[*p]).collect();
        let outcomes = score(self.engine, &network, &self.inputs, &chosen);
        let record = |outcome: &Outcome| match &outcome.result {
            Err(source @ ScoreError::Unavailable(_)) => {
                let (proxy, repetition) = (outcome.proxy.to_string(), self.repetition);
                Err(PrepareError { proxy, repetition, source: source.clone() })
            }
            _ => Ok(self.record(index, arch, outcome, build_ms)),
        };
        outcomes.iter().map(record).collect()
    }

    fn record(&self, index: u32, arch: &str, outcome: &Outcome, build_ms: f64) -> Record {
        let mut record = self.failed(index, arch, &outcome.proxy, String::new());
        let Outcome { init_ms, compute_ms, reduce_ms, .. } = *outcome;
        record.timings = Some(Timings { build_ms, init_ms, compute_ms, reduce_ms });
        record.status = outcome.status();
        match &outcome.result {
            Ok(score) => {
                record.score = Some(score.value);
                record.components = score.components.iter().map(|(name, x)| (name.to_string(), *x)).collect();
                record.reason = None;
            }
            Err(error) => record.reason = Some(error.to_string()),
        }
        record
    }

    fn failed(&self, index: u32, arch: &str, proxy: &ProxyRef, reason: String) -> Record {
        Record {
            repetition: self.repetition,
            index,
            arch: arch.to_owned(),
            proxy: proxy.to_string(),
            proxy_version: proxy.version(),
            status: Status::Failed,
            score: None,
            components: vec![],
            reason: Some(reason),
            seeds: self.setup.seeds,
            reused_from: None,
            timings: None,
        }
    }
}
