//! EProxy: how well a few steps of training fit the network's maps to synthetic targets. Targets are generated here; the
//! released feature files are not used, so values are not those of the official code.
//!
//! The last map of each of the three lowest resolutions, brought to 8 x 8 pixels by taking every r-th pixel, goes through a head
//! of its own: conv1x1 to 128 channels - ReLU - BN, then a convolution 3 x 3 to 128 channels with bias that is not trained (the
//! barrier). The loss is the sum over levels of the mean squared difference from the level's target; nine steps of gradient
//! descent with momentum, after which the score is `-sum_i MSE_i / 2^i`, level 0 the deepest, of the tenth forward pass.

mod targets;
mod training;

use crate::graph::{Builder, ConvSpec, Graph, NodeId, NormSpec, PoolKind, Shape, Weights, Window};
use crate::proxies::prelude::*;
use targets::Target;

/// Levels, channels of heads and targets, and the side of the maps they are compared at.
const LEVELS: usize = 3;
const CHANNELS: usize = 128;
const SIDE: usize = 8;

/// Li et al., EProxy.
pub static PROXY: Proxy = Proxy {
    name: "eproxy",
    title: "EProxy (generated targets)",
    reference: "Li et al., EProxy (GenNAS-Zero), NeurIPS 2022, arXiv:2210.09459; targets generated here, so not its published values",
    inputs: "one mini-batch, no labels; keyed synthetic targets",
    about: "minus the weighted squared error after nine steps of training maps of three resolutions to synthetic targets; batch \
            statistics",
    cost: Cost::Training,
    scorer: |variant, _| {
        let target = variant.get::<Target>();
        Ok(Scorer::program(move |context| score(context, target)))
    },
    details: Details { axes: &[Axis::of::<Target>()], ..Details::USUAL },
};

fn score(context: &Context<'_>, target: Target) -> Result<Score, ScoreError> {
    let network = context.network;
    let (graph, heads) = with_heads(network.graph())?;
    let weights = Weights::init(&graph, network.setup().init, network.weight_seed());
    let (images, seed) = (context.batch()?.1[0], network.setup().seeds.data);
    let generate =
        |(level, node): (usize, &NodeId)| target.generate(seed, level, images, graph.node(*node).shape);
    let targets: Vec<Vec<f64>> = heads.iter().enumerate().map(generate).collect();
    let errors = training::errors(context, &graph, weights, &heads, &targets)?;
    let score = Score::plain(-errors.iter().rev().fold(0.0, |sum, error| sum / 2.0 + error));
    Ok(["error_0", "error_1", "error_2"].into_iter().zip(errors).fold(score, |s, (name, e)| s.with(name, e)))
}

/// The network with its heads, and the heads' outputs, deepest level first.
fn with_heads(graph: &Graph) -> Result<(Graph, Vec<NodeId>), ScoreError> {
    let levels = levels(graph)?;
    let logits = graph.logits();
    let mut b = Builder::resume(graph.clone());
    let heads = levels.iter().enumerate().map(|(level, (map, step))| {
        b.module(&format!("eproxy.{level}"), "Sequential", *map, |b, x| {
            // Nearest neighbours of a smaller map are every r-th pixel: a pooling of windows of one pixel.
            let x = b.pool("resize", x, PoolKind::Max, Window::square(1, *step, 0));
            let x = b.conv("conv", x, ConvSpec::square(CHANNELS, 1, 1));
            let x = b.activation("relu", x, crate::graph::Activation::Relu);
            let x = b.norm("norm", x, NormSpec::default());
            b.conv(training::BARRIER, x, ConvSpec::square(CHANNELS, 3, 1).with_bias())
        })
    });
    let heads = heads.collect();
    let graph = b.finish(logits).map_err(|e| ScoreError::Undefined(e.to_string()))?;
    Ok((graph, heads))
}

/// The last map of each of the lowest resolutions, lowest first, with the step to the common side: 8, or the lowest side where
/// that is smaller.
fn levels(graph: &Graph) -> Result<Vec<(NodeId, usize)>, ScoreError> {
    let mut maps: Vec<(NodeId, usize)> = vec![];
    for id in graph.stages().iter().rev() {
        if let Shape::Map { height, width, .. } = graph.node(*id).shape
            && height == width
            && maps.iter().all(|(_, side)| *side < height)
        {
            maps.push((*id, height));
        }
    }
    // Where there are more, those that need not be enlarged.
    let usable = maps.len().saturating_sub(LEVELS);
    let skip = maps.iter().take(usable).filter(|(_, side)| *side < SIDE).count();
    let maps: Vec<(NodeId, usize)> = maps.into_iter().skip(skip).take(LEVELS).collect();
    let side = maps.first().map_or(0, |(_, side)| SIDE.min(*side));
    match maps.len() == LEVELS && maps.iter().all(|(_, s)| side > 0 && s % side == 0) {
        true => Ok(maps.into_iter().map(|(id, s)| (id, s / side)).collect()),
        false => Err(ScoreError::Undefined(format!(
            "eproxy fits maps of {LEVELS} resolutions, each a multiple of the lowest, which this network does not have"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{NativeEngine, Precision};
    use crate::keyed::Stream;
    use crate::passes::{Inputs, Setup};
    use crate::scoring::{self, Seeds};
    use crate::spaces::{NetworkInput, find};

    fn sides(space: &str, arch: &str, resolution: usize) -> Vec<(usize, usize)> {
        let graph = find(space).unwrap().build(arch, NetworkInput { resolution, classes: 10 }).unwrap();
        let side = |id| match graph.node(id).shape {
            Shape::Map { height, .. } => height,
            Shape::Vector { .. } => 0,
        };
        levels(&graph).unwrap().into_iter().map(|(id, step)| (side(id), step)).collect()
    }

    #[test]
    fn levels_are_the_three_lowest_resolutions() {
        assert_eq!(sides("nats_sss", "8:8:8:8:8", 32), [(8, 1), (16, 2), (32, 4)]);
        assert_eq!(sides("nats_sss", "8:8:8:8:8", 16), [(4, 1), (8, 2), (16, 4)]);
        assert_eq!(sides("nafbee_vgg19", "ReLU", 32), [(8, 1), (16, 2), (32, 4)]);
    }

    #[test]
    fn heads_leave_the_network_as_it_is() {
        let space = find("nats_sss").unwrap();
        let graph = space.build("8:8:8:8:16", NetworkInput { resolution: 32, classes: 10 }).unwrap();
        let (with, heads) = with_heads(&graph).unwrap();
        assert_eq!((with.logits(), &with.params()[..graph.params().len()]), (graph.logits(), graph.params()));
        let barriers = with.params().iter().filter(|p| p.name.contains(training::BARRIER)).count();
        assert_eq!((heads.len(), barriers), (3, 6));
        for head in heads {
            assert_eq!(with.node(head).shape, Shape::map(CHANNELS, 8, 8));
        }
    }

    /// `scripts/peer/eproxy.py` prints this number. Weights are rounded to f32 after each of nine steps here.
    #[test]
    fn agrees_with_pytorch() {
        let setup = Setup {
            precision: Precision::F64,
            seeds: Seeds { weight: 0, data: 0, sample: 0 },
            space: find("nats_sss").unwrap(),
            input: NetworkInput { resolution: 32, classes: 10 },
            init: Scheme::Default,
            repetition: 0,
            candidates: None,
        };
        let engine = NativeEngine::new();
        let mut images = vec![0.0; 8 * 3 * 1024];
        Stream::new(0, "input").fill_normal(1.0, &mut images);
        let inputs = Inputs::new(images, [8, 3, 32, 32], 0);
        let set = CandidateSet { setup, engine: &engine, inputs: &inputs, order: &|_| None };
        let network = Network::build(setup, "8:16:24:16:8").unwrap();
        let outcomes =
            scoring::score(&engine, &network, &inputs, &scoring::prepare(&["eproxy".parse().unwrap()], &set));
        let value = outcomes[0].result.as_ref().unwrap().value;
        assert!((value / -1.024_617_932_776_249_7 - 1.0).abs() < 1e-7, "{value}");
    }
}
