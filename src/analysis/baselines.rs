//! The trivial baselines that every proxy has to beat.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{AnalysisError, ScoreCell, ScoreColumn, ScoreSet};
use crate::keyed::Stream;
use crate::proxies::Direction;
use crate::spaces;

/// Names of the baselines: parameters, multiply-accumulates, and a keyed random number. They are the proxies of the same
/// names.
pub const BASELINES: [&str; 3] = ["params", "flops", "random"];

/// Adds the baselines that the set lacks, counted on the networks of its space (in parallel, each architecture once);
/// columns of these names that it has are marked as baselines. A space that no network can be built for gets `random`
/// only.
///
/// # Errors
/// An architecture that is none of the space's.
pub fn add_baselines(set: &mut ScoreSet) -> Result<(), AnalysisError> {
    for column in &mut set.columns {
        column.baseline |= BASELINES.contains(&column.proxy.as_str());
    }
    let lacking = |name: &str| set.column(name).is_none();
    let mut new = vec![];
    if (lacking("params") || lacking("flops")) && spaces::find(&set.space).is_ok() {
        let counts = counts(set)?;
        let pick = |part: fn(&(f64, f64)) -> f64| {
            let cell = |arch: &String| {
                counts.get(arch.as_str()).map_or(ScoreCell::Missing, |pair| ScoreCell::Ok(part(pair)))
            };
            set.samples.iter().map(|sample| sample.archs.iter().map(cell).collect()).collect()
        };
        new.push(baseline("params", pick(|pair| pair.0)));
        new.push(baseline("flops", pick(|pair| pair.1)));
    }
    new.push(baseline("random", random(set)));
    new.retain(|column| lacking(&column.proxy));
    set.columns.extend(new);
    Ok(())
}

fn baseline(name: &str, cells: Vec<Vec<ScoreCell>>) -> ScoreColumn {
    ScoreColumn { proxy: name.to_owned(), direction: Direction::HigherIsBetter, baseline: true, cells }
}

/// Parameters and multiply-accumulates of all architectures.
fn counts(set: &ScoreSet) -> Result<HashMap<&str, (f64, f64)>, AnalysisError> {
    let space = spaces::find(&set.space)?;
    let mut archs: Vec<&str> = set.samples.iter().flat_map(|s| &s.archs).map(String::as_str).collect();
    archs.sort_unstable();
    archs.dedup();
    let count = |arch| {
        let graph = space.build(arch, set.input)?;
        Ok((arch, (graph.param_count() as f64, graph.mac_count() as f64)))
    };
    archs.into_par_iter().map(count).collect()
}

/// What the proxy `random` gives: `u_0` of the stream `random.<architecture>` under the weight seed.
fn random(set: &ScoreSet) -> Vec<Vec<ScoreCell>> {
    let cells = set.samples.iter().map(|sample| {
        let score = |arch: &String| Stream::new(sample.weight_seed, &format!("random.{arch}")).unit(0);
        sample.archs.iter().map(|arch| ScoreCell::Ok(score(arch))).collect()
    });
    cells.collect()
}
