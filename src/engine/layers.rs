//! The parameters of a pass, layer by layer, as kernels take them.

use super::kernels::{Conv, Dense, HostValues, Norm, Numbers};
use super::{EngineError, ForwardPass, NormStatistics};
use crate::graph::{BatchNorm, Node, NodeId, Op, ParamId, Window};

/// Numbers of parameters other than the weights themselves (a direction in parameter space), by [`ParamId`]; `None` is
/// zero.
pub type ParamValues = [Option<HostValues>];

/// A parameter's numbers in a direction.
pub(super) fn along(direction: &ParamValues, id: Option<ParamId>) -> Option<&HostValues> {
    direction.get(id?.index())?.as_ref()
}

impl<'a> ForwardPass<'a> {
    fn numbers(&self, id: ParamId) -> Numbers<'a> {
        Numbers::F32(self.weights.get(id))
    }

    pub(super) fn conv(
        &self,
        (weight, bias): (ParamId, Option<ParamId>),
        window: &'a Window,
        groups: usize,
    ) -> Conv<'a> {
        let shape = self.graph.param(weight).shape.as_slice();
        // A linear layer on tokens has a weight `[out, in]`.
        let kernel = |axis: usize| shape.get(2 + axis).copied().unwrap_or(1);
        Conv {
            weight: self.numbers(weight),
            shape: [shape[0], shape[1], kernel(0), kernel(1)],
            bias: bias.map(|b| self.numbers(b)),
            window,
            groups,
        }
    }

    pub(super) fn dense(&self, (weight, bias): (ParamId, Option<ParamId>)) -> Dense<'a> {
        let shape = self.graph.param(weight).shape.as_slice();
        Dense {
            weight: self.numbers(weight),
            shape: [shape[0], shape[1]],
            bias: bias.map(|b| self.numbers(b)),
        }
    }

    pub(super) fn batch_norm(&self, norm: &BatchNorm) -> Norm<'a> {
        Norm {
            statistics: self.norm,
            weight: norm.weight.map(|id| self.weights.get(id)),
            bias: norm.bias.map(|id| self.weights.get(id)),
            running_mean: self.weights.get(norm.running_mean),
            running_var: self.weights.get(norm.running_var),
            eps: norm.eps,
        }
    }

    /// Number of images.
    pub(super) fn images(&self) -> usize {
        self.input.shape[0]
    }

    /// Attributes a device's message to a node.
    pub(super) fn failed(&self, id: NodeId) -> impl Fn(String) -> EngineError {
        let module = self.graph.node_name(id).to_string();
        move |message| EngineError::Device { module: module.clone(), message }
    }

    /// For each node, whether a batch normalisation takes statistics of it.
    pub(super) fn normalised(&self) -> Vec<bool> {
        let mut normalised = vec![false; self.graph.nodes().len()];
        if matches!(self.norm, NormStatistics::Batch | NormStatistics::PerImage) {
            let norms = self.graph.nodes().iter().filter(|n| matches!(n.op, Op::BatchNorm(_)));
            norms.flat_map(|n| &n.inputs).for_each(|id| normalised[id.index()] = true);
        }
        normalised
    }

    /// PyTorch refuses batch statistics over a single value per channel; so do we.
    pub(super) fn check_statistics(&self, node: &Node) -> Result<(), EngineError> {
        let values = match self.norm {
            NormStatistics::Batch => self.images() * node.shape.pixels(),
            NormStatistics::PerImage => node.shape.pixels(),
            NormStatistics::Running | NormStatistics::Bypass => return Ok(()),
        };
        if values > 1 {
            return Ok(());
        }
        let module = self.graph.modules()[node.module.index()].path.clone();
        Err(EngineError::DegenerateBatch { module })
    }
}
