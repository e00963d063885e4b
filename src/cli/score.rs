//! `untrained score`: scores of one architecture, or a run over many.

pub(super) mod bar;
pub(super) mod list;
mod one;
mod run;
pub(super) mod settings;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, value_parser};
use settings::SettingArgs;

use super::common::{Format, ThreadArgs};
use crate::data::DataDirs;
use crate::scoring::Shard;

const EXAMPLES: &str = "Examples:
  untrained score --space nafbee_vgg19 --arch ReLU --dataset synthetic
  untrained score --space nats_sss --arch 24:32:32:48:48 --dataset cifar10 \\
      --proxies naswot,rbflex:official,zen
  untrained score --space nats_sss --dataset cifar10 --proxies params,naswot,zen \\
      --sample 1000 --repetitions 10 --threads 8 --out runs/sss
  untrained score --space nasbench201 --dataset cifar10 --proxies naswot --all --shard 2/4 --out runs/part2
  untrained score --space nafbee_bert --arch GELU --dataset sst2 --proxies rbflex,naswot --special-tokens cls
  untrained score --space nasbench201 --dataset cifar10 --sample 1000 --out runs/mine \\
      --proxies naswot --external 'mine=python3 scripts/external_proxy.py'

A run writes one record for each score into the folder --out and can be interrupted at any moment: the same command goes on.
More proxies, more repetitions, a larger sample or a longer list add to the run; other settings are refused. `untrained
records` exports the records, `untrained verify` scores some of them again, `untrained merge` joins shards.

The command of --external reads one JSON object a line and answers each with one: see METHODOLOGY, section 18, and
scripts/external_proxy.py, a template. Its records are called external:NAME, and all other commands know them by that name.";

/// Score one architecture, or a whole plan of them
///
/// The network is built from its architecture string, its weights are keyed numbers (a function of weight seed and
/// parameter name), the mini-batch is a keyed choice of images (a function of data seed and data set). The same command
/// gives the same scores on every machine.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ScoreArgs {
    #[command(flatten)]
    settings: SettingArgs,

    #[command(flatten)]
    which: WhichArgs,

    #[command(flatten)]
    run: RunArgs,

    /// How the scores of --arch are written
    #[arg(long, value_enum, default_value = "text", conflicts_with = "out")]
    format: Format,
}

/// Which architectures are scored.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhichArgs {
    /// One architecture string, as the space writes it; its scores are printed
    #[arg(long, value_name = "ARCH", conflicts_with_all = ["vary", "dedupe"])]
    arch: Option<String>,

    /// The architectures of a file, one string (or, in lists of records, #RECORD) a line; `-` reads standard input. Or those of a
    /// subset of the space (`untrained list subsets`)
    #[arg(long, value_name = "FILE|SUBSET")]
    archs: Option<PathBuf>,

    /// This many architectures, chosen without replacement; every repetition draws its own
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    sample: Option<u32>,

    /// All architectures of the space
    #[arg(long)]
    all: bool,
}

/// A run over many architectures.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runs")]
struct RunArgs {
    /// Folder of the run
    #[arg(long, value_name = "DIR", conflicts_with = "arch", required_unless_present_any = ["arch", "list"])]
    out: Option<PathBuf>,

    /// Repetitions; each draws its own architectures (with --sample), weights and mini-batch
    #[arg(long, default_value_t = 1, value_name = "R", conflicts_with = "arch", value_parser = value_parser!(u32).range(1..=100_000))]
    repetitions: u32,

    #[command(flatten)]
    threads: ThreadArgs,

    /// Print the plan and an estimate of its time, from timing a few architectures, and stop
    #[arg(long, conflicts_with = "arch")]
    list: bool,

    /// Only part i of n of the plan, for job arrays; `untrained merge` joins the parts
    #[arg(long, value_name = "I/N", conflicts_with = "arch")]
    shard: Option<Shard>,
}

/// Runs the command.
///
/// # Errors
/// An unknown name, a malformed architecture, missing data, a missing device, or a folder that is not the command's.
pub fn run(args: &ScoreArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    match &args.which.arch {
        Some(arch) => one::run(args, arch, dirs),
        None => run::run(args, dirs),
    }
}
