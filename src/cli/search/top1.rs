//! `untrained search top1`: random search that a score guides, among architectures that were scored before.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::analysis::{Facts, ScoreSet};
use crate::cli::analysis::{self, AccuracyArgs, ExternalArgs, Group, OutputArgs};
use crate::data::DataDirs;
use crate::report::search_table;
use crate::scoring::flag;
use crate::search::top1::{Protocol, Request};
use crate::search::{SearchGroup, Searched, search, usual_sizes};

/// Draw architectures, keep the best-scored one, look its accuracy up
///
/// A trial draws S architectures without replacement from those that a run has scored (repetitions take turns) and keeps
/// the one with the best score; the table shows mean and sample standard deviation of its trained accuracy over trials.
/// Equal scores are decided at random, scores that are not finite lose against all others. All rules see the same draws,
/// and so do the baselines params, flops, layers and random, and the oracle, which knows the accuracies: no rule can beat it on
/// average in independent trials.
///
/// `--protocol running-best` follows the papers' released scripts, where the best score found so far is never reset: trial k
/// has then searched k S architectures.
#[derive(Debug, Args)]
#[command(after_long_help = super::EXAMPLES)]
pub(super) struct Top1Args {
    /// Folders of runs
    #[arg(value_name = "RUN", required_unless_present = "scores")]
    runs: Vec<PathBuf>,

    #[command(flatten)]
    external: ExternalArgs,

    #[command(flatten)]
    accuracy: AccuracyArgs,

    /// Architectures that a trial draws [default: those of 10, 100 and 1000 that the run has scored as many of]
    #[arg(long, value_delimiter = ',', value_name = "SIZES")]
    samples: Vec<usize>,

    /// Trials for each sample size
    #[arg(long, default_value_t = 500, value_name = "N")]
    trials: usize,

    /// What a trial remembers of those before it
    #[arg(long, value_parser = flag::<Protocol>(), default_value_t)]
    protocol: Protocol,

    /// Seed of the draws
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    search_seed: u64,

    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the command.
///
/// # Errors
/// A damaged run or file, a table that is not at hand, an accuracy that it does not have, or too few architectures.
pub(super) fn run(args: &Top1Args, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    args.output.format()?;
    let tables = args.accuracy.tables(dirs);
    let sets = analysis::load(&args.runs, &args.external, &tables)?;
    let groups = analysis::groups(&sets, &args.accuracy, &tables, |set, table, query| {
        Ok(search(set, table, query, &requests(args, set))?)
    })?;
    let group = |Group { name, mut facts, value: searched }: Group<Searched>| {
        let sizes: Vec<String> = searched.sizes.iter().map(ToString::to_string).collect();
        facts.push(("architectures to draw from, by repetition".to_owned(), sizes.join(", ")));
        SearchGroup { name, facts, searched }
    };
    let mut table = search_table(&groups.into_iter().map(group).collect::<Vec<_>>());
    table.facts = facts(args);
    args.output.write(&table)?;
    Ok(ExitCode::SUCCESS)
}

fn requests(args: &Top1Args, set: &ScoreSet) -> Vec<Request> {
    let Top1Args { trials, protocol, search_seed: seed, .. } = *args;
    let sizes = if args.samples.is_empty() { usual_sizes(set) } else { args.samples.clone() };
    sizes.into_iter().map(|sample_size| Request { sample_size, trials, protocol, seed }).collect()
}

fn facts(args: &Top1Args) -> Facts {
    let protocol = args.protocol.as_str().replace('_', "-");
    let facts = [
        ("command", analysis::command_line()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("protocol", format!("{protocol}; draws without replacement, seed {}", args.search_seed)),
        ("spread", "± sample standard deviation over trials".to_owned()),
        ("scores that are not finite, failed or missing", "stay in the draw and lose".to_owned()),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
