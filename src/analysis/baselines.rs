//! The trivial baselines that every proxy has to beat.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{AnalysisError, Sample, ScoreCell, ScoreColumn, ScoreSet};
use crate::graph::Graph;
use crate::keyed::Stream;
use crate::progress;
use crate::proxies::Direction;
use crate::spaces;

/// Names of the baselines: parameters, multiply-accumulates, layers, and a keyed random number. They are the proxies of the same
/// names.
pub const BASELINES: [&str; 4] = ["params", "flops", "layers", "random"];

/// A baseline that is a count, and how a network is counted.
type Count = (&'static str, fn(&Graph) -> u64);

const COUNTS: [Count; 3] =
    [("params", Graph::param_count), ("flops", Graph::mac_count), ("layers", Graph::tensor_count)];

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
    let lacking: Vec<usize> = (0..COUNTS.len()).filter(|i| set.column(COUNTS[*i].0).is_none()).collect();
    if !lacking.is_empty() && spaces::find(&set.space).is_ok() {
        let counts = counts(set)?;
        for i in lacking {
            let cells: Vec<ScoreCell> = counts.iter().map(|counts| counts[i]).collect();
            set.add(baseline(COUNTS[i].0), &cells);
        }
    }
    if set.column("random").is_none() {
        let cells = random(set);
        set.add(baseline("random"), &cells);
    }
    Ok(())
}

fn baseline(name: &str) -> ScoreColumn {
    ScoreColumn { proxy: name.to_owned(), direction: Direction::HigherIsBetter, baseline: true }
}

/// All [`COUNTS`] of the architecture of every row.
fn counts(set: &ScoreSet) -> Result<Vec<[ScoreCell; COUNTS.len()]>, AnalysisError> {
    let space = spaces::find(&set.space)?;
    let rows: Vec<&str> = set.samples.iter().flat_map(|sample| set.archs(sample)).collect();
    let mut archs = rows.clone();
    archs.sort_unstable();
    archs.dedup();
    let work = progress::begin("counting parameters, operations and layers", "architectures", archs.len());
    let count = |arch| {
        let graph = space.build(arch, set.input)?;
        work.advance(1);
        Ok((arch, COUNTS.map(|(_, count)| ScoreCell::Ok(count(&graph) as f64))))
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
