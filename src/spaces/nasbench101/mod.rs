//! NAS-Bench-101 (Ying et al., ICML 2019): nine copies of one cell, a graph of at most seven vertices and nine edges.
//!
//! The network is a stem (conv3x3 to 128 channels - BN - ReLU), three stacks of three cells, global average pooling and a linear
//! layer. Before the second and third stack there is a 2x2 max pooling, and the channels double. The output of a cell
//! concatenates the vertices that it reads. An interior vertex sums what it reads: other vertices, truncated to its own width,
//! and the cell's input after conv1x1 - BN - ReLU. Where the output reads the cell's input, the input is projected to all output
//! channels and added.
//!
//! Parameters have the names of the benchmark's PyTorch port (github romulus0914/NASBench-PyTorch). The modules are registered in
//! the order in which they run, the projections of a cell's input first. Momentum is the benchmark's (decay 0.997).

mod cell;
#[cfg(test)]
mod tests;
mod text;

pub use cell::{MOST_EDGES, MOST_VERTICES, VertexCell, VertexOperation};

use super::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec, PoolKind, Window};
use crate::keyed::Draws;

/// The space.
pub struct NasBench101;

static SPEC: SpaceSpec = SpaceSpec {
    id: "nasbench101",
    title: "NAS-Bench-101",
    reference: "Ying et al., NAS-Bench-101: towards reproducible neural architecture search, ICML 2019, arXiv:1902.09635",
    size: SpaceSize::Known(423_624),
    example: "conv3x3@0/maxpool3x3@0.1/conv1x1@1.2=0.3",
    encoding: "operation@inputs/...=inputs: the interior vertices 1, 2, ... with conv3x3, conv1x1 or maxpool3x3 and the vertices that \
               they read (0 is the cell's input), then those that the output reads; at most 7 vertices and 9 edges; a cell may be \
               numbered in any order and gets the benchmark's",
};

/// Channels of the stem and of the first stack.
const STEM: usize = 128;
/// Number of cells of each stack. A stack is twice as wide as the one before it.
const STACKS: [usize; 3] = [3, 3, 3];
/// Draws of a mutant. A changed operation is always a cell.
const MOST_DRAWS: usize = 1000;
const NORM: NormSpec = NormSpec { affine: true, eps: 1e-5, momentum: 0.003 };

impl SearchSpace for NasBench101 {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(arch.parse::<VertexCell>()?.canonical().to_string())
    }

    /// The order is that of the benchmark's file, which only the table knows.
    fn arch(&self, _index: usize) -> Option<String> {
        None
    }

    /// One edge is there or not, or one operation becomes another: drawn again until the result is a cell. The number of
    /// vertices stays, since a vertex that is on no path makes the cell invalid.
    fn mutate(&self, arch: &str, draws: &mut Draws) -> Result<Option<String>, ArchError> {
        let cell: VertexCell = arch.parse()?;
        let mutants = std::iter::repeat_with(|| cell.mutant(draws));
        Ok(mutants.take(MOST_DRAWS).find_map(Result::ok).map(|mutant| mutant.canonical().to_string()))
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let graph = arch.parse::<VertexCell>()?.canonical().build(input);
        graph.map_err(SpaceError::graph(SPEC.id, arch))
    }
}

impl VertexCell {
    /// The network of this labelling of the cell.
    ///
    /// # Errors
    /// An input too small for the poolings.
    fn build(&self, input: NetworkInput) -> Result<Graph, GraphError> {
        let mut b = Builder::new("Network", input.shape());
        let x = b.input();
        let x = b.list("layers", |b| {
            let mut x = b.next_child(|b, name| conv_bn_relu(b, name, x, STEM, 3));
            b.stage(x);
            for (stack, cells) in STACKS.into_iter().enumerate() {
                if stack > 0 {
                    x = b.next_child(|b, name| b.pool(name, x, PoolKind::Max, Window::square(2, 2, 0)));
                }
                for _ in 0..cells {
                    x = b.next_child(|b, name| {
                        b.module(name, "Cell", x, |b, x| self.build_cell(b, x, STEM << stack))
                    });
                    b.stage(x);
                }
            }
            x
        });
        b.mark_features(x);
        let x = b.global_pool(None, x);
        let logits = b.linear("classifier", x, input.classes);
        b.finish(logits)
    }

    fn build_cell(&self, b: &mut Builder, x: NodeId, channels: usize) -> NodeId {
        let widths = self.widths(b.shape(x).channels(), channels);
        // One for each vertex that reads the cell's input.
        let projections: Vec<Option<NodeId>> = b.list("input_op", |b| {
            let projected = |y| self.edge(0, y).then(|| conv_bn_relu(b, &y.to_string(), x, widths[y], 1));
            std::iter::once(None).chain((1..=self.output()).map(projected)).collect()
        });
        let mut states = vec![x];
        b.list("vertex_op", |b| {
            for (vertex, operation) in self.interior() {
                let read = self.inputs(vertex).filter(|source| *source > 0);
                let mut parts: Vec<NodeId> = read.map(|x| b.truncate(states[x], widths[vertex])).collect();
                parts.extend(projections[vertex]);
                let sum = b.add(&parts);
                states.push(operation.build(b, &vertex.to_string(), sum));
            }
        });
        b.cell(&states[1..]);
        let joined: Vec<NodeId> = self.inputs(self.output()).filter(|x| *x > 0).map(|x| states[x]).collect();
        let joined = (!joined.is_empty()).then(|| b.concat(&joined));
        let parts: Vec<NodeId> = joined.into_iter().chain(projections[self.output()]).collect();
        b.add(&parts)
    }
}

impl VertexOperation {
    /// Builds the operation, which keeps the shape.
    fn build(self, b: &mut Builder, name: &str, x: NodeId) -> NodeId {
        let channels = b.shape(x).channels();
        match self {
            Self::Conv3x3 => {
                b.module(name, "Conv3x3BnRelu", x, |b, x| conv_bn_relu(b, "conv3x3", x, channels, 3))
            }
            Self::Conv1x1 => {
                b.module(name, "Conv1x1BnRelu", x, |b, x| conv_bn_relu(b, "conv1x1", x, channels, 1))
            }
            Self::MaxPool3x3 => b.module(name, "MaxPool3x3", x, |b, x| {
                b.pool("maxpool", x, PoolKind::Max, Window::square(3, 1, 1))
            }),
        }
    }
}

fn conv_bn_relu(b: &mut Builder, name: &str, x: NodeId, channels: usize, kernel: usize) -> NodeId {
    b.module(name, "ConvBnRelu", x, |b, x| {
        b.module("conv_bn_relu", "Sequential", x, |b, x| {
            let x = b.conv("0", x, ConvSpec::square(channels, kernel, 1));
            let x = b.norm("1", x, NORM);
            b.activation("2", x, Activation::Relu)
        })
    })
}
