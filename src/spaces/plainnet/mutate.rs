//! Zen-NAS's mutation (Lin et al., ICCV 2021, section 4.2, and its released code): a few super-blocks are replaced by others, and
//! long ones are split.
//!
//! | super-block | what is drawn anew |
//! |---|---|
//! | `SuperConvK{k}BNRELU` | output channels |
//! | residual | type, output channels, sub-layers, inner width |
//!
//! Strides never change, and blocks are neither inserted nor removed: the number of blocks grows by splitting only. Afterwards
//! every block takes what the one before it gives. What is drawn may be what was there.

use super::block::{Block, Kind, round_to_8};
use super::parse::Structure;
use crate::keyed::Draws;
use crate::named;

named! {
    /// Which residual super-blocks a mutation chooses from.
    pub enum Family: "family of blocks" {
        /// bottlenecks and blocks of two convolutions, kernels 3, 5 and 7; channels are at most 2048
        ResNet = "resnet",
        /// inverted bottlenecks, expansions 1, 2, 4 and 6, kernels 3, 5 and 7; a last 1x1 convolution keeps its channels
        MobileNet = "mobilenet",
    }
}

named! {
    /// How likely the types of residual super-blocks are.
    pub enum TypeWeights: "type weights" {
        /// the j-th of a family of n counts n - j times: 3:2:1 for kernels 3, 5, 7; 12:11:...:1 for inverted bottlenecks (the
        /// released code appends its growing list once for each type)
        Official = "official",
        /// all equally (paper)
        Uniform = "uniform",
    }
}

named! {
    /// How far widths and depths may move in one mutation.
    pub enum Ranges: "ranges" {
        /// widths from 0.4 to 2.5 times, at most two sub-layers more or less (released code)
        Official = "official",
        /// widths and numbers of sub-layers from 0.5 to 2 times (paper)
        Paper = "paper",
    }
}

/// How structures mutate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mutation {
    pub family: Family,
    pub types: TypeWeights,
    pub ranges: Ranges,
}

/// Factors of a width, numerator and denominator. The paper's reading leaves out the first and the last.
const FACTORS: [(usize, usize); 9] = [(5, 2), (2, 1), (3, 2), (5, 4), (1, 1), (4, 5), (2, 3), (1, 2), (2, 5)];
/// Most channels that a mutation of [`Family::ResNet`] gives.
const MOST_CHANNELS: usize = 2048;
/// Super-blocks with as many sub-layers are split, so that the first part has [`FIRST_PART`].
const LONG: usize = 6;
const FIRST_PART: usize = 3;

impl Mutation {
    /// The structure with up to `replacements` of its super-blocks replaced, each chosen uniformly; a block that is chosen
    /// twice is replaced once. Long super-blocks are split.
    pub(super) fn of(&self, structure: &Structure, replacements: usize, draws: &mut Draws) -> Structure {
        let mut blocks = structure.blocks().to_vec();
        let mut replaced = vec![];
        for _ in 0..replacements {
            let at = draws.below(blocks.len());
            if !replaced.contains(&at) {
                blocks[at] = self.replacement(&blocks[at], at + 1 == blocks.len(), draws);
                replaced.push(at);
            }
        }
        Structure::chained(blocks.into_iter().flat_map(split).collect())
    }

    fn replacement(&self, block: &Block, last: bool, draws: &mut Draws) -> Block {
        let kept = |width| vec![width];
        let one = |choices: Vec<usize>, draws: &mut Draws| draws.one_of(&choices).copied().unwrap_or(1);
        if let Kind::Conv { kernel } = block.kind {
            let fixed = self.family == Family::MobileNet && last && kernel == 1;
            let outputs = if fixed { kept(block.output) } else { self.widths(block.output) };
            return Block { output: one(outputs, draws), ..*block };
        }
        Block {
            kind: self.kind(draws),
            output: one(self.widths(block.output), draws),
            sub_layers: one(self.depths(block.sub_layers), draws),
            bottleneck: one(self.widths(block.bottleneck), draws),
            ..*block
        }
    }

    /// C(c): the distinct widths that `channels` may become, the largest first.
    pub fn widths(&self, channels: usize) -> Vec<usize> {
        let factors = match self.ranges {
            Ranges::Official => &FACTORS[..],
            Ranges::Paper => &FACTORS[1..FACTORS.len() - 1],
        };
        let most = if self.family == Family::ResNet { MOST_CHANNELS } else { usize::MAX };
        let width = |(times, over): &(usize, usize)| round_to_8(channels * times, *over).min(most);
        let mut widths: Vec<usize> = factors.iter().map(width).collect();
        widths.dedup();
        widths
    }

    /// The numbers of sub-layers that `depth` may become, the largest first.
    pub fn depths(&self, depth: usize) -> Vec<usize> {
        let (least, most) = match self.ranges {
            Ranges::Official => (depth.saturating_sub(2), depth + 2),
            Ranges::Paper => (depth.div_ceil(2), 2 * depth),
        };
        (least.max(1)..=most).rev().collect()
    }

    /// A type of residual super-block.
    fn kind(&self, draws: &mut Draws) -> Kind {
        let kinds = self.kinds();
        let mut left = draws.below(kinds.iter().map(|(_, weight)| weight).sum());
        let drawn = kinds.iter().find(|(_, weight)| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        });
        drawn.map_or(kinds[0].0, |(kind, _)| *kind)
    }

    /// The types to choose from, each with its weight.
    pub(super) fn kinds(&self) -> Vec<(Kind, usize)> {
        let kernels = [3, 5, 7];
        let families: Vec<Vec<Kind>> = match self.family {
            Family::ResNet => vec![
                kernels.map(|kernel| Kind::Bottleneck { kernel }).to_vec(),
                kernels.map(|kernel| Kind::TwoConvs { kernel }).to_vec(),
            ],
            Family::MobileNet => {
                let of = |kernel| [1, 2, 4, 6].map(|expansion| Kind::Inverted { expansion, kernel });
                vec![kernels.into_iter().flat_map(of).collect()]
            }
        };
        let weighted = |family: Vec<Kind>| {
            let n = family.len();
            let weight = move |j| if self.types == TypeWeights::Official { n - j } else { 1 };
            family.into_iter().enumerate().map(move |(j, kind)| (kind, weight(j)))
        };
        families.into_iter().flat_map(weighted).collect()
    }
}

/// A residual super-block of six sub-layers or more as two: the first keeps input and stride and has three of them.
fn split(block: Block) -> Vec<Block> {
    if !block.kind.has_bottleneck() || block.sub_layers < LONG {
        return vec![block];
    }
    let rest = block.sub_layers - FIRST_PART;
    vec![
        Block { sub_layers: FIRST_PART, ..block },
        Block { input: block.output, stride: 1, sub_layers: rest, ..block },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::spaces::NamedArch;
    use crate::spaces::plainnet::structures::STRUCTURES;

    const OFFICIAL: Mutation =
        Mutation { family: Family::ResNet, types: TypeWeights::Official, ranges: Ranges::Official };

    fn structure(text: &str) -> Structure {
        Structure::parse("plainnet", text).unwrap()
    }

    /// The sets of the specification, counted by hand from the released code's definition.
    #[test]
    fn widths_and_depths_are_those_of_the_released_code() {
        for (c, widths) in [
            (8, vec![16, 8]),
            (64, vec![160, 128, 96, 80, 64, 48, 40, 32, 24]),
            (128, vec![320, 256, 192, 160, 128, 104, 88, 64, 48]),
            (2048, vec![2048, 1640, 1368, 1024, 816]),
        ] {
            assert_eq!(OFFICIAL.widths(c), widths, "{c}");
        }
        assert_eq!(OFFICIAL.depths(1), [3, 2, 1]);
        assert_eq!(OFFICIAL.depths(4), [6, 5, 4, 3, 2]);
        let paper = Mutation { ranges: Ranges::Paper, ..OFFICIAL };
        assert_eq!(paper.widths(64), [128, 96, 80, 64, 48, 40, 32]);
        assert_eq!((paper.depths(1), paper.depths(3)), (vec![2, 1], vec![6, 5, 4, 3, 2]));
        let mobile = Mutation { family: Family::MobileNet, ..OFFICIAL };
        assert_eq!(mobile.widths(2048)[0], 5120);
    }

    #[test]
    fn earlier_types_are_likelier_in_the_released_code() {
        let weights = |m: Mutation| m.kinds().iter().map(|(_, weight)| *weight).collect::<Vec<_>>();
        assert_eq!(weights(OFFICIAL), [3, 2, 1, 3, 2, 1]);
        assert_eq!(weights(Mutation { types: TypeWeights::Uniform, ..OFFICIAL }), [1; 6]);
        let mobile = Mutation { family: Family::MobileNet, ..OFFICIAL };
        assert_eq!(weights(mobile), (1..=12).rev().collect::<Vec<_>>());
        let names: Vec<String> = mobile.kinds().iter().map(|(kind, _)| kind.to_string()).collect();
        assert_eq!(
            [&names[0], &names[3], &names[4], &names[11]].map(|n| &n["SuperResIDW".len()..]),
            ["E1K3", "E6K3", "E1K5", "E6K7"]
        );
        // What is drawn has the weights: 12,000 draws, five standard deviations.
        let mut counts = BTreeMap::<String, f64>::new();
        let mut draws = Draws::new(0, "kinds");
        (0..12_000).for_each(|_| *counts.entry(OFFICIAL.kind(&mut draws).to_string()).or_default() += 1.0);
        for (kind, weight) in OFFICIAL.kinds() {
            let p = weight as f64 / 12.0;
            let deviation = (12_000.0 * p * (1.0 - p)).sqrt();
            assert!((counts[&kind.to_string()] - 12_000.0 * p).abs() < 5.0 * deviation, "{kind}: {counts:?}");
        }
    }

    #[test]
    fn long_super_blocks_are_split() {
        let split_of = |text: &str| {
            let blocks = structure(&format!("SuperConvK3BNRELU(3,16,1,9){text}")).blocks().to_vec();
            let all: Vec<Block> = blocks.into_iter().flat_map(split).collect();
            // A plain convolution stays whole.
            assert_eq!(all[0].sub_layers, 9);
            Structure::chained(all).to_string()["SuperConvK3BNRELU(3,16,1,9)".len()..].to_owned()
        };
        let long = "SuperResK3K3(16,32,2,16,7)";
        assert_eq!(split_of(long), "SuperResK3K3(16,32,2,16,3)SuperResK3K3(32,32,1,16,4)");
        assert_eq!(split_of("SuperResK3K3(16,32,2,16,5)"), "SuperResK3K3(16,32,2,16,5)");
        assert_eq!(
            split_of("SuperResIDWE2K5(16,32,2,16,6)"),
            "SuperResIDWE2K5(16,32,2,16,3)SuperResIDWE2K5(32,32,1,16,3)"
        );
    }

    #[test]
    fn the_last_convolution_for_imagenet_keeps_its_channels() {
        let start = structure(STRUCTURES.iter().find(|s| s.name == "zen-mobile-init").unwrap().arch);
        let mobile = Mutation { family: Family::MobileNet, ..OFFICIAL };
        let mut stems = vec![];
        for i in 0..200 {
            let child = mobile.of(&start, 2, &mut Draws::new(i, "fixfc"));
            assert_eq!(child.output(), 2048);
            stems.push(child.blocks()[0].output);
        }
        stems.sort_unstable();
        stems.dedup();
        assert_eq!(stems, [8, 16], "the stem's channels do change");
    }

    proptest! {
        /// A chain of mutations keeps to the grammar, keeps all strides, and has more blocks only by splitting.
        #[test]
        fn mutants_are_structures(
            seed in 0u64..1000, first in 0usize..STRUCTURES.len(), uniform: bool, paper: bool, mobile: bool,
        ) {
            let mutation = Mutation {
                family: if mobile { Family::MobileNet } else { Family::ResNet },
                types: if uniform { TypeWeights::Uniform } else { TypeWeights::Official },
                ranges: if paper { Ranges::Paper } else { Ranges::Official },
            };
            let NamedArch { arch, .. } = STRUCTURES[first];
            let mut parent = structure(arch);
            for step in 0..6 {
                let child = mutation.of(&parent, 2, &mut Draws::new(seed, &step.to_string()));
                prop_assert_eq!(&structure(&child.to_string()), &child);
                let strides = |s: &Structure| {
                    s.blocks().iter().map(|b| b.stride).filter(|s| *s == 2).count()
                };
                prop_assert_eq!(strides(&child), strides(&parent));
                // The paper's range can leave a second part that is long itself; the next mutation splits it.
                let long = |b: &&Block| b.kind.has_bottleneck() && b.sub_layers >= LONG;
                prop_assert!(paper || child.blocks().iter().all(|b| !long(&b)));
                let grown = child.blocks().len() - parent.blocks().len();
                let splits = child.blocks().windows(2).filter(|pair| pair[0].kind == pair[1].kind
                    && pair[0].sub_layers == FIRST_PART && pair[1].stride == 1 && pair[0].output == pair[1].output);
                prop_assert!(grown <= splits.count(), "{} to {}", parent, child);
                parent = child;
            }
        }
    }
}
