//! The supernet of DARTS's cells, as TE-NAS prunes it (Chen et al., ICLR 2021, and its released code): a stem of one channel, a normal
//! and a reduction cell, batch norm, ReLU, pooling and classifier. An edge is the mean of its operations, a node the sum of its edges, and
//! the output concatenates the four nodes.

use std::fmt;
use std::ops::Range;

use super::Supernet;
use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec};
use crate::spaces::blocks::relu_conv_bn_module;
use crate::spaces::nds::GenotypeOperation;
use crate::spaces::part::Part;
use crate::spaces::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};

/// DARTS's supernet.
pub struct DartsSupernet;

static SPEC: SpaceSpec = SpaceSpec {
    id: "darts:supernet",
    title: "DARTS's supernet of one channel, as TE-NAS prunes it",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535",
    size: SpaceSize::Unlisted,
    example: "n=skip_connect,sep_conv_3x3@0+max_pool_3x3@1/sep_conv_3x3@0/dil_conv_3x3@2/skip_connect@3:\
              r=max_pool_3x3@0+max_pool_3x3@1/max_pool_3x3@1/skip_connect@2/skip_connect@2+dil_conv_5x5@4",
    encoding: "n=CELL:r=CELL, four nodes between slashes, edges between +, each one operation or more between commas and @INPUT: \
               skip_connect, sep_conv_3x3, sep_conv_5x5, dil_conv_3x3, dil_conv_5x5, avg_pool_3x3, max_pool_3x3",
};

const NODES: usize = 4;
/// Edges of a cell: node k has the cell's two inputs and the k nodes before it.
const EDGES: usize = 14;
/// Channels of the stem and of the first cell's nodes; those of the reduction cell have twice as many.
const WIDTH: usize = 1;

/// A normal and a reduction cell with a set of operations on each edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperGenotype {
    /// In the order of DARTS's list, none twice. An edge may have none.
    cells: [[Vec<GenotypeOperation>; EDGES]; 2],
}

/// The edges into a node of a cell; edge `j` of them comes from input `j`.
fn edges_of(node: usize) -> Range<usize> {
    let first = (0..node).map(|k| k + 2).sum();
    first..first + node + 2
}

impl SuperGenotype {
    fn parse(arch: &str) -> Result<Self, ArchError> {
        let [normal, reduce] = Part::new(SPEC.id, arch).fields(':', "a normal and a reduction cell")?;
        Ok(Self { cells: [cell(normal.after("n=")?)?, cell(reduce.after("r=")?)?] })
    }

    fn build(&self, b: &mut Builder, x: NodeId, classes: usize) -> NodeId {
        let [mut before, mut last] = [x, x];
        b.list("cells", |b| {
            for (cell, reduction) in self.cells.iter().zip([false, true]) {
                let y = b.next_child(|b, name| {
                    b.module(name, "NASNetSearchCell", before, |b, before| {
                        build_cell(b, cell, [before, last], reduction)
                    })
                });
                b.stage(y);
                (before, last) = (last, y);
            }
        });
        let x = b.module("lastact", "Sequential", last, |b, x| {
            let x = b.norm("0", x, NormSpec::default());
            b.activation("1", x, Activation::Relu)
        });
        b.mark_features(x);
        let x = b.global_pool(Some("global_pooling"), x);
        b.linear("classifier", x, classes)
    }
}

fn build_cell(
    b: &mut Builder,
    cell: &[Vec<GenotypeOperation>; EDGES],
    inputs: [NodeId; 2],
    reduction: bool,
) -> NodeId {
    let width = if reduction { 2 * WIDTH } else { WIDTH };
    let pointwise = |b: &mut Builder, name: &str, x| {
        relu_conv_bn_module(b, [name, "op"], x, ConvSpec::square(width, 1, 1))
    };
    let mut states = vec![pointwise(b, "preprocess0", inputs[0]), pointwise(b, "preprocess1", inputs[1])];
    b.list("edges", |b| {
        for node in 0..NODES {
            let edges = cell[edges_of(node)].iter().enumerate().filter(|(_, edge)| !edge.is_empty());
            let part = |(from, operations): (usize, &Vec<GenotypeOperation>)| {
                let stride = if reduction && from < 2 { 2 } else { 1 };
                mean(b, &format!("{node}<-{from}"), (states[from], stride), operations)
            };
            let parts: Vec<NodeId> = edges.map(part).collect();
            states.push(b.add(&parts));
        }
    });
    b.concat(&states[2..])
}

/// The mean of an edge's operations; each has the number that it has in DARTS's list.
fn mean(
    b: &mut Builder,
    key: &str,
    (x, stride): (NodeId, usize),
    operations: &[GenotypeOperation],
) -> NodeId {
    b.list(key, |b| {
        let number = |operation| GenotypeOperation::SEARCHED.iter().position(|other| *other == operation);
        let part = |operation: &GenotypeOperation| {
            operation.build(b, &number(*operation).unwrap_or(0).to_string(), x, stride)
        };
        let parts: Vec<NodeId> = operations.iter().map(part).collect();
        let sum = b.add(&parts);
        if parts.len() == 1 { sum } else { b.scale(sum, 1.0 / parts.len() as f64) }
    })
}

/// # Errors
/// Where the text is no cell.
fn cell(part: Part<'_>) -> Result<[Vec<GenotypeOperation>; EDGES], ArchError> {
    let mut cell = std::array::from_fn(|_| vec![]);
    let nodes: [Part<'_>; NODES] = part.fields('/', "four nodes")?;
    for (node, part) in nodes.into_iter().enumerate() {
        for edge in part.split('+') {
            let [operations, from] = edge.fields('@', "operations and an input")?;
            let from = from.number("the input of a node", 0..=node + 1)?;
            let place: &mut Vec<GenotypeOperation> = &mut cell[edges_of(node).start + from];
            if !place.is_empty() {
                return Err(edge.error("this input has an edge already"));
            }
            for piece in operations.split(',') {
                let operation =
                    piece.one_of("operation", GenotypeOperation::SEARCHED, GenotypeOperation::name)?;
                if place.contains(&operation) {
                    return Err(piece.error("this operation stands on the edge already"));
                }
                place.push(operation);
            }
            place.sort_by_key(|operation| {
                GenotypeOperation::SEARCHED.iter().position(|other| other == operation)
            });
        }
    }
    Ok(cell)
}

impl Supernet for SuperGenotype {
    const PER_ROUND: usize = 3;

    fn whole() -> Self {
        Self { cells: std::array::from_fn(|_| std::array::from_fn(|_| GenotypeOperation::SEARCHED.to_vec())) }
    }

    fn edges(&self) -> Vec<Vec<&'static str>> {
        let edges = self.cells.iter().flatten();
        edges.map(|edge| edge.iter().map(|operation| operation.name()).collect()).collect()
    }

    fn without(&self, edge: usize, operation: &str) -> Self {
        let mut net = self.clone();
        if let Some(operations) = net.cells.iter_mut().flatten().nth(edge) {
            operations.retain(|other| other.name() != operation);
        }
        net
    }

    /// Of the normal cell, then of the reduction cell.
    fn nodes() -> Vec<Range<usize>> {
        let of_cell = |first: usize| {
            (0..NODES).map(move |node| {
                let edges = edges_of(node);
                first + edges.start..first + edges.end
            })
        };
        of_cell(0).chain(of_cell(EDGES)).collect()
    }

    /// The network that DARTS trains on CIFAR-10: 20 cells of 36 channels.
    fn found(&self) -> Option<String> {
        let two = |edges: &[Vec<GenotypeOperation>]| {
            let kept = edges.iter().enumerate().filter(|(_, edge)| !edge.is_empty());
            let kept: Vec<String> = kept
                .map(|(from, edge)| (edge.len() == 1).then(|| format!("{}@{from}", edge[0].name())))
                .collect::<Option<_>>()?;
            (kept.len() == 2).then(|| kept.join("+"))
        };
        let cell = |cell: &[Vec<GenotypeOperation>; EDGES]| {
            let nodes: Option<Vec<String>> = (0..NODES).map(|node| two(&cell[edges_of(node)])).collect();
            Some(format!("{}=2.3.4.5", nodes?.join("/")))
        };
        Some(format!("cifar:w36:d20:n={}:r={}", cell(&self.cells[0])?, cell(&self.cells[1])?))
    }
}

impl fmt::Display for SuperGenotype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (cell, name) in self.cells.iter().zip(["n=", ":r="]) {
            f.write_str(name)?;
            for node in 0..NODES {
                let edges = cell[edges_of(node)].iter().enumerate().filter(|(_, edge)| !edge.is_empty());
                let edge = |(from, edge): (usize, &Vec<GenotypeOperation>)| {
                    let names: Vec<&str> = edge.iter().map(|operation| operation.name()).collect();
                    format!("{}@{from}", names.join(","))
                };
                let between = if node == 0 { "" } else { "/" };
                write!(f, "{between}{}", edges.map(edge).collect::<Vec<_>>().join("+"))?;
            }
        }
        Ok(())
    }
}

impl SearchSpace for DartsSupernet {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(SuperGenotype::parse(arch)?.to_string())
    }

    /// Nobody lists the cells that are left at some stage of a search.
    fn arch(&self, _index: usize) -> Option<String> {
        None
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let net = SuperGenotype::parse(arch)?;
        let build = || -> Result<Graph, GraphError> {
            let mut b = Builder::new("NASNetworkDARTS", input.shape());
            let x = b.input();
            let x = b.module("stem", "Sequential", x, |b, x| {
                let x = b.conv("0", x, ConvSpec::square(WIDTH, 3, 1));
                b.norm("1", x, NormSpec::default())
            });
            b.stage(x);
            let logits = net.build(&mut b, x, input.classes);
            b.finish(logits)
        };
        build().map_err(SpaceError::graph(SPEC.id, arch))
    }

    /// Both cells without the stem.
    fn thin_cell(&self, arch: &str, classes: usize) -> Result<Option<Graph>, SpaceError> {
        let net = SuperGenotype::parse(arch)?;
        let build = || -> Result<Graph, GraphError> {
            let mut b = Builder::new("NASNetworkDARTS", crate::graph::Shape::map(1, 3, 3));
            let x = b.input();
            let logits = net.build(&mut b, x, classes);
            b.finish(logits)
        };
        build().map(Some).map_err(SpaceError::graph(SPEC.id, arch))
    }
}

#[cfg(test)]
mod tests;
