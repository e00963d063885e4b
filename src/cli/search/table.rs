//! `untrained search table`: regularised evolution and random search on tabular spaces.

mod pool;
mod scoring;
mod searches;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::ensure;
use clap::{Args, value_parser};

use super::weights::WeightArgs;
use crate::cli::common::ThreadArgs;
use crate::cli::data::table_of;
use crate::cli::score::settings::SettingArgs;
use crate::data::DataDirs;
use crate::report::Format;
use crate::scoring::flag;
use crate::search::GuidedError;
use crate::search::table::Walk;
use crate::tables::Query;

const EXAMPLES: &str = "Examples:
  untrained search table --space nats_sss --proxies naswot --samples 10,100 --trials 10 --out searches/sss
  untrained search table --space nasbench201 --proxies zen --pool results/nb201 --trials 500
  untrained search table --space nasbench201 --proxies naswot,synflow --objective ranks --pool results/nb201
  untrained search table --space nds_darts --proxies params --walk random --pool results/darts

Without --pool the architectures that a search comes to are scored, each once for each repetition, and the folder --out keeps their
scores: the same command goes on after an interruption, and more --trials go further. With --pool the scores of a run are searched again
and nothing is scored; if the run lacks architectures of the space, mutants are drawn among those it has, and the table says so.";

/// Search a tabular space, accuracy looked up at the end
///
/// Regularised evolution (population 10, tournament 3, the oldest leaves) and random search, both guided by the same scores, beside
/// what was drawn at random and the same searches by the accuracy itself. The answer of S evaluations is the best-scored of
/// the first S architectures.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("proxies", |arg| arg.help("Proxies, with variants after a colon")),
    mut_arg("sample_seed", |arg| arg.help("Seed of the searches")),
    mut_arg("dedupe", |arg| arg.hide(true)),
)]
pub(super) struct TableArgs {
    #[command(flatten)]
    settings: SettingArgs,

    /// Walks [default: both; random alone where architectures have no neighbours]
    #[arg(long, value_parser = flag::<Walk>(), value_delimiter = ',', value_name = "WALKS", help_heading = "Search")]
    walk: Vec<Walk>,

    /// Numbers of evaluations S
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "10,100,1000",
        value_name = "SIZES",
        help_heading = "Search"
    )]
    samples: Vec<usize>,

    /// Trials; trial t is guided by the scores of repetition t modulo their number
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u32).range(1..=100_000), help_heading = "Search")]
    trials: u32,

    #[command(flatten)]
    weights: WeightArgs,

    /// A run whose scores are searched; nothing is scored, and the command of an --external is not started
    #[arg(long, value_name = "RUN", help_heading = "Search")]
    pool: Option<PathBuf>,

    /// Accuracies that `untrained train --table` has written, of any space [default: the table of the space]
    #[arg(long, value_name = "FILE", help_heading = "Search")]
    table: Option<PathBuf>,

    /// Accuracies that are looked up, as data set/split/epochs/runs [default: that of the data set, as `correlate` has it]
    #[arg(long, value_delimiter = ',', value_name = "QUERIES", help_heading = "Search")]
    accuracy: Vec<Query>,

    #[command(flatten)]
    run: RunArgs,
}

/// Where the search is kept, and what carries it out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runs")]
struct RunArgs {
    /// Folder of the search
    #[arg(long, value_name = "DIR", required_unless_present = "pool", conflicts_with = "pool")]
    out: Option<PathBuf>,

    /// Repetitions of the scores; each has its own weights and mini-batch
    #[arg(long, default_value_t = 1, value_name = "R", conflicts_with = "pool", value_parser = value_parser!(u32).range(1..=10_000))]
    repetitions: u32,

    #[command(flatten)]
    threads: ThreadArgs,

    /// How the table is written
    #[arg(long, value_parser = flag::<Format>(), default_value_t)]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// What cannot be searched, a table or data that are missing, or a folder that is not the command's.
pub(super) fn run(args: &TableArgs, dirs: &DataDirs, stop: &Arc<AtomicBool>) -> anyhow::Result<ExitCode> {
    ensure!(!args.samples.contains(&0), "--samples begins at 1");
    let given = &args.settings;
    ensure!(
        !given.proxies.is_empty() || !given.external.is_empty(),
        "a search is guided by scores; name proxies with --proxies"
    );
    let space = given.search_space()?;
    let of_space = space.spec().id.split(':').next().unwrap_or_default();
    let table = table_of(of_space, args.table.as_deref(), dirs)?;
    let done = match &args.pool {
        Some(run) => pool::run(args, space, &table, (run, stop)),
        None => scoring::run(args, space, &table, (dirs, stop)),
    };
    match done {
        Err(error) if matches!(error.downcast_ref(), Some(GuidedError::Stopped)) => {
            eprintln!("stopped; the same command goes on");
            Ok(ExitCode::from(130))
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}
