//! From a network and a batch to scores: passes are merged, run once, and handed to the proxies that asked for them. A
//! [`Plan`] is many such networks, a [`Runner`] carries it out.

mod arch_list;
mod manifest;
mod plan;
mod protocol;
mod reuse;
mod runner;
mod selection;
mod settings;
mod subset;
mod threads;
mod trial;
mod verify;

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Instant;

pub use arch_list::{ArchListError, read_arch_list};
pub use manifest::batch_facts;
pub use plan::{List, Plan, PlanError, Shard, Unit};
pub use protocol::{Protocol, ProtocolError, numbers_version};
pub use reuse::{Dedupe, Reuse, ReuseCounts, ReuseError};
pub use runner::{BatchSource, Ended, Estimate, Progress, RunError, Runner, Silent};
pub use selection::{Selection, select};
pub use settings::{Settings, Varied, Vary, flag};
pub use subset::{SUBSETS, Subset, SubsetError};
pub use threads::Parallelism;
pub(crate) use threads::Pools;
pub use trial::{PrepareError, Trial, draw, prepare};
pub use verify::{Checked, rescore};

use crate::engine::Engine;
use crate::passes::{Inputs, Network, Passes, Requests, milliseconds};
use crate::proxies::{Context, ProgramFn, ProxyRef, Reduce, Score, ScoreError, Scorer, StaticFn};
pub use crate::store::{Seeds, Status};

/// A proxy in one variant that knows the candidate set.
#[derive(Clone)]
pub struct PreparedProxy {
    pub proxy: ProxyRef,
    pub scorer: Result<Arc<Scorer>, ScoreError>,
}

impl PreparedProxy {
    /// The passes that it asks for on a network; none where it has no meaning for the network, which scoring says.
    pub fn requests(&self, network: &Network) -> Requests {
        match self.ask(network) {
            Ok(Work::Passes(requests, _)) => requests,
            _ => Requests::default(),
        }
    }

    fn ask<'n>(&'n self, network: &'n Network) -> Result<Work<'n>, ScoreError> {
        Ok(match &**self.scorer.as_ref().map_err(Clone::clone)? {
            Scorer::Static(score) => Work::Static(score),
            Scorer::Program(run) => Work::Program(run),
            Scorer::Passes(observe) => {
                let mut requests = Requests::default();
                let reduce = observe(network, &mut requests)?;
                requests.check(network)?;
                Work::Passes(requests, reduce)
            }
        })
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

/// What is to be done for one proxy on one network.
enum Work<'n> {
    Static(&'n StaticFn),
    Program(&'n ProgramFn),
    Passes(Requests, Reduce<'n>),
}

/// Scores one network with all proxies; proxies that observe equal passes share them. Outcomes stand in the order of `proxies`.
pub fn score(
    engine: &dyn Engine,
    network: &Network,
    inputs: &Inputs,
    proxies: &[impl Borrow<PreparedProxy>],
) -> Vec<Outcome> {
    let work: Vec<_> = proxies.iter().map(|p| p.borrow().ask(network)).collect();
    let requests = work.iter().filter_map(|work| match work {
        Ok(Work::Passes(requests, _)) => Some(requests.iter()),
        _ => None,
    });
    let done = Passes::merge(network, requests.flatten()).run(engine, inputs);
    let finish = |(p, work): (_, Result<Work<'_>, ScoreError>)| {
        let PreparedProxy { proxy, .. } = Borrow::borrow(p);
        let (init_ms, shared_ms) = match &work {
            Ok(Work::Passes(requests, _)) => done.elapsed_ms(requests),
            _ => (0.0, 0.0),
        };
        let (start, program) = (Instant::now(), matches!(work, Ok(Work::Program(_))));
        let result = match work {
            Err(error) => Err(error),
            Ok(Work::Static(score)) => score(network),
            Ok(Work::Program(run)) => run(&Context { engine, network, inputs }),
            Ok(Work::Passes(requests, reduce)) => {
                done.observed(&requests).map_err(Into::into).and_then(|seen| reduce(&seen))
            }
        };
        let elapsed = milliseconds(start);
        // A program's work is all computing.
        let (compute_ms, reduce_ms) = if program { (elapsed, 0.0) } else { (shared_ms, elapsed) };
        Outcome { proxy: proxy.clone(), result, init_ms, compute_ms, reduce_ms }
    };
    proxies.iter().zip(work).map(finish).collect()
}
