//! A run over many architectures.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::bar::Bar;
use super::{ScoreArgs, WhichArgs, list};
use crate::cli::common::{Names, TableOrder, invocation, stop_flag};
use crate::data::DataDirs;
use crate::datasets;
use crate::scoring::{Ended, Plan, Runner, Selection};
use crate::store::{Run, Status};

/// Carries out the plan, or prints it.
///
/// # Errors
/// No plan, no engine, missing data, or a folder that is not the command's or cannot be written.
pub fn run(args: &ScoreArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let (given, engine) = (&args.settings, args.settings.device.open()?);
    let (dataset, first) = given.mini_batch(dirs)?;
    let protocol = given.protocol(dataset)?;
    let selection = args.which.selection(&Names::new(protocol.space, dirs))?;
    let table = TableOrder::new(&given.space, dirs);
    let order = |index| table.arch(index);
    let batch = |repetition, step| datasets::batch(&protocol.request(repetition).after(step), dirs);
    let chosen = (&selection, args.run.repetitions);
    let externals = given.externals(&protocol.dataset, &protocol.setup(0, &first))?;
    let plan = Plan::new(protocol.clone(), given.proxies(&externals), chosen, args.run.shard, &order)?;
    let parallelism = args.run.threads.parallelism().on(engine.as_ref());
    let stop = stop_flag("finishing the architectures that are being scored");
    let bar = Bar::new();
    let runner = Runner {
        plan: &plan,
        engine: engine.as_ref(),
        order: &order,
        batch: &batch,
        parallelism,
        stop: &stop,
        progress: &bar,
    };
    let manifest =
        runner.manifest(selection.to_string(), table.provenance(), invocation(parallelism.threads))?;
    if args.run.list {
        return list::print(&runner, &manifest, args.run.out.as_deref()).map(|()| ExitCode::SUCCESS);
    }
    let Some(out) = &args.run.out else { bail!("--out names no folder") };
    let mut store = runner.open(out, &manifest)?;
    let ended = runner.run(&mut store);
    let new = bar.finish();
    if ended.with_context(|| format!("{new} new records are in {}", out.display()))? == Ended::Stopped {
        let there = store.len();
        eprintln!("stopped: {there} records are in {}; the same command goes on there", out.display());
        return Ok(ExitCode::from(130));
    }
    // Its memory is free for the tables that are written now.
    drop(engine);
    store.compact()?;
    summarise(out, new)?;
    Ok(ExitCode::SUCCESS)
}

impl WhichArgs {
    fn selection(&self, names: &Names<'_>) -> anyhow::Result<Selection> {
        Ok(match (&self.archs, self.sample) {
            (Some(path), _) => {
                let (name, archs) = names.file(path)?;
                Selection::List { name, archs }
            }
            (None, Some(n)) => Selection::Sample(n as usize),
            (None, None) => Selection::All,
        })
    }
}

/// One line on standard output: how many records the run has, by status.
fn summarise(out: &Path, new: u64) -> anyhow::Result<()> {
    let records = Run::open(out)?.records();
    let statuses = records.column("status")?.str()?;
    let count = |status: Status| statuses.iter().filter(|name| *name == Some(status.name())).count();
    let counts = Status::ALL.map(|status| format!("{status} {}", count(status))).join(", ");
    let (total, reused_from) = (records.height(), records.column("reused_from")?);
    let reused = total - reused_from.null_count();
    writeln!(
        std::io::stdout(),
        "{}: {total} records ({counts}), {new} of them new, {reused} taken over from equal networks",
        out.display()
    )?;
    Ok(())
}
