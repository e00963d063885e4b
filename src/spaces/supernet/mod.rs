//! Supernets: networks whose edges sum several operations, from which a search takes operations away.
//!
//! `nasbench201:supernet` is the one that TE-NAS prunes (Chen et al., ICLR 2021): NAS-Bench-201's network with 3 channels and one cell
//! for each stage, in which an edge is the mean of its operations. In the released code the operations of an edge are weighted by
//! the softmax of numbers that are nearly equal (`1e-3` times N(0, 1)) and never trained, so that the weights are `1/k` to a thousandth;
//! here they are `1/k`. The operation `none` does not occur, as in TE-NAS's search.
//!
//! `darts:supernet` is that of DARTS's cells, of one channel, which TE-NAS prunes in the same way.
//!
//! Modules are those of AutoDL's `NASNet201` search network, and an operation keeps its name when others are taken away, so that a
//! pruned supernet has the weights of the whole one.

mod darts;
mod mixed;

use std::fmt;
use std::ops::Range;

pub use darts::{DartsSupernet, SuperGenotype};
pub use mixed::{MixedSupernet, Mixture};

use super::nasbench201::{EdgeCell, EdgeOperation};
use super::part::Part;
use super::tiny_net::{self, Stage};
use super::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
use crate::graph::{Builder, Graph, NodeId};

/// A supernet at some stage of a search that takes operations away.
pub trait Supernet: Clone + fmt::Display {
    /// Operations that go from an edge in one round of TE-NAS's search.
    const PER_ROUND: usize;

    /// The supernet with all operations on every edge.
    fn whole() -> Self;

    /// The names of the operations on every edge.
    fn edges(&self) -> Vec<Vec<&'static str>>;

    /// The supernet without an operation on an edge.
    fn without(&self, edge: usize, operation: &str) -> Self;

    /// The edges into each node, where nodes keep two edges in the end.
    fn nodes() -> Vec<Range<usize>>;

    /// The architecture of the search space, once enough was taken away.
    fn found(&self) -> Option<String>;
}

/// NAS-Bench-201's supernet.
pub struct NasBench201Supernet;

static SPEC: SpaceSpec = SpaceSpec {
    id: "nasbench201:supernet",
    title: "NAS-Bench-201's supernet of 3 channels, as TE-NAS prunes it",
    reference: "Chen et al., TE-NAS, ICLR 2021, arXiv:2102.11535",
    size: SpaceSize::Unlisted,
    example: "|skip_connect,nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1,nor_conv_3x3~2|",
    encoding: "as nasbench201, with one operation or more on each edge, between commas: skip_connect, nor_conv_1x1, nor_conv_3x3, \
               avg_pool_3x3",
};

/// The operations of an edge.
const OPERATIONS: [EdgeOperation; 4] = [
    EdgeOperation::SkipConnect,
    EdgeOperation::NorConv1x1,
    EdgeOperation::NorConv3x3,
    EdgeOperation::AvgPool3x3,
];
/// Channels of the first stage; the others have two and four times as many.
const WIDTH: usize = 3;
const EDGES: usize = 6;

/// A cell with a set of operations on each edge, in the order of the string: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperCell {
    /// In the order of NAS-Bench-201's list, none twice, at least one.
    edges: [Vec<EdgeOperation>; EDGES],
}

impl SuperCell {
    /// The cell of NAS-Bench-201, once every edge has one operation.
    fn single(&self) -> Option<EdgeCell> {
        let one = |operations: &Vec<EdgeOperation>| match operations[..] {
            [operation] => Some(operation),
            _ => None,
        };
        let edges: Option<Vec<EdgeOperation>> = self.edges.iter().map(one).collect();
        Some(EdgeCell::new(edges?.try_into().ok()?))
    }

    fn parse(arch: &str) -> Result<Self, ArchError> {
        let nodes: [Part<'_>; 3] = Part::new(SPEC.id, arch).fields('+', "three nodes")?;
        let mut edges = vec![];
        for (node, part) in nodes.into_iter().enumerate() {
            let pieces = part.split('|');
            let outside =
                [pieces.first(), pieces.last()].into_iter().flatten().any(|piece| !piece.text().is_empty());
            if pieces.len() != node + 3 || outside {
                return Err(part.error(format!("node {} is {} edges between `|`", node + 1, node + 1)));
            }
            for (source, edge) in pieces[1..=node + 1].iter().enumerate() {
                let [operations, from] = edge.fields('~', "operations and a node")?;
                from.number("the node", source..=source)?;
                edges.push(self::operations(operations)?);
            }
        }
        // Three nodes have 1 + 2 + 3 edges.
        let edges = edges.try_into().map_err(|_| Part::new(SPEC.id, arch).error("a cell has six edges"))?;
        Ok(Self { edges })
    }

    /// Edges into each of the nodes 1, 2, 3; edge `j` comes from node `j`.
    fn nodes(&self) -> [&[Vec<EdgeOperation>]; 3] {
        [&self.edges[..1], &self.edges[1..3], &self.edges[3..]]
    }

    /// One cell: node `i` sums its edges, an edge is the mean of its operations.
    fn build(&self, b: &mut Builder, name: &str, x: NodeId, channels: usize) -> NodeId {
        b.module(name, "NAS201SearchCell", x, |b, x| {
            b.list("edges", |b| {
                let mut states = vec![x];
                for (node, edges) in self.nodes().into_iter().enumerate() {
                    let edge = |(source, operations): (usize, &Vec<EdgeOperation>)| {
                        let key = format!("{}<-{source}", node + 1);
                        mean(b, &key, states[source], channels, operations)
                    };
                    let parts: Vec<NodeId> = edges.iter().enumerate().map(edge).collect();
                    states.push(b.add(&parts));
                }
                states[states.len() - 1]
            })
        })
    }
}

impl Supernet for SuperCell {
    const PER_ROUND: usize = 1;

    fn whole() -> Self {
        Self { edges: std::array::from_fn(|_| OPERATIONS.to_vec()) }
    }

    fn edges(&self) -> Vec<Vec<&'static str>> {
        self.edges.iter().map(|edge| edge.iter().map(|operation| operation.name()).collect()).collect()
    }

    fn without(&self, edge: usize, operation: &str) -> Self {
        let mut cell = self.clone();
        if let Some(operations) = cell.edges.get_mut(edge) {
            operations.retain(|other| other.name() != operation);
        }
        cell
    }

    fn nodes() -> Vec<Range<usize>> {
        vec![]
    }

    fn found(&self) -> Option<String> {
        self.single().map(|cell| cell.to_string())
    }
}

/// The operations of an edge in the order of [`OPERATIONS`].
fn operations(part: Part<'_>) -> Result<Vec<EdgeOperation>, ArchError> {
    let mut found = vec![];
    for piece in part.split(',') {
        let operation = piece.one_of("operation", &OPERATIONS, EdgeOperation::name)?;
        if found.contains(&operation) {
            return Err(piece.error("this operation stands on the edge already"));
        }
        found.push(operation);
    }
    found.sort_unstable();
    Ok(found)
}

/// One cell for each stage, the first of `width` channels.
fn plan(width: usize) -> [Stage; 5] {
    let stage = |channels, reduction| Stage { channels, reduction };
    [
        stage(width, false),
        stage(2 * width, true),
        stage(2 * width, false),
        stage(4 * width, true),
        stage(4 * width, false),
    ]
}

/// The mean of an edge's operations; each has the number that it has in NAS-Bench-201's list.
fn mean(b: &mut Builder, key: &str, x: NodeId, channels: usize, operations: &[EdgeOperation]) -> NodeId {
    b.list(key, |b| {
        let number = |operation| EdgeOperation::ALL.iter().position(|other| *other == operation).unwrap_or(0);
        let part = |operation: &EdgeOperation| {
            tiny_net::edge(b, &number(*operation).to_string(), x, channels, *operation)
        };
        let parts: Vec<NodeId> = operations.iter().map(part).collect();
        let sum = b.add(&parts);
        if parts.len() == 1 { sum } else { b.scale(sum, 1.0 / parts.len() as f64) }
    })
}

impl fmt::Display for SuperCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, edges) in self.nodes().into_iter().enumerate() {
            f.write_str(if i == 0 { "|" } else { "+|" })?;
            for (source, operations) in edges.iter().enumerate() {
                let names: Vec<&str> = operations.iter().map(|operation| operation.name()).collect();
                write!(f, "{}~{source}|", names.join(","))?;
            }
        }
        Ok(())
    }
}

impl SearchSpace for NasBench201Supernet {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(SuperCell::parse(arch)?.to_string())
    }

    /// Nobody lists the cells that are left at some stage of a search.
    fn arch(&self, _index: usize) -> Option<String> {
        None
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let cell = SuperCell::parse(arch)?;
        let build =
            |b: &mut Builder, name: &str, x: NodeId, channels: usize| cell.build(b, name, x, channels);
        tiny_net::build_of(&build, WIDTH, &plan(WIDTH), input).map_err(SpaceError::graph(SPEC.id, arch))
    }

    fn thin_cell(&self, arch: &str, classes: usize) -> Result<Option<Graph>, SpaceError> {
        let cell = SuperCell::parse(arch)?;
        let build =
            |b: &mut Builder, name: &str, x: NodeId, channels: usize| cell.build(b, name, x, channels);
        tiny_net::thin_cell_of(&build, classes).map(Some).map_err(SpaceError::graph(SPEC.id, arch))
    }
}

/// The supernet with this id.
pub fn variant(id: &str) -> Option<&'static dyn SearchSpace> {
    let all: [&dyn SearchSpace; 2] = [&NasBench201Supernet, &DartsSupernet];
    all.into_iter().find(|space| space.spec().id == id)
}

#[cfg(test)]
mod tests;
