//! One run of a study: planned, listed or scored.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Context;

use crate::cli::common::{TableOrder, invocation};
use crate::cli::score::bar::Bar;
use crate::cli::score::list;
use crate::data::DataDirs;
use crate::datasets;
use crate::engine::Engine;
use crate::proxies::ProxyRef;
use crate::scoring::{Ended, Parallelism, Plan, Runner};
use crate::spaces;
use crate::store::Manifest;
use crate::study::{Overrides, Run, Study, plan};

/// What it takes to make one run.
pub(super) struct Job<'s> {
    pub study: &'s Study,
    pub run: &'s Run,
    pub dirs: &'s DataDirs,
    pub engine: &'s dyn Engine,
    pub overrides: Overrides,
    pub parallelism: Parallelism,
    pub stop: &'s AtomicBool,
}

impl Job<'_> {
    /// Prints the plan and its estimate; the run's folder would be in `out`.
    pub fn list(&self, out: &Path) -> anyhow::Result<()> {
        let folder = out.join("runs").join(self.run.id.get_ref());
        self.with_runner(&Bar::new(), |runner, manifest| list::print(runner, manifest, Some(&folder)))
    }

    /// Scores what the run in `folder` lacks.
    pub fn score(&self, folder: &Path) -> anyhow::Result<Ended> {
        let bar = Bar::new();
        self.with_runner(&bar, |runner, manifest| {
            let mut store = runner.open(folder, manifest)?;
            let ended = runner.run(&mut store);
            let new = bar.finish();
            let ended = ended.with_context(|| format!("{new} new records are in {}", folder.display()))?;
            if ended == Ended::Complete {
                store.compact()?;
            }
            Ok(ended)
        })
    }

    fn with_runner<T>(
        &self,
        bar: &Bar,
        work: impl FnOnce(&Runner<'_>, &Manifest) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let space = spaces::find(self.run.space.get_ref())?;
        let table = TableOrder::new(space.spec().id, self.dirs);
        let order = |index| table.arch(index);
        let planned = plan(self.study, self.run, space, &self.overrides, &order)?;
        let protocol = &planned.protocol;
        let batch = |repetition, step| datasets::batch(&protocol.request(repetition).after(step), self.dirs);
        let proxies: Vec<ProxyRef> = self.run.proxies.get_ref().iter().map(|p| p.0.clone()).collect();
        let chosen = (&planned.selection, planned.repetitions);
        let plan = Plan::new(protocol.clone(), proxies, chosen, None, &order)?;
        let runner = Runner {
            plan: &plan,
            engine: self.engine,
            order: &order,
            batch: &batch,
            parallelism: self.parallelism,
            stop: self.stop,
            progress: bar,
        };
        let invoked = invocation(self.parallelism.threads);
        let manifest = runner.manifest(planned.selection.to_string(), table.provenance(), invoked)?;
        work(&runner, &manifest)
    }
}
