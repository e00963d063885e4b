//! Cells as text: `conv3x3@0/maxpool3x3@0.1/conv1x1@2=0.3`.
//!
//! The interior vertices 1, 2, ... are separated by `/`. Each consists of its operation and, after `@`, the vertices that it reads.
//! After `=` follow the vertices that the output reads. Vertex 0 is the cell's input.

use std::fmt;

use serde::Deserialize;

use super::SPEC;
use super::cell::{MOST_VERTICES, VertexCell, VertexOperation};
use crate::spaces::ArchError;
use crate::spaces::part::Part;
use crate::spaces::python;

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

/// A cell as the benchmark's own code writes it.
#[derive(Deserialize)]
struct ModelSpec {
    /// `matrix[x][y]` is 1 where vertex `y` reads vertex `x`.
    #[serde(alias = "module_adjacency", alias = "adjacency")]
    matrix: Vec<Vec<u8>>,
    /// The operation of every vertex; those of input and output are called so.
    #[serde(alias = "module_operations", alias = "operations")]
    ops: Vec<String>,
}

impl VertexCell {
    /// A cell from a matrix and its operations: `([[0, 1, ...], ...], ['input', ..., 'output'])`, `ModelSpec(matrix=..., ops=...)`, or a
    /// dictionary of both. As in the benchmark, vertices on no path from input to output are left out.
    fn of_matrix(spec: serde_json::Value) -> Result<Self, String> {
        let spec: ModelSpec =
            serde_json::from_value(spec).map_err(|e| format!("no matrix and operations: {e}"))?;
        let n = spec.ops.len();
        if !(2..=MOST_VERTICES).contains(&n)
            || spec.matrix.len() != n
            || spec.matrix.iter().any(|row| row.len() != n)
        {
            return Err(format!(
                "a matrix of {} rows and {n} operations, where both are 2 to {MOST_VERTICES}",
                spec.matrix.len()
            ));
        }
        let edge = |x: usize, y: usize| spec.matrix[x][y] != 0;
        if (0..n).any(|x| (0..=x).any(|y| edge(x, y))) {
            return Err("the matrix is not upper triangular".to_owned());
        }
        let mut from_input = vec![false; n];
        let mut to_output = vec![false; n];
        (from_input[0], to_output[n - 1]) = (true, true);
        for y in 1..n {
            from_input[y] = (0..y).any(|x| from_input[x] && edge(x, y));
        }
        for x in (0..n - 1).rev() {
            to_output[x] = (x + 1..n).any(|y| to_output[y] && edge(x, y));
        }
        let kept: Vec<usize> = (0..n).filter(|v| from_input[*v] && to_output[*v]).collect();
        if kept.len() < 2 {
            return Err("no path leads from input to output".to_owned());
        }
        let operation = |v: &usize| {
            let name = spec.ops[*v].trim_end_matches("-bn-relu");
            let known = VertexOperation::ALL.into_iter().find(|operation| operation.name() == name);
            known.ok_or_else(|| format!("operation `{}` is none of the benchmark's", spec.ops[*v]))
        };
        let operations = kept[1..kept.len() - 1].iter().map(operation).collect::<Result<Vec<_>, _>>()?;
        let mut edges = 0;
        for (j, y) in kept.iter().enumerate() {
            let read = kept[..j].iter().enumerate().filter(|(_, x)| edge(**x, *y));
            read.for_each(|(i, _)| edges |= Self::edge_bit(i, j));
        }
        Self::new(edges, &operations)
    }
}

impl std::str::FromStr for VertexCell {
    type Err = ArchError;

    /// The cell as it is written; [`VertexCell::canonical`] is the one that the benchmark holds.
    fn from_str(text: &str) -> Result<Self, ArchError> {
        let whole = Part::new(SPEC.id, text);
        if let Some(spec) = python::value(text) {
            return Self::of_matrix(spec).map_err(|reason| whole.error(reason));
        }
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
