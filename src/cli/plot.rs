//! `untrained plot`: figures of scores.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, value_parser};

use super::analysis::{self, AccuracyArgs, ExternalArgs, command_line, metrics_help};
use crate::analysis::{Metric, NonFinitePolicy, ScoreSet};
use crate::data::DataDirs;
use crate::plot::{self, DRAWINGS, Drawing, Request, ScoreAxis, Shown};
use crate::scoring::flag;
use crate::search::top1::Protocol;

const EXAMPLES: &str = "Examples:
  untrained plot results/x --kind scatter --proxies naswot --out naswot.svg
  untrained plot results/c10 results/c100 --kind bars --out taus.png
  untrained plot results/x --kind bars --metric ndcg@100 --out ndcg.png
  untrained plot results/x --kind heatmap --out proxies.png
  untrained plot results/x --kind top1 --samples 10,100,1000 --out search.svg";

/// Draw scores: scatter plot, correlations, spread over repetitions, proxy against proxy, top-1 searches
///
/// The file's ending says the format, svg or png. Below a figure stand the accuracy, the images and the command.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct PlotArgs {
    /// Folders of runs
    #[arg(value_name = "RUN", required_unless_present = "scores")]
    runs: Vec<PathBuf>,

    #[command(flatten)]
    external: ExternalArgs,

    /// What to draw
    #[arg(long, value_parser = drawing())]
    kind: &'static Drawing,

    /// File to write, ending in .svg or .png
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Proxies to show, as they are called in the run [default: all, with the baselines]
    #[arg(long, value_delimiter = ',', value_name = "PROXIES")]
    proxies: Vec<String>,

    #[command(flatten)]
    accuracy: AccuracyArgs,

    /// Metric of bars and boxes (`untrained list metrics`)
    #[arg(long, alias = "figure", default_value_t = Metric::TAU_B, value_name = "METRIC", long_help = metrics_help("Metric of bars and boxes"))]
    metric: Metric,

    /// Axis of scores in a scatter plot
    #[arg(long, value_parser = flag::<ScoreAxis>(), default_value_t)]
    axis: ScoreAxis,

    /// Repetition that a scatter plot shows [default: the first]
    #[arg(long, value_name = "R")]
    repetition: Option<u64>,

    /// Scores that are infinite or not a number; plots of scores leave them out and say so
    #[arg(long, value_parser = flag::<NonFinitePolicy>(), default_value_t)]
    non_finite: NonFinitePolicy,

    /// Architectures that a trial of a search draws [default: those of 10, 100 and 1000 that the run has scored as many of]
    #[arg(long, value_delimiter = ',', value_name = "SIZES")]
    samples: Vec<usize>,

    /// Trials for each sample size
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    trials: u32,

    /// What a trial remembers of those before it
    #[arg(long, value_parser = flag::<Protocol>(), default_value_t)]
    protocol: Protocol,
}

/// A drawing by its name.
fn drawing() -> impl TypedValueParser<Value = &'static Drawing> {
    let names = DRAWINGS.iter().map(|drawing| PossibleValue::new(drawing.name).help(drawing.about));
    PossibleValuesParser::new(names)
        .map(|name| *DRAWINGS.iter().find(|drawing| drawing.name == name).expect("a name of the list"))
}

/// Runs the command.
///
/// # Errors
/// Damaged runs, a table that is not at hand, a selection that leaves nothing to draw, a file that cannot be written.
pub fn run(args: &PlotArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let tables = args.accuracy.tables(dirs);
    let mut sets = analysis::load(&args.runs, &args.external, &tables)?;
    sets.iter_mut().try_for_each(|set| select(set, &args.proxies))?;
    let groups = analysis::groups(&sets, &args.accuracy, &tables, |set, table, query| {
        Ok((set, Rc::clone(table), query.clone()))
    })?;
    let shown = groups.iter().map(|group| {
        let (set, table, query) = &group.value;
        Shown { name: group.name.clone(), set, table, query: query.clone() }
    });
    let request = Request {
        shown: shown.collect(),
        proxies_named: !args.proxies.is_empty(),
        metric: args.metric,
        axis: args.axis,
        repetition: args.repetition,
        non_finite: args.non_finite,
        samples: args.samples.clone(),
        trials: args.trials as usize,
        protocol: args.protocol,
        command: command_line(),
    };
    let scene = (args.kind.draw)(&request)?;
    plot::save(&scene, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

/// Leaves the named proxies, in the order of the names; all where none are named.
fn select(set: &mut ScoreSet, names: &[String]) -> anyhow::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = set.columns.iter().map(|c| c.proxy.as_str()).collect();
    let found = names.iter().map(|name| {
        let known = || format!("--proxies {name}: the scores of {} have {}", set.source, known.join(", "));
        set.column(name).cloned().with_context(known)
    });
    set.columns = found.collect::<anyhow::Result<_>>()?;
    Ok(())
}
