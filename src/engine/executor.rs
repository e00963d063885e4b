//! The forward interpreter, for every engine, with and without a tape.

use super::kernels::{Kernels, Numbers};
use super::reduce::{Reducer, Tapped};
use super::work::Work;
use super::{EngineError, ForwardPass, NormStatistics, Reduced, tokens};
use crate::graph::{NodeId, Op, Shape};

/// Runs a pass over an engine's kernels.
///
/// Only the nodes are computed on which a tapped value depends, and no branch that ends in `x * 0`. A value is dropped after
/// its last use. Tapped values are reduced on the device, or are copied to the host one layer at a time.
///
/// # Errors
/// A batch of the wrong shape, values that fit no memory, undefined batch statistics, or a device failure.
pub fn forward<K: Kernels>(kernels: &K, pass: &ForwardPass<'_>) -> Result<Vec<Reduced>, EngineError> {
    let taps = pass.observations.iter().flat_map(|o| o.taps.iter().map(|t| t.node));
    let (sources, needed) = pass.norm.sources(pass.graph, &taps.collect::<Vec<_>>());
    run(kernels, pass, (&sources, &needed), |_, _| Ok(()))
}

/// Runs a pass that computes the `needed` nodes from their `sources`, and calls `record` with every value before another
/// node reads it.
pub(super) fn run<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    (sources, needed): (&[Vec<NodeId>], &[bool]),
    mut record: impl FnMut(NodeId, &K::Value) -> Result<(), EngineError>,
) -> Result<Vec<Reduced>, EngineError> {
    check_input(pass)?;
    pass.check_sizes(needed)?;
    let graph = pass.graph;
    let normalised = pass.normalised();
    let mut uses = count_uses(sources, needed);
    let mut reducers: Vec<Reducer> = pass.observations.iter().map(|o| Reducer::new(&o.reduction)).collect();
    let mut values: Vec<Option<K::Value>> = vec![None; graph.nodes().len()];
    for i in (0..graph.nodes().len()).filter(|i| needed[*i]) {
        let inputs = sources[i].iter().filter_map(|id| take(&mut values, &mut uses, *id)).collect();
        let value = apply(kernels, pass, NodeId(i), inputs, normalised[i])?;
        Work::Reduction.of(|| observe(kernels, pass, NodeId(i), &value, &mut reducers))?;
        record(NodeId(i), &value)?;
        if uses[i] > 0 {
            values[i] = Some(value);
        }
    }
    Ok(Work::Reduction.of(|| reducers.into_iter().map(Reducer::finish).collect()))
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
    pass.check_tokens()
}

/// How many computed nodes read each value.
pub(super) fn count_uses(sources: &[Vec<NodeId>], needed: &[bool]) -> Vec<usize> {
    let mut uses = vec![0; needed.len()];
    for (sources, _) in sources.iter().zip(needed).filter(|(_, needed)| **needed) {
        sources.iter().for_each(|id| uses[id.index()] += 1);
    }
    uses
}

/// A value for one of its readers. The last of them gets the only reference, so that kernels may work in place.
pub(super) fn take<V: Clone>(values: &mut [Option<V>], uses: &mut [usize], id: NodeId) -> Option<V> {
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
    let (shape, n) = (pass.graph.node(id).shape, pass.images());
    let mut host = None;
    for (times, reducer) in observers {
        if reducer.observe_in_place(kernels, Tapped { node: id, shape, times, n, value }) {
            continue;
        }
        // The value is copied at most once, and only if a reduction needs it on the host.
        if host.is_none() {
            host = Some(kernels.host(value).map_err(pass.failed(id))?);
        }
        if let Some(host) = &host {
            reducer.observe(id, shape, times, n, host);
        }
    }
    Ok(())
}

fn apply<K: Kernels>(
    kernels: &K,
    pass: &ForwardPass<'_>,
    id: NodeId,
    inputs: Vec<K::Value>,
    normalised: bool,
) -> Result<K::Value, EngineError> {
    let node = pass.graph.node(id);
    let mut inputs = inputs.into_iter();
    let Some(x) = inputs.next() else {
        return Ok(match node.op {
            Op::Zeros => kernels.zeros(pass.images(), node.shape),
            _ => kernels.map(pass.input.images, pass.input.shape),
        });
    };
    Ok(match &node.op {
        Op::Input | Op::Identity | Op::Zeros => x,
        Op::Conv2d { weight, bias, .. } | Op::Linear { weight, bias } => {
            pass.linear_layer(&node.op, (*weight, *bias)).forward(kernels, x, normalised)
        }
        Op::BatchNorm(_) if pass.norm == NormStatistics::Bypass => x,
        Op::BatchNorm(norm) => {
            pass.check_statistics(node)?;
            kernels.batch_norm(x, &pass.batch_norm(norm)).map_err(pass.failed(id))?
        }
        Op::Activation(kind) => kernels.activation(x, *kind),
        Op::Pool { kind, window } => kernels.pool(x, *kind, window),
        Op::GlobalAveragePool => kernels.global_average_pool(x),
        Op::Flatten => kernels.flatten(x),
        Op::Add => inputs.fold(x, |sum, y| kernels.add(sum, y)),
        Op::Concat => kernels.concat(std::iter::once(x).chain(inputs).collect()),
        Op::PadChannels { before, after } => {
            pad_channels(kernels, (pass.images(), node.shape), x, [*before, *after])
        }
        Op::Pad { before, after } => kernels.pad(&x, *before, *after),
        Op::Nearest => kernels.nearest(&x, node.shape.size()),
        Op::Zero => kernels.zero(x),
        Op::Scale(by) => scaled(kernels, &x, node.shape, *by),
        Op::Embedding { table, row } => {
            tokens::embed(kernels, pass, (Numbers::F32(pass.weights.get(*table)), *row), node.shape)
        }
        Op::LayerNorm(norm) => {
            tokens::layer_norm(kernels, &x, &pass.token_norm(node.shape, norm)).map_err(pass.failed(id))?
        }
        Op::Attention { heads } => {
            let qkv: Vec<K::Value> = std::iter::once(x).chain(inputs).collect();
            let attended = pass.attended();
            let heads = pass.heads(node.shape, *heads, &attended);
            match qkv.as_slice() {
                [q, k, v] => tokens::attention(kernels, [q, k, v], &heads).map_err(pass.failed(id))?,
                _ => return Err(pass.failed(id)("attention takes queries, keys and values".to_owned())),
            }
        }
    })
}

/// A value of `shape` times a constant.
pub(super) fn scaled<K: Kernels>(kernels: &K, x: &K::Value, shape: Shape, by: f64) -> K::Value {
    let channels = shape.channels();
    kernels.combine(&[(x, &vec![by; channels])], &vec![0.0; channels], false)
}

/// A value of `shape`, made of `x` by channels of zeros on both sides, or by channels taken away where a number is negative.
/// The gradient of the input is the same operation with the opposite signs.
pub(super) fn pad_channels<K: Kernels>(
    kernels: &K,
    (n, shape): (usize, Shape),
    mut x: K::Value,
    sides: [isize; 2],
) -> K::Value {
    let [new, cut] = [1, -1].map(|sign| sides.map(|side| usize::try_from(sign * side).unwrap_or(0)));
    if cut != [0; 2] {
        let kept = shape.channels() - new[0] - new[1];
        let parts: Vec<usize> = [cut[0], kept, cut[1]].into_iter().filter(|channels| *channels > 0).collect();
        x = kernels.split(&x, &parts).swap_remove(usize::from(cut[0] > 0));
    }
    if new == [0; 2] {
        return x;
    }
    let zeros = |channels: usize| {
        let shape = shape.with_channels(channels);
        (channels > 0).then(|| kernels.zeros(n, shape))
    };
    kernels.concat([zeros(new[0]), Some(x), zeros(new[1])].into_iter().flatten().collect())
}
