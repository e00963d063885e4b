//! The forward interpreter: one definition for every engine.

use super::kernels::{Kernels, Norm};
use super::reduce::Reducer;
use super::{EngineError, ForwardPass, NormStatistics, Reduced};
use crate::graph::{Node, NodeId, Op, Shape};

/// Runs a pass over an engine's kernels.
///
/// Nodes that no tapped value is made from are not computed, nor is a branch that ends in `x * 0`; a value is dropped after its last use, and tapped values go to the
/// host one layer at a time.
///
/// # Errors
/// A batch of the wrong shape, undefined batch statistics, or a device failure.
pub fn forward<K: Kernels>(kernels: &K, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError> {
    check_input(pass)?;
    let graph = pass.graph;
    let taps = pass.observations.iter().flat_map(|o| o.taps.iter().map(|t| t.node));
    let (sources, needed) = pass.norm.sources(graph, &taps.collect::<Vec<_>>());
    let mut uses = count_uses(&sources, &needed);
    let mut reducers: Vec<Reducer> = pass.observations.iter().map(|o| Reducer::new(&o.reduction)).collect();
    let mut values: Vec<Option<K::Value>> = vec![None; graph.nodes().len()];
    for (i, node) in graph.nodes().iter().enumerate().filter(|(i, _)| needed[*i]) {
        let inputs: Vec<K::Value> =
            sources[i].iter().filter_map(|id| take(&mut values, &mut uses, *id)).collect();
        let value = apply(kernels, pass, node, inputs)?;
        observe(kernels, pass, NodeId(i), &value, &mut reducers)?;
        if uses[i] > 0 {
            values[i] = Some(value);
        }
    }
    Ok(reducers.into_iter().map(Reducer::finish).collect())
}

fn check_input(pass: &ForwardPass<'_>) -> Result<(), EngineError> {
    let [n, c, h, w] = pass.input.shape;
    let expected = pass.graph.input_shape();
    if n == 0 || Shape::map(c, h, w) != expected || pass.input.images.len() != n * expected.elements() {
        return Err(EngineError::InputShape {
            batch: pass.input.shape.to_vec(),
            expected: expected.to_string(),
        });
    }
    Ok(())
}

/// How many computed nodes read each value.
fn count_uses(sources: &[Vec<NodeId>], needed: &[bool]) -> Vec<usize> {
    let mut uses = vec![0; needed.len()];
    for (sources, _) in sources.iter().zip(needed).filter(|(_, needed)| **needed) {
        sources.iter().for_each(|id| uses[id.index()] += 1);
    }
    uses
}

/// Hands out a value, giving it away at its last use so that kernels may work in place.
fn take<V: Clone>(values: &mut [Option<V>], uses: &mut [usize], id: NodeId) -> Option<V> {
    let i = id.index();
    uses[i] -= 1;
    if uses[i] == 0 { values[i].take() } else { values[i].clone() }
}

fn observe<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    id: NodeId,
    value: &K::Value,
    reducers: &mut [Reducer],
) -> Result<(), EngineError> {
    let observers = pass.observations.iter().zip(reducers);
    let mut observers =
        observers.flat_map(|(o, r)| o.taps.iter().find(|t| t.node == id).map(|t| (t.times, r))).peekable();
    if observers.peek().is_none() {
        return Ok(());
    }
    let host = kernels
        .host(value)
        .map_err(|message| EngineError::Device { module: pass.graph.node_name(id).to_string(), message })?;
    for (times, reducer) in observers {
        reducer.observe(id, pass.graph.node(id).shape, times, pass.input.shape[0], &host);
    }
    Ok(())
}

fn apply<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    node: &Node,
    inputs: Vec<K::Value>,
) -> Result<K::Value, EngineError> {
    let weights = |id| (pass.weights.get(id), pass.graph.param(id).shape.as_slice());
    let mut inputs = inputs.into_iter();
    let Some(x) = inputs.next() else {
        return Ok(kernels.map(pass.input.images, pass.input.shape));
    };
    Ok(match &node.op {
        Op::Input | Op::Identity => x,
        Op::Conv2d { weight, bias, window, groups } => {
            kernels.conv2d(x, weights(*weight), bias.map(|b| pass.weights.get(b)), window, *groups)
        }
        Op::Linear { weight, bias } => kernels.linear(x, weights(*weight), bias.map(|b| pass.weights.get(b))),
        Op::BatchNorm(_) if pass.norm == NormStatistics::Bypass => x,
        Op::BatchNorm(norm) => {
            check_statistics(pass, node)?;
            kernels.batch_norm(
                x,
                &Norm {
                    statistics: pass.norm,
                    weight: norm.weight.map(|id| pass.weights.get(id)),
                    bias: norm.bias.map(|id| pass.weights.get(id)),
                    running_mean: pass.weights.get(norm.running_mean),
                    running_var: pass.weights.get(norm.running_var),
                    eps: norm.eps,
                },
            )
        }
        Op::Activation(kind) => kernels.activation(x, *kind),
        Op::Pool { kind, window } => kernels.pool(x, *kind, window),
        Op::GlobalAveragePool => kernels.global_average_pool(x),
        Op::Flatten => kernels.flatten(x),
        Op::Add => inputs.fold(x, |sum, y| kernels.add(sum, y)),
        Op::Zero => kernels.zero(x),
    })
}

/// PyTorch refuses batch statistics over a single value per channel; so do we.
fn check_statistics(pass: &ForwardPass<'_>, node: &Node) -> Result<(), EngineError> {
    let values = match pass.norm {
        NormStatistics::Batch => pass.input.shape[0] * node.shape.pixels(),
        NormStatistics::PerImage => node.shape.pixels(),
        NormStatistics::Running | NormStatistics::Bypass => return Ok(()),
    };
    if values > 1 {
        return Ok(());
    }
    let module = pass.graph.modules()[node.module.index()].path.clone();
    Err(EngineError::DegenerateBatch { module })
}
