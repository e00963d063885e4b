//! Architectures and their strings, `BASE-LAYERS-BLOCK`.

use std::fmt;

use crate::keyed::Draws;
use crate::spaces::ArchError;
use crate::spaces::part::Part;

/// The operation on an edge of a cell, with its digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MicroOperation {
    /// 0: zeros.
    Zero,
    /// 1: identity.
    Skip,
    /// 2 and 3: ReLU, convolution, batch norm.
    Conv(usize),
}

/// Nodes of a cell other than its input; node `i` has edges from nodes `0..i`.
pub const NODES: usize = 3;

/// The blocks that layers are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// Residual blocks (`basic`).
    Basic,
    /// Cells with an operation on each edge, in the order of the string: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3.
    Cell([MicroOperation; 6]),
}

/// Whether a layer doubles the channels, and whether it halves the size. Strings give it as a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    pub widens: bool,
    pub strides: bool,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arch {
    /// Output channels of the stem.
    pub base: usize,
    pub layers: Vec<Layer>,
    pub block: Block,
}

impl MicroOperation {
    const ALL: [Self; 4] = [Self::Zero, Self::Skip, Self::Conv(1), Self::Conv(3)];

    fn digit(self) -> char {
        match self {
            Self::Zero => '0',
            Self::Skip => '1',
            Self::Conv(1) => '2',
            Self::Conv(_) => '3',
        }
    }

    fn of(digit: char) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.digit() == digit)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |layer: &Layer| match (layer.strides, layer.widens) {
            (false, false) => '1',
            (false, true) => '2',
            (true, false) => '3',
            (true, true) => '4',
        };
        let layers: String = self.layers.iter().map(digit).collect();
        write!(f, "{}-{layers}-", self.base)?;
        match &self.block {
            Block::Basic => f.write_str("basic"),
            Block::Cell(edges) => {
                let digits: String = edges.iter().map(|op| op.digit()).collect();
                write!(f, "{}_{}_{}", &digits[..1], &digits[1..3], &digits[3..])
            }
        }
    }
}

impl Arch {
    /// # Errors
    /// Where the text is no architecture; `cells` says which kind of block it must have.
    pub fn parse(part: Part<'_>, cells: bool) -> Result<Self, ArchError> {
        let [base, layers, block] = part.fields('-', "channels, layers and blocks")?;
        let channels: usize = base.number("the number of channels", 2..=1024)?;
        if !channels.is_multiple_of(2) {
            return Err(base.error("the number of channels must be even"));
        }
        let layer = |digit: char| {
            let layer = Layer { widens: matches!(digit, '2' | '4'), strides: matches!(digit, '3' | '4') };
            ('1'..='4').contains(&digit).then_some(layer)
        };
        let plan: Option<Vec<Layer>> = layers.text().chars().map(layer).collect();
        let plan = plan.filter(|plan| (1..=6).contains(&plan.len()));
        let plan = plan.ok_or_else(|| layers.error("layers are one to six digits from 1 to 4"))?;
        let block = match cells {
            false if block.text() == "basic" => Block::Basic,
            false => return Err(block.error("the blocks of this space are `basic`")),
            true => Block::Cell(edges(block)?),
        };
        Ok(Self { base: channels, layers: plan, block })
    }
}

impl Arch {
    /// The network with one layer, or with cells one edge, of another kind. It need not be in the benchmark.
    pub fn mutant(&self, draws: &mut Draws) -> Self {
        let mut mutant = self.clone();
        match &mut mutant.block {
            Block::Cell(edges) => {
                let edge = draws.below(edges.len());
                let others: Vec<MicroOperation> =
                    MicroOperation::ALL.into_iter().filter(|operation| *operation != edges[edge]).collect();
                edges[edge] = draws.one_of(&others).copied().unwrap_or(edges[edge]);
            }
            Block::Basic => {
                let layer = draws.below(mutant.layers.len());
                let Layer { widens, strides } = mutant.layers[layer];
                // The three other pairs: one of both changed, or both.
                let change = 1 + draws.below(3);
                mutant.layers[layer] =
                    Layer { widens: widens ^ (change & 1 != 0), strides: strides ^ (change & 2 != 0) };
            }
        }
        mutant
    }
}

/// Channels of the stem in the benchmark.
const BASE: usize = 64;
/// The layers of all micro networks.
const MICRO_LAYERS: &str = "41414";

impl Arch {
    /// Checks that the benchmark has the network. Its 3,256 macro networks are those of four to six layers of which one to three double
    /// the channels and one to four halve the size.
    ///
    /// # Errors
    /// Why it has not.
    pub fn check(&self) -> Result<(), String> {
        if self.base != BASE {
            return Err(format!("all networks of the benchmark begin with {BASE} channels"));
        }
        let count = |of: fn(&Layer) -> bool| self.layers.iter().filter(|layer| of(layer)).count();
        let (widening, striding) = (count(|layer| layer.widens), count(|layer| layer.strides));
        match self.block {
            Block::Cell(_) if self.to_string().split('-').nth(1) != Some(MICRO_LAYERS) => {
                Err(format!("all micro networks of the benchmark have the layers {MICRO_LAYERS}"))
            }
            Block::Basic if !(4..=6).contains(&self.layers.len()) => {
                Err("the macro networks of the benchmark have four to six layers".to_owned())
            }
            Block::Basic if !(1..=3).contains(&widening) || !(1..=4).contains(&striding) => Err(format!(
                "of the layers of the benchmark's macro networks one to three double the channels (2, 4) and one to four halve the \
                 size (3, 4), here {widening} and {striding}"
            )),
            _ => Ok(()),
        }
    }
}

/// Parses the edges of a cell, `a_bc_def`.
fn edges(part: Part<'_>) -> Result<[MicroOperation; 6], ArchError> {
    let nodes: [Part<'_>; NODES] = part.fields('_', "three nodes")?;
    let mut all = vec![];
    for (k, node) in nodes.into_iter().enumerate() {
        let edges: Option<Vec<MicroOperation>> = node.text().chars().map(MicroOperation::of).collect();
        let edges = edges.filter(|edges| edges.len() == k + 1);
        all.extend(
            edges.ok_or_else(|| node.error(format!("node {} is {} digits from 0 to 3", k + 1, k + 1)))?,
        );
    }
    all.try_into().map_err(|_| part.error("a cell has six edges"))
}
