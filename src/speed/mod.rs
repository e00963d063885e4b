//! Timing of proxies: what one score costs, in phases, on a list of architectures.
//!
//! The clock of one score has two parts, as in `scripts/peer/speed.py`: *build* (graph and weights) and *compute*
//! (everything from the batch to the score). The mini-batch is drawn before the clock starts. Every architecture gets a
//! warm-up, then the median of the repeats.

mod forward;
mod lists;
mod measure;
mod shares;
mod summary;

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use forward::forward;
pub use lists::embedded_list;
pub use measure::Measured;
pub use shares::Shares;
pub use summary::{Summary, together_ratio};

use crate::engine::Engine;
use crate::passes::{Inputs, Setup};
use crate::scoring::{Parallelism, Pools, PreparedProxy};
use crate::spaces::SpaceError;

/// What is common to all measurements of a run.
pub struct Bench<'a> {
    pub setup: Setup,
    pub engine: &'a dyn Engine,
    /// The run's mini-batch; noise that a proxy asks for is made, and timed, for every score.
    pub inputs: &'a Inputs,
    /// Measured runs of each architecture.
    pub repeats: usize,
    /// Runs before them that are not measured.
    pub warm_ups: usize,
    /// Threads, and how many architectures they run at a time.
    pub parallelism: Parallelism,
}

/// Why a measurement stopped.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error(transparent)]
    Space(#[from] SpaceError),
    #[error("starting worker threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error("writing the results: {0}")]
    Output(#[source] std::io::Error),
}

/// Measurements of one plan (a proxy, or several that share their passes) on a list of architectures.
pub struct Section {
    /// In the order of the list.
    pub measured: Vec<Measured>,
    /// Wall-clock time of the whole section.
    pub wall: Duration,
    /// Scores that were computed in it, warm-ups included.
    pub runs: usize,
}

/// Receives each measurement as it is made, with the position of its architecture; called from any thread.
pub type Emit<'a> = dyn Fn(usize, &Measured) -> std::io::Result<()> + Sync + 'a;

impl Bench<'_> {
    /// Measures `proxies` in one plan on every architecture.
    ///
    /// # Errors
    /// An architecture that cannot be built, or an `emit` that fails; what was measured until then has been emitted.
    pub fn section(
        &self,
        archs: &[String],
        proxies: &[PreparedProxy],
        emit: &Emit<'_>,
    ) -> Result<Section, BenchError> {
        let pools = Pools::start(self.parallelism.networks(archs.len()), self.parallelism.threads)?;
        let done = Mutex::new(Vec::with_capacity(archs.len()));
        let start = Instant::now();
        let outcome: Result<(), BenchError> = pools.each(archs.len(), &AtomicBool::new(false), |i| {
            let measured = self.measure(&archs[i], proxies)?;
            emit(i, &measured).map_err(BenchError::Output)?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push((i, measured));
            Ok(())
        });
        let wall = start.elapsed();
        outcome?;
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        let measured: Vec<Measured> = done.into_iter().map(|(_, m)| m).collect();
        let runs = measured.len() * (self.repeats + self.warm_ups);
        Ok(Section { measured, wall, runs })
    }
}
