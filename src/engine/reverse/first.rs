//! First derivatives of the operations.

use super::{LocalWants, NodeWant, Pulled, Rules};
use crate::engine::executor::pad_channels;
use crate::engine::kernels::{HostValues, Kernels, LayerGradients, LayerWants};
use crate::engine::tape::Tape;
use crate::engine::{EngineError, ForwardPass, Heads, NormStatistics, tokens};
use crate::graph::{Node, NodeId, Op, ParamId};

/// Pulls cotangents back through a recorded pass.
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

    fn pull(&self, id: NodeId, dy: K::Value, wants: LocalWants) -> Result<Pulled<K::Value>, EngineError> {
        let (kernels, pass) = (self.kernels, self.pass);
        let node = pass.graph.node(id);
        let Some(from) = node.inputs.first().copied() else {
            return Ok(Pulled::nothing());
        };
        let x = || self.tape.value(pass, from);
        let shape = pass.graph.node(from).shape;
        let layer = LayerWants { input: wants.input, params: wants.params };
        Ok(match &node.op {
            Op::Conv2d { weight, bias, window, groups } => {
                let conv = pass.conv((*weight, *bias), window, *groups);
                let gradients = kernels.conv2d_backward(x()?, &dy, &conv, layer).map_err(pass.failed(id))?;
                named(gradients, Some(*weight), *bias)
            }
            Op::Linear { weight, bias } => {
                let dense = pass.dense((*weight, *bias));
                let gradients = kernels.linear_backward(x()?, &dy, &dense, layer).map_err(pass.failed(id))?;
                named(gradients, Some(*weight), *bias)
            }
            Op::BatchNorm(norm) if pass.norm != NormStatistics::Bypass => {
                let state = self.tape.norm(pass, id)?;
                let gradients = state.pull(kernels, x()?, dy, wants).map_err(pass.failed(id))?;
                named(gradients, norm.weight, norm.bias)
            }
            Op::Activation(kind) => Pulled::input(kernels.activation_backward(x()?, dy, *kind)),
            Op::Pool { kind, window } => Pulled::input(kernels.pool_backward(x()?, &dy, *kind, window)),
            Op::GlobalAveragePool => Pulled::input(kernels.global_average_pool_backward(&dy, shape)),
            Op::Flatten => Pulled::input(kernels.unflatten(dy, shape)),
            Op::Pad { before, after } => {
                let turned = |by: &[isize; 2]| by.map(|by| -by);
                Pulled::input(kernels.pad(&dy, turned(before), turned(after)))
            }
            Op::Nearest => Pulled::input(kernels.nearest_backward(&dy, shape.size())),
            Op::BatchNorm(_) | Op::Input | Op::Identity | Op::Add | Op::Concat => Pulled::input(dy),
            Op::PadChannels { before, after } => {
                Pulled::input(pad_channels(kernels, (pass.images(), shape), dy, [-before, -after]))
            }
            Op::Zero | Op::Zeros => Pulled::input(kernels.zero(dy)),
            Op::Embedding { table, row } => {
                tokens::embed_backward(kernels, pass, (id, *table, *row), &dy, wants.params)?
            }
            Op::LayerNorm(norm) => {
                let spec = pass.token_norm(node.shape, norm);
                let gradients = kernels.layer_norm_backward(x()?, &dy, &spec, layer);
                named(gradients.map_err(pass.failed(id))?, Some(norm.weight), Some(norm.bias))
            }
            Op::Attention { heads } => {
                let attended = pass.attended();
                let heads = Heads::of(pass.images(), node.shape, *heads, &attended);
                let gradients = kernels.attention_backward(self.sequences(node)?, &dy, &heads);
                Pulled::inputs(gradients.map_err(pass.failed(id))?)
            }
        })
    }

    fn deliver(&self, id: NodeId, dy: &K::Value, want: NodeWant) -> Result<HostValues, EngineError> {
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

/// A layer's gradients under the names of its parameters.
pub(super) fn named<V>(
    gradients: LayerGradients<V>,
    weight: Option<ParamId>,
    bias: Option<ParamId>,
) -> Pulled<V> {
    let names = [weight, bias].into_iter().zip([gradients.weight, gradients.bias]);
    let params = names.filter_map(|(id, gradient)| Some((id?, gradient?))).collect();
    Pulled { input: gradients.input, params, sums: weight.zip(gradients.weight_sums), ..Pulled::nothing() }
}
