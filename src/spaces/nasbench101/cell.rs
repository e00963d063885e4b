//! Cells of NAS-Bench-101, with their widths, parameter counts and canonical labelling.

use super::{STACKS, STEM};
use crate::keyed::Draws;

/// Limits of the benchmark.
pub const MOST_VERTICES: usize = 7;
pub const MOST_EDGES: u32 = 9;
const MOST_INTERIOR: usize = MOST_VERTICES - 2;

/// The operation of an interior vertex. The order is that of the benchmark's list of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VertexOperation {
    Conv3x3,
    Conv1x1,
    MaxPool3x3,
}

impl VertexOperation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Conv3x3, Self::Conv1x1, Self::MaxPool3x3];

    /// Name in architecture strings: the benchmark's, without its `-bn-relu`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conv3x3 => "conv3x3",
            Self::Conv1x1 => "conv1x1",
            Self::MaxPool3x3 => "maxpool3x3",
        }
    }

    /// Trainable parameters over maps of `channels` channels: convolution and batch normalisation.
    fn params(self, channels: u64) -> u64 {
        match self {
            Self::Conv3x3 => conv_bn(channels, channels, 9),
            Self::Conv1x1 => conv_bn(channels, channels, 1),
            Self::MaxPool3x3 => 0,
        }
    }
}

/// A cell, which is a directed acyclic graph. Vertex 0 is its input and the last vertex its output; each vertex between them
/// computes an operation and lies on a path from input to output.
///
/// Cells are ordered as the benchmark's generator enumerates them: by vertices, edges, operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VertexCell {
    vertices: usize,
    /// Edge `x -> y` is bit `x + y (y - 1) / 2`.
    edges: u32,
    /// Operations of vertices 1, 2, ...; entries past the last interior vertex are always the same, so that cells compare equal.
    operations: [VertexOperation; MOST_INTERIOR],
}

impl VertexCell {
    /// The edge `x -> y`, `x < y`, among the edges of [`VertexCell::new`].
    pub fn edge_bit(x: usize, y: usize) -> u32 {
        1 << (x + y * (y - 1) / 2)
    }

    /// A cell from its edges and the operations of its interior vertices.
    ///
    /// # Errors
    /// Why it is no cell: too many vertices or edges, or a vertex that is on no path from input to output.
    pub fn new(edges: u32, interior: &[VertexOperation]) -> Result<Self, String> {
        let vertices = interior.len() + 2;
        if vertices > MOST_VERTICES {
            return Err(format!("{vertices} vertices, where {MOST_VERTICES} is the limit"));
        }
        if u64::from(edges) >> (vertices * (vertices - 1) / 2) != 0 {
            return Err(format!("edges between more than {vertices} vertices"));
        }
        if edges.count_ones() > MOST_EDGES {
            return Err(format!("{} edges, where {MOST_EDGES} is the limit", edges.count_ones()));
        }
        let mut operations = [VertexOperation::Conv3x3; MOST_INTERIOR];
        operations[..interior.len()].copy_from_slice(interior);
        let cell = Self { vertices, edges, operations };
        let output = vertices - 1;
        if let Some(y) = (1..=output).find(|y| (0..*y).all(|x| !cell.edge(x, *y))) {
            return Err(format!("vertex {y} has no input"));
        }
        match (0..output).find(|x| (x + 1..=output).all(|y| !cell.edge(*x, y))) {
            Some(x) => Err(format!("no vertex reads vertex {x}")),
            None => Ok(cell),
        }
    }

    /// The interior vertices with their operations.
    pub fn interior(&self) -> impl Iterator<Item = (usize, VertexOperation)> + '_ {
        (1..self.output()).zip(self.operations)
    }

    /// Number of the output's vertex.
    pub fn output(&self) -> usize {
        self.vertices - 1
    }

    /// Whether `y` reads `x`.
    pub fn edge(&self, x: usize, y: usize) -> bool {
        x < y && self.edges & Self::edge_bit(x, y) != 0
    }

    /// The vertices that `y` reads, in order.
    pub fn inputs(&self, y: usize) -> impl Iterator<Item = usize> + '_ {
        (0..y).filter(move |x| self.edge(*x, y))
    }

    /// The cell with one change: each pair of vertices (an edge that is flipped) and each interior vertex (another operation) is
    /// equally likely.
    ///
    /// # Errors
    /// Why the result is no cell.
    pub fn mutant(&self, draws: &mut Draws) -> Result<Self, String> {
        let pairs = self.vertices * (self.vertices - 1) / 2;
        let interior = self.vertices - 2;
        let (mut edges, mut operations) = (self.edges, self.operations);
        match draws.below(pairs + interior) {
            pair if pair < pairs => edges ^= 1 << pair,
            place => {
                let operation = &mut operations[place - pairs];
                let others: Vec<VertexOperation> =
                    VertexOperation::ALL.into_iter().filter(|other| other != operation).collect();
                *operation = draws.one_of(&others).copied().unwrap_or(*operation);
            }
        }
        Self::new(edges, &operations[..interior])
    }

    /// The smallest cell that differs from this one only in the numbers of its interior vertices. The benchmark holds this one.
    pub fn canonical(&self) -> Self {
        let mut least = *self;
        self.least_labelling(&mut vec![0], &mut least);
        least
    }

    /// Tries all ways to complete an `order` of vertices in which each vertex comes after those that it reads.
    fn least_labelling(&self, order: &mut Vec<usize>, least: &mut Self) {
        if order.len() == self.output() {
            *least = self.relabelled(order).min(*least);
            return;
        }
        for vertex in 1..self.output() {
            if !order.contains(&vertex) && self.inputs(vertex).all(|x| order.contains(&x)) {
                order.push(vertex);
                self.least_labelling(order, least);
                order.pop();
            }
        }
    }

    /// The same cell with vertex `order[i]` as number `i`; the output stays the last.
    fn relabelled(&self, order: &[usize]) -> Self {
        let old = |i: usize| order.get(i).copied().unwrap_or(self.output());
        let mut new = Self { edges: 0, ..*self };
        for y in 1..self.vertices {
            (0..y).filter(|x| self.edge(old(*x), old(y))).for_each(|x| new.edges |= Self::edge_bit(x, y));
        }
        for i in 1..self.output() {
            new.operations[i - 1] = self.operations[old(i) - 1];
        }
        new
    }

    /// Channels of every vertex of a cell with `input` input channels and `output` output channels.
    ///
    /// The vertices that the output reads share its channels, and the first of them get the remainder. The other vertices are as
    /// wide as the widest vertex that reads them.
    pub fn widths(&self, input: usize, output: usize) -> [usize; MOST_VERTICES] {
        let last = self.output();
        let mut widths = [0; MOST_VERTICES];
        (widths[0], widths[last]) = (input, output);
        let sharers: Vec<usize> = self.inputs(last).filter(|x| *x > 0).collect();
        for (i, vertex) in sharers.iter().enumerate() {
            widths[*vertex] = output / sharers.len() + usize::from(i < output % sharers.len());
        }
        for x in (1..last).rev().filter(|x| !sharers.contains(x)) {
            widths[x] = (x + 1..last).filter(|y| self.edge(x, *y)).map(|y| widths[y]).max().unwrap_or(0);
        }
        widths
    }

    /// Trainable parameters of the network, without building it.
    pub fn param_count(&self, classes: usize) -> u64 {
        let (mut count, mut channels) = (conv_bn(3, STEM as u64, 9), STEM);
        for (stack, cells) in STACKS.into_iter().enumerate() {
            let wide = STEM << stack;
            for _ in 0..cells {
                count += self.cell_params(channels, wide);
                channels = wide;
            }
        }
        count + (channels * classes + classes) as u64
    }

    fn cell_params(&self, input: usize, output: usize) -> u64 {
        let widths = self.widths(input, output).map(|width| width as u64);
        let operations = self.interior().map(|(vertex, operation)| operation.params(widths[vertex]));
        let projected = (1..self.vertices).filter(|y| self.edge(0, *y));
        operations.sum::<u64>() + projected.map(|y| conv_bn(widths[0], widths[y], 1)).sum::<u64>()
    }
}

/// Parameters of a convolution without bias and its batch normalisation.
fn conv_bn(input: u64, output: u64, pixels: u64) -> u64 {
    pixels * input * output + 2 * output
}
