//! Tangents: the derivatives of a recorded pass's values in a direction of parameter space (forward mode).

use std::borrow::Cow;

use super::norm::NormTangent;
use super::sum;
use super::tape::{Tape, not_kept};
use crate::engine::executor::{count_uses, pad_channels, scaled, take};
use crate::engine::kernels::{HostValues, Kernels};
use crate::engine::layers::{ParamValues, along};
use crate::engine::{EngineError, ForwardPass, NormStatistics, tokens};
use crate::graph::{Node, NodeId, Op, ParamId};

/// Tangents of the values that a tape keeps; `None` stands for zero.
pub struct Tangents<V> {
    values: Vec<Option<V>>,
    norms: Vec<Option<NormTangent>>,
}

impl<V: Clone> Tangents<V> {
    /// The tangents of a direction.
    ///
    /// # Errors
    /// A device failure, or a value that the tape does not hold.
    pub fn along<K: Kernels<Value = V>>(
        kernels: &K,
        pass: &ForwardPass<'_>,
        tape: &Tape<V>,
        direction: &ParamValues,
    ) -> Result<Self, EngineError> {
        let norms = vec![None; tape.computed().len()];
        let mut forward = TangentPass { kernels, pass, tape, direction, norms };
        let mut uses = count_uses(&pass.graph.inputs(), tape.computed());
        let kept: Vec<bool> = tape.kept().collect();
        let mut live: Vec<Option<V>> = vec![None; kept.len()];
        let mut values: Vec<Option<V>> = vec![None; kept.len()];
        for (i, node) in pass.graph.nodes().iter().enumerate().filter(|(i, _)| tape.computed()[*i]) {
            let inputs = node.inputs.iter().map(|id| take(&mut live, &mut uses, *id)).collect();
            let tangent = forward.node(NodeId(i), node, inputs)?;
            if kept[i] {
                values[i].clone_from(&tangent);
            }
            if uses[i] > 0 {
                live[i] = tangent;
            }
        }
        Ok(Self { values, norms: forward.norms })
    }

    /// Tangent of a kept value.
    pub fn value(&self, id: NodeId) -> Option<&V> {
        self.values.get(id.index()).and_then(Option::as_ref)
    }

    /// Tangents of a normalisation's statistics.
    pub fn norm(&self, pass: &ForwardPass<'_>, id: NodeId) -> Result<&NormTangent, EngineError> {
        self.norms.get(id.index()).and_then(Option::as_ref).ok_or_else(|| not_kept(pass, id))
    }
}

/// The pass that computes tangents, node by node.
struct TangentPass<'a, K: Kernels> {
    kernels: &'a K,
    pass: &'a ForwardPass<'a>,
    tape: &'a Tape<K::Value>,
    direction: &'a ParamValues,
    norms: Vec<Option<NormTangent>>,
}

impl<K: Kernels> TangentPass<'_, K> {
    fn node(
        &mut self,
        id: NodeId,
        node: &Node,
        inputs: Vec<Option<K::Value>>,
    ) -> Result<Option<K::Value>, EngineError> {
        let (kernels, pass) = (self.kernels, self.pass);
        let Some(from) = node.inputs.first().copied() else { return Ok(None) };
        let x = || self.tape.value(pass, from);
        let mut inputs = inputs.into_iter();
        let t = inputs.next().flatten();
        Ok(match &node.op {
            Op::Conv2d { weight, bias, .. } | Op::Linear { weight, bias } => {
                let layer = pass.linear_layer(&node.op, (*weight, *bias));
                let through = t.map(|t| layer.with_bias(None).forward(kernels, t, false));
                let direction = LayerDirection::of(self.direction, (*weight, *bias), layer.weight().len());
                let own = match &direction {
                    Some(direction) => {
                        let bias = direction.bias.map(HostValues::numbers);
                        let moved = layer.with_weight(direction.weight.numbers()).with_bias(bias);
                        Some(moved.forward(kernels, x()?.clone(), false))
                    }
                    None => None,
                };
                sum(kernels, through, own)
            }
            Op::BatchNorm(norm) if pass.norm != NormStatistics::Bypass => {
                let wide = |id| along(self.direction, id).map(HostValues::to_f64);
                let moved = (wide(norm.weight), wide(norm.bias));
                let state = self.tape.norm(pass, id)?;
                let (y, tangent) =
                    state.tangent(kernels, (x()?, t.as_ref()), moved).map_err(pass.failed(id))?;
                self.norms[id.index()] = Some(tangent);
                y
            }
            Op::Activation(kind) => match t {
                Some(t) => Some(kernels.activation_backward(x()?, t, *kind)),
                None => None,
            },
            Op::Pool { kind, window } => match t {
                Some(t) => Some(kernels.pool_tangent(x()?, &t, *kind, window)),
                None => None,
            },
            Op::GlobalAveragePool => t.map(|t| kernels.global_average_pool(t)),
            Op::Flatten => t.map(|t| kernels.flatten(t)),
            Op::Add => inputs.fold(t, |total, t| sum(kernels, total, t)),
            Op::Concat => self.concat(node, std::iter::once(t).chain(inputs).collect()),
            Op::PadChannels { before, after } => {
                t.map(|t| pad_channels(kernels, (pass.images(), node.shape), t, [*before, *after]))
            }
            Op::Pad { before, after } => t.map(|t| kernels.pad(&t, *before, *after)),
            Op::Nearest => t.map(|t| kernels.nearest(&t, node.shape.size())),
            Op::BatchNorm(_) | Op::Input | Op::Identity => t,
            Op::Scale(by) => t.map(|t| scaled(kernels, &t, node.shape, *by)),
            Op::Zero | Op::Zeros => None,
            Op::Embedding { table, row } => along(self.direction, Some(*table))
                .map(|moved| tokens::embed(kernels, pass, (moved.numbers(), *row), node.shape)),
            Op::LayerNorm(norm) => {
                let moved =
                    (along(self.direction, Some(norm.weight)), along(self.direction, Some(norm.bias)));
                let spec = pass.token_norm(node.shape, norm);
                tokens::layer_norm_tangent(kernels, (x()?, t.as_ref()), &spec, moved)
                    .map_err(pass.failed(id))?
            }
            Op::Attention { heads } => {
                let tangents: Vec<Option<K::Value>> = std::iter::once(t).chain(inputs).collect();
                let value = |k: usize| self.tape.value(pass, node.inputs[k]);
                let (q, k, v) = (value(0)?, value(1)?, value(2)?);
                let tangent = |k: usize| tangents.get(k).and_then(Option::as_ref);
                let qkv = [(q, tangent(0)), (k, tangent(1)), (v, tangent(2))];
                let attended = pass.attended();
                let heads = pass.heads(node.shape, *heads, &attended);
                tokens::attention_tangent(kernels, qkv, &heads).map_err(pass.failed(id))?
            }
        })
    }

    /// The tangent of a concatenation: zeros stand for the inputs that do not move, unless none moves.
    fn concat(&self, node: &Node, tangents: Vec<Option<K::Value>>) -> Option<K::Value> {
        tangents.iter().any(Option::is_some).then(|| {
            let n = self.pass.images();
            let parts = node.inputs.iter().zip(tangents).map(|(id, t)| {
                let shape = self.pass.graph.node(*id).shape;
                t.unwrap_or_else(|| self.kernels.zeros(n, shape))
            });
            self.kernels.concat(parts.collect())
        })
    }
}

/// The numbers of a direction for the weight and the bias of a layer.
pub(super) struct LayerDirection<'a> {
    pub weight: Cow<'a, HostValues>,
    pub bias: Option<&'a HostValues>,
}

impl<'a> LayerDirection<'a> {
    /// `None` when neither weight nor bias moves. Where only the bias moves, the weight's numbers are zeros.
    pub fn of(
        direction: &'a ParamValues,
        (weight, bias): (ParamId, Option<ParamId>),
        count: usize,
    ) -> Option<Self> {
        let (weight, bias) = (along(direction, Some(weight)), along(direction, bias));
        let zeros = || Cow::Owned(HostValues::F64(vec![0.0; count]));
        (weight.is_some() || bias.is_some())
            .then(|| Self { weight: weight.map_or_else(zeros, Cow::Borrowed), bias })
    }
}
