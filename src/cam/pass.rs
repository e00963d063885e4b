//! The pass for a map: forward, and backward from the class's logit to the layer.

use super::{Explained, Maps};
use crate::engine::{
    Cotangent, EngineError, ForwardPass, GradientForm, Gradients, HostValues, InputBatch, NodeWant,
    Observation, Reduced, Reduction, Wants,
};
use crate::graph::{NodeId, Tap};

/// The output of a layer and its gradient, `[N, channels, pixels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    pub size: [usize; 2],
    pub channels: usize,
    pub values: Vec<f64>,
    pub gradients: Vec<f64>,
}

impl Observed {
    /// Values and gradients of each channel of each image, in the order of `[N, channels]`.
    pub fn each(&self) -> impl Iterator<Item = (&[f64], &[f64])> {
        let pixels = (self.size[0] * self.size[1]).max(1);
        self.values.chunks(pixels).zip(self.gradients.chunks(pixels))
    }

    /// `ReLU(sum_k w_k A_k)` with weights `[N, channels]`.
    pub fn map(&self, weights: &[f64]) -> Maps {
        let pixels = self.size[0] * self.size[1];
        let images = self.values.chunks(self.channels * pixels).zip(weights.chunks(self.channels));
        let mut values = Vec::with_capacity(self.values.len() / self.channels.max(1));
        for (image, weights) in images {
            let mut map = vec![0.0; pixels];
            for (channel, weight) in image.chunks(pixels).zip(weights) {
                map.iter_mut().zip(channel).for_each(|(m, a)| *m += weight * a);
            }
            values.extend(map.into_iter().map(|m| m.max(0.0)));
        }
        Maps { size: self.size, values }
    }
}

impl<'a> Explained<'a> {
    fn pass<'p>(&'p self, input: InputBatch<'p>, observations: &'p [Observation]) -> ForwardPass<'p> {
        ForwardPass {
            graph: self.graph,
            weights: self.weights,
            input,
            norm: self.statistics,
            precision: self.precision,
            observations,
        }
    }

    /// The output of a layer, and the gradient of each image's own class. Gradients of weights are not computed.
    pub(super) fn observe(
        &self,
        input: InputBatch<'_>,
        classes: &[u32],
        node: NodeId,
    ) -> Result<Observed, EngineError> {
        let logits = self.graph.logits();
        let session = self.engine.session(&self.pass(input, &[]), &[node, logits])?;
        let width = self.graph.node(logits).shape.elements();
        let mut chosen = vec![0.0; classes.len() * width];
        classes.iter().enumerate().for_each(|(i, class)| chosen[i * width + *class as usize] = 1.0);
        let wants = Wants { params: &[], form: GradientForm::None, nodes: &[(node, NodeWant::Gradient)] };
        let mut gradients = Gradients::default();
        session.backward(&[Cotangent { node: logits, values: &chosen }], &wants, &mut gradients)?;
        let values = session.value(node)?.to_f64();
        // A layer on which the logits do not depend has no gradient; its map is zero.
        let gradients = gradients.node(node, NodeWant::Gradient).map(HostValues::to_f64);
        let gradients = gradients.unwrap_or_else(|| vec![0.0; values.len()]);
        let shape = self.graph.node(node).shape;
        Ok(Observed { size: size_of(self, node), channels: shape.channels(), values, gradients })
    }

    /// The logits of all images, `[N, classes]`, and the output of a layer, `[N, channels, pixels]`.
    pub(super) fn look(&self, input: InputBatch<'_>, node: NodeId) -> Result<[Vec<f64>; 2], EngineError> {
        let tap = |node| Observation { taps: vec![Tap { node, times: 1 }], reduction: Reduction::Copy };
        let observations = [tap(self.graph.logits()), tap(node)];
        let mut seen = self.engine.forward(&self.pass(input, &observations))?.into_iter();
        let mut next = || match seen.next() {
            Some(Reduced::Values(mut values)) if !values.is_empty() => values.swap_remove(0).1,
            _ => vec![],
        };
        Ok([next(), next()])
    }

    /// The logits of all images, `[N, classes]`.
    ///
    /// # Errors
    /// The engine's error.
    pub fn logits(&self, input: InputBatch<'_>) -> Result<Vec<f64>, EngineError> {
        let [logits, _] = self.look(input, self.graph.logits())?;
        Ok(logits)
    }

    /// The class with the largest logit of each image.
    ///
    /// # Errors
    /// The engine's error.
    pub fn predictions(&self, input: InputBatch<'_>) -> Result<Vec<u32>, EngineError> {
        let classes = self.graph.node(self.graph.logits()).shape.elements();
        let best = |row: &[f64]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]).then(b.cmp(a)));
        Ok(self.logits(input)?.chunks(classes).map(|row| best(row).unwrap_or(0) as u32).collect())
    }
}

/// Height and width of a layer's output.
pub fn size_of(net: &Explained<'_>, node: NodeId) -> [usize; 2] {
    match net.graph.node(node).shape {
        crate::graph::Shape::Map { height, width, .. } => [height, width],
        crate::graph::Shape::Vector { .. } => [1, 1],
    }
}
