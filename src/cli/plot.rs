//! `untrained plot`: figures of scores.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum, value_parser};

use super::analysis::{self, AccuracyArgs, ExternalArgs, Loaded, command_line};
use crate::analysis::{Correlation, Figure, NonFinitePolicy, Options, ScoreSet, correlate};
use crate::data::DataDirs;
use crate::figures::{self, AxisChoice};
use crate::plot::{self, Scene};
use crate::report::{CorrelationGroup, SearchGroup};
use crate::search::top1::{Protocol, Request};
use crate::search::{search, usual_sizes};
use crate::tables::{Query, Table};

const EXAMPLES: &str = "Examples:
  untrained plot results/x --kind scatter --proxies naswot --out naswot.svg
  untrained plot results/c10 results/c100 --kind bars --out taus.png
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
    #[arg(long, value_enum)]
    kind: Kind,

    /// File to write, ending in .svg or .png
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Proxies to show, as they are called in the run [default: all, with the baselines]
    #[arg(long, value_delimiter = ',', value_name = "PROXIES")]
    proxies: Vec<String>,

    #[command(flatten)]
    accuracy: AccuracyArgs,

    /// Statistic of bars and boxes
    #[arg(long, value_enum, default_value = "tau-b")]
    figure: Figure,

    /// Axis of scores in a scatter plot
    #[arg(long, value_enum, default_value = "auto")]
    axis: AxisChoice,

    /// Repetition that a scatter plot shows [default: the first]
    #[arg(long, value_name = "R")]
    repetition: Option<u64>,

    /// Scores that are infinite or not a number; plots of scores leave them out and say so
    #[arg(long, value_enum, default_value = "exclude")]
    non_finite: NonFinitePolicy,

    /// Architectures that a trial of a search draws [default: those of 10, 100 and 1000 that the run has scored as many of]
    #[arg(long, value_delimiter = ',', value_name = "SIZES")]
    samples: Vec<usize>,

    /// Trials for each sample size
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    trials: u32,

    /// What a trial remembers of those before it
    #[arg(long, value_enum, default_value = "independent")]
    protocol: Protocol,
}

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Score against accuracy, of one proxy in one repetition
    Scatter,
    /// Correlations with intervals, best first
    Bars,
    /// Correlations of every repetition
    Box,
    /// Kendall's tau-b between proxies
    Heatmap,
    /// Accuracy of the best-scored architecture against the sample size
    Top1,
}

/// Runs the command.
///
/// # Errors
/// Damaged runs, a table that is not at hand, a selection that leaves nothing to draw, a file that cannot be written.
pub fn run(args: &PlotArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    let mut loaded = Loaded::new(dirs);
    let mut sets = analysis::load(&args.runs, &args.external, &mut loaded)?;
    sets.iter_mut().try_for_each(|set| args.select(set))?;
    let scene = match args.kind {
        Kind::Bars | Kind::Box => args.correlations(&sets, &mut loaded)?,
        Kind::Scatter | Kind::Heatmap | Kind::Top1 => {
            let [set] = &sets[..] else {
                bail!("this kind shows one run; name one, or use --kind bars or box")
            };
            let table = loaded.table(&set.space)?;
            let queries = args.accuracy.queries(set, table);
            let [query] = &queries[..] else {
                bail!("this kind shows one accuracy; name one with --table-dataset")
            };
            match args.kind {
                Kind::Scatter => args.scatter(set, table, query)?,
                Kind::Heatmap => figures::heat_map(set, table, query, &caption(set, query))?.draw()?,
                _ => args.searches(set, table, query)?,
            }
        }
    };
    plot::save(&scene, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

/// What stands below a figure of one set and one accuracy.
fn caption(set: &ScoreSet, query: &Query) -> String {
    let images = if set.stand_in { " (made-up images in place of real ones)" } else { "" };
    format!(
        "Accuracy {query}; scores of {}, computed with {}{images}; {}",
        set.source,
        set.dataset,
        command_line()
    )
}

impl PlotArgs {
    /// Leaves the chosen proxies, in the order of the flag.
    fn select(&self, set: &mut ScoreSet) -> anyhow::Result<()> {
        if self.proxies.is_empty() {
            return Ok(());
        }
        let known: Vec<&str> = set.columns.iter().map(|c| c.proxy.as_str()).collect();
        let found = self.proxies.iter().map(|name| {
            let known =
                || format!("--proxies {name}: the scores of {} have {}", set.source, known.join(", "));
            set.column(name).cloned().with_context(known)
        });
        set.columns = found.collect::<anyhow::Result<_>>()?;
        Ok(())
    }

    fn correlated(&self, set: &ScoreSet, table: &Table, query: &Query) -> anyhow::Result<Vec<Correlation>> {
        let options = Options { policy: self.non_finite, ..Options::default() };
        Ok(correlate(set, table, query, &options)?)
    }

    fn correlations(&self, sets: &[ScoreSet], loaded: &mut Loaded<'_>) -> anyhow::Result<Scene> {
        let (mut groups, mut of_set, mut queries) = (vec![], vec![], vec![]);
        for set in sets {
            let table = loaded.table(&set.space)?;
            for query in self.accuracy.queries(set, table) {
                let (name, facts) = analysis::group_facts(set, &query);
                let correlations = self.correlated(set, table, &query)?;
                groups.push(CorrelationGroup { name, space: set.space.clone(), facts, correlations });
                of_set.push(set);
                queries.push(query.to_string());
            }
        }
        let names = groups.iter().map(|g: &CorrelationGroup| g.name.clone()).zip(of_set).collect();
        for (group, name) in groups.iter_mut().zip(analysis::distinct_names(names)) {
            group.name = name;
        }
        queries.dedup();
        let caption = format!("Accuracies: {}; {}", queries.join(", "), command_line());
        Ok(match self.kind {
            Kind::Box => figures::boxes(&groups, self.figure, &caption).draw()?,
            _ => figures::bars(&groups, self.figure, &|_, _| None, &caption).draw()?,
        })
    }

    fn scatter(&self, set: &ScoreSet, table: &Table, query: &Query) -> anyhow::Result<Scene> {
        let entries: Vec<&str> =
            set.columns.iter().filter(|c| !c.baseline).map(|c| c.proxy.as_str()).collect();
        let proxy = match (&self.proxies[..], &entries[..]) {
            ([one], _) => one,
            ([], [one]) => *one,
            _ => {
                bail!("a scatter plot shows one proxy; name it with --proxies, one of {}", entries.join(", "))
            }
        };
        let repetitions: Vec<u64> = set.samples.iter().map(|s| s.repetition).collect();
        let wanted = self.repetition.or(repetitions.first().copied()).unwrap_or(0);
        let sample = repetitions.iter().position(|r| *r == wanted);
        let sample =
            sample.with_context(|| format!("--repetition {wanted}: the scores have {repetitions:?}"))?;
        let correlations = self.correlated(set, table, query)?;
        let of = correlations.iter().find(|c| c.proxy == *proxy);
        let of = of.with_context(|| format!("no scores of {proxy}"))?;
        let scatter = figures::scatter(set, (of, sample), (table, query), self.axis, &caption(set, query))?;
        Ok(scatter.draw()?)
    }

    fn searches(&self, set: &ScoreSet, table: &Table, query: &Query) -> anyhow::Result<Scene> {
        let request = |size: &usize| Request {
            sample_size: *size,
            trials: self.trials as usize,
            protocol: self.protocol,
            seed: 0,
        };
        let sizes = if self.samples.is_empty() { usual_sizes(set) } else { self.samples.clone() };
        let requests: Vec<Request> = sizes.iter().map(request).collect();
        let searched = search(set, table, query, &requests)?;
        let (name, facts) = analysis::group_facts(set, query);
        let group = SearchGroup::new(name, facts, searched);
        Ok(figures::searches(&group, figures::accuracy_words(query), &caption(set, query)).draw()?)
    }
}
