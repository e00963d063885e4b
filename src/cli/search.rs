//! `untrained search`: searches that scores guide.

mod bar;
mod evolve;
mod limits;
mod outputs;
mod prune;
mod saliency;
mod table;
mod top1;
mod weights;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, Parser, Subcommand};

use super::common::stop_flag;
use crate::data::DataDirs;

const EXAMPLES: &str = "Examples:
  untrained search results/x --samples 10,100 --trials 500
  untrained search results/x --table-dataset cifar10,cifar100,imagenet16_120
  untrained search results/x --protocol running-best --split validation
  untrained search evolve --iterations 1000 --out searches/zen
  untrained search table --space nats_sss --proxies naswot --trials 10 --out searches/sss
  untrained search prune --dataset cifar10 --out searches/te_nas
  untrained search saliency --dataset cifar10 --epochs 10 --out searches/saliency";

/// Search: among scored architectures (RUN, or top1), by evolution, on a tabular space, by pruning, or of a trained supernet
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
    Saliency(Box<saliency::SaliencyArgs>),
}

/// Runs the command.
///
/// # Errors
/// As those of the sub-commands.
pub fn run(args: &SearchArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    match &args.command {
        None => top1::run(&args.top1, dirs),
        Some(SearchCommand::Top1(args)) => top1::run(args, dirs),
        Some(guided) => guided.run(dirs, &stop_flag("finishing what is being scored")),
    }
}

impl SearchCommand {
    fn run(&self, dirs: &DataDirs, stop: &Arc<AtomicBool>) -> anyhow::Result<ExitCode> {
        match self {
            Self::Top1(args) => top1::run(args, dirs),
            Self::Evolve(args) => evolve::run(args, dirs, stop),
            Self::Table(args) => table::run(args, dirs, stop),
            Self::Prune(args) => prune::run(args, dirs, stop),
            Self::Saliency(args) => saliency::run(args, dirs, stop),
        }
    }
}

/// A search as a study's file writes it: what stands behind `untrained search`.
#[derive(Debug, Parser)]
#[command(name = "untrained search")]
pub(super) struct Words {
    #[command(subcommand)]
    command: SearchCommand,
}

impl Words {
    /// Reads the words, completed by the folder and the threads.
    ///
    /// # Errors
    /// What the command line says of a flag that is unknown or wrong.
    pub fn parse(words: &str, out: &Path, threads: usize) -> anyhow::Result<Self> {
        let (out, threads) = (out.to_string_lossy().into_owned(), threads.to_string());
        let own = ["untrained search"].into_iter().chain(words.split_whitespace());
        Ok(Self::try_parse_from(own.chain(["--out", &out, "--threads", &threads]))?)
    }

    /// Runs the search.
    ///
    /// # Errors
    /// As those of the sub-command.
    pub fn run(&self, dirs: &DataDirs, stop: &Arc<AtomicBool>) -> anyhow::Result<ExitCode> {
        self.command.run(dirs, stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{STUDIES, Study};

    #[test]
    fn the_searches_of_all_studies_can_be_read() {
        for (name, text) in STUDIES {
            for guided in Study::parse(name, text).unwrap().guided {
                let command = guided.command.get_ref();
                Words::parse(command, Path::new("x"), 2).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
        assert!(Words::parse("evolve --iteration 5", Path::new("x"), 2).is_err());
    }
}
