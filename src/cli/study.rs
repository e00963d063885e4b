//! `untrained study`: runs what a file describes and puts it beside published numbers.

mod all;
pub(super) mod known;
mod run;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, value_parser};
use toml::Spanned;

use super::analysis::command_line;
use super::common::{DeviceArgs, ThreadArgs, stop_flag};
use super::data::load_table;
use super::search::Words;
use crate::data::DataDirs;
use crate::datasets::DatasetError;
use crate::engine::Engine;
use crate::page::costs;
use crate::report::{Format, render};
use crate::scoring::{Ended, RunError};
use crate::store;
use crate::study::{Context, Guided, GuidedResult, Output, Overrides, PAGE, QUICK_START, RunResult, Study};
use crate::tables::TableError;

use run::Job;

const EXAMPLES: &str = "Examples:
  untrained study
  untrained study rbflex-table1 --list
  untrained study rbflex-table1 --scale 0.1 --repetitions 3 --only nb201-cifar10 --out results/quick
  untrained study mine.toml --out results/mine
  untrained study all --list
  untrained study all --budget 2h

Without a name the quick start runs, own-table and rbflex-table4, which needs no data. `untrained list studies` shows the studies that are part of the
program; benchmarks/README.md in the source describes the file. A study that was interrupted goes on with the same command.";

/// Run a study: score, correlate, search, draw, and compare with published numbers
///
/// The result is a folder: report.md with tables and figures, the tables as text, CSV, JSON, Markdown and LaTeX, the figures
/// as SVG and PNG, and the runs with every score.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct StudyArgs {
    /// Name of an embedded study, a TOML file, or `all` [default: the quick start]
    #[arg(value_name = "NAME|FILE")]
    study: Option<String>,

    /// Folder of the result [default: study/NAME]; of all results, for `all` and the quick start [default: study]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Only these runs of the study
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    only: Vec<String>,

    /// Print the plan and an estimate of its time, from timing a few architectures, and stop; for `all`, every study with its time
    #[arg(long)]
    list: bool,

    /// Stop `all` studies after this time (`2h`, `90min`); those whose estimate fits come first
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Option<Duration>,

    /// Score this share of the architectures; recorded in the result
    #[arg(long, value_name = "FACTOR", value_parser = positive, conflicts_with = "sample")]
    scale: Option<f64>,

    /// Score this many architectures in a repetition; recorded in the result
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(2..))]
    sample: Option<u32>,

    /// Repeat this many times; recorded in the result
    #[arg(long, value_name = "R", value_parser = value_parser!(u32).range(1..=100_000))]
    repetitions: Option<u32>,

    #[command(flatten)]
    threads: ThreadArgs,

    #[command(flatten)]
    device: DeviceArgs,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(factor),
        _ => Err(format!("`{text}` is no positive number")),
    }
}

/// Runs the command.
///
/// # Errors
/// An unknown or malformed study, a folder that is another one's, or nothing to show because all data are missing.
pub fn run(args: &StudyArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    if args.study.as_deref() == Some(all::NAME) {
        return all::run(args, dirs);
    }
    let names = args.study.as_deref().map_or_else(|| QUICK_START.to_vec(), |name| vec![name]);
    let studies: Vec<Study> = names.iter().map(|name| Study::find(name)).collect::<Result<_, _>>()?;
    let known: Vec<&str> = studies.iter().flat_map(Study::ids).map(|id| id.get_ref().as_str()).collect();
    if let Some(unknown) = args.only.iter().find(|id| !known.contains(&id.as_str())) {
        bail!("--only: study {} has no run `{unknown}`; it has {}", names.join(" and "), known.join(", "));
    }
    ensure!(args.budget.is_none(), "--budget is for all studies: untrained study {} --budget 2h", all::NAME);
    let engine = args.device.open()?;
    let stop = stop_flag("finishing the architectures that are being scored");
    for study in studies.iter().filter(|study| study.ids().any(|id| args.asks_for(id))) {
        let out = match (&args.study, &args.out) {
            (Some(_), Some(out)) => out.clone(),
            (_, out) => out.as_deref().unwrap_or(Path::new("study")).join(study.name.get_ref()),
        };
        if make(study, args, (dirs, engine.as_ref(), &stop), &out)? == Ended::Stopped {
            eprintln!("stopped; the same command goes on");
            return Ok(ExitCode::from(130));
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl StudyArgs {
    /// Whether a run is to be made.
    fn asks_for(&self, id: &Spanned<String>) -> bool {
        self.only.is_empty() || self.only.contains(id.get_ref())
    }
}

/// Makes one study, or lists its runs.
fn make(
    study: &Study,
    args: &StudyArgs,
    (dirs, engine, stop): (&DataDirs, &dyn Engine, &Arc<AtomicBool>),
    out: &Path,
) -> anyhow::Result<Ended> {
    let overrides = Overrides {
        scale: args.scale,
        sample: args.sample.map(|n| n as usize),
        repetitions: args.repetitions,
    };
    let parallelism = args.threads.parallelism().on(engine);
    let job = |run| Job { study, run, dirs, engine, overrides, parallelism, stop };
    if args.list {
        let runs = study.runs.iter().filter(|run| args.asks_for(&run.id));
        list(&runs.map(job).collect::<Vec<_>>(), out)?;
        for guided in study.guided.iter().filter(|guided| args.asks_for(&guided.id)) {
            let (id, command) = (guided.id.get_ref(), guided.command.get_ref());
            writeln!(std::io::stdout(), "\nsearch {id}\n  untrained search {command}")?;
        }
        return Ok(Ended::Complete);
    }
    let mut done = Done { results: vec![], guided: vec![], missing: vec![] };
    for id in study.ids().filter(|id| !args.asks_for(id)) {
        done.missing.push((id.get_ref().clone(), "not asked for (--only)".to_owned()));
    }
    for run in study.runs.iter().filter(|run| args.asks_for(&run.id)) {
        let job = job(run);
        if done.make(&run.id, |done| done.score(&job, out))? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
    }
    for guided in study.guided.iter().filter(|guided| args.asks_for(&guided.id)) {
        let sizes = overrides.words();
        if !sizes.is_empty() {
            let reason = format!("{sizes} changes runs and not searches; leave it out to make this search");
            done.missing.push((guided.id.get_ref().clone(), reason));
            continue;
        }
        let with = (dirs, parallelism.threads, stop);
        if done.make(&guided.id, |done| done.search(guided, out, with))? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
    }
    done.write(study, out, &context(engine.name(), parallelism.threads, overrides))?;
    Ok(Ended::Complete)
}

fn context(engine: String, threads: usize, overrides: Overrides) -> Context {
    let invocation = super::common::invocation(threads);
    let cpu = invocation.cpu.unwrap_or_else(|| "unknown processor".to_owned());
    Context {
        command: command_line(),
        overrides,
        machine: format!(
            "`untrained` {} on {cpu}, {threads} threads, engine {engine}, {}.",
            invocation.version, invocation.system
        ),
        missing: vec![],
    }
}

/// The plans of all runs, one after the other; data that are missing are said and cost no more.
fn list(jobs: &[Job<'_>], out: &Path) -> anyhow::Result<()> {
    for job in jobs {
        let id = job.run.id.get_ref();
        writeln!(std::io::stdout(), "\nrun {id}")?;
        let listed =
            load_table(job.run.space.get_ref(), job.dirs).map_err(Into::into).and_then(|_| job.list(out));
        match listed {
            Err(error) if missing_data(&error) => writeln!(std::io::stdout(), "  not possible: {error:#}")?,
            other => other?,
        }
    }
    Ok(())
}

/// Whether data have to be fetched first.
fn missing_data(error: &anyhow::Error) -> bool {
    let missing = |e: &DatasetError| matches!(e, DatasetError::Missing { .. });
    error.chain().any(|cause| {
        cause.downcast_ref().is_some_and(missing)
            || matches!(cause.downcast_ref(), Some(RunError::Dataset(e)) if missing(e))
            || matches!(cause.downcast_ref(), Some(TableError::NotFound { .. }))
    })
}

/// Runs that were made, and those that were not.
struct Done<'s> {
    results: Vec<RunResult<'s>>,
    guided: Vec<GuidedResult<'s>>,
    missing: Vec<(String, String)>,
}

impl<'s> Done<'s> {
    /// Does `work`; data that are missing do not keep the rest of the study from being made.
    fn make(
        &mut self,
        id: &Spanned<String>,
        work: impl FnOnce(&mut Self) -> anyhow::Result<Ended>,
    ) -> anyhow::Result<Ended> {
        let id = id.get_ref();
        eprintln!("run {id}");
        match work(self).with_context(|| format!("run {id}")) {
            Err(error) if missing_data(&error) => {
                eprintln!("  not made: {error:#}");
                self.missing.push((id.clone(), format!("{:#}", error.root_cause())));
                Ok(Ended::Complete)
            }
            other => other,
        }
    }

    fn score(&mut self, job: &Job<'s>, out: &Path) -> anyhow::Result<Ended> {
        // Before hours of scoring: is there something to compare with?
        let table = load_table(job.run.space.get_ref(), job.dirs)?;
        let source = format!("runs/{}", job.run.id.get_ref());
        let folder = out.join(&source);
        if job.score(&folder)? == Ended::Stopped {
            return Ok(Ended::Stopped);
        }
        let scores = store::Run::open(&folder)?;
        let result = RunResult::new(job.study, job.run, &scores, table, &source)?;
        self.results.push(RunResult { costs: costs(&scores)?, ..result });
        Ok(Ended::Complete)
    }

    fn search(
        &mut self,
        guided: &'s Guided,
        out: &Path,
        (dirs, threads, stop): (&DataDirs, usize, &Arc<AtomicBool>),
    ) -> anyhow::Result<Ended> {
        let words = Words::parse(guided.command.get_ref(), &guided.folder(out), threads)?;
        words.run(dirs, stop)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(Ended::Stopped);
        }
        self.guided.push(GuidedResult::read(guided, out)?);
        Ok(Ended::Complete)
    }

    fn write(self, study: &Study, out: &Path, context: &Context) -> anyhow::Result<()> {
        if self.results.is_empty() && self.guided.is_empty() {
            let (run, reason) = self.missing.first().cloned().unwrap_or_default();
            bail!("no run of study {} could be made; {run}: {reason}", study.name.get_ref());
        }
        let context = Context { missing: self.missing, ..context.clone() };
        let output = Output { study, context: &context, results: &self.results, guided: &self.guided };
        let report = output.write(out)?;
        if !self.results.is_empty() {
            write!(std::io::stdout(), "{}", render(&output.comparison(), Format::Text))?;
        }
        for (run, reason) in &context.missing {
            writeln!(std::io::stdout(), "not made: {run}: {reason}")?;
        }
        let page = out.join(PAGE);
        writeln!(
            std::io::stdout(),
            "\nreport: {}\npage:   {} (open it in a browser)",
            report.display(),
            page.display()
        )?;
        Ok(())
    }
}
