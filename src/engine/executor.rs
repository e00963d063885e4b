//! The forward interpreter: one definition for every engine.

use super::kernels::{Conv, Dense, Kernels, Norm, Numbers};
use super::reduce::Reducer;
use super::{EngineError, ForwardPass, NormStatistics, Reduced};
use crate::graph::{Node, NodeId, Op, Shape};

/// Runs a pass over an engine's kernels.
///
/// Nodes that no tap depends on are not computed, a value is dropped after its last use, and tapped values go to the
/// host one layer at a time.
///
/// # Errors
/// A batch of the wrong shape, undefined batch statistics, or a device failure.
pub fn forward<K: Kernels>(kernels: &K, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError> {
    check_input(pass)?;
    let graph = pass.graph;
    let taps = pass.observations.iter().flat_map(|o| o.taps.iter().map(|t| t.node));
    let needed = graph.ancestors(&taps.collect::<Vec<_>>());
    let mut uses = count_uses(pass, &needed);
    let normalised = normalised(pass);
    let mut reducers: Vec<Reducer> = pass.observations.iter().map(|o| Reducer::new(&o.reduction)).collect();
    let mut values: Vec<Option<K::Value>> = vec![None; graph.nodes().len()];
    for (i, node) in graph.nodes().iter().enumerate().filter(|(i, _)| needed[*i]) {
        let inputs: Vec<K::Value> =
            node.inputs.iter().filter_map(|id| take(&mut values, &mut uses, *id)).collect();
        let value = apply(kernels, pass, node, inputs, normalised[i])?;
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
fn count_uses(pass: &ForwardPass<'_>, needed: &[bool]) -> Vec<usize> {
    let mut uses = vec![0; needed.len()];
    for (node, _) in pass.graph.nodes().iter().zip(needed).filter(|(_, needed)| **needed) {
        node.inputs.iter().for_each(|id| uses[id.index()] += 1);
    }
    uses
}

/// Which values a batch normalisation takes statistics of.
fn normalised(pass: &ForwardPass<'_>) -> Vec<bool> {
    let mut normalised = vec![false; pass.graph.nodes().len()];
    if matches!(pass.norm, NormStatistics::Batch | NormStatistics::PerImage) {
        let norms = pass.graph.nodes().iter().filter(|n| matches!(n.op, Op::BatchNorm(_)));
        norms.for_each(|n| normalised[n.inputs[0].index()] = true);
    }
    normalised
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
    let observers = observers.flat_map(|(o, r)| o.taps.iter().find(|t| t.node == id).map(|t| (t.times, r)));
    // Each form of the value is asked for at most once, and only if someone reads it.
    let (mut codes, mut host) = (None, None);
    for (times, reducer) in observers {
        if reducer.reads_codes()
            && let Some(codes) = codes.get_or_insert_with(|| kernels.codes(value))
        {
            reducer.observe_codes(codes, times);
            continue;
        }
        if host.is_none() {
            let module = || pass.graph.node_name(id).to_string();
            host = Some(
                kernels.host(value).map_err(|message| EngineError::Device { module: module(), message })?,
            );
        }
        if let Some(host) = &host {
            reducer.observe(id, pass.graph.node(id).shape, times, pass.input.shape[0], host);
        }
    }
    Ok(())
}

fn apply<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    node: &Node,
    inputs: Vec<K::Value>,
    normalised: bool,
) -> Result<K::Value, EngineError> {
    let mut inputs = inputs.into_iter();
    let Some(x) = inputs.next() else {
        return Ok(kernels.map(pass.input.images, pass.input.shape));
    };
    Ok(match &node.op {
        Op::Input | Op::Identity => x,
        Op::Conv2d { weight, bias, window, groups } => {
            let shape = pass.graph.param(*weight).shape.as_slice();
            let conv = Conv {
                weight: Numbers::F32(pass.weights.get(*weight)),
                shape: [shape[0], shape[1], shape[2], shape[3]],
                bias: bias.map(|b| Numbers::F32(pass.weights.get(b))),
                window,
                groups: *groups,
            };
            kernels.conv2d(x, &conv, normalised)
        }
        Op::Linear { weight, bias } => {
            let shape = pass.graph.param(*weight).shape.as_slice();
            let dense = Dense {
                weight: Numbers::F32(pass.weights.get(*weight)),
                shape: [shape[0], shape[1]],
                bias: bias.map(|b| Numbers::F32(pass.weights.get(b))),
            };
            kernels.linear(x, &dense)
        }
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
