//! First derivatives of the operations.

use super::tape::Tape;
use super::{NodeGradients, NodeWant, Rules};
use crate::engine::executor::{pad_channels, scaled};
use crate::engine::kernels::{HostValues, Kernels, LayerGradients, LayerWants};
use crate::engine::{EngineError, ForwardPass, NormStatistics, tokens};
use crate::graph::{Node, NodeId, Op, ParamId};

/// The rules for cotangents of a recorded pass.
pub struct FirstOrder<'a, K: Kernels> {
    pub kernels: &'a K,
    pub pass: &'a ForwardPass<'a>,
    pub tape: &'a Tape<K::Value>,
}

impl<K: Kernels> FirstOrder<'_, K> {
    /// Queries, keys and values of an attention node.
    pub(super) fn sequences(&self, node: &Node) -> Result<[&K::Value; 3], EngineError> {
        let value = |k: usize| self.tape.value(self.pass, node.inputs[k]);
        Ok([value(0)?, value(1)?, value(2)?])
    }
}

impl<K: Kernels> Rules for FirstOrder<'_, K> {
    type Cotangent = K::Value;

    fn add(&self, a: K::Value, b: K::Value) -> K::Value {
        self.kernels.add(a, b)
    }

    fn split(&self, dy: K::Value, channels: &[usize]) -> Vec<K::Value> {
        self.kernels.split(&dy, channels)
    }

    fn backward(
        &self,
        id: NodeId,
        dy: K::Value,
        wants: LayerWants,
    ) -> Result<NodeGradients<K::Value>, EngineError> {
        let (kernels, pass) = (self.kernels, self.pass);
        let node = pass.graph.node(id);
        let Some(from) = node.inputs.first().copied() else {
            return Ok(NodeGradients::nothing());
        };
        let x = || self.tape.value(pass, from);
        let shape = pass.graph.node(from).shape;
        Ok(match &node.op {
            Op::Conv2d { weight, bias, .. } | Op::Linear { weight, bias } => {
                let layer = pass.linear_layer(&node.op, (*weight, *bias));
                let gradients = layer.backward(kernels, x()?, &dy, wants).map_err(pass.failed(id))?;
                named(gradients, Some(*weight), *bias)
            }
            Op::BatchNorm(norm) if pass.norm != NormStatistics::Bypass => {
                let state = self.tape.norm(pass, id)?;
                let gradients = state.backward(kernels, x()?, dy, wants).map_err(pass.failed(id))?;
                named(gradients, norm.weight, norm.bias)
            }
            Op::Activation(kind) => NodeGradients::input(kernels.activation_backward(x()?, dy, *kind)),
            Op::Pool { kind, window } => {
                NodeGradients::input(kernels.pool_backward(x()?, &dy, *kind, window))
            }
            Op::GlobalAveragePool => NodeGradients::input(kernels.global_average_pool_backward(&dy, shape)),
            Op::Flatten => NodeGradients::input(kernels.unflatten(dy, shape)),
            Op::Pad { before, after } => {
                let opposite = |by: &[isize; 2]| by.map(|by| -by);
                NodeGradients::input(kernels.pad(&dy, opposite(before), opposite(after)))
            }
            Op::Nearest => NodeGradients::input(kernels.nearest_backward(&dy, shape.size())),
            Op::BatchNorm(_) | Op::Input | Op::Identity | Op::Add | Op::Concat => NodeGradients::input(dy),
            Op::PadChannels { before, after } => {
                NodeGradients::input(pad_channels(kernels, (pass.images(), shape), dy, [-before, -after]))
            }
            Op::Scale(by) => NodeGradients::input(scaled(kernels, &dy, shape, *by)),
            Op::Zero | Op::Zeros => NodeGradients::input(kernels.zero(dy)),
            Op::Embedding { table, row } => {
                let of = (*table, *row, node.shape);
                let gradient = tokens::embed_backward(kernels, pass, of, &dy, wants.params);
                NodeGradients::table(*table, gradient.map_err(pass.failed(id))?)
            }
            Op::LayerNorm(norm) => {
                let spec = pass.token_norm(node.shape, norm);
                let gradients = tokens::layer_norm_backward(kernels, (x()?, &dy), &spec, wants);
                named(gradients.map_err(pass.failed(id))?, Some(norm.weight), Some(norm.bias))
            }
            Op::Attention { heads } => {
                let attended = pass.attended();
                let heads = pass.heads(node.shape, *heads, &attended);
                let gradients = tokens::attention_backward(kernels, self.sequences(node)?, &dy, &heads);
                NodeGradients::inputs(gradients.map_err(pass.failed(id))?)
            }
        })
    }

    fn at_node(&self, id: NodeId, dy: &K::Value, want: NodeWant) -> Result<HostValues, EngineError> {
        let gradient = match want {
            NodeWant::Gradient => self.kernels.host(dy),
            NodeWant::ChannelProducts => {
                let centre = vec![0.0; self.pass.graph.node(id).shape.channels()];
                let value = self.tape.value(self.pass, id)?;
                self.kernels.channel_dot(dy, value, &centre, true).map(HostValues::F64)
            }
        };
        gradient.map_err(self.pass.failed(id))
    }
}

/// A layer's gradients with the ids of its parameters.
pub(super) fn named<V>(
    gradients: LayerGradients<V>,
    weight: Option<ParamId>,
    bias: Option<ParamId>,
) -> NodeGradients<V> {
    let ids = [weight, bias].into_iter().zip([gradients.weight, gradients.bias]);
    let params = ids.filter_map(|(id, gradient)| Some((id?, gradient?))).collect();
    let sums = weight.zip(gradients.weight_sums);
    NodeGradients { input: gradients.input, params, sums, ..NodeGradients::nothing() }
}
