//! `untrained correlate`: how well scores predict trained accuracy.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use super::analysis::{self, AccuracyArgs, ExternalArgs, Group, OutputArgs, metrics_help};
use crate::analysis::{CorrelationGroup, Facts, Metric, NonFinitePolicy, Options, ScoreSet};
use crate::data::DataDirs;
use crate::report::correlation_table;
use crate::scoring::flag;

/// What the flag takes, in words.
const METRICS: &str =
    "Metrics to show, the one to test last [default: pearson,pearson_log,spearman and Kendall's tau]";

const EXAMPLES: &str = "Examples:
  untrained correlate results/x
  untrained correlate results/x --metrics tau_b,ndcg@1000,overlap@5%,regret@10,partial_tau
  untrained correlate results/x --table-dataset cifar10,cifar100,imagenet16_120 --format latex
  untrained correlate results/x --reference naswot --out correlations.csv";

/// Correlate the scores of runs with trained accuracies
///
/// For every proxy of the runs, and for the baselines params, flops, layers and random: Pearson's r of the raw scores and of
/// sign(s) ln|s|, Spearman's rho, and Kendall's tau (tau-b, which corrects for ties, unless --tau a). Correlations are
/// signed and positive where a score points the way its proxy declares.
///
/// Each repetition of a run gives one value; the table shows their mean and sample standard deviation. A run with a
/// single repetition has a percentile bootstrap interval over its architectures instead. --metrics asks for others, such as those
/// of a search that takes the best: nDCG, overlap of the best, regret. Beside the numbers stand the
/// number of architectures, those that were left out, and the pairs with equal scores and with equal accuracies.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct CorrelateArgs {
    /// Folders of runs
    #[arg(value_name = "RUN", required_unless_present = "scores")]
    runs: Vec<PathBuf>,

    #[command(flatten)]
    external: ExternalArgs,

    #[command(flatten)]
    options: CorrelationArgs,
}

/// What is computed and how it is written.
#[derive(Clone, Debug, Args)]
pub struct CorrelationArgs {
    #[command(flatten)]
    accuracy: AccuracyArgs,

    /// Variant of Kendall's tau
    #[arg(long, value_enum, default_value = "b")]
    tau: Tau,

    /// Metrics to show, the one to test last; `untrained list metrics` explains them [default: pearson,pearson-log,spearman and
    /// Kendall's tau]
    #[arg(long, alias = "figures", value_delimiter = ',', value_name = "METRICS", long_help = metrics_help(METRICS))]
    metrics: Vec<Metric>,

    /// Compare all proxies on the same architectures: those that every one of them has a record of
    #[arg(long)]
    common: bool,

    /// Scores that are infinite or not a number
    #[arg(long, value_parser = flag::<NonFinitePolicy>(), default_value_t)]
    non_finite: NonFinitePolicy,

    /// Resamples of the bootstrap interval of a single repetition; 0 for none
    #[arg(long, default_value_t = 1000, value_name = "N")]
    bootstrap: usize,

    /// Coverage of the bootstrap interval
    #[arg(long, default_value_t = 0.95, value_name = "LEVEL")]
    level: f64,

    /// Seed of the resamples
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    bootstrap_seed: u64,

    /// Proxy that the others are tested against: t-tests of the last metric, paired over repetitions
    #[arg(long, value_name = "PROXY")]
    reference: Option<String>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Variant of Kendall's tau.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tau {
    /// Corrected for ties
    B,
    /// Not corrected
    A,
}

/// Runs the command.
///
/// # Errors
/// A damaged run or file, a table that is not at hand, or an accuracy that it does not have.
pub fn run(args: &CorrelateArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    args.options.run(&args.runs, &args.external, dirs)
}

impl CorrelationArgs {
    /// Correlates the scores of runs and of a file and writes the table.
    pub fn run(
        &self,
        runs: &[PathBuf],
        external: &ExternalArgs,
        dirs: &DataDirs,
    ) -> anyhow::Result<ExitCode> {
        ensure!(
            self.level > 0.0 && self.level < 1.0,
            "--level {} is no coverage; it lies between 0 and 1",
            self.level
        );
        self.output.format()?;
        let tables = self.accuracy.tables(dirs);
        let mut sets = analysis::load(runs, external, &tables)?;
        if self.common {
            sets.iter_mut().try_for_each(keep_common)?;
        }
        if let Some(reference) = &self.reference {
            known(reference, &sets)?;
        }
        let options = self.options();
        let groups = analysis::groups(&sets, &self.accuracy, &tables, |set, table, query| {
            Ok(CorrelationGroup::new(Default::default(), set, table, query, &options)?)
        })?;
        let named = |Group { name, facts, value }| CorrelationGroup { name, facts, ..value };
        let groups: Vec<CorrelationGroup> = groups.into_iter().map(named).collect();
        let mut table = correlation_table(&groups, &options.metrics, self.reference.as_deref());
        let formulas = std::mem::replace(&mut table.facts, self.facts(&groups));
        table.facts.extend(formulas);
        self.output.write(&table)?;
        Ok(ExitCode::SUCCESS)
    }

    fn options(&self) -> Options {
        Options {
            metrics: self.metrics(),
            policy: self.non_finite,
            resamples: self.bootstrap,
            level: self.level,
            seed: self.bootstrap_seed,
        }
    }

    fn metrics(&self) -> Vec<Metric> {
        let tau = match self.tau {
            Tau::B => Metric::TAU_B,
            Tau::A => Metric::TAU_A,
        };
        match self.metrics.is_empty() {
            true => vec![Metric::PEARSON, Metric::PEARSON_LOG, Metric::SPEARMAN, tau],
            false => self.metrics.clone(),
        }
    }

    fn facts(&self, groups: &[CorrelationGroup]) -> Facts {
        let single = groups.iter().flat_map(|group| &group.correlations).any(|c| c.samples.len() == 1);
        let several = groups.iter().flat_map(|group| &group.correlations).any(|c| c.samples.len() > 1);
        let mut facts = vec![
            ("command", analysis::command_line()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("signs", "positive where the score points the way its proxy declares".to_owned()),
            ("Kendall's tau", "tau_b corrects for ties, tau_a does not".to_owned()),
            ("scores that are not finite", self.non_finite.words().to_owned()),
            (
                "counts",
                "architectures (n, excluded) and pairs of equals, summed over the repetitions (reps)"
                    .to_owned(),
            ),
        ];
        if several {
            facts.push(("spread", "± sample standard deviation over repetitions".to_owned()));
        }
        if single && self.bootstrap > 0 {
            let percent = 100.0 * self.level;
            let Self { bootstrap, bootstrap_seed, .. } = self;
            let interval = format!(
                "{percent} % percentile bootstrap over architectures, {bootstrap} resamples, seed {bootstrap_seed}"
            );
            facts.push(("interval", interval));
        }
        if let Some(reference) = &self.reference {
            facts.push(("p", format!("two-sided t-test against {reference}: paired over repetitions within a run, Welch's between runs")));
        }
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Keeps the architectures that all proxies of a set share, and says so where the scores come from.
fn keep_common(set: &mut ScoreSet) -> anyhow::Result<()> {
    let [kept, all] = set.keep_common()?;
    ensure!(kept > 0, "--common: no architecture has scores of all proxies of {}", set.source);
    set.source = format!("{}, the {kept} of {all} architectures that all proxies have", set.source);
    Ok(())
}

fn known(reference: &str, sets: &[ScoreSet]) -> anyhow::Result<()> {
    let names = || sets.iter().flat_map(|set| &set.columns).map(|column| column.proxy.as_str());
    let mut all: Vec<&str> = names().collect();
    all.dedup();
    ensure!(all.contains(&reference), "--reference {reference}: the scores have {}", all.join(", "));
    let repeated = sets.iter().any(|set| set.samples.len() > 1);
    ensure!(repeated, "--reference needs several repetitions to test over, and the scores have one");
    Ok(())
}
