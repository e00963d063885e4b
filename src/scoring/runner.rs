//! Carries out a plan: scores what the store lacks, several architectures at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use super::threads::Pools;
use super::{Parallelism, Plan, PrepareError, Trial, Unit};
use crate::datasets::{Batch, DatasetError};
use crate::engine::Engine;
use crate::progress;
use crate::proxies::{ProxyRef, VariantError};
use crate::store::{Record, Store, StoreError};

/// Is told what a run does.
pub trait Progress {
    /// The plan has `planned` records, of which the store has `present`.
    fn begin(&self, _planned: u64, _present: u64) {}
    /// A record was written.
    fn recorded(&self, _record: &Record) {}
}

/// Ignores what a run does.
pub struct Silent;

impl Progress for Silent {}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything that was planned is recorded.
    Complete,
    /// It was asked to stop.
    Stopped,
}

/// Why a run stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error(transparent)]
    Proxy(#[from] VariantError),
    #[error("{path}: cannot be read ({source}); mend it or leave out the proxy that needs it", path = path.display())]
    File { path: std::path::PathBuf, source: std::io::Error },
    #[error("the settings cannot be written as JSON: {0}")]
    Settings(#[from] serde_json::Error),
    #[error("starting worker threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// The mini-batches of a repetition: number 0 is its own, number 1 the one behind it.
pub type BatchSource<'a> = dyn Fn(u32, usize) -> Result<Batch, DatasetError> + 'a;

/// What scores a plan.
pub struct Runner<'a> {
    pub plan: &'a Plan,
    pub engine: &'a dyn Engine,
    /// Architecture by index in the table's order, where the space does not know it.
    pub order: &'a dyn Fn(usize) -> Option<String>,
    pub batch: &'a BatchSource<'a>,
    /// Threads, and how many architectures they score at a time.
    pub parallelism: Parallelism,
    /// Set to stop: architectures that are being scored are finished and recorded.
    pub stop: &'a AtomicBool,
    pub progress: &'a dyn Progress,
}

/// What a few timed architectures say about the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Architectures that were timed.
    pub timed: usize,
    /// Architectures to score, over all repetitions.
    pub units: u64,
    /// Mean seconds of one architecture on one thread.
    pub seconds_each: f64,
    /// Seconds of preparing the proxies once.
    pub prepare_seconds: f64,
    /// Seconds of the whole on all threads.
    pub seconds: f64,
}

impl Runner<'_> {
    /// Scores whatever the store lacks, repetition by repetition.
    ///
    /// # Errors
    /// The store cannot be written, data are missing, a proxy cannot be prepared, or a command gives no scores any more;
    /// records made until then are safe.
    pub fn run(&self, store: &mut Store) -> Result<Ended, RunError> {
        self.reuse_stored(store)?;
        let present = |store: &Store, r| self.plan.pending(r, &|r, i, p| store.contains(r, i, p));
        self.progress.begin(self.plan.records(), self.present(store));
        for repetition in 0..self.plan.lists.len() as u32 {
            let units = present(store, repetition);
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Ended::Stopped);
            }
            if !units.is_empty() {
                self.repetition(repetition, units, store)?;
            }
        }
        Ok(if self.stop.load(Ordering::Relaxed) { Ended::Stopped } else { Ended::Complete })
    }

    /// Records of this plan that are there.
    fn present(&self, store: &Store) -> u64 {
        let missing = |r: u32| self.missing(r, &|r, i, p| store.contains(r, i, p));
        self.plan.records() - (0..self.plan.lists.len() as u32).map(missing).sum::<u64>()
    }

    /// Records that a repetition lacks.
    fn missing(&self, repetition: u32, present: &dyn Fn(u32, u32, &str) -> bool) -> u64 {
        let list = &self.plan.lists[repetition as usize];
        let count = |unit: &Unit| {
            let lacking = unit.proxies.iter().map(|p| {
                let (proxy, i) = (&self.plan.proxies[*p], unit.index as usize);
                let name = proxy.to_string();
                let class = std::iter::once(i).chain(list.reuse(proxy).followers(i));
                class.filter(|k| !present(repetition, *k as u32, &name)).count() as u64
            });
            lacking.sum::<u64>()
        };
        self.plan.pending(repetition, present).iter().map(count).sum()
    }

    /// Copies stored scores to the architectures that take them over and have no record yet, because the program was killed before
    /// it wrote them, or because the list has become longer.
    fn reuse_stored(&self, store: &mut Store) -> Result<(), RunError> {
        if self.plan.lists.iter().all(|list| list.reuses_nothing()) || store.is_empty() {
            return Ok(());
        }
        let run = store.read()?;
        for record in run.rows()?.iter() {
            let record = record?;
            if record.reused_from.is_none() {
                self.copy_to_equals(&record, store, &mut |_| {})?;
            }
        }
        Ok(())
    }

    /// Writes a copy of a record for every architecture that takes its score over, unless there is one.
    fn copy_to_equals(
        &self,
        record: &Record,
        store: &mut Store,
        written: &mut dyn FnMut(&Record),
    ) -> Result<(), StoreError> {
        let list = &self.plan.lists[record.repetition as usize];
        let Some(proxy) = self.plan.proxies.iter().find(|p| p.to_string() == record.proxy) else {
            return Ok(());
        };
        for follower in list.reuse(proxy).followers(record.index as usize) {
            let copy = Record {
                index: follower as u32,
                arch: list.archs[follower].clone(),
                reused_from: Some(record.arch.clone()),
                timings: None,
                ..record.clone()
            };
            if !store.contains(copy.repetition, copy.index, &copy.proxy) {
                store.append(&copy)?;
                written(&copy);
            }
        }
        Ok(())
    }

    fn trial(&self, repetition: u32, units: &[Unit]) -> Result<(Trial<'_>, Vec<usize>), RunError> {
        let needed = |p: &usize| units.iter().any(|unit| unit.proxies.contains(p));
        let needed: Vec<usize> = (0..self.plan.proxies.len()).filter(needed).collect();
        let proxies: Vec<ProxyRef> = needed.iter().map(|p| self.plan.proxies[*p].clone()).collect();
        let with = (self.engine, self.order);
        Ok((Trial::new(&self.plan.protocol, repetition, self.batch, &proxies, with)?, needed))
    }

    fn repetition(&self, repetition: u32, units: Vec<Unit>, store: &mut Store) -> Result<(), RunError> {
        let (trial, needed) = self.trial(repetition, &units)?;
        let archs = &self.plan.lists[repetition as usize].archs;
        let networks = self.parallelism.networks(units.len());
        let pools = Pools::start(networks, self.parallelism.threads)?;
        let score = |unit: &Unit| {
            let at = |p: &usize| needed.iter().position(|n| n == p);
            let proxies: Vec<usize> = unit.proxies.iter().filter_map(at).collect();
            trial.score(unit.index, &archs[unit.index as usize], &proxies)
        };
        // The bound is what keeps memory from growing when the disk is slower than the processor.
        let (sender, receiver) = sync_channel::<Vec<Record>>(2 * networks);
        std::thread::scope(|scope| {
            let (score, units, stop, pools) = (&score, &units, self.stop, &pools);
            let scoring = scope.spawn(move || {
                let send = |i: usize| {
                    // A receiver that is gone has failed and says why itself.
                    sender.send(score(&units[i]).map_err(Some)?).map_err(|_| None)
                };
                pools.each(units.len(), stop, send)
            });
            self.write(receiver, store)?;
            match scoring.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                Err(Some(error)) => Err(RunError::Prepare(error)),
                Err(None) | Ok(()) => Ok(()),
            }
        })
    }

    /// Writes what arrives, until all senders are gone or the store fails.
    fn write(&self, receiver: Receiver<Vec<Record>>, store: &mut Store) -> Result<(), RunError> {
        for record in receiver.into_iter().flatten() {
            // A score that is computed again for the sake of those that take it over is there already.
            if !store.contains(record.repetition, record.index, &record.proxy) {
                store.append(&record)?;
                self.progress.recorded(&record);
            }
            self.copy_to_equals(&record, store, &mut |copy| self.progress.recorded(copy))?;
        }
        Ok(())
    }

    /// Times `probes` of the architectures that are missing, evenly spread over the first repetition that lacks any, and
    /// concludes on all; nothing is recorded.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn estimate(
        &self,
        probes: usize,
        present: &dyn Fn(u32, u32, &str) -> bool,
    ) -> Result<Estimate, RunError> {
        let pending = |r| self.plan.pending(r, present);
        let repetitions: Vec<u32> = (0..self.plan.lists.len() as u32).collect();
        let counts: Vec<usize> = repetitions.iter().map(|r| pending(*r).len()).collect();
        let units = counts.iter().sum::<usize>() as u64;
        let Some(first) = counts.iter().position(|n| *n > 0) else {
            return Ok(Estimate { timed: 0, units, seconds_each: 0.0, prepare_seconds: 0.0, seconds: 0.0 });
        };
        let (list, pending) = (&self.plan.lists[first], pending(first as u32));
        let start = Instant::now();
        let (trial, needed) = self.trial(first as u32, &pending)?;
        let prepare_seconds = start.elapsed().as_secs_f64();
        let (timed, all): (usize, Vec<usize>) = (probes.clamp(1, pending.len()), (0..needed.len()).collect());
        let work = progress::begin("timing", "architectures", timed);
        let probe = |k: usize| {
            work.advance(1);
            let unit = &pending[k * pending.len() / timed];
            let start = Instant::now();
            trial.score(unit.index, &list.archs[unit.index as usize], &all).map(|_| start.elapsed())
        };
        let elapsed: Duration = (0..timed).map(probe).sum::<Result<_, _>>()?;
        let seconds_each = elapsed.as_secs_f64() / timed as f64;
        let repetitions = counts.iter().filter(|n| **n > 0).count() as f64;
        let seconds =
            prepare_seconds * repetitions + seconds_each * units as f64 / self.parallelism.threads as f64;
        Ok(Estimate { timed, units, seconds_each, prepare_seconds, seconds })
    }
}
