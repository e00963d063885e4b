//! `untrained search`: searches that scores guide.

mod bar;
mod evolve;
mod limits;
mod outputs;
mod prune;
mod table;
mod top1;
mod weights;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::data::DataDirs;

const EXAMPLES: &str = "Examples:
  untrained search results/x --samples 10,100 --trials 500
  untrained search results/x --table-dataset cifar10,cifar100,imagenet16_120
  untrained search results/x --protocol running-best --split validation
  untrained search evolve --iterations 1000 --out searches/zen
  untrained search table --space nats_sss --proxies naswot --trials 10 --out searches/sss
  untrained search prune --dataset cifar10 --out searches/te_nas";

/// Search: among scored architectures (RUN, or top1), by evolution, on a tabular space, or by pruning
///
/// `untrained search RUN` is `untrained search top1 RUN`; a folder that is called like a sub-command is written ./evolve.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_long_help = EXAMPLES)]
pub struct SearchArgs {
    #[command(subcommand)]
    command: Option<SearchCommand>,

    #[command(flatten)]
    top1: top1::Top1Args,
}

#[derive(Debug, Subcommand)]
enum SearchCommand {
    Top1(Box<top1::Top1Args>),
    Evolve(Box<evolve::EvolveArgs>),
    Table(Box<table::TableArgs>),
    Prune(Box<prune::PruneArgs>),
}

/// Runs the command.
///
/// # Errors
/// As those of the sub-commands.
pub fn run(args: &SearchArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    match &args.command {
        None => top1::run(&args.top1, dirs),
        Some(SearchCommand::Top1(args)) => top1::run(args, dirs),
        Some(SearchCommand::Evolve(args)) => evolve::run(args, dirs),
        Some(SearchCommand::Table(args)) => table::run(args, dirs),
        Some(SearchCommand::Prune(args)) => prune::run(args, dirs),
    }
}
