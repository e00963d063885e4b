//! `untrained search prune`: TE-NAS's pruning of a supernet.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::ensure;
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::bar::SearchBar;
use super::evolve::RunArgs;
use crate::analysis::{QueryParts, default_query};
use crate::cli::common::invocation;
use crate::cli::data::load_table;
use crate::cli::score::settings::SettingArgs;
use crate::data::DataDirs;
use crate::datasets;
use crate::engine::Engine;
use crate::proxies::ProxyRef;
use crate::scoring::{Parallelism, Protocol, Varied, Vary, batch_facts};
use crate::search::evolve::Watch;
use crate::search::prune::{self, INITIALISATIONS, Pruned};
use crate::search::scores::Scores;
use crate::search::{GuidedError, Networks, RESULT, SearchFolder};
use crate::spaces::nds;
use crate::spaces::supernet::{SuperCell, SuperGenotype, Supernet};
use crate::store::Seeds;

/// The supernets that can be pruned.
const NASBENCH201: &str = "nasbench201:supernet";
const DARTS: &str = "darts:supernet";

const EXAMPLES: &str = "Examples:
  untrained search prune --out searches/te_nas
  untrained search prune --dataset cifar10 --batch-size 72 --repetitions 4 --out searches/te_nas
  untrained search prune --space darts:supernet --dataset cifar10 --batch-size 14 --out searches/darts

The folder --out holds search.json, a journal scores-R.jsonl for each initialisation, and at the end result.json: every round with
what leaving each operation out changes, what is left, and a supernet pruned at random. The same command goes on after an
interruption. Accuracies are looked up where the table is at hand: those of the cells in NAS-Bench-201, and of DARTS those of the network in
NDS that has the most operations in common.";

/// Prune a supernet until one operation is left on every edge (TE-NAS)
///
/// Each operation is left out in turn, and on every edge the one (of DARTS, the three) goes whose absence helps the condition number of the tangent
/// kernel most and costs the fewest linear regions, by the sum of both ranks. Means over three initialisations.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("space", |arg| {
        arg.required(false).default_value("nasbench201:supernet").help("Supernet: nasbench201:supernet or darts:supernet")
    }),
    mut_arg("proxies", |arg| arg.hide(true)),
    mut_arg("external", |arg| arg.hide(true)),
    mut_arg("external_timeout", |arg| arg.hide(true)),
    mut_arg("dedupe", |arg| arg.hide(true)),
)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    settings: SettingArgs,

    #[command(flatten)]
    run: RunArgs,
}

/// What came of a repetition.
#[derive(Serialize)]
struct Found {
    repetition: u32,
    /// Of the first initialisation.
    seeds: Seeds,
    pruned: Pruned,
    at_random: String,
    /// Percent, where the table is at hand: of what was pruned, and of what was pruned at random.
    accuracies: Option<[f64; 2]>,
    /// Networks of the table that stand in for them, where it has some only.
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<[Nearest; 2]>,
}

/// The network of a table that has the most operations in common with one that it lacks.
#[derive(Serialize)]
struct Nearest {
    table: &'static str,
    arch: String,
    shared_operations: usize,
}

/// What all repetitions share.
struct Search<'a> {
    protocol: &'a Protocol,
    proxies: &'a [ProxyRef],
    engine: &'a dyn Engine,
    dirs: &'a DataDirs,
    parallelism: Parallelism,
    stop: &'a AtomicBool,
    bar: &'a SearchBar,
    folder: &'a SearchFolder,
}

/// Runs the command.
///
/// # Errors
/// Missing data, or a folder that is not the command's.
pub(super) fn run(args: &PruneArgs, dirs: &DataDirs, stop: &Arc<AtomicBool>) -> anyhow::Result<ExitCode> {
    let (given, began) = (&args.settings, Instant::now());
    ensure!(
        [NASBENCH201, DARTS].contains(&given.space.as_str()),
        "{} is no supernet that can be pruned; use --space {NASBENCH201} or {DARTS}",
        given.space
    );
    ensure!(
        given.proxies.is_empty() && given.external.is_empty(),
        "TE-NAS prunes by {}; leave --proxies and --external out",
        prune::PROXIES.join(" and ")
    );
    let engine = given.device.open()?;
    let (dataset, first) = given.mini_batch(dirs)?;
    let protocol = given.protocol(dataset)?;
    let proxies = prune::PROXIES.iter().map(|name| name.parse()).collect::<Result<Vec<ProxyRef>, _>>()?;
    let parallelism = args.run.threads.parallelism().on(engine.as_ref());
    let mut key = protocol.key(&engine.name(), first.shape[2], None)?;
    let versions: Vec<_> =
        proxies.iter().map(|p| json!({ "proxy": p.to_string(), "version": p.version() })).collect();
    let more = [("mini_batch", json!(batch_facts(&first).sha256)), ("proxies", json!(versions))];
    key.settings.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let folder = SearchFolder::open(&args.run.out, key, invocation(parallelism.threads))?;
    let bar = SearchBar::new();
    let search = Search {
        protocol: &protocol,
        proxies: &proxies,
        engine: engine.as_ref(),
        dirs,
        parallelism,
        stop,
        bar: &bar,
        folder: &folder,
    };
    let mut found = vec![];
    for repetition in 0..args.run.repetitions {
        let one = search.repetition(repetition);
        bar.finish();
        match one {
            Err(error) if matches!(error.downcast_ref(), Some(GuidedError::Stopped)) => {
                eprintln!("stopped; the same command goes on in {}", args.run.out.display());
                return Ok(ExitCode::from(130));
            }
            one => found.push(one?),
        }
    }
    folder.write_json(RESULT, &found)?;
    super::outputs::write_page(&folder)?;
    let to = &mut std::io::stdout().lock();
    for Found { repetition, pruned, at_random, accuracies, nearest, .. } in &found {
        let of = |k: usize| {
            let accuracy = accuracies.map_or(String::new(), |all| format!("  {:.2} %", all[k]));
            let stands_in = nearest.as_ref().map(|all| {
                let Nearest { table, arch, shared_operations } = &all[k];
                format!(" ({shared_operations} of 16 operations in common with {arch} of {table})")
            });
            accuracy + &stands_in.unwrap_or_default()
        };
        writeln!(to, "repetition {repetition}, pruned: {}{}", pruned.arch, of(0))?;
        writeln!(to, "repetition {repetition}, random: {at_random}{}", of(1))?;
    }
    writeln!(
        to,
        "{}: page.html and result.json, {:.0} s",
        args.run.out.display(),
        began.elapsed().as_secs_f64()
    )?;
    Ok(ExitCode::SUCCESS)
}

impl Search<'_> {
    fn repetition(&self, repetition: u32) -> anyhow::Result<Found> {
        let protocol = self.of_repetition(repetition);
        let batch = |_, step| datasets::batch(&protocol.request(0).after(step), self.dirs);
        let networks = (0..INITIALISATIONS)
            .map(|k| Networks::new(&protocol, k, &batch, (self.proxies, None), (self.engine, &|_| None)));
        let networks: Vec<Networks<'_>> = networks.collect::<Result<_, _>>()?;
        let sources: Vec<_> = networks.iter().map(|networks| |arch: &str| networks.score(arch)).collect();
        let mut scores = vec![];
        for (k, source) in (0..).zip(&sources) {
            let journal = self.folder.journal(repetition * INITIALISATIONS + k);
            scores.push(Scores::new(source, self.parallelism, self.stop)?.kept_in(&journal)?);
        }
        let (seeds, seed) = (protocol.seeds(0), protocol.settings.sample_seed);
        if self.protocol.space.spec().id == DARTS {
            let (pruned, at_random) = self.pruned::<SuperGenotype>(&mut scores, (seed, repetition))?;
            let found = [pruned.arch.as_str(), &at_random].map(|arch| self.nearest(arch));
            let [Some(one), Some(other)] = found else {
                return Ok(Found { repetition, seeds, pruned, at_random, accuracies: None, nearest: None });
            };
            let accuracies = self.accuracies(one.table, [&one.arch, &other.arch])?;
            return Ok(Found {
                repetition,
                seeds,
                pruned,
                at_random,
                accuracies,
                nearest: Some([one, other]),
            });
        }
        let (pruned, at_random) = self.pruned::<SuperCell>(&mut scores, (seed, repetition))?;
        let accuracies = self.accuracies("nasbench201", [&pruned.arch, &at_random])?;
        Ok(Found { repetition, seeds, pruned, at_random, accuracies, nearest: None })
    }

    fn pruned<S: Supernet>(
        &self,
        scores: &mut [Scores<'_>],
        (seed, repetition): (u64, u32),
    ) -> Result<(Pruned, String), GuidedError> {
        self.bar.begin(repetition, "prune", prune::planned::<S>() * u64::from(INITIALISATIONS));
        let pruned = prune::prune::<S>(scores, &mut |done| self.bar.step(done, done))?;
        Ok((pruned, prune::at_random::<S>(seed, repetition)))
    }

    /// The first network of NDS's DARTS space with the most operations in common; `None` without a table of that space.
    fn nearest(&self, arch: &str) -> Option<Nearest> {
        let lists = ["nds_darts", "nds_darts_in"].into_iter();
        let (id, table) = lists.filter_map(|id| Some((id, load_table(id, self.dirs).ok()?))).next()?;
        let list = nds::LISTS.iter().find(|list| list.id() == id)?;
        let shared = |other: &&str| list.shared_operations(arch, other).unwrap_or(0);
        let all = table.archs();
        // The first of equal ones.
        let nearest = all.iter().rev().copied().max_by_key(shared)?;
        Some(Nearest { table: id, arch: nearest.to_owned(), shared_operations: shared(&nearest) })
    }

    /// The protocol of a repetition, whose own repetitions are its initialisations: they differ in the weights only.
    fn of_repetition(&self, repetition: u32) -> Protocol {
        let mut protocol = self.protocol.clone();
        let settings = &mut protocol.settings;
        let shift = |seed: u64, by: u32, varies| if varies { seed.wrapping_add(by.into()) } else { seed };
        settings.weight_seed =
            shift(settings.weight_seed, repetition * INITIALISATIONS, self.protocol.varies(Vary::Weights));
        settings.data_seed = shift(settings.data_seed, repetition, self.protocol.varies(Vary::Batch));
        settings.vary = Varied::from(vec![Vary::Weights]);
        protocol
    }

    /// What the networks of a table reached when they were trained; `None` without the table.
    fn accuracies(&self, table: &str, archs: [&str; 2]) -> anyhow::Result<Option<[f64; 2]>> {
        let Ok(table) = load_table(table, self.dirs) else { return Ok(None) };
        let query = default_query(table.spec(), &self.protocol.dataset, &QueryParts::default());
        let of = |arch: &str| table.index_of(arch).map(|index| table.accuracy(index, &query)).transpose();
        let [pruned, random] = archs.map(of);
        Ok(pruned?.zip(random?).map(|(pruned, random)| [pruned, random]))
    }
}
