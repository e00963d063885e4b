//! From a network and a batch to scores: passes are merged, run once, and handed to the proxies that asked for them. A
//! [`Plan`] is many such networks, a [`Runner`] carries it out.

mod arch_list;
mod candidates;
mod crew;
mod inputs;
mod manifest;
mod network;
mod passes;
mod plan;
mod protocol;
mod reuse;
mod runner;
mod selection;
mod trial;
mod verify;
mod workers;

use std::time::Instant;

pub use arch_list::{ArchListError, read_arch_list};
pub use candidates::CandidateSet;
pub use crew::Crew;
pub use inputs::Inputs;
pub use manifest::batch_facts;
pub use network::{Network, Settings};
pub(crate) use passes::milliseconds;
pub use plan::{List, Plan, PlanError, Shard, Unit};
pub use protocol::{Protocol, ProtocolError, Vary};
pub use reuse::{Dedupe, Reuse, ReuseCounts, ReuseError};
pub use runner::{BatchSource, Ended, Estimate, Progress, RunError, Runner, Silent};
pub use selection::Selection;
pub use trial::{PrepareError, Trial};
pub use verify::{Checked, rescore};
pub(crate) use workers::Workers;

use crate::engine::Engine;
use crate::proxies::{Lab, Prepared, Program, ProxyRef, Score, ScoreError};
pub use crate::store::{Seeds, Status};

/// A proxy in one variant with what it knows about the candidate set.
#[derive(Clone, Debug)]
pub struct PreparedProxy {
    pub proxy: ProxyRef,
    pub prepared: Result<Prepared, ScoreError>,
}

impl PreparedProxy {
    /// Does the proxy's work on the candidate set; a failure is kept and becomes the status of every score.
    pub fn new(proxy: ProxyRef, set: &CandidateSet<'_>) -> Self {
        let prepared = proxy.proxy.prepare(&proxy.variant, set);
        Self { proxy, prepared }
    }
}

/// One proxy's result on one network.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub proxy: ProxyRef,
    pub result: Result<Score, ScoreError>,
    /// Milliseconds of weight initialisation, reported by the proxies whose pass met it first.
    pub init_ms: f64,
    /// Milliseconds of the forward passes; proxies that share a pass each report all of it.
    pub compute_ms: f64,
    /// Milliseconds from reduced observations to the score.
    pub reduce_ms: f64,
}

impl Outcome {
    /// The status that a record carries.
    pub fn status(&self) -> Status {
        match &self.result {
            Ok(score) if score.value.is_finite() => Status::Ok,
            Ok(_) => Status::NonFinite,
            Err(ScoreError::Undefined(_)) => Status::Skipped,
            Err(_) => Status::Failed,
        }
    }
}

/// Scores one network with all proxies; proxies that observe equal passes share them, and those with passes of their own run
/// them. Outcomes stand in the order of `proxies`.
pub fn score(
    engine: &dyn Engine,
    network: &Network,
    inputs: &Inputs,
    proxies: &[PreparedProxy],
) -> Vec<Outcome> {
    let requests = proxies.iter().map(|p| {
        p.prepared.clone()?;
        let requests = p.proxy.proxy.passes(&p.proxy.variant, network)?;
        passes::check(network, &requests).map(|()| requests)
    });
    let requests: Vec<Result<Vec<_>, ScoreError>> = requests.collect();
    let plan = passes::Plan::merge(network, requests.iter().flatten().flatten());
    let done = plan.run(engine, inputs);
    (proxies.iter().zip(requests))
        .map(|(p, requests)| {
            if let Some(program) = p.proxy.proxy.program() {
                return run_program(p, program, (engine, network, inputs));
            }
            let (init_ms, compute_ms) = done.elapsed_ms(requests.as_deref().unwrap_or_default());
            let seen = requests
                .and_then(|r| r.iter().map(|request| done.seen(request)).collect::<Result<Vec<_>, _>>());
            let (start, proxy) = (Instant::now(), &p.proxy);
            let result = seen.and_then(|seen| {
                let prepared = p.prepared.clone()?;
                proxy.proxy.score(&proxy.variant, network, &prepared, &seen)
            });
            Outcome { proxy: proxy.clone(), result, init_ms, compute_ms, reduce_ms: milliseconds(start) }
        })
        .collect()
}

/// A program's work is all computing: it shares nothing and reduces nothing apart from it.
fn run_program(
    p: &PreparedProxy,
    program: &dyn Program,
    (engine, network, inputs): (&dyn Engine, &Network, &Inputs),
) -> Outcome {
    let start = Instant::now();
    let result = p
        .prepared
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|prepared| program.run(&p.proxy.variant, &Lab { engine, network, inputs, prepared }));
    let compute_ms = milliseconds(start);
    Outcome { proxy: p.proxy.clone(), result, init_ms: 0.0, compute_ms, reduce_ms: 0.0 }
}
