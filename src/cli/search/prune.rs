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
use crate::store::Seeds;

const EXAMPLES: &str = "Examples:
  untrained search prune --out searches/te_nas
  untrained search prune --dataset cifar10 --batch-size 72 --repetitions 4 --out searches/te_nas

The folder --out holds search.json, a journal scores-R.jsonl for each initialisation, and at the end result.json: every round with
what leaving each operation out changes, the cell that is left, and one pruned at random. The same command goes on after an
interruption.";

/// Prune a supernet until one operation is left on every edge (TE-NAS)
///
/// Each operation is left out in turn, and on every edge the one goes whose absence helps the condition number of the tangent
/// kernel most and costs the fewest linear regions, by the sum of both ranks. Means over three initialisations.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    mut_arg("space", |arg| {
        arg.required(false).default_value("nasbench201:supernet").help("Supernet: nasbench201:supernet")
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
    /// Percent, where the table is at hand: of the pruned cell, and of the one pruned at random.
    accuracies: Option<[f64; 2]>,
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
        given.space == "nasbench201:supernet",
        "{} is no supernet that can be pruned; use --space nasbench201:supernet",
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
    for Found { repetition, pruned, at_random, accuracies, .. } in &found {
        let of = |k: usize| accuracies.map_or(String::new(), |all| format!("  {:.2} %", all[k]));
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
        self.bar.begin(repetition, "prune", prune::planned() * u64::from(INITIALISATIONS));
        let pruned = prune::prune(&mut scores, &mut |done| self.bar.step(done, done))?;
        let at_random = prune::at_random(protocol.settings.sample_seed, repetition);
        let accuracies = self.accuracies([&pruned.arch, &at_random])?;
        Ok(Found { repetition, seeds: protocol.seeds(0), pruned, at_random, accuracies })
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

    /// What the cells reached when they were trained; `None` without the table.
    fn accuracies(&self, archs: [&str; 2]) -> anyhow::Result<Option<[f64; 2]>> {
        let Ok(table) = load_table("nasbench201", self.dirs) else { return Ok(None) };
        let query = default_query(table.spec(), &self.protocol.dataset, &QueryParts::default());
        let of = |arch: &str| table.index_of(arch).map(|index| table.accuracy(index, &query)).transpose();
        let [pruned, random] = archs.map(of);
        Ok(pruned?.zip(random?).map(|(pruned, random)| [pruned, random]))
    }
}
