//! Second derivatives in a direction: the rules of [`FirstOrder`], differentiated.

use super::tangent::{LayerDirection, Tangents};
use super::{Differentiated, FirstOrder, NodeGradients, NodeWant, Rules, first, sum};
use crate::engine::kernels::{GradientForm, HostValues, Kernels, LayerGradients, LayerWants};
use crate::engine::layers::{LinearLayer, ParamValues, along};
use crate::engine::{EngineError, NormStatistics, tokens};
use crate::graph::{NodeId, Op, ParamId};

/// A cotangent and its derivative in the direction, which is zero where it is `None`.
#[derive(Clone)]
pub struct DualCotangent<V> {
    pub value: V,
    pub tangent: Option<V>,
}

/// The rules for cotangents with their derivatives. The gradients they give are derivatives of gradients.
pub struct SecondOrder<'a, K: Kernels> {
    pub first: FirstOrder<'a, K>,
    pub tangents: &'a Tangents<K::Value>,
    pub direction: &'a ParamValues,
}

impl<K: Kernels> SecondOrder<'_, K> {
    /// The gradients of a layer that is linear in its input and in its weight, differentiated by the product rule. `moved`
    /// is the layer with the direction's weight.
    fn linear(
        &self,
        (id, from): (NodeId, NodeId),
        dy: &DualCotangent<K::Value>,
        wants: LayerWants,
        (layer, moved): (LinearLayer<'_>, Option<LinearLayer<'_>>),
    ) -> Result<Differentiated<K::Value>, EngineError> {
        let FirstOrder { kernels, pass, tape } = self.first;
        let x = tape.value(pass, from)?;
        let failed = pass.failed(id);
        let run =
            |layer: &LinearLayer<'_>, x: &K::Value, dy: &K::Value, input: bool, params: GradientForm| {
                layer.backward(kernels, x, dy, LayerWants { input, params }).map_err(&failed)
            };
        let mut result = LayerGradients::nothing();
        if let Some(dt) = &dy.tangent {
            result = run(&layer, x, dt, wants.input, wants.params)?;
        }
        if let Some(t) = self.tangents.value(from).filter(|_| wants.params != GradientForm::None) {
            let more = run(&layer, t, &dy.value, false, wants.params)?;
            result.weight = plus(result.weight, more.weight);
        }
        if !wants.input {
            return Ok(Differentiated { input: None, tangents: result });
        }
        if let Some(moved) = &moved {
            let more = run(moved, x, &dy.value, true, GradientForm::None)?.input;
            result.input = sum(kernels, result.input, more);
        }
        let input = run(&layer, x, &dy.value, true, GradientForm::None)?.input;
        Ok(Differentiated { input, tangents: result })
    }

    /// The gradients with the ids of their parameters; a gradient that does not move has the derivative zero.
    fn finish(
        &self,
        (weight, bias): (Option<ParamId>, Option<ParamId>),
        wants: LayerWants,
        layer: Differentiated<K::Value>,
    ) -> NodeGradients<DualCotangent<K::Value>> {
        let pass = self.first.pass;
        let copies = match wants.params {
            GradientForm::None => 0,
            GradientForm::Summed | GradientForm::SumsOnly => 1,
            GradientForm::PerImage => pass.images(),
        };
        let zeros = |id: ParamId| HostValues::F64(vec![0.0; copies * pass.graph.param(id).numel()]);
        let mut tangents = layer.tangents;
        if copies > 0 {
            tangents.weight = tangents.weight.or_else(|| weight.map(zeros));
            tangents.bias = tangents.bias.or_else(|| bias.map(zeros));
        }
        let input = layer.input.map(|value| DualCotangent { value, tangent: tangents.input.take() });
        let params = first::named(tangents, weight, bias).params;
        NodeGradients { input, params, ..NodeGradients::nothing() }
    }
}

impl<K: Kernels> Rules for SecondOrder<'_, K> {
    type Cotangent = DualCotangent<K::Value>;

    fn add(&self, a: DualCotangent<K::Value>, b: DualCotangent<K::Value>) -> DualCotangent<K::Value> {
        let tangent = sum(self.first.kernels, a.tangent, b.tangent);
        DualCotangent { value: self.first.add(a.value, b.value), tangent }
    }

    fn split(&self, dy: DualCotangent<K::Value>, channels: &[usize]) -> Vec<DualCotangent<K::Value>> {
        let mut tangents = dy.tangent.map(|t| self.first.split(t, channels).into_iter());
        let mut tangent = || tangents.as_mut().and_then(Iterator::next);
        let values = self.first.split(dy.value, channels).into_iter();
        values.map(|value| DualCotangent { value, tangent: tangent() }).collect()
    }

    fn backward(
        &self,
        id: NodeId,
        dy: DualCotangent<K::Value>,
        wants: LayerWants,
    ) -> Result<NodeGradients<DualCotangent<K::Value>>, EngineError> {
        let FirstOrder { kernels, pass, tape } = self.first;
        let node = pass.graph.node(id);
        let Some(from) = node.inputs.first().copied() else {
            return Ok(NodeGradients::nothing());
        };
        Ok(match &node.op {
            Op::Conv2d { weight, bias, .. } | Op::Linear { weight, bias } => {
                let ids = (*weight, *bias);
                let layer = pass.linear_layer(&node.op, ids);
                let direction = LayerDirection::of(self.direction, ids, layer.weight().len());
                let moved = direction.as_ref().map(|d| layer.with_weight(d.weight.numbers()));
                let gradients = self.linear((id, from), &dy, wants, (layer, moved))?;
                self.finish((Some(*weight), *bias), wants, gradients)
            }
            Op::BatchNorm(norm) if pass.norm != NormStatistics::Bypass => {
                let (state, tangent) = (tape.norm(pass, id)?, self.tangents.norm(pass, id)?);
                let x = (tape.value(pass, from)?, self.tangents.value(from));
                let dy = (&dy.value, dy.tangent.as_ref());
                let gradients = state.second_order(kernels, x, dy, tangent, wants);
                self.finish((norm.weight, norm.bias), wants, gradients.map_err(pass.failed(id))?)
            }
            Op::Activation(kind) => {
                // (f'(x) dy)' = f''(x) dy t + f'(x) dt
                let x = tape.value(pass, from)?;
                let t = self.tangents.value(from);
                let curved = t.and_then(|t| kernels.activation_second_derivative(x, &dy.value, t, *kind));
                let straight = dy.tangent.map(|dt| kernels.activation_backward(x, dt, *kind));
                let value = kernels.activation_backward(x, dy.value, *kind);
                NodeGradients::input(DualCotangent { value, tangent: sum(kernels, straight, curved) })
            }
            Op::Embedding { table, row } => {
                // The output is linear in the table, so the gradient moves with the cotangent alone.
                let Some(dt) = &dy.tangent else {
                    let none = Differentiated { input: None, tangents: LayerGradients::nothing() };
                    return Ok(self.finish((Some(*table), None), wants, none));
                };
                // Sums of a derivative are computed from the derivative itself.
                let form = match wants.params {
                    GradientForm::SumsOnly => GradientForm::Summed,
                    form => form,
                };
                let gradient = tokens::embed_backward(kernels, pass, (*table, *row, node.shape), dt, form);
                NodeGradients::table(*table, gradient.map_err(pass.failed(id))?)
            }
            Op::LayerNorm(norm) => {
                let x = (tape.value(pass, from)?, self.tangents.value(from));
                let spec = pass.token_norm(node.shape, norm);
                let dy = (&dy.value, dy.tangent.as_ref());
                let ids = (Some(norm.weight), Some(norm.bias));
                let direction = (along(self.direction, ids.0), along(self.direction, ids.1));
                let (input, tangents) =
                    tokens::layer_norm_second(kernels, (x, dy), &spec, direction, wants.params)
                        .map_err(pass.failed(id))?;
                self.finish(ids, wants, Differentiated { input: Some(input), tangents })
            }
            Op::Attention { heads } => {
                let [q, k, v] = self.first.sequences(node)?;
                let t = |k: usize| self.tangents.value(node.inputs[k]);
                let attended = pass.attended();
                let heads = pass.heads(node.shape, *heads, &attended);
                let dy = (&dy.value, dy.tangent.as_ref());
                let qkv = [(q, t(0)), (k, t(1)), (v, t(2))];
                let all = tokens::attention_second(kernels, qkv, dy, &heads).map_err(pass.failed(id))?;
                let dual = |[value, tangent]: [K::Value; 2]| DualCotangent { value, tangent: Some(tangent) };
                NodeGradients::inputs(all.map(dual))
            }
            // All other operations are linear in their input and have no parameters.
            _ => {
                let wants = LayerWants { input: true, params: GradientForm::None };
                let tangent = dy.tangent.map(|dt| self.first.backward(id, dt, wants)).transpose()?;
                let value = self.first.backward(id, dy.value, wants)?;
                let tangent = tangent.and_then(|gradients| gradients.input);
                let input = value.input.map(|value| DualCotangent { value, tangent });
                NodeGradients { input, ..NodeGradients::nothing() }
            }
        })
    }

    fn at_node(
        &self,
        id: NodeId,
        dy: &DualCotangent<K::Value>,
        want: NodeWant,
    ) -> Result<HostValues, EngineError> {
        let pass = self.first.pass;
        let shape = pass.graph.node(id).shape;
        let straight = dy.tangent.as_ref().map(|dt| self.first.at_node(id, dt, want)).transpose()?;
        let zeros = |each: usize| HostValues::F64(vec![0.0; pass.images() * each]);
        if want == NodeWant::Gradient {
            return Ok(straight.unwrap_or_else(|| zeros(shape.elements())));
        }
        // (a da)' = a da' + a' da
        let centre = vec![0.0; shape.channels()];
        let moved = self.tangents.value(id).map(|t| {
            let products = self.first.kernels.channel_dot(&dy.value, t, &centre, true);
            products.map(HostValues::F64).map_err(pass.failed(id))
        });
        Ok(plus(straight, moved.transpose()?).unwrap_or_else(|| zeros(shape.channels())))
    }
}

/// The sum of two gradients, which are zero where they are `None`.
fn plus(a: Option<HostValues>, b: Option<HostValues>) -> Option<HostValues> {
    let (Some(a), Some(b)) = (&a, &b) else { return a.or(b) };
    Some(match (a, b) {
        (HostValues::F32(a), HostValues::F32(b)) => {
            HostValues::F32(a.iter().zip(b).map(|(a, b)| a + b).collect())
        }
        (a, b) => HostValues::F64(a.to_f64().iter().zip(b.to_f64()).map(|(a, b)| a + b).collect()),
    })
}
