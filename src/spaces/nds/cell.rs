//! Networks of cells: Amoeba, DARTS, ENAS, NASNet, PNAS.
//!
//! A cell has two inputs, the outputs of the two cells before it. Every node sums two operations, and the output concatenates
//! some of the nodes. Cells `depth / 3` and `2 depth / 3` are reduction cells: their operations on the cell's inputs have
//! stride 2, and the width doubles.

use std::fmt;

use super::operation::{GenotypeOperation, factorized_reduce};
use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec};
use crate::spaces::blocks::{relu_conv_bn, relu_conv_bn_module};
use crate::spaces::part::Part;
use crate::spaces::{ArchError, NetworkInput};

/// The layers before the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stem {
    /// conv3x3 to three times the width, batch norm.
    Cifar,
    /// Three conv3x3 of stride 2. The first cell reads the outputs of the second and the third one, as if the latter were a
    /// reduction cell.
    ImageNet,
}

impl Stem {
    const ALL: [Self; 2] = [Self::Cifar, Self::ImageNet];

    /// Name in architecture strings and labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cifar => "cifar",
            Self::ImageNet => "imagenet",
        }
    }

    /// The stem of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stem| stem.name() == name)
    }
}

/// A cell: two (operation, input) pairs for each node, and the nodes that make its output. Inputs 0 and 1 are the cell's
/// own, input `k + 2` is node `k`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GenotypeCell {
    pub nodes: Vec<[(GenotypeOperation, usize); 2]>,
    pub concat: Vec<usize>,
}

/// A network of cells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CellNet {
    pub stem: Stem,
    /// Channels of the first cells' nodes.
    pub width: usize,
    /// Cells.
    pub depth: usize,
    pub normal: GenotypeCell,
    pub reduce: GenotypeCell,
}

/// Bounds far above all published networks. They keep a damaged string from filling the memory.
const MOST_NODES: usize = 32;
pub(super) const MOST_CHANNELS: usize = 1 << 14;
pub(super) const MOST_LAYERS: usize = 1 << 8;

impl fmt::Display for GenotypeCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, [(first, i), (second, j)]) in self.nodes.iter().enumerate() {
            let between = if k == 0 { "" } else { "/" };
            write!(f, "{between}{}@{i}+{}@{j}", first.name(), second.name())?;
        }
        let concat: Vec<String> = self.concat.iter().map(usize::to_string).collect();
        write!(f, "={}", concat.join("."))
    }
}

impl fmt::Display for CellNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stem, width, depth, normal, reduce } = self;
        write!(f, "{}:w{width}:d{depth}:n={normal}:r={reduce}", stem.name())
    }
}

impl GenotypeCell {
    /// # Errors
    /// Where the text is no cell of these operations.
    fn parse(part: Part<'_>, known: &[GenotypeOperation]) -> Result<Self, ArchError> {
        let [nodes, concat] = part.fields('=', "the nodes and the output of a cell")?;
        let nodes = nodes.split('/');
        if nodes.len() > MOST_NODES {
            return Err(part.error(format!("more than {MOST_NODES} nodes")));
        }
        let concat = concat.split('.').into_iter().map(|p| p.number("an output", 0..=nodes.len() + 1));
        let concat: Vec<usize> = concat.collect::<Result<_, _>>()?;
        if concat.len() > MOST_NODES {
            return Err(part.error(format!("more than {MOST_NODES} outputs")));
        }
        let input = |part: Part<'_>, node: usize| {
            let [operation, from] = part.fields('@', "an operation and its input")?;
            let operation = operation.one_of("operation", known, GenotypeOperation::name)?;
            Ok((operation, from.number("the input of a node", 0..=node + 1)?))
        };
        let node = |(k, part): (usize, Part<'_>)| {
            let [first, second] = part.fields('+', "two operations of a node")?;
            Ok([input(first, k)?, input(second, k)?])
        };
        Ok(Self { nodes: nodes.into_iter().enumerate().map(node).collect::<Result<_, _>>()?, concat })
    }
}

impl CellNet {
    /// # Errors
    /// Where the text is no network of these operations.
    pub fn parse(part: Part<'_>, known: &[GenotypeOperation]) -> Result<Self, ArchError> {
        let [stem, width, depth, normal, reduce] =
            part.fields(':', "stem, width, depth, normal and reduction cell")?;
        Ok(Self {
            stem: stem.one_of("stem", &Stem::ALL, Stem::name)?,
            width: width.after("w")?.number("the width", 2..=MOST_CHANNELS)?,
            depth: depth.after("d")?.number("the depth", 1..=MOST_LAYERS)?,
            normal: GenotypeCell::parse(normal.after("n=")?, known)?,
            reduce: GenotypeCell::parse(reduce.after("r=")?, known)?,
        })
    }

    /// Builds the network; no auxiliary head, no dropped paths.
    ///
    /// # Errors
    /// An input too small for the windows, or operations that disagree in size.
    pub fn build(&self, input: NetworkInput) -> Result<Graph, GraphError> {
        let mut b = Builder::new("Network", input.shape());
        let (mut before, mut last) = self.stem(&mut b);
        let mut reduced = self.stem == Stem::ImageNet;
        let mut channels = self.width;
        b.list("cells", |b| {
            for i in 0..self.depth {
                let reduction = i == self.depth / 3 || i == 2 * self.depth / 3;
                channels *= if reduction { 2 } else { 1 };
                let cell = if reduction { &self.reduce } else { &self.normal };
                let y = b.next_child(|b, name| {
                    b.module(name, "Cell", before, |b, before| {
                        cell.build(b, [before, last], channels, [reduction, reduced])
                    })
                });
                b.stage(y);
                (before, last, reduced) = (last, y, reduction);
            }
        });
        b.mark_features(last);
        let logits = b.module("classifier", "Classifier", last, |b, x| {
            let x = b.global_pool(Some("pooling"), x);
            b.linear("classifier", x, input.classes)
        });
        b.finish(logits)
    }

    /// The two inputs of the first cell.
    fn stem(&self, b: &mut Builder) -> (NodeId, NodeId) {
        let (x, width) = (b.input(), self.width);
        if self.stem == Stem::Cifar {
            let x = b.module("stem", "Sequential", x, |b, x| {
                let x = b.conv("0", x, ConvSpec::square(3 * width, 3, 1));
                b.norm("1", x, NormSpec::default())
            });
            b.stage(x);
            return (x, x);
        }
        let first = b.module("stem0", "Sequential", x, |b, x| {
            let x = b.conv("0", x, ConvSpec::square(width / 2, 3, 2));
            let x = b.norm("1", x, NormSpec::default());
            let x = b.activation("2", x, Activation::Relu);
            let x = b.conv("3", x, ConvSpec::square(width, 3, 2));
            b.norm("4", x, NormSpec::default())
        });
        let second = b.module("stem1", "Sequential", first, |b, x| {
            relu_conv_bn(b, ["0", "1", "2"], x, ConvSpec::square(width, 3, 2))
        });
        b.stage(first);
        b.stage(second);
        (first, second)
    }
}

impl GenotypeCell {
    /// The cell's output. `reduction` says whether the cell is a reduction cell, `reduced` whether the cell before it was one, so
    /// that `before` is larger than `last`.
    fn build(
        &self,
        b: &mut Builder,
        [before, last]: [NodeId; 2],
        channels: usize,
        [reduction, reduced]: [bool; 2],
    ) -> NodeId {
        let pointwise = |b: &mut Builder, name: &str, x| {
            relu_conv_bn_module(b, [name, "op"], x, ConvSpec::square(channels, 1, 1))
        };
        let first = match reduced {
            true => factorized_reduce(b, "preprocess0", before, channels),
            false => pointwise(b, "preprocess0", before),
        };
        let mut states = vec![first, pointwise(b, "preprocess1", last)];
        let mut operations = vec![];
        b.list("_ops", |b| {
            for node in &self.nodes {
                let parts = node.map(|(operation, from)| {
                    let stride = if reduction && from < 2 { 2 } else { 1 };
                    b.next_child(|b, name| operation.build(b, name, states[from], stride))
                });
                operations.extend(parts);
                states.push(b.add(&parts));
            }
        });
        b.cell(&operations);
        b.concat(&self.concat.iter().map(|i| states[*i]).collect::<Vec<_>>())
    }
}
