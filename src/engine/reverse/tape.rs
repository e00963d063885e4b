//! What a forward pass records for its derivatives.

use super::norm::NormState;
use crate::engine::kernels::{HostValues, Kernels, Moments};
use crate::engine::{EngineError, ForwardPass, NormStatistics, Reduced, executor};
use crate::graph::{BatchNorm, NodeId, Op};

/// Values of a forward pass that derivatives read: inputs of convolutions, linear layers, normalisations, activations
/// and poolings, what the caller wants to keep, and the statistics of normalisations. It serves any number of backward
/// passes.
pub struct Tape<V> {
    values: Vec<Option<V>>,
    norms: Vec<Option<NormState>>,
    /// Nodes that were computed.
    computed: Vec<bool>,
}

impl<V: Clone> Tape<V> {
    /// Runs the pass up to its taps and the nodes in `keep`, and records it.
    ///
    /// # Errors
    /// As [`executor::forward`].
    pub fn record<K: Kernels<Value = V>>(
        kernels: &K,
        pass: &ForwardPass<'_>,
        keep: &[NodeId],
    ) -> Result<(Self, Vec<Reduced>), EngineError> {
        let taps = pass.observations.iter().flat_map(|o| o.taps.iter().map(|t| t.node));
        let computed = pass.graph.ancestors(&taps.chain(keep.iter().copied()).collect::<Vec<_>>());
        let kept = kept(pass, &computed, keep);
        let mut values = vec![None; computed.len()];
        let mut norms = vec![None; computed.len()];
        // Gradients flow through `x * 0` as well, so all its ancestors are computed.
        let reduced = executor::run(kernels, pass, (&pass.graph.inputs(), &computed), |id, value| {
            if kept[id.index()] {
                values[id.index()] = Some(V::clone(value));
            }
            // Statistics are computed before the normalisation may overwrite its input.
            for (i, norm) in readers(pass, id).filter(|(i, _)| computed[*i]) {
                let pixels = pass.graph.node(id).shape.pixels();
                let state = NormState::of(kernels, pass, norm, (value, pixels));
                norms[i] = Some(state.map_err(pass.failed(NodeId(i)))?);
            }
            Ok(())
        })?;
        Ok((Self { values, norms, computed }, reduced))
    }

    /// A kept value.
    ///
    /// # Errors
    /// [`EngineError::NotKept`] for a node whose value no derivative reads and that the caller did not keep.
    pub fn value(&self, pass: &ForwardPass<'_>, id: NodeId) -> Result<&V, EngineError> {
        self.values.get(id.index()).and_then(Option::as_ref).ok_or_else(|| not_kept(pass, id))
    }

    /// Statistics of a normalisation.
    ///
    /// # Errors
    /// [`EngineError::NotKept`] for a node that is no normalisation.
    pub fn norm(&self, pass: &ForwardPass<'_>, id: NodeId) -> Result<&NormState, EngineError> {
        self.norms.get(id.index()).and_then(Option::as_ref).ok_or_else(|| not_kept(pass, id))
    }

    /// Statistics of the normalisations over the batch, as [`NormState::of_batch`] gives them.
    pub fn batch_moments(&self) -> impl Iterator<Item = (NodeId, Moments, f64)> + '_ {
        let norms =
            (0..).zip(&self.norms).filter_map(|(i, norm)| Some((NodeId(i), norm.as_ref()?.of_batch()?)));
        norms.map(|(id, (moments, count))| (id, moments, count))
    }

    /// For each node, whether it was computed.
    pub fn computed(&self) -> &[bool] {
        &self.computed
    }

    /// For each node, whether its value is kept.
    pub fn kept(&self) -> impl Iterator<Item = bool> + '_ {
        self.values.iter().map(Option::is_some)
    }

    /// A kept value on the host.
    ///
    /// # Errors
    /// [`EngineError::NotKept`], or the device's message.
    pub fn host<K: Kernels<Value = V>>(
        &self,
        kernels: &K,
        pass: &ForwardPass<'_>,
        id: NodeId,
    ) -> Result<HostValues, EngineError> {
        kernels.host(self.value(pass, id)?).map_err(pass.failed(id))
    }
}

/// The error for a value that the tape does not hold.
pub fn not_kept(pass: &ForwardPass<'_>, id: NodeId) -> EngineError {
    EngineError::NotKept { module: pass.graph.node_name(id).to_string() }
}

/// The normalisations of `id` with their node numbers, unless they are bypassed.
fn readers<'a>(pass: &ForwardPass<'a>, id: NodeId) -> impl Iterator<Item = (usize, &'a BatchNorm)> {
    let bypass = pass.norm == NormStatistics::Bypass;
    let nodes = pass.graph.nodes().iter().enumerate().filter(move |(_, n)| !bypass && n.inputs.contains(&id));
    nodes.filter_map(|(i, n)| match &n.op {
        Op::BatchNorm(norm) => Some((i, norm)),
        _ => None,
    })
}

/// Nodes whose values derivatives read.
fn kept(pass: &ForwardPass<'_>, computed: &[bool], keep: &[NodeId]) -> Vec<bool> {
    let mut kept = vec![false; computed.len()];
    keep.iter().for_each(|id| kept[id.index()] = true);
    for (node, _) in pass.graph.nodes().iter().zip(computed).filter(|(_, computed)| **computed) {
        let read = match node.op {
            Op::Conv2d { .. } | Op::Linear { .. } | Op::Activation(_) | Op::Pool { .. } => true,
            Op::LayerNorm(_) | Op::Attention { .. } => true,
            Op::BatchNorm(_) => pass.norm != NormStatistics::Bypass,
            Op::Input
            | Op::Embedding { .. }
            | Op::GlobalAveragePool
            | Op::Flatten
            | Op::Add
            | Op::Concat
            | Op::PadChannels { .. }
            | Op::Pad { .. }
            | Op::Nearest
            | Op::Identity
            | Op::Zero
            | Op::Scale(_)
            | Op::Zeros => false,
        };
        if read {
            node.inputs.iter().for_each(|id| kept[id.index()] = true);
        }
    }
    kept
}
