//! `untrained compare`: a proxy computed elsewhere beside the others.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::analysis::ExternalArgs;
use super::correlate::CorrelationArgs;
use crate::data::DataDirs;

const EXAMPLES: &str = "Examples:
  untrained compare --scores mine.csv --space nasbench201 --dataset cifar10
  untrained compare --scores mine.csv --run results/x --reference naswot
  untrained compare --scores mine.csv --space nasbench201 --dataset cifar10 --archs suite_zero --metrics tau_b,ndcg@1000
  untrained compare --scores losses.json --space nats_sss --dataset cifar100 --lower-is-better score

A file of scores:
  arch,score
  64:64:64:64:64,1.5
  8:8:8:8:8,nan";

/// Put a proxy computed elsewhere into the same tables
///
/// Reads (architecture, score) pairs and correlates them with trained accuracies, beside the baselines params, flops, layers
/// and random. With --run the scores are looked up for the architectures of that run and stand beside its proxies, on the
/// same samples; architectures that the file lacks are counted. An architecture that the space does not have, a second
/// score of one, or a score that is no number is an error that names the line.
///
/// `untrained search --scores` searches with such scores.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES, mut_arg("scores", |arg| arg.required(true)))]
pub struct CompareArgs {
    #[command(flatten)]
    external: ExternalArgs,

    /// Run whose proxies and samples the scores join; may be repeated
    #[arg(long = "run", value_name = "RUN")]
    runs_to_join: Vec<PathBuf>,

    #[command(flatten)]
    options: CorrelationArgs,
}

/// Runs the command.
///
/// # Errors
/// As `untrained correlate`, and a malformed file of scores.
pub fn run(args: &CompareArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    args.options.run(&args.runs_to_join, &args.external, dirs)
}
