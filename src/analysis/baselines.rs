//! The trivial baselines that every proxy has to beat.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{AnalysisError, Sample, ScoreCell, ScoreColumn, ScoreSet};
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
    let lacking = |set: &ScoreSet, name: &str| set.column(name).is_none();
    if (lacking(set, "params") || lacking(set, "flops")) && spaces::find(&set.space).is_ok() {
        let (params, flops): (Vec<ScoreCell>, Vec<ScoreCell>) = counts(set)?.into_iter().unzip();
        for (name, cells) in [("params", params), ("flops", flops)] {
            if lacking(set, name) {
                set.add(baseline(name), &cells);
            }
        }
    }
    if lacking(set, "random") {
        let cells = random(set);
        set.add(baseline("random"), &cells);
    }
    Ok(())
}

fn baseline(name: &str) -> ScoreColumn {
    ScoreColumn { proxy: name.to_owned(), direction: Direction::HigherIsBetter, baseline: true }
}

/// Parameters and multiply-accumulates of the architecture of every row.
fn counts(set: &ScoreSet) -> Result<Vec<(ScoreCell, ScoreCell)>, AnalysisError> {
    let space = spaces::find(&set.space)?;
    let rows: Vec<&str> = set.samples.iter().flat_map(|sample| set.archs(sample)).collect();
    let mut archs = rows.clone();
    archs.sort_unstable();
    archs.dedup();
    let count = |arch| {
        let graph = space.build(arch, set.input)?;
        let count = |n: u64| ScoreCell::Ok(n as f64);
        Ok((arch, (count(graph.param_count()), count(graph.mac_count()))))
    };
    let counts = archs.into_par_iter().map(count).collect::<Result<HashMap<&str, _>, AnalysisError>>()?;
    Ok(rows.into_iter().map(|arch| counts[arch]).collect())
}

/// What the proxy `random` gives: `u_0` of the stream `random.<architecture>` under the weight seed.
fn random(set: &ScoreSet) -> Vec<ScoreCell> {
    let of = |sample: &Sample| {
        let score = |arch: &str| Stream::new(sample.weight_seed, &format!("random.{arch}")).unit(0);
        set.archs(sample).into_iter().map(move |arch| ScoreCell::Ok(score(arch))).collect::<Vec<_>>()
    };
    set.samples.iter().flat_map(of).collect()
}
