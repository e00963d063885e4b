//! `untrained search table`: regularised evolution and random search on tabular spaces.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{bail, ensure};
use clap::{Args, value_parser};
use serde_json::json;

use super::bar::SearchBar;
use super::weights::{WeightArgs, proxies_json, value_words};
use crate::analysis::{Facts, QueryParts, default_query};
use crate::cli::analysis::command_line;
use crate::cli::common::{TableOrder, ThreadArgs, invocation, stop_flag};
use crate::cli::data::load_table;
use crate::cli::score::settings::SettingArgs;
use crate::data::DataDirs;
use crate::datasets;
use crate::proxies::ProxyRef;
use crate::report::{self, Format};
use crate::scoring::{Parallelism, batch_facts, flag};
use crate::search::evolve::{Goal, Watch};
use crate::search::scores::{PartScore, Scored, Scores};
use crate::search::table::{TableSearch, Trial, Walk, at_random, outcomes};
use crate::search::top1::Top1;
use crate::search::{GuidedError, Networks, RuleKind, SearchFolder, SearchGroup, Searched};
use crate::spaces::SearchSpace;
use crate::store::{Record, Run};
use crate::tables::{Query, Table};

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

    /// A run whose scores are searched; nothing is scored
    #[arg(long, value_name = "RUN", help_heading = "Search")]
    pool: Option<PathBuf>,

    /// Accuracies that are looked up, as data set/split/epochs/runs [default: that of the data set, as `correlate` has it]
    #[arg(long, value_delimiter = ',', value_name = "QUERIES", help_heading = "Search")]
    accuracy: Vec<Query>,

    #[command(flatten)]
    settings: SettingArgs,

    /// Folder of the search
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "pool",
        conflicts_with = "pool",
        help_heading = "Runs"
    )]
    out: Option<PathBuf>,

    /// Repetitions of the scores; each has its own weights and mini-batch
    #[arg(long, default_value_t = 1, value_name = "R", conflicts_with = "pool", value_parser = value_parser!(u32).range(1..=10_000), help_heading = "Runs")]
    repetitions: u32,

    #[command(flatten)]
    threads: ThreadArgs,

    /// How the table is written
    #[arg(long, value_parser = flag::<Format>(), default_value_t)]
    format: Format,
}

/// What all searches of a command have in common.
struct Searches<'a> {
    args: &'a TableArgs,
    space: &'static dyn SearchSpace,
    walks: Vec<Walk>,
    goal: Goal,
    stop: &'a AtomicBool,
    bar: SearchBar,
}

/// Scores by repetition.
type Pool = Vec<HashMap<String, Vec<PartScore>>>;

/// Runs the command.
///
/// # Errors
/// What cannot be searched, a table or data that are missing, or a folder that is not the command's.
pub(super) fn run(args: &TableArgs, dirs: &DataDirs) -> anyhow::Result<ExitCode> {
    ensure!(!args.samples.contains(&0), "--samples begins at 1");
    let given = &args.settings;
    ensure!(
        !given.proxies.is_empty() || !given.external.is_empty(),
        "a search is guided by scores; name proxies with --proxies"
    );
    let space = given.search_space()?;
    let table = load_table(space.spec().id.split(':').next().unwrap_or_default(), dirs)?;
    let stop = stop_flag("finishing the architectures that are being scored");
    let done = match &args.pool {
        Some(run) => from_pool(args, space, &table, (run, &stop)),
        None => by_scoring(args, space, &table, (dirs, &stop)),
    };
    match done {
        Err(error) if matches!(error.downcast_ref(), Some(GuidedError::Stopped)) => {
            eprintln!("stopped; the same command goes on");
            Ok(ExitCode::from(130))
        }
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

impl<'a> Searches<'a> {
    fn new(
        args: &'a TableArgs,
        space: &'static dyn SearchSpace,
        weighted: &[(ProxyRef, f64)],
        stop: &'a AtomicBool,
    ) -> anyhow::Result<Self> {
        let walks = match args.walk.is_empty() {
            false => args.walk.clone(),
            true if mutates(space)? => vec![Walk::Evolution, Walk::Random],
            true => vec![Walk::Random],
        };
        let goal = Goal::new(args.weights.objective(), weighted);
        Ok(Self { args, space, walks, goal, stop, bar: SearchBar::new() })
    }

    /// Searches among architectures with the scores of each repetition, and with their accuracies.
    fn search(
        &self,
        (archs, accuracies): (&[String], &[f64]),
        scores: &mut [Scores<'_>],
        query: &Query,
    ) -> Result<(Searched, u64), GuidedError> {
        let TableArgs { samples, trials, .. } = self.args;
        let search = TableSearch::new(
            self.space,
            (archs, accuracies),
            samples,
            self.args.settings.settings.sample_seed,
        );
        let by_arch = |arch: &str| {
            let scores = vec![PartScore::plain(search.accuracy(arch).unwrap_or(f64::NAN))];
            Ok(Scored { arch: arch.to_owned(), latency_ms: None, scores })
        };
        let one = Parallelism { threads: 1, at_once: None };
        let (mut rules, mut columns, mut jumps) = (vec![], vec![], 0);
        let mut random = None;
        for walk in &self.walks {
            let found = self.trials(*walk, &search, &self.goal, scores)?;
            jumps += found.iter().map(|trial| trial.jumps).sum::<u64>();
            rules.push((format!("{}, {walk}", self.name()), RuleKind::Proxy));
            columns.push(outcomes(samples, &found));
            random.get_or_insert_with(|| at_random(samples, &found));
        }
        rules.push(("random".to_owned(), RuleKind::Baseline));
        columns.extend(random);
        for walk in &self.walks {
            let mut oracle = [Scores::new(&by_arch, one, self.stop)?];
            let found = self.trials(*walk, &search, &Goal::score(), &mut oracle)?;
            rules.push((format!("oracle, {walk}"), RuleKind::Oracle));
            columns.push(outcomes(samples, &found));
        }
        let by_size = |k: usize| -> Vec<Top1> { columns.iter().map(|column| column[k].1.clone()).collect() };
        let outcomes = samples.iter().enumerate().map(|(k, size)| (*size, by_size(k))).collect();
        let sizes = vec![archs.len(); scores.len().min(*trials as usize)];
        Ok((Searched { rules, outcomes, sizes, percent: query.is_percent() }, jumps))
    }

    fn trials(
        &self,
        walk: Walk,
        search: &TableSearch<'_>,
        goal: &Goal,
        scores: &mut [Scores<'_>],
    ) -> Result<Vec<Trial>, GuidedError> {
        let planned =
            self.args.samples.iter().max().copied().unwrap_or(0) as u64 * u64::from(self.args.trials);
        self.bar.begin(0, walk.as_str(), planned);
        let mut done = 0;
        let mut each = || {
            done += 1;
            self.bar.step(done, done);
        };
        let repetitions = scores.len();
        let trial = |t: u32| search.trial(walk, t, goal, &mut scores[t as usize % repetitions], &mut each);
        let found = (0..self.args.trials).map(trial).collect();
        self.bar.finish();
        found
    }

    fn name(&self) -> String {
        let names: Vec<String> = self.args.settings.proxies.iter().map(ToString::to_string).collect();
        names
            .into_iter()
            .chain(self.args.settings.external.iter().map(|e| format!("external:{}", e.name)))
            .collect::<Vec<_>>()
            .join("+")
    }

    /// Prints the table, and leaves it in a folder.
    fn write(
        &self,
        groups: Vec<(Query, Searched, u64)>,
        (scores, folder): (String, Option<&SearchFolder>),
    ) -> anyhow::Result<()> {
        let group = |(query, searched, jumps): (Query, Searched, u64)| {
            let mut facts: Facts =
                vec![("accuracy (data set/split/epochs/runs)".to_owned(), query.to_string())];
            let sizes: Vec<String> = searched.sizes.iter().map(ToString::to_string).collect();
            facts.push(("architectures to draw from, by repetition".to_owned(), sizes.join(", ")));
            if jumps > 0 {
                let what = "children without a mutant among these, drawn from all of them";
                facts.push((what.to_owned(), jumps.to_string()));
            }
            SearchGroup { name: format!("{} {}", self.space.spec().id, query.dataset), facts, searched }
        };
        let groups: Vec<SearchGroup> = groups.into_iter().map(group).collect();
        let mut table = report::search_table(&groups);
        table.title = table.title.replace(" of a random sample", " of S evaluations");
        table.notes.clear();
        let facts = [
            ("command", command_line()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("scores", scores),
            ("trials", format!("{}, seed {}", self.args.trials, self.args.settings.settings.sample_seed)),
            ("spread", "± sample standard deviation over trials".to_owned()),
        ];
        table.facts = facts.map(|(name, value)| (name.to_owned(), value)).to_vec();
        print!("{}", report::render(&table, self.args.format));
        if let Some(folder) = folder {
            // A finished search has the same files whatever the command was called like.
            table.facts.remove(0);
            for format in [Format::Csv, Format::Json] {
                let name = format!("table.{}", format.extension());
                folder.write(&name, &report::render(&table, format))?;
            }
        }
        Ok(())
    }
}

/// Whether architectures of a space have neighbours.
fn mutates(space: &dyn SearchSpace) -> anyhow::Result<bool> {
    Ok(space.mutate(space.spec().example, &mut crate::keyed::Draws::new(0, "neighbours"))?.is_some())
}

/// The queries asked for, or that of a data set.
fn queries(args: &TableArgs, table: &Table, dataset: &str) -> Vec<Query> {
    match args.accuracy.is_empty() {
        true => vec![default_query(table.spec(), dataset, &QueryParts::default())],
        false => args.accuracy.clone(),
    }
}

/// The architectures of a table that have an accuracy and are wanted, with it.
fn candidates(
    table: &Table,
    query: &Query,
    wanted: &dyn Fn(&str) -> bool,
) -> anyhow::Result<(Vec<String>, Vec<f64>)> {
    let accuracies = table.accuracies(query)?;
    let accuracies = accuracies.column("accuracy")?.f64()?;
    let known = (0..table.len())
        .zip(accuracies.iter())
        .filter_map(|(i, x)| Some((table.arch(i), x.filter(|x| !x.is_nan())?)));
    Ok(known.filter(|(arch, _)| wanted(arch)).map(|(arch, x)| (arch.to_owned(), x)).unzip())
}

/// Searches the scores of a run.
fn from_pool(
    args: &TableArgs,
    space: &'static dyn SearchSpace,
    table: &Table,
    (run, stop): (&Path, &AtomicBool),
) -> anyhow::Result<()> {
    ensure!(args.settings.external.is_empty(), "--pool starts no command; leave --external out");
    let weighted = args.weights.of(&args.settings.proxies)?;
    let opened = Run::open(run)?;
    let key = &opened.manifest.key;
    let id = space.spec().id;
    ensure!(
        key.space == id,
        "the run in {} is of {}, not of {id}; use --space {}",
        run.display(),
        key.space,
        key.space
    );
    let pool = pool(&opened, &args.settings.proxies)?;
    let sources: Vec<_> = pool
        .iter()
        .map(|known| {
            move |arch: &str| match known.get(arch) {
                Some(scores) => {
                    Ok(Scored { arch: arch.to_owned(), latency_ms: None, scores: scores.clone() })
                }
                None => Err(GuidedError::NotInPool { arch: arch.to_owned() }),
            }
        })
        .collect();
    let searches = Searches::new(args, space, &weighted, stop)?;
    let one = Parallelism { threads: 1, at_once: None };
    let mut groups = vec![];
    for query in queries(args, table, &key.dataset) {
        // What all repetitions have scored.
        let all = |arch: &str| pool.iter().all(|known| known.contains_key(arch));
        let (archs, accuracies) = candidates(table, &query, &all)?;
        let mut scores =
            sources.iter().map(|source| Scores::new(source, one, stop)).collect::<Result<Vec<_>, _>>()?;
        let (searched, jumps) = searches.search((&archs, &accuracies), &mut scores, &query)?;
        groups.push((query, searched, jumps));
    }
    let value = value_words(&weighted, args.weights.objective());
    let scores =
        format!("{value}; a pool of existing records, {}, searched again without scoring", run.display());
    searches.write(groups, (scores, None))
}

/// The scores of a run for these proxies, by repetition. Architectures that lack one are left out.
fn pool(run: &Run, proxies: &[ProxyRef]) -> anyhow::Result<Pool> {
    let names: Vec<String> = proxies.iter().map(ToString::to_string).collect();
    let mut found: Vec<HashMap<String, Vec<Option<PartScore>>>> = vec![];
    let mut seen = vec![false; names.len()];
    for record in run.rows()?.iter() {
        let Record { repetition, arch, proxy, status, score, components, reason, .. } = record?;
        let Some(place) = names.iter().position(|name| *name == proxy) else { continue };
        seen[place] = true;
        found.resize(found.len().max(repetition as usize + 1), HashMap::new());
        let parts = found[repetition as usize].entry(arch).or_insert_with(|| vec![None; names.len()]);
        parts[place] = Some(PartScore { status, score, components, reason });
    }
    if let Some(place) = seen.iter().position(|seen| !seen) {
        let known: Vec<&str> = run.manifest.proxies.iter().map(|facts| facts.proxy.as_str()).collect();
        bail!("the run has no scores of {}; it has {}", names[place], known.join(", "));
    }
    let whole = |(arch, parts): (String, Vec<Option<PartScore>>)| {
        Some((arch, parts.into_iter().collect::<Option<_>>()?))
    };
    Ok(found.into_iter().map(|archs| archs.into_iter().filter_map(whole).collect()).collect())
}

/// Scores what the searches come to.
fn by_scoring(
    args: &TableArgs,
    space: &'static dyn SearchSpace,
    table: &Table,
    (dirs, stop): (&DataDirs, &Arc<AtomicBool>),
) -> anyhow::Result<()> {
    let given = &args.settings;
    let Some(out) = &args.out else { bail!("--out names no folder") };
    let engine = given.device.open()?;
    let (dataset, first) = given.mini_batch(dirs)?;
    let protocol = given.protocol(dataset)?;
    let externals = given.externals(&protocol.dataset, &protocol.setup(0, &first))?;
    let proxies = given.proxies(&externals);
    let weighted = args.weights.of(&proxies)?;
    let searches = Searches::new(args, space, &weighted, stop)?;
    let parallelism = args.threads.parallelism().on(engine.as_ref());
    let mut key = protocol.key(&engine.name(), first.shape[2], None)?;
    let more = [
        ("mini_batch", json!(batch_facts(&first).sha256)),
        ("proxies", proxies_json(&weighted)),
        ("objective", json!(args.weights.objective())),
        ("samples", json!(args.samples)),
        ("walks", json!(searches.walks)),
    ];
    key.settings.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let folder = SearchFolder::open(out, key, invocation(parallelism.threads))?;
    let order = TableOrder::new(&given.space, dirs);
    let order = |index| order.arch(index);
    let batch = |repetition, step| datasets::batch(&protocol.request(repetition).after(step), dirs);
    let networks = (0..args.repetitions)
        .map(|r| Networks::new(&protocol, r, &batch, (&proxies, None), (engine.as_ref(), &order)));
    let networks: Vec<Networks<'_>> = networks.collect::<Result<_, _>>()?;
    let sources: Vec<_> = networks.iter().map(|networks| |arch: &str| networks.score(arch)).collect();
    let mut scores = vec![];
    for (r, source) in (0u32..).zip(&sources) {
        scores.push(Scores::new(source, parallelism, stop)?.kept_in(&folder.journal(r))?);
    }
    let mut groups = vec![];
    for query in queries(args, table, &protocol.dataset) {
        let (archs, accuracies) = candidates(table, &query, &|_| true)?;
        let (searched, jumps) = searches.search((&archs, &accuracies), &mut scores, &query)?;
        groups.push((query, searched, jumps));
    }
    let value = value_words(&weighted, args.weights.objective());
    let scored: usize = scores.iter().map(Scores::len).sum();
    let scores = format!("{value}; {}; {scored} architectures scored", first.description);
    searches.write(groups, (scores, Some(&folder)))
}
