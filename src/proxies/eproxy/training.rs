//! Stochastic gradient descent with momentum on one mini-batch, as PyTorch's `SGD` carries it out.

use crate::engine::{
    Cotangent, EngineError, ForwardPass, GradientForm, GradientSink, HostValues, InputBatch, NodeWant,
    NormStatistics, Session, Wants,
};
use crate::graph::{Graph, NodeId, ParamId, Weights};
use crate::proxies::{Context, ScoreError};

/// Name of the convolution that is not trained.
pub const BARRIER: &str = "barrier";

/// Settings of the official code for NAS-Bench-201.
const STEPS: usize = 10;
const RATE: f64 = 1.2;
const MOMENTUM: f64 = 0.9;
/// On weights of two and more axes.
const DECAY: f64 = 4e-5;

/// The levels' mean squared errors at the last of ten forward passes; the weights move after each but the last.
///
/// # Errors
/// The engine's.
pub fn errors(
    context: &Context<'_>,
    graph: &Graph,
    mut weights: Weights,
    heads: &[NodeId],
    targets: &[Vec<f64>],
) -> Result<Vec<f64>, ScoreError> {
    let trained: Vec<ParamId> =
        graph.trainable().filter(|(_, p)| !p.name.contains(BARRIER)).map(|(id, _)| id).collect();
    let (images, shape) = context.batch()?;
    let mut descent = Descent { velocity: vec![None; graph.params().len()] };
    for step in 1.. {
        let pass = ForwardPass {
            graph,
            weights: &weights,
            input: InputBatch { images: &images, shape },
            norm: NormStatistics::Batch,
            precision: context.network.setup().precision,
            observations: &[],
        };
        let session = context.engine.session(&pass, heads)?;
        let (errors, cotangents) = compare(session.as_ref(), heads, targets)?;
        if step == STEPS || !errors.iter().all(|e| e.is_finite()) {
            return Ok(errors);
        }
        let seeds: Vec<Cotangent<'_>> =
            heads.iter().zip(&cotangents).map(|(node, values)| Cotangent { node: *node, values }).collect();
        let wants = Wants { params: &trained, form: GradientForm::Summed, nodes: &[] };
        let mut gradients = Kept(vec![]);
        session.backward(&seeds, &wants, &mut gradients)?;
        drop(session);
        gradients.0.into_iter().for_each(|(id, g)| descent.step(graph, &mut weights, id, &g.to_f64()));
    }
    Ok(vec![])
}

/// Mean squared error of each level, and its gradient `2 (y - t) / numel`.
fn compare(
    session: &dyn Session,
    heads: &[NodeId],
    targets: &[Vec<f64>],
) -> Result<(Vec<f64>, Vec<Vec<f64>>), EngineError> {
    let mut found = (vec![], vec![]);
    for (node, target) in heads.iter().zip(targets) {
        let count = target.len() as f64;
        let output = session.value(*node)?.to_f64();
        let difference: Vec<f64> = output.iter().zip(target).map(|(y, t)| y - t).collect();
        found.0.push(difference.iter().map(|d| d * d).sum::<f64>() / count);
        found.1.push(difference.into_iter().map(|d| 2.0 * d / count).collect());
    }
    Ok(found)
}

/// `v <- 0.9 v + g + decay w`, `w <- w - rate v`; the first step has no momentum.
struct Descent {
    velocity: Vec<Option<Vec<f64>>>,
}

impl Descent {
    fn step(&mut self, graph: &Graph, weights: &mut Weights, id: ParamId, gradient: &[f64]) {
        let decay = if graph.param(id).shape.len() > 1 { DECAY } else { 0.0 };
        let velocity = self.velocity[id.index()].get_or_insert_with(|| vec![0.0; gradient.len()]);
        for ((v, w), g) in velocity.iter_mut().zip(weights.get_mut(id)).zip(gradient) {
            *v = MOMENTUM * *v + g + decay * f64::from(*w);
            *w = (f64::from(*w) - RATE * *v) as f32;
        }
    }
}

/// Gradients as they come.
struct Kept(Vec<(ParamId, HostValues)>);

impl GradientSink for Kept {
    fn param(&mut self, id: ParamId, gradient: HostValues) {
        self.0.push((id, gradient));
    }

    fn node(&mut self, _: NodeId, _: NodeWant, _: HostValues) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::init::Scheme;
    use crate::graph::{Builder, Shape};

    /// Two steps of one weight and one bias by hand.
    #[test]
    fn descent_by_hand() {
        let mut b = Builder::new("Linear", Shape::Vector { features: 1 });
        let logits = b.linear("fc", b.input(), 1);
        let graph = b.finish(logits).unwrap();
        let ids: Vec<ParamId> = graph.trainable().map(|(id, _)| id).collect();
        let mut weights = Weights::init(&graph, Scheme::Default, 0);
        ids.iter().for_each(|id| weights.get_mut(*id)[0] = 1.0);
        let mut descent = Descent { velocity: vec![None; 2] };
        for _ in 0..2 {
            ids.iter().for_each(|id| descent.step(&graph, &mut weights, *id, &[0.25]));
        }
        // v = 0.25, w = 0.7; v = 0.475, w = 0.13. The weight also decays.
        let bias = f64::from(weights.get(ids[1])[0]);
        assert!((bias - 0.13).abs() < 1e-7);
        let (v1, w1) = (0.25 + DECAY, 1.0 - RATE * (0.25 + DECAY));
        let w2 = w1 - RATE * (MOMENTUM * v1 + 0.25 + DECAY * w1);
        assert!((f64::from(weights.get(ids[0])[0]) - w2).abs() < 1e-7);
    }
}
