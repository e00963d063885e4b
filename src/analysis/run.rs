//! Scores of a run of ours.

use std::collections::{BTreeMap, HashMap};

use super::{AnalysisError, Sample, ScoreCell, ScoreColumn, ScoreSet, set_level};
use crate::proxies::Direction;
use crate::spaces::NetworkInput;
use crate::store::{Manifest, ProxyFacts, Record, Run, Status};

/// The scores of a run, finished or not: what is not recorded yet is [`ScoreCell::Missing`]. `source` names the run.
///
/// # Errors
/// A run without records, or one that contradicts itself.
pub fn from_run(run: &Run, source: &str) -> Result<ScoreSet, AnalysisError> {
    let error =
        |reason: &str| AnalysisError::Scores { source_name: source.to_owned(), reason: reason.to_owned() };
    let manifest = &run.manifest;
    let first = manifest.repetitions.first().ok_or_else(|| error("the run has no repetition yet"))?;
    if run.records.is_empty() {
        return Err(error("the run has no record yet; repeat the command that began it"));
    }
    let places = places(&run.records);
    let samples = samples(manifest, &places);
    let column = |facts: &ProxyFacts| -> Result<ScoreColumn, AnalysisError> {
        let direction = facts.direction.parse::<Direction>().ok();
        Ok(ScoreColumn {
            proxy: facts.proxy.clone(),
            direction: direction.ok_or_else(|| error("the manifest gives a proxy no direction"))?,
            baseline: false,
            cells: samples.iter().map(|sample| vec![ScoreCell::Missing; sample.archs.len()]).collect(),
        })
    };
    let mut columns: Vec<ScoreColumn> = manifest.proxies.iter().map(column).collect::<Result<_, _>>()?;
    let of_proxy: HashMap<String, usize> = columns.iter().map(|c| c.proxy.clone()).zip(0..).collect();
    let of_repetition: HashMap<u64, usize> = samples.iter().map(|s| s.repetition).zip(0..).collect();
    let place = |record: &Record| {
        let at =
            places.get(&record.repetition)?.binary_search_by_key(&record.index, |(index, _)| *index).ok()?;
        Some((*of_repetition.get(&u64::from(record.repetition))?, at))
    };
    for record in &run.records {
        let column = of_proxy
            .get(&record.proxy)
            .ok_or_else(|| error("a record names a proxy that the manifest lacks"))?;
        let (sample, at) = place(record).ok_or_else(|| error("a record has no place"))?;
        columns[*column].cells[sample][at] = cell(record);
    }
    set_level::rank(&mut columns, &run.records, place);
    let [_, _, resolution, _] = first.batch.shape;
    Ok(ScoreSet {
        space: manifest.key.space.clone(),
        dataset: manifest.key.dataset.clone(),
        input: NetworkInput { resolution, classes: first.batch.classes },
        source: source.to_owned(),
        stand_in: first.batch.stand_in,
        samples,
        columns,
    })
}

/// Architectures of each repetition by their index, which need not be complete.
type Places<'r> = BTreeMap<u32, Vec<(u32, &'r str)>>;

fn places(records: &[Record]) -> Places<'_> {
    let mut places = Places::new();
    for record in records {
        places.entry(record.repetition).or_default().push((record.index, &record.arch));
    }
    for archs in places.values_mut() {
        archs.sort_unstable();
        archs.dedup_by_key(|(index, _)| *index);
    }
    places
}

fn samples(manifest: &Manifest, places: &Places<'_>) -> Vec<Sample> {
    let first = manifest.key.setting("weight_seed").and_then(serde_json::Value::as_u64);
    let sample = |(repetition, archs): (&u32, &Vec<(u32, &str)>)| {
        let facts = manifest.repetitions.get(*repetition as usize);
        Sample {
            repetition: u64::from(*repetition),
            weight_seed: facts.map(|facts| facts.seeds.weight).or(first).unwrap_or_default(),
            archs: archs.iter().map(|(_, arch)| (*arch).to_owned()).collect(),
        }
    };
    places.iter().map(sample).collect()
}

fn cell(record: &Record) -> ScoreCell {
    match (record.status, record.score) {
        (Status::Ok | Status::NonFinite, Some(score)) => ScoreCell::of(score),
        (Status::Skipped, _) => ScoreCell::Skipped,
        _ => ScoreCell::Failed,
    }
}
