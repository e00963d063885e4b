//! Scores from networks: what a search asks for, computed by a [`Trial`].

use super::error::GuidedError;
use super::scores::{PartScore, Scored};
use crate::engine::Engine;
use crate::proxies::ProxyRef;
use crate::scoring::{BatchSource, Protocol, RunError, Trial};
use crate::speed;
use crate::store::Record;

/// Forward passes whose median time is a latency, after one that is not counted.
const PASSES: usize = 5;

/// Scores networks of one repetition.
pub struct Networks<'a> {
    trial: Trial<'a>,
    /// Places of the proxies in the trial; the bare forward pass stands behind them.
    proxies: Vec<usize>,
    latency: Option<Latency>,
}

/// What latency is measured on.
#[derive(Clone, Copy)]
struct Latency {
    images: usize,
    limit_ms: f64,
}

impl<'a> Networks<'a> {
    /// Prepares a repetition. With a limit in milliseconds for one image, latencies are measured: the median time of a few
    /// forward passes of the mini-batch, divided by its images.
    ///
    /// # Errors
    /// As [`Trial::new`].
    pub fn new(
        protocol: &Protocol,
        repetition: u32,
        batch: &BatchSource<'_>,
        (proxies, limit_ms): (&[ProxyRef], Option<f64>),
        (engine, order): (&'a dyn Engine, &dyn Fn(usize) -> Option<String>),
    ) -> Result<Self, RunError> {
        let mut all = proxies.to_vec();
        all.extend(limit_ms.map(|_| speed::forward()));
        let trial = Trial::new(protocol, repetition, batch, &all, (engine, order))?;
        let latency = limit_ms.map(|limit_ms| Latency { images: protocol.settings.batch_size, limit_ms });
        Ok(Self { trial, proxies: (0..proxies.len()).collect(), latency })
    }

    /// The scores of an architecture; none where it is too slow.
    ///
    /// # Errors
    /// A command gives no scores any more.
    pub fn score(&self, arch: &str) -> Result<Scored, GuidedError> {
        let latency_ms = self.latency.map(|latency| self.latency(arch, latency)).transpose()?.flatten();
        let slow = self.latency.is_some_and(|l| latency_ms.is_some_and(|ms| ms > l.limit_ms));
        let scores = match slow {
            true => vec![],
            false => self.records(arch, &self.proxies)?.into_iter().map(part).collect(),
        };
        Ok(Scored { arch: arch.to_owned(), latency_ms, scores })
    }

    fn records(&self, arch: &str, proxies: &[usize]) -> Result<Vec<Record>, GuidedError> {
        Ok(self.trial.score(0, arch, proxies).map_err(RunError::from)?)
    }

    /// `None` for a network that cannot be run, of which the proxies say why.
    fn latency(&self, arch: &str, Latency { images, .. }: Latency) -> Result<Option<f64>, GuidedError> {
        let mut times = vec![];
        for _ in 0..=PASSES {
            let records = self.records(arch, &[self.proxies.len()])?;
            times.extend(records.iter().filter(|r| r.score.is_some()).filter_map(|r| r.timings));
        }
        let mut ms: Vec<f64> = times.iter().skip(1).map(|t| t.compute_ms / images as f64).collect();
        ms.sort_by(f64::total_cmp);
        Ok(ms.get(ms.len() / 2).copied())
    }
}

fn part(record: Record) -> PartScore {
    let Record { status, score, components, reason, .. } = record;
    PartScore { status, score, components, reason }
}
