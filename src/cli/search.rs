//! `untrained search`: random search that a score guides.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::analysis::{self, AccuracyArgs, ExternalArgs, Loaded, OutputArgs};
use crate::analysis::{ScoreSet, accuracies, pool};
use crate::data::DataDirs;
use crate::report::{Facts, Role, SearchGroup, search_table};
use crate::search::top1::{Pool, Protocol, Request, Top1, top1};
use crate::tables::{Query, Table};

const EXAMPLES: &str = "Examples:
  untrained search results/x --samples 10,100 --trials 500
  untrained search results/x --table-dataset cifar10,cifar100,imagenet16_120
  untrained search results/x --protocol running-best --split validation";

/// Draw architectures, keep the best-scored one, look its accuracy up
///
/// A trial draws S architectures without replacement from those that a run has scored (repetitions take turns) and keeps
/// the one with the best score; the table shows mean and sample standard deviation of its trained accuracy over trials.
/// Equal scores are decided at random, scores that are not finite lose against all others. All rules see the same draws,
/// and so do the baselines params, flops and random, and the oracle, which knows the accuracies: no rule can beat it on
/// average in independent trials.
///
/// `--protocol running-best` follows the papers' released scripts, where the best score found so far is never reset: trial k
/// has then searched k S architectures.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct SearchArgs {
    /// Folders of runs
    #[arg(value_name = "RUN", required_unless_present = "scores")]
    runs: Vec<PathBuf>,

    #[command(flatten)]
    external: ExternalArgs,

    #[command(flatten)]
    accuracy: AccuracyArgs,

    /// Architectures that a trial draws
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000", value_name = "SIZES")]
    samples: Vec<usize>,

    /// Trials for each sample size
    #[arg(long, default_value_t = 500, value_name = "N")]
    trials: usize,

    /// What a trial remembers of those before it
    #[arg(long, value_enum, default_value = "independent")]
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
pub fn run(args: &SearchArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    args.output.format()?;
    let mut loaded = Loaded::new(dirs);
    let sets = analysis::load(&args.runs, &args.external, &mut loaded)?;
    let mut groups: Vec<SearchGroup> = vec![];
    let mut of_set: Vec<&ScoreSet> = vec![];
    for set in &sets {
        let table = loaded.table(&set.space)?;
        for query in args.accuracy.queries(set, table) {
            groups.push(group(args, set, table, &query)?);
            of_set.push(set);
        }
    }
    let names = groups.iter().map(|group| group.name.clone()).zip(of_set).collect();
    for (group, name) in groups.iter_mut().zip(analysis::distinct_names(names)) {
        group.name = name;
    }
    let mut table = search_table(&groups);
    table.facts = facts(args);
    args.output.write(&table)?;
    Ok(ExitCode::SUCCESS)
}

fn group(args: &SearchArgs, set: &ScoreSet, table: &Table, query: &Query) -> anyhow::Result<SearchGroup> {
    let accuracies: Vec<Vec<f64>> =
        set.samples.iter().map(|sample| accuracies(sample, table, query)).collect::<Result<_, _>>()?;
    let scores: Vec<Vec<Vec<f64>>> = (0..set.samples.len())
        .map(|sample| set.columns.iter().map(|column| pool(column, sample)).collect())
        .collect();
    let pools: Vec<Pool<'_>> = (set.samples.iter().zip(&accuracies).zip(&scores))
        .map(|((sample, accuracies), scores)| Pool {
            repetition: sample.repetition,
            size: accuracies.len(),
            scores: scores.iter().chain([accuracies]).map(Vec::as_slice).collect(),
            accuracies,
        })
        .collect();
    let outcome = |&sample_size: &usize| -> anyhow::Result<(usize, Vec<Top1>)> {
        let request =
            Request { sample_size, trials: args.trials, protocol: args.protocol, seed: args.search_seed };
        Ok((sample_size, top1(&pools, &request)?))
    };
    let role = |baseline| if baseline { Role::Baseline } else { Role::Entry };
    let rules = set.columns.iter().map(|column| (column.proxy.clone(), role(column.baseline)));
    let (name, mut facts) = analysis::group_facts(set, query);
    let sizes: Vec<String> = pools.iter().map(|pool| pool.size.to_string()).collect();
    facts.push(("architectures to draw from, by repetition".to_owned(), sizes.join(", ")));
    Ok(SearchGroup {
        name,
        facts,
        rules: rules.chain([("oracle".to_owned(), Role::Bound)]).collect(),
        outcomes: args.samples.iter().map(outcome).collect::<Result<_, _>>()?,
    })
}

fn facts(args: &SearchArgs) -> Facts {
    let protocol =
        args.protocol.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let facts = [
        ("command", analysis::command_line()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("protocol", format!("{protocol}; draws without replacement, seed {}", args.search_seed)),
        ("spread", "± sample standard deviation over trials".to_owned()),
        ("scores that are not finite, failed or missing", "stay in the draw and lose".to_owned()),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
