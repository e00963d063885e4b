//! `untrained search evolve`: evolution over structures of super-blocks.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{bail, ensure};
use clap::{Args, value_parser};
use serde_json::json;

use super::bar::SearchBar;
use super::limits::LimitArgs;
use super::outputs;
use super::weights::{WeightArgs, proxies_json, value_words};
use crate::cli::common::{Names, TableOrder, ThreadArgs, invocation};
use crate::cli::score::settings::SettingArgs;
use crate::data::DataDirs;
use crate::datasets;
use crate::keyed::Draws;
use crate::proxies::ProxyRef;
use crate::scoring::{Protocol, batch_facts, flag};
use crate::search::evolve::{
    FinalList, Found, Goal, Limits, Method, Mutate, Objective, Preset, Rules, Search, Unscored,
};
use crate::search::{GuidedError, SearchFolder};
use crate::spaces::SearchSpace;
use crate::spaces::plainnet::{Mutation, MutationFamily, Ranges, TypeWeights};
use crate::store::RunKey;

const EXAMPLES: &str = "Examples:
  untrained search evolve --iterations 1000 --out searches/zen
      Zen-NAS under 10^6 parameters and 18 layers, and a search at random beside it
  untrained search evolve --iterations 1000 --population 256 --repetitions 3 --out searches/three
  untrained search evolve --method incorporated_s --iterations 1000 --out searches/incorporated
  untrained search evolve --proxies zen:no_reslink,escore:sqrt --weights 0.7,0.3 --max-rho 0.5 \\
      --iterations 1000 --out searches/sum
  untrained search evolve --method cam_nas --space cam_nas --dataset cifar10 --batch-size 5 --iterations 500 --out searches/cam
  untrained search evolve --start zen-mobile-init --family mobilenet --resolution 224 --dataset noise \\
      --max-flops 400e6 --max-params none --max-layers 14 --iterations 500 --out searches/mobile

The folder --out holds search.json (what the search is), scores-R.jsonl (the scores of repetition R, in the order in which they were
asked for), and at the end page.html, trajectory.csv, trajectory.json, trajectory.svg, result.json. The same command goes on after an interruption,
and with more --iterations or --repetitions it goes further; the result is that of an uninterrupted search.";

/// Evolve structures of super-blocks, with a search at random beside it
///
/// In every iteration a member too many leaves, a parent is drawn, some of its super-blocks are replaced, and the child is
/// refused if it exceeds a limit, or scored and made a member. Repetition r draws anew as --vary says. Beside every search
/// stands one at random: the same mutations under the same limits with as many evaluations, but members leave at random.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("space", |arg| arg.required(false).default_value("plainnet").help("Search space: plainnet, or cam_nas")),
    mut_arg("proxies", |arg| arg.help("Proxies, with variants after a colon [default: the method's]")),
    mut_arg("sample_seed", |arg| arg.help("Seed of the search")),
    mut_arg("dedupe", |arg| arg.hide(true)),
)]
pub(super) struct EvolveArgs {
    #[command(flatten)]
    settings: SettingArgs,

    /// Whose evolution
    #[arg(long, value_parser = flag::<Method>(), default_value_t, value_name = "METHOD", help_heading = "Search")]
    method: Method,

    /// Iterations, refused candidates included (papers: 96,000 or 480,000)
    #[arg(long, value_name = "T", value_parser = value_parser!(u64).range(1..), help_heading = "Search")]
    iterations: u64,

    /// Members of the population [default: the method's]
    #[arg(long, value_name = "P", help_heading = "Search")]
    population: Option<usize>,

    /// The structure that the search begins with, or its name [default: zen-cifar-init]
    #[arg(long, value_name = "ARCH", help_heading = "Search")]
    start: Option<String>,

    /// A structure of others, or its name, to list beside what is found; repeatable
    #[arg(long, value_name = "ARCH", help_heading = "Search")]
    beside: Vec<String>,

    #[command(flatten)]
    weights: WeightArgs,

    /// Which super-blocks a mutation chooses from
    #[arg(long, value_parser = flag::<MutationFamily>(), value_name = "FAMILY", help_heading = "Search")]
    family: Option<MutationFamily>,

    /// How likely their types are [default: the method's]
    #[arg(long, value_parser = flag::<TypeWeights>(), value_name = "WEIGHTS", help_heading = "Search")]
    types: Option<TypeWeights>,

    /// How far widths and depths move in one mutation [default: the method's]
    #[arg(long, value_parser = flag::<Ranges>(), value_name = "RANGES", help_heading = "Search")]
    ranges: Option<Ranges>,

    /// Whether the population is cut to its size at the end [default: the method's]
    #[arg(long, value_parser = flag::<FinalList>(), value_name = "WHAT", help_heading = "Search")]
    final_list: Option<FinalList>,

    /// What becomes of a candidate without a finite score [default: the method's]
    #[arg(long, value_parser = flag::<Unscored>(), value_name = "WHAT", help_heading = "Search")]
    unscored: Option<Unscored>,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    run: RunArgs,
}

/// Where the search is kept, and what carries it out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runs")]
pub(super) struct RunArgs {
    /// Folder of the search
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// Repetitions; each draws its own part of what --vary names
    #[arg(long, default_value_t = 1, value_name = "R", value_parser = value_parser!(u32).range(1..=10_000))]
    pub repetitions: u32,

    #[command(flatten)]
    pub threads: ThreadArgs,
}

/// Runs the command.
///
/// # Errors
/// What cannot be searched, missing data, or a folder that is not the command's.
pub(super) fn run(args: &EvolveArgs, dirs: &DataDirs, stop: &Arc<AtomicBool>) -> anyhow::Result<ExitCode> {
    let (given, preset, began) = (&args.settings, args.method.preset(), Instant::now());
    let engine = given.device.open()?;
    let (dataset, first) = given.mini_batch(dirs)?;
    let protocol = given.protocol(dataset)?;
    let input = protocol.setup(0, &first).input;
    let externals = given.externals(&protocol.dataset, &protocol.setup(0, &first))?;
    let proxies = match given.proxies.is_empty() && given.external.is_empty() {
        true => vec![preset.proxy.parse()?],
        false => given.proxies(&externals),
    };
    let weights = args.weights.or(preset.objective);
    let (objective, weighted) = (weights.objective(), weights.of(&proxies)?);
    let goal = Goal::new(objective, &weighted);
    let limits = args.limits.of(preset.limits);
    let (mutate, mutation) = mutations(args, &preset, protocol.space)?;
    let names = Names::new(protocol.space, dirs);
    let named = |name: &String| Ok((name.clone(), names.arch(name)?));
    let beside = args.beside.iter().map(named).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(
        beside.is_empty() || objective == Objective::Sum,
        "--beside needs a value that does not depend on the population; use --objective sum"
    );
    let start = names.arch(args.start.as_deref().unwrap_or(match mutation {
        Some(_) => "zen-cifar-init",
        None => protocol.space.spec().example,
    }))?;
    let rules = preset.rules(
        args.population.unwrap_or(preset.population),
        start.clone(),
        (args.final_list.unwrap_or(preset.final_list), args.unscored.unwrap_or(preset.unscored)),
    );
    limits.check(protocol.space, &start, input)?;
    let parallelism = args.run.threads.parallelism().on(engine.as_ref());
    let key = key(&protocol, &engine.name(), &first, (&weighted, objective), (&rules, &limits, mutation))?;
    let folder = SearchFolder::open(&args.run.out, key, invocation(parallelism.threads))?;
    let table = TableOrder::new(&given.space, dirs);
    let order = |index| table.arch(index);
    let batch = |repetition, step| datasets::batch(&protocol.request(repetition).after(step), dirs);
    let bar = SearchBar::new();
    let search = Search {
        protocol: &protocol,
        input,
        proxies: &proxies,
        goal: &goal,
        rules: &rules,
        limits: &limits,
        mutate: &*mutate,
        engine: engine.as_ref(),
        order: &order,
        batch: &batch,
        parallelism,
        stop,
        watch: &bar,
        beside: &beside,
    };
    let found = repetitions(args, &search, &folder);
    bar.finish();
    let Some(found) = found? else {
        eprintln!("stopped; the same command goes on in {}", args.run.out.display());
        return Ok(ExitCode::from(130));
    };
    let description = format!("{}; {}", value_words(&weighted, objective), first.description);
    outputs::write(&folder, &found, &description)?;
    outputs::summarise(&args.run.out, &found, began.elapsed())?;
    Ok(ExitCode::SUCCESS)
}

/// What the repetitions found; `None` if somebody stopped them.
fn repetitions(
    args: &EvolveArgs,
    search: &Search<'_>,
    folder: &SearchFolder,
) -> Result<Option<Vec<Found>>, GuidedError> {
    let one = |r: u32| search.repetition(r, args.iterations, &folder.journal(r));
    let found: Result<Vec<Found>, GuidedError> = (0..args.run.repetitions).map(one).collect();
    match found {
        Err(GuidedError::Stopped) => Ok(None),
        found => found.map(Some),
    }
}

/// How architectures of the space mutate, and the description of that where it has options.
fn mutations<'a>(
    args: &EvolveArgs,
    preset: &Preset,
    space: &'static dyn SearchSpace,
) -> anyhow::Result<(Box<Mutate<'a>>, Option<Mutation>)> {
    let Mutation { family, types, ranges } = preset.mutation;
    let mutation = Mutation {
        family: args.family.unwrap_or(family),
        types: args.types.unwrap_or(types),
        ranges: args.ranges.unwrap_or(ranges),
    };
    match space.spec().id {
        "plainnet" => {
            let mutate = move |arch: &str, n, draws: &mut Draws| Ok(mutation.child(arch, n, draws)?);
            Ok((Box::new(mutate), Some(mutation)))
        }
        "cam_nas" => {
            let mutate = move |arch: &str, n: usize, draws: &mut Draws| {
                (0..n).try_fold(arch.to_owned(), |arch, _| Ok(space.mutate(&arch, draws)?.unwrap_or(arch)))
            };
            Ok((Box::new(mutate), None))
        }
        other => bail!(
            "evolve mutates structures of super-blocks, which {other} has not; use --space plainnet or cam_nas, or `untrained \
             search table`"
        ),
    }
}

/// Everything that the members of the search depend on.
fn key(
    protocol: &Protocol,
    engine: &str,
    first: &datasets::Batch,
    (weighted, objective): (&[(ProxyRef, f64)], Objective),
    (rules, limits, mutation): (&Rules, &Limits, Option<Mutation>),
) -> anyhow::Result<RunKey> {
    let mut key = protocol.key(engine, first.shape[2], None)?;
    let mutation = mutation.map(|Mutation { family, types, ranges }| json!([family, types, ranges]));
    let more = [
        ("mini_batch", json!(batch_facts(first).sha256)),
        ("proxies", proxies_json(weighted)),
        ("objective", json!(objective)),
        ("mutation", json!(mutation)),
    ];
    key.settings.extend(more.map(|(name, value)| (name.to_owned(), value)));
    // One by one, so that a command that differs is told in which of them.
    let fields = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    key.settings.extend(fields(json!(rules)));
    key.settings
        .extend(fields(json!(limits)).into_iter().map(|(name, value)| (format!("max_{name}"), value)));
    Ok(key)
}
