//! AZ-NAS: four numbers of one network, ranked over the candidate set.
//!
//! The maps `F_0 .. F_B` are the outputs of the stem and of every cell, for one Gaussian batch.
//!
//! * expressivity: `sum_b E_b`, the entropy `E = -sum p ln(p + 1e-8)` of the eigenvalues `p` of the map's channel covariance, scaled to
//!   sum 1;
//! * progressivity: `min_b (E_b - E_{b-1})`;
//! * trainability: mean over `b` of `2 - s - 1/(s + 1e-6)`, `s` the largest singular value of the response of map `b` to map `b-1`
//!   under random signs; minus infinity where nothing lies between the maps;
//! * complexity: multiply-accumulates.
//!
//! Over a candidate set of `m` the score is `sum_k ln(rank_k / m)`. A rank needs other candidates: the number of a single record is
//! its expressivity. A map without variance has no entropy, and the record is not finite.

use super::prelude::*;
use crate::engine::{BlockResponse, ChannelCovariance};
use crate::graph::{Graph, NodeId, Shape, Tap};
use crate::linalg::{eigenvalues, largest_singular_value};

const INIT: Scheme = Scheme::KaimingNormalFanIn;

const RULE: SetRule = SetRule {
    parts: &[
        ("expressivity", Direction::HigherIsBetter),
        ("progressivity", Direction::HigherIsBetter),
        ("trainability", Direction::HigherIsBetter),
        ("complexity", Direction::HigherIsBetter),
    ],
    logarithms: true,
};

/// Lee and Ham, AZ-NAS.
pub static PROXY: Proxy = Proxy {
    name: "az_nas",
    title: "AZ-NAS",
    reference: "Lee & Ham, AZ-NAS, CVPR 2024, arXiv:2403.19232",
    inputs: "one Gaussian batch of the mini-batch's shape and random signs; no data",
    about: "sum of ln(rank / m) of expressivity, progressivity, trainability and complexity over the candidate set (correlate, \
            search, plot); a record alone has its expressivity; kaiming_normal_fan_in weights, batch statistics",
    cost: Cost::Backward,
    scorer: |_, _| {
        Ok(Scorer::passes(|net, ask| {
            let graph = net.graph();
            check_maps(graph)?;
            let taps = graph.stages().iter().map(|node| Tap { node: *node, times: 1 }).collect();
            let mut pass = ask.pass(InputRequest::Noise("input"), NormStatistics::Batch).init(INIT);
            let maps = pass.channel_covariances(taps);
            let (stages, seed) = (graph.stages().to_vec(), net.setup().seeds.data);
            let blocks = pass.backward(LossRequest::SumOfLogits).block_responses(stages, seed);
            Ok(reduce(move |seen| {
                let (maps, blocks) = (seen.get(maps), seen.get(blocks));
                let entropies = graph.stages().iter().map(|node| entropy_of(maps, *node));
                let entropies: Vec<f64> = entropies.collect::<Result<_, _>>()?;
                let expressivity = entropies.iter().sum();
                let trainability = blocks.iter().map(trainability).sum::<f64>() / blocks.len() as f64;
                Ok(Score::plain(expressivity)
                    .with("expressivity", expressivity)
                    .with("progressivity", smallest_step(&entropies))
                    .with("trainability", trainability)
                    .with("complexity", graph.mac_count() as f64))
            }))
        }))
    },
    details: Details { init: Some(INIT), over_set: Some(RULE), ..Details::USUAL },
};

/// Two maps at least, each as large as the next or a multiple of it.
fn check_maps(graph: &Graph) -> Result<(), ScoreError> {
    let size = |id: NodeId| match graph.node(id).shape {
        Shape::Map { height, width, .. } => (height, width),
        Shape::Vector { .. } => (1, 1),
    };
    let fits = |pair: &[NodeId]| {
        let ((h, w), (rows, columns)) = (size(pair[0]), size(pair[1]));
        h % rows == 0 && w % columns == 0 && h / rows == w / columns
    };
    match graph.stages().len() > 1 && graph.stages().windows(2).all(fits) {
        true => Ok(()),
        false => Err(ScoreError::undefined(
            "the sides of the network's maps do not divide each other, so no block's Jacobian can be brought to one size; use \
             images whose side is a multiple of the network's stride",
        )),
    }
}

fn entropy_of(maps: &[ChannelCovariance], node: NodeId) -> Result<f64, ScoreError> {
    let missing = || ScoreError::undefined("a map was not observed");
    let map = maps.iter().find(|m| m.node == node).ok_or_else(missing)?;
    Ok(entropy(&eigenvalues(&map.matrix, map.channels)))
}

/// `-sum p ln(p + 1e-8)`, `p` the eigenvalues scaled to sum 1; not a number when they sum to 0.
fn entropy(values: &[f64]) -> f64 {
    let total: f64 = values.iter().sum();
    -values.iter().map(|v| v / total).map(|p| p * (p + 1e-8).ln()).sum::<f64>()
}

/// The smallest difference of neighbours; what is not a number stays one.
fn smallest_step(entropies: &[f64]) -> f64 {
    let steps = entropies.windows(2).map(|pair| pair[1] - pair[0]);
    // `min` alone would drop it.
    steps
        .fold(f64::INFINITY, |low, step| if low.is_nan() || step.is_nan() { f64::NAN } else { low.min(step) })
}

fn trainability(block: &BlockResponse) -> f64 {
    if block.identical {
        return f64::NEG_INFINITY;
    }
    from_singular_value(largest_singular_value(&block.matrix, block.rows, block.columns))
}

/// Largest, and almost 0, where signs come back as long as they were sent.
fn from_singular_value(s: f64) -> f64 {
    -s - 1.0 / (s + 1e-6) + 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// proxies.md 7.1.
    #[test]
    fn analytic_examples() {
        assert!((entropy(&[4.0, 2.0, 1.0, 1.0]) - 1.213_007_525_979_905_4).abs() < 1e-14);
        for (s, expected) in [(0.5, -0.499_996), (1.0, 9.99999e-7), (2.0, -0.499_999_75)] {
            assert!((from_singular_value(s) - expected).abs() < 1e-11, "{s}");
        }
        assert!(entropy(&[0.0; 3]).is_nan());
    }

    #[test]
    fn steps_keep_what_is_not_a_number() {
        assert_eq!(smallest_step(&[1.0, 3.0, 2.5, 4.0]), -0.5);
        for at in 0..3 {
            let mut entropies = [1.0, 2.0, 4.0];
            entropies[at] = f64::NAN;
            assert!(smallest_step(&entropies).is_nan(), "{at}");
        }
    }

    #[test]
    fn maps_have_to_divide_each_other() {
        use crate::graph::{Builder, ConvSpec};
        let graph = |side: usize| {
            let mut b = Builder::new("Chain", Shape::map(1, side, side));
            let x = b.conv("0", b.input(), ConvSpec::square(2, 3, 1));
            let y = b.conv("1", x, ConvSpec::square(2, 3, 2));
            [x, y].into_iter().for_each(|map| b.stage(map));
            let z = b.global_pool(None, y);
            let logits = b.linear("2", z, 2);
            b.finish(logits).unwrap()
        };
        assert_eq!(check_maps(&graph(8)), Ok(()));
        assert!(matches!(check_maps(&graph(9)), Err(ScoreError::Undefined(_))));
    }

    #[test]
    fn nothing_between_two_maps_cannot_be_trained() {
        let block = BlockResponse { identical: true, rows: 0, columns: 0, matrix: vec![] };
        assert_eq!(trainability(&block), f64::NEG_INFINITY);
    }
}
