//! Command line: one file per sub-command. This is the only module that knows all others.

mod analysis;
mod bench;
mod common;
mod compare;
mod completions;
mod correlate;
mod data;
mod explain;
mod list;
mod man;
mod merge;
mod parity;
mod plot;
mod progress;
mod query;
mod records;
mod report;
mod score;
mod search;
mod study;
mod train;
mod verdicts;
mod verify;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{CommandFactory, Parser, Subcommand};

use crate::data::DataDirs;

/// Version, and the devices that were compiled in.
static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} (devices: {})", env!("CARGO_PKG_VERSION"), crate::engine::KINDS.as_str()));

const EXAMPLES: &str = "Start with:
  untrained study
      Score eleven networks ten times: tables, charts and a report; no data needed
  untrained score --space nafbee_vgg19 --arch ReLU --dataset synthetic
      Score one network
  untrained list proxies
      What can be computed; also list spaces, datasets, tables, studies
Each command has examples of its own: untrained score --help";

/// Scores neural architectures without training them and measures how well each score predicts trained accuracy.
#[derive(Debug, Parser)]
#[command(name = "untrained", version = VERSION.as_str(), max_term_width = 110, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    /// Folder with tables and data sets, just as they were downloaded [default: $UNTRAINED_DATA, then the user's data
    /// folder]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// More messages on standard error; twice for debugging
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Score(Box<score::ScoreArgs>),
    Records(records::RecordsArgs),
    Verify(verify::VerifyArgs),
    Merge(merge::MergeArgs),
    Train(Box<train::TrainArgs>),
    Correlate(correlate::CorrelateArgs),
    Search(Box<search::SearchArgs>),
    Compare(compare::CompareArgs),
    Bench(bench::BenchArgs),
    Parity(parity::ParityArgs),
    Query(query::QueryArgs),
    Plot(plot::PlotArgs),
    Report(Box<report::ReportArgs>),
    Explain(Box<explain::ExplainArgs>),
    Study(study::StudyArgs),
    Verdicts(verdicts::VerdictsArgs),
    List(list::ListArgs),
    Data(data::DataArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs the command line and gives the exit code: 0 done, 1 a check failed or an error, 2 wrong usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = ["warn", "info", "debug"][usize::from(cli.verbose.min(2))];
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| format!("untrained={level}").into());
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let colours = std::io::stderr().is_terminal() && !is_set("NO_COLOR") && !dumb;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.without_time().with_target(false).with_ansi(colours).init();
    crate::progress::show_with(progress::show);
    let dirs = DataDirs::resolve(cli.data_dir.as_deref());
    let done = match cli.command {
        Command::Score(args) => score::run(&args, &dirs),
        Command::Records(args) => records::run(&args),
        Command::Verify(args) => verify::run(&args, &dirs),
        Command::Merge(args) => merge::run(&args),
        Command::Train(args) => train::run(&args, &dirs),
        Command::Correlate(args) => correlate::run(&args, &dirs),
        Command::Search(args) => search::run(&args, &dirs),
        Command::Compare(args) => compare::run(&args, &dirs),
        Command::Bench(args) => bench::run(&args, &dirs),
        Command::Parity(args) => parity::run(&args, &dirs),
        Command::Query(args) => query::run(&args, &dirs),
        Command::Plot(args) => plot::run(&args, &dirs),
        Command::Report(args) => report::run(&args, &dirs),
        Command::Explain(args) => explain::run(&args, &dirs),
        Command::Study(args) => study::run(&args, &dirs),
        Command::Verdicts(args) => verdicts::run(&args),
        Command::List(args) => list::run(&args, &dirs),
        Command::Data(args) => data::run(&args, &dirs),
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Man(args) => man::run(&args, Cli::command()),
    };
    match done {
        Ok(code) => code,
        Err(error) if broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// The causes in one line, each said once: some errors quote their source in their own message.
fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match () {
        () if said.is_empty() => cause,
        () if said.contains(&cause) => said,
        () => format!("{said}: {cause}"),
    })
}

/// `untrained ... | head` is no error.
fn broken_pipe(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|e| e.downcast_ref::<std::io::Error>());
    kinds.into_iter().any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
