//! Scores of a run of ours.

use std::collections::HashMap;

use super::{AnalysisError, ScoreCell, ScoreColumn, ScoreSet, set_level};
use crate::proxies::Direction;
use crate::spaces::NetworkInput;
use crate::store::{Manifest, ProxyFacts, Rows, Run, Status, StoreError};

/// The scores of a run, finished or not: what is not recorded yet is [`ScoreCell::Missing`]. `source` names the run.
///
/// # Errors
/// A run without records, or one that contradicts itself.
pub fn from_run(run: &Run, source: &str) -> Result<ScoreSet, AnalysisError> {
    let error =
        |reason: &str| AnalysisError::Scores { source_name: source.to_owned(), reason: reason.to_owned() };
    let manifest = &run.manifest;
    let first = manifest.repetitions.first().ok_or_else(|| error("the run has no repetition yet"))?;
    let rows = run.rows()?;
    if rows.is_empty() {
        return Err(error("the run has no record yet; repeat the command that began it"));
    }
    let column = |facts: &ProxyFacts| {
        let direction = facts.direction.parse::<Direction>().ok();
        let direction = direction.ok_or_else(|| error("the manifest gives a proxy no direction"))?;
        Ok(ScoreColumn { proxy: facts.proxy.clone(), direction, baseline: false })
    };
    let columns: Vec<ScoreColumn> =
        manifest.proxies.iter().map(column).collect::<Result<_, AnalysisError>>()?;
    let (samples, places) = samples(manifest, &rows)?;
    let [_, _, resolution, _] = first.batch.shape;
    let input = NetworkInput { resolution, classes: first.batch.classes };
    let architectures = samples.iter().map(|(_, _, archs)| archs.len()).sum();
    let mut set = ScoreSet::new((&manifest.key.space, &manifest.key.dataset), input, source, samples);
    set.stand_in = first.batch.stand_in;
    let mut cells = vec![vec![ScoreCell::Missing; architectures]; columns.len()];
    for (row, place) in places.iter().enumerate() {
        let (_, _, proxy) = rows.key(row)?;
        let column = columns.iter().position(|column| column.proxy == proxy);
        let column = column.ok_or_else(|| error("a record names a proxy that the manifest lacks"))?;
        cells[column][*place] = cell(&rows, row)?;
    }
    for (column, mut cells) in columns.into_iter().zip(cells) {
        if set.column(&column.proxy).is_some() {
            return Err(error(&format!(
                "the manifest names the proxy {} twice; restore it from a copy",
                column.proxy
            )));
        }
        set_level::rank(&column.proxy, &mut cells, &rows, &places, &set.samples)?;
        set.add(column, &cells);
    }
    Ok(set)
}

/// The scores that are sums of ranks over the candidates of a repetition, by the row of their record. Such a record itself holds
/// the parts that are ranked, and in the place of a score one of them.
///
/// # Errors
/// Those of [`from_run`].
pub fn scores_over_sets(run: &Run) -> Result<HashMap<usize, f64>, AnalysisError> {
    let (rows, set) = (run.rows()?, from_run(run, "the run")?);
    let (_, places) = samples(&run.manifest, &rows)?;
    let ranked = set.columns.iter().filter(|column| set_level::is_ranked(&column.proxy));
    let cells: HashMap<&str, Vec<ScoreCell>> =
        ranked.map(|column| (column.proxy.as_str(), set.cells(&column.proxy))).collect();
    let mut scores = HashMap::new();
    for (row, place) in places.into_iter().enumerate() {
        let (_, _, proxy) = rows.key(row)?;
        if let Some(ScoreCell::Ok(score) | ScoreCell::NonFinite(score)) =
            cells.get(proxy).map(|cells| cells[place])
        {
            scores.insert(row, score);
        }
    }
    Ok(scores)
}

/// Repetition, weight seed and architectures of each sample.
type Samples = Vec<(u64, u64, Vec<String>)>;

/// The samples of records, which are sorted by repetition and index, and the place of the architecture of each record among all
/// of them. A sample need not be complete.
fn samples(manifest: &Manifest, rows: &Rows<'_>) -> Result<(Samples, Vec<usize>), StoreError> {
    let seed = manifest.key.setting("weight_seed").and_then(serde_json::Value::as_u64);
    let (mut samples, mut places) = (Samples::new(), Vec::with_capacity(rows.len()));
    let (mut last, mut count) = (None, 0);
    for row in 0..rows.len() {
        let ((repetition, index, _), arch) = (rows.key(row)?, rows.arch(row)?);
        if last.is_none_or(|(known, _)| known != repetition) {
            let facts = manifest.repetitions.get(repetition as usize);
            let weight_seed = facts.map(|facts| facts.seeds.weight).or(seed).unwrap_or_default();
            samples.push((u64::from(repetition), weight_seed, vec![]));
        }
        if last != Some((repetition, index)) {
            if let Some((_, _, archs)) = samples.last_mut() {
                archs.push(arch.to_owned());
            }
            count += 1;
        }
        last = Some((repetition, index));
        places.push(count - 1);
    }
    Ok((samples, places))
}

fn cell(rows: &Rows<'_>, row: usize) -> Result<ScoreCell, StoreError> {
    Ok(match rows.score(row)? {
        (Some(score), Status::Ok | Status::NonFinite) => ScoreCell::of(score),
        (_, Status::Skipped) => ScoreCell::Skipped,
        _ => ScoreCell::Failed,
    })
}
