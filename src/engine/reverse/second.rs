//! Second derivatives in a direction: the pullbacks of [`super::FirstOrder`], differentiated.

use super::tangent::{Moved, Tangents};
use super::{Differentiated, FirstOrder, LocalWants, NodeWant, Pulled, Rules, first};
use crate::engine::kernels::{
    Conv, Dense, HostValues, Kernels, LayerGradients, LayerWants, Numbers, ParamRows,
};
use crate::engine::layers::{ParamValues, along};
use crate::engine::{EngineError, Heads, NormStatistics, tokens};
use crate::graph::{NodeId, Op, ParamId};

/// A cotangent and its derivative in the direction, `None` for zero.
#[derive(Clone)]
pub struct Dual<V> {
    pub value: V,
    pub tangent: Option<V>,
}

/// Pulls cotangents with their derivatives; the gradients it gives are those derivatives.
pub struct SecondOrder<'a, K: Kernels> {
    pub first: FirstOrder<'a, K>,
    pub tangents: &'a Tangents<K::Value>,
    pub direction: &'a ParamValues,
}

impl<K: Kernels> SecondOrder<'_, K> {
    fn sum(&self, a: Option<K::Value>, b: Option<K::Value>) -> Option<K::Value> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.first.kernels.add(a, b)),
            (a, b) => a.or(b),
        }
    }

    /// A layer that is linear in its input `x` and in its weight: `backward(x, dy, along, wants)` gives its gradients with
    /// its own weight, or with the direction's.
    fn layer(
        &self,
        (id, from): (NodeId, NodeId),
        dy: &Dual<K::Value>,
        wants: LocalWants,
        moved: bool,
        backward: impl Fn(&K::Value, &K::Value, bool, LayerWants) -> Result<LayerGradients<K::Value>, String>,
    ) -> Result<Differentiated<K::Value>, EngineError> {
        let pass = self.first.pass;
        let x = self.first.tape.value(pass, from)?;
        let failed = pass.failed(id);
        let run = |x: &K::Value, dy: &K::Value, along: bool, input: bool, params: ParamRows| {
            backward(x, dy, along, LayerWants { input, params }).map_err(&failed)
        };
        let mut result = LayerGradients::nothing();
        if let Some(dt) = &dy.tangent {
            result = run(x, dt, false, wants.input, wants.params)?;
        }
        if let Some(t) = self.tangents.value(from).filter(|_| wants.params != ParamRows::None) {
            let more = run(t, &dy.value, false, false, wants.params)?;
            result.weight = plus(result.weight, more.weight);
        }
        if !wants.input {
            return Ok(Differentiated { input: None, tangents: result });
        }
        if moved {
            result.input = self.sum(result.input, run(x, &dy.value, true, true, ParamRows::None)?.input);
        }
        let input = run(x, &dy.value, false, true, ParamRows::None)?.input;
        Ok(Differentiated { input, tangents: result })
    }

    /// Names the gradients; those that do not move are zeros.
    fn finish(
        &self,
        (weight, bias): (Option<ParamId>, Option<ParamId>),
        wants: LocalWants,
        pulled: Differentiated<K::Value>,
    ) -> Pulled<Dual<K::Value>> {
        let pass = self.first.pass;
        let rows = match wants.params {
            ParamRows::None => 0,
            ParamRows::Summed | ParamRows::Sums => 1,
            ParamRows::PerImage => pass.images(),
        };
        let zeros = |id: ParamId| HostValues::F64(vec![0.0; rows * pass.graph.param(id).numel()]);
        let mut tangents = pulled.tangents;
        if rows > 0 {
            tangents.weight = tangents.weight.or_else(|| weight.map(zeros));
            tangents.bias = tangents.bias.or_else(|| bias.map(zeros));
        }
        let input = pulled.input.map(|value| Dual { value, tangent: tangents.input.take() });
        Pulled { input, params: first::named(tangents, weight, bias).params, ..Pulled::nothing() }
    }
}

impl<K: Kernels> Rules for SecondOrder<'_, K> {
    type Cotangent = Dual<K::Value>;

    fn add(&self, a: Dual<K::Value>, b: Dual<K::Value>) -> Dual<K::Value> {
        Dual { value: self.first.add(a.value, b.value), tangent: self.sum(a.tangent, b.tangent) }
    }

    fn split(&self, dy: Dual<K::Value>, channels: &[usize]) -> Vec<Dual<K::Value>> {
        let mut tangents = dy.tangent.map(|t| self.first.split(t, channels).into_iter());
        let values = self.first.split(dy.value, channels).into_iter();
        values.map(|value| Dual { value, tangent: tangents.as_mut().and_then(Iterator::next) }).collect()
    }

    fn pull(
        &self,
        id: NodeId,
        dy: Dual<K::Value>,
        wants: LocalWants,
    ) -> Result<Pulled<Dual<K::Value>>, EngineError> {
        let FirstOrder { kernels, pass, tape } = self.first;
        let node = pass.graph.node(id);
        let Some(from) = node.inputs.first().copied() else {
            return Ok(Pulled::nothing());
        };
        match &node.op {
            Op::Conv2d { weight, bias, window, groups } => {
                let conv = pass.conv((*weight, *bias), window, *groups);
                let moved = Moved::of(self.direction, (*weight, *bias), conv.weight.len());
                let along = moved.as_ref().map(|m| m.weight.numbers());
                let pulled =
                    self.layer((id, from), &dy, wants, moved.is_some(), |x, dy, is_along, wants| {
                        let weight: Numbers<'_> = along.filter(|_| is_along).unwrap_or(conv.weight);
                        kernels.conv2d_backward(x, dy, &Conv { weight, ..conv }, wants)
                    })?;
                Ok(self.finish((Some(*weight), *bias), wants, pulled))
            }
            Op::Linear { weight, bias } => {
                let dense = pass.dense((*weight, *bias));
                let moved = Moved::of(self.direction, (*weight, *bias), dense.weight.len());
                let along = moved.as_ref().map(|m| m.weight.numbers());
                let pulled =
                    self.layer((id, from), &dy, wants, moved.is_some(), |x, dy, is_along, wants| {
                        let weight: Numbers<'_> = along.filter(|_| is_along).unwrap_or(dense.weight);
                        kernels.linear_backward(x, dy, &Dense { weight, ..dense }, wants)
                    })?;
                Ok(self.finish((Some(*weight), *bias), wants, pulled))
            }
            Op::BatchNorm(norm) if pass.norm != NormStatistics::Bypass => {
                let (state, tangent) = (tape.norm(pass, id)?, self.tangents.norm(pass, id)?);
                let x = (tape.value(pass, from)?, self.tangents.value(from));
                let dy = (&dy.value, dy.tangent.as_ref());
                let pulled = state.pull_tangent(kernels, x, dy, tangent, wants).map_err(pass.failed(id))?;
                Ok(self.finish((norm.weight, norm.bias), wants, pulled))
            }
            Op::Activation(kind) => {
                let x = tape.value(pass, from)?;
                let bend = self.tangents.value(from);
                let bend = bend.and_then(|t| kernels.activation_curvature(x, &dy.value, t, *kind));
                let slope = dy.tangent.map(|dt| kernels.activation_backward(x, dt, *kind));
                let value = kernels.activation_backward(x, dy.value, *kind);
                Ok(Pulled::input(Dual { value, tangent: self.sum(slope, bend) }))
            }
            Op::Embedding { table, row } => {
                // Linear in the table, whose gradient moves with the cotangent.
                let none = Differentiated { input: None, tangents: LayerGradients::nothing() };
                let Some(dt) = &dy.tangent else { return Ok(self.finish((Some(*table), None), wants, none)) };
                // Sums of a derivative are taken from the derivative itself.
                let rows = if wants.params == ParamRows::Sums { ParamRows::Summed } else { wants.params };
                let moved = tokens::embed_backward(kernels, pass, (id, *table, *row), dt, rows)?;
                Ok(Pulled { params: moved.params, ..Pulled::nothing() })
            }
            Op::LayerNorm(norm) => {
                let x = (tape.value(pass, from)?, self.tangents.value(from));
                let spec = pass.token_norm(node.shape, norm);
                let dy = (&dy.value, dy.tangent.as_ref());
                let moved =
                    (along(self.direction, Some(norm.weight)), along(self.direction, Some(norm.bias)));
                let (input, tangents) =
                    tokens::layer_norm_second(kernels, (x, dy), &spec, moved, wants.params)
                        .map_err(pass.failed(id))?;
                let pulled = Differentiated { input: Some(input), tangents };
                Ok(self.finish((Some(norm.weight), Some(norm.bias)), wants, pulled))
            }
            Op::Attention { heads } => {
                let [q, k, v] = self.first.sequences(node)?;
                let t = |k: usize| self.tangents.value(node.inputs[k]);
                let attended = pass.attended();
                let heads = Heads::of(pass.images(), node.shape, *heads, &attended);
                let dy = (&dy.value, dy.tangent.as_ref());
                let moving = [(q, t(0)), (k, t(1)), (v, t(2))];
                let all = tokens::attention_second(kernels, moving, dy, &heads).map_err(pass.failed(id))?;
                Ok(Pulled::inputs(all.map(|[value, tangent]| Dual { value, tangent: Some(tangent) })))
            }
            // Linear, without parameters.
            _ => {
                let wants = LocalWants { input: true, params: ParamRows::None };
                let tangent = dy.tangent.map(|dt| self.first.pull(id, dt, wants)).transpose()?;
                let value = self.first.pull(id, dy.value, wants)?;
                let tangent = tangent.and_then(|p| p.input);
                Ok(Pulled { input: value.input.map(|value| Dual { value, tangent }), ..Pulled::nothing() })
            }
        }
    }

    fn deliver(&self, id: NodeId, dy: &Dual<K::Value>, want: NodeWant) -> Result<HostValues, EngineError> {
        let pass = self.first.pass;
        let shape = pass.graph.node(id).shape;
        let slope = dy.tangent.as_ref().map(|dt| self.first.deliver(id, dt, want)).transpose()?;
        if want == NodeWant::Gradient {
            return Ok(slope.unwrap_or_else(|| HostValues::F64(vec![0.0; pass.images() * shape.elements()])));
        }
        // (a da)' = a da' + a' da
        let centre = vec![0.0; shape.channels()];
        let moved = self.tangents.value(id).map(|t| {
            let products = self.first.kernels.channel_dot(&dy.value, t, &centre, true);
            products.map(HostValues::F64).map_err(pass.failed(id))
        });
        let zeros = || HostValues::F64(vec![0.0; pass.images() * shape.channels()]);
        Ok(plus(slope, moved.transpose()?).unwrap_or_else(zeros))
    }
}

fn plus(a: Option<HostValues>, b: Option<HostValues>) -> Option<HostValues> {
    let (Some(a), Some(b)) = (&a, &b) else { return a.or(b) };
    Some(match (a, b) {
        (HostValues::F32(a), HostValues::F32(b)) => {
            HostValues::F32(a.iter().zip(b).map(|(a, b)| a + b).collect())
        }
        (a, b) => HostValues::F64(a.to_f64().iter().zip(b.to_f64()).map(|(a, b)| a + b).collect()),
    })
}
