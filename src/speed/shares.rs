//! What the time of a score goes into.

use super::{Bench, BenchError};
use crate::engine::work::{Work, measured};
use crate::machine::page_faults;
use crate::scoring::{Parallelism, PreparedProxy};

/// Milliseconds of a score, mean over the architectures of a list.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Shares {
    /// What the time went into, with the milliseconds; all of them add up to the whole.
    pub parts: Vec<(&'static str, f64)>,
    /// Times that a page of memory was touched for the first time, where the system says so.
    pub page_faults: Option<f64>,
}

impl Shares {
    /// The whole cost of a score.
    pub fn total(&self) -> f64 {
        self.parts.iter().map(|(_, ms)| ms).sum()
    }
}

impl Bench<'_> {
    /// Measures one run of each architecture, after the warm-up runs, on one thread: work that others do would not be seen.
    ///
    /// # Errors
    /// An architecture that cannot be built.
    pub fn shares(&self, archs: &[String], proxies: &[PreparedProxy]) -> Result<Shares, BenchError> {
        let one = Parallelism { threads: 1, at_once: None };
        let all = || archs.iter().map(|arch| self.share(arch, proxies)).collect::<Result<Vec<_>, _>>();
        let all = one.together(all)??;
        let n = all.len().max(1) as f64;
        let names = all.first().map_or(vec![], |first| first.parts.iter().map(|(name, _)| *name).collect());
        let mean = |i: usize| all.iter().map(|shares| shares.parts[i].1).sum::<f64>() / n;
        let parts = names.into_iter().enumerate().map(|(i, name)| (name, mean(i))).collect();
        let faults: Option<Vec<f64>> = all.iter().map(|shares| shares.page_faults).collect();
        Ok(Shares { parts, page_faults: faults.map(|faults| faults.iter().sum::<f64>() / n) })
    }

    fn share(&self, arch: &str, proxies: &[PreparedProxy]) -> Result<Shares, BenchError> {
        for _ in 0..self.warm_ups {
            self.once(arch, proxies)?;
        }
        let before = page_faults();
        let (run, spent) = measured(|| self.once(arch, proxies));
        let timing = run?.timing;
        let faults = page_faults().zip(before).map(|(after, before)| (after - before) as f64);
        let named = timing.input + timing.reduce + spent.iter().sum::<f64>();
        let build = [("graph and weights", timing.build), ("noise", timing.input)];
        let work = Work::ALL.iter().zip(spent).map(|((_, name), ms)| (*name, ms));
        let rest = [("score from reductions", timing.reduce), ("other", timing.compute - named)];
        Ok(Shares { parts: build.into_iter().chain(work).chain(rest).collect(), page_faults: faults })
    }
}
