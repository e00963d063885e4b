//! Searches that score the architectures that they come to.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::bail;
use serde_json::json;

use super::TableArgs;
use super::searches::{Searches, candidates, queries};
use crate::cli::common::{TableOrder, invocation};
use crate::cli::search::weights::{proxies_json, value_words};
use crate::data::DataDirs;
use crate::datasets;
use crate::scoring::batch_facts;
use crate::search::scores::Scores;
use crate::search::{Networks, SearchFolder};
use crate::spaces::SearchSpace;
use crate::tables::Table;

/// Scores what the searches come to.
pub(super) fn run(
    args: &TableArgs,
    space: &'static dyn SearchSpace,
    table: &Table,
    (dirs, stop): (&DataDirs, &Arc<AtomicBool>),
) -> anyhow::Result<()> {
    let given = &args.settings;
    let Some(out) = &args.run.out else { bail!("--out names no folder") };
    let engine = given.device.open()?;
    let (dataset, first) = given.mini_batch(dirs)?;
    let protocol = given.protocol(dataset)?;
    let externals = given.externals(&protocol.dataset, &protocol.setup(0, &first))?;
    let proxies = given.proxies(&externals);
    let weighted = args.weights.of(&proxies)?;
    let searches = Searches::new(args, space, &weighted, stop)?;
    let parallelism = args.run.threads.parallelism().on(engine.as_ref());
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
    let networks = (0..args.run.repetitions)
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
