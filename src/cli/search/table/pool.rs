//! Searches of the scores of a run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{anyhow, ensure};

use super::TableArgs;
use super::searches::{Searches, candidates, queries};
use crate::cli::search::weights::value_words;
use crate::proxies::{ProxyRef, external};
use crate::scoring::Parallelism;
use crate::search::GuidedError;
use crate::search::scores::{PartScore, Scored, Scores};
use crate::spaces::SearchSpace;
use crate::store::{Record, Run};
use crate::tables::Table;

/// Scores by repetition.
type Pool = Vec<HashMap<String, Vec<PartScore>>>;

/// Searches the scores of a run.
pub(super) fn run(
    args: &TableArgs,
    space: &'static dyn SearchSpace,
    table: &Table,
    (run, stop): (&Path, &AtomicBool),
) -> anyhow::Result<()> {
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
    let proxies = proxies(args, &opened)?;
    let weighted = args.weights.of(&proxies)?;
    let pool = pool(&opened, &proxies)?;
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

/// The proxies that are asked for, those of commands last: their scores are the run's, and no command is started.
fn proxies(args: &TableArgs, run: &Run) -> anyhow::Result<Vec<ProxyRef>> {
    let of_command = |name: &str| {
        let name = format!("{}{name}", external::PREFIX);
        let facts = run.manifest.proxies.iter().find(|facts| facts.proxy == name);
        let facts = facts.ok_or_else(|| not_scored(run, &name))?;
        anyhow::Ok(ProxyRef::of_records(name, facts.direction.parse()?, facts.version))
    };
    let commands = args.settings.external.iter().map(|external| of_command(&external.name));
    args.settings.proxies.iter().cloned().map(Ok).chain(commands).collect()
}

fn not_scored(run: &Run, proxy: &str) -> anyhow::Error {
    let known: Vec<&str> = run.manifest.proxies.iter().map(|facts| facts.proxy.as_str()).collect();
    anyhow!("the run has no scores of {proxy}; it has {}", known.join(", "))
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
        return Err(not_scored(run, &names[place]));
    }
    let whole = |(arch, parts): (String, Vec<Option<PartScore>>)| {
        Some((arch, parts.into_iter().collect::<Option<_>>()?))
    };
    Ok(found.into_iter().map(|archs| archs.into_iter().filter_map(whole).collect()).collect())
}
