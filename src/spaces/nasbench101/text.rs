//! Cells as text: `conv3x3@0/maxpool3x3@0.1/conv1x1@2=0.3`.
//!
//! The interior vertices 1, 2, ... are separated by `/`. Each consists of its operation and, after `@`, the vertices that it reads.
//! After `=` follow the vertices that the output reads. Vertex 0 is the cell's input.

use std::fmt;

use super::SPEC;
use super::cell::{MOST_VERTICES, VertexCell, VertexOperation};
use crate::spaces::ArchError;
use crate::spaces::part::Part;

impl fmt::Display for VertexCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (vertex, operation) in self.interior() {
            let between = if vertex == 1 { "" } else { "/" };
            write!(f, "{between}{}@", operation.name())?;
            self.write_inputs(vertex, f)?;
        }
        f.write_str("=")?;
        self.write_inputs(self.output(), f)
    }
}

impl VertexCell {
    fn write_inputs(&self, vertex: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inputs(vertex).enumerate().try_for_each(|(i, x)| match i {
            0 => write!(f, "{x}"),
            _ => write!(f, ".{x}"),
        })
    }
}

impl std::str::FromStr for VertexCell {
    type Err = ArchError;

    /// The cell as it is written; [`VertexCell::canonical`] is the one that the benchmark holds.
    fn from_str(text: &str) -> Result<Self, ArchError> {
        let whole = Part::new(SPEC.id, text);
        let [interior, output] = whole.fields('=', "the vertices and those that the output reads")?;
        let interior = if interior.text().is_empty() { vec![] } else { interior.split('/') };
        if interior.len() + 2 > MOST_VERTICES {
            let most = MOST_VERTICES - 2;
            return Err(whole.error(format!("more than {most} vertices between input and output")));
        }
        let (mut edges, mut operations) = (0, vec![]);
        for (vertex, part) in (1..).zip(&interior) {
            let [operation, inputs] = part.fields('@', "an operation and the vertices that it reads")?;
            operations.push(operation.one_of("operation", &VertexOperation::ALL, VertexOperation::name)?);
            edges |= read_inputs(inputs, vertex)?;
        }
        edges |= read_inputs(output, interior.len() + 1)?;
        Self::new(edges, &operations).map_err(|reason| whole.error(reason))
    }
}

/// The edges to `vertex` from vertices in increasing order.
fn read_inputs(part: Part<'_>, vertex: usize) -> Result<u32, ArchError> {
    let mut edges = 0;
    let mut least = 0;
    for part in part.split('.') {
        let x = part.number("the input of a vertex", 0..=vertex - 1)?;
        if x < least {
            return Err(part.error("inputs of a vertex stand in increasing order, each once"));
        }
        least = x + 1;
        edges |= VertexCell::edge_bit(x, vertex);
    }
    Ok(edges)
}
