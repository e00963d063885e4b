//! NAS-Bench-201, the topology space of NATS-Bench (Dong and Yang, ICLR 2020): cells of three nodes and six edges.
//!
//! Macro network: stem conv3x3 to 16 channels, three stages of five cells (16, 32, 64 channels) with residual
//! reduction blocks between them. Definition of AutoDL: affine, tracked batch norm, no convolution bias.
//!
//! `nasbench201_small` has the same cells in a network that is trained in seconds: 8, 16 and 32 channels, one cell a stage. Its
//! accuracies are our own.

mod arch;
mod isomorphism;

pub use arch::{EdgeCell, EdgeOperation};

use super::tiny_net::{self, Stage};
use super::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
use crate::graph::Graph;
use crate::keyed::Draws;

/// The cells in a network of one size.
pub struct NasBench201 {
    spec: &'static SpaceSpec,
    /// Channels of the first stage; the others have two and four times as many.
    width: usize,
    /// Cells in each stage.
    cells: usize,
}

/// The published networks.
pub static FULL: NasBench201 = NasBench201 { spec: &SPEC, width: 16, cells: 5 };
/// Those of our own table.
pub static SMALL: NasBench201 = NasBench201 { spec: &SMALL_SPEC, width: 8, cells: 1 };

static SPEC: SpaceSpec = SpaceSpec {
    id: "nasbench201",
    title: "NAS-Bench-201 (NATS-Bench topology space)",
    reference: "Dong and Yang, NAS-Bench-201, ICLR 2020, arXiv:2001.00326",
    size: SpaceSize::Known(15_625),
    example: "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    encoding: "|op~0|+|op~0|op~1|+|op~0|op~1|op~2| with op one of none, skip_connect, nor_conv_1x1, nor_conv_3x3, \
               avg_pool_3x3",
};

static SMALL_SPEC: SpaceSpec = SpaceSpec {
    id: "nasbench201_small",
    title: "Cells of NAS-Bench-201 in a small network (8 channels, one cell a stage)",
    reference: "this program; the cells are those of Dong and Yang, ICLR 2020",
    ..SPEC
};

impl SearchSpace for NasBench201 {
    fn spec(&self) -> &'static SpaceSpec {
        self.spec
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(arch.parse::<EdgeCell>()?.to_string())
    }

    /// The official order is that of the benchmark's meta file, which only the table knows. Small networks are counted in
    /// base 5, the last edge first.
    fn arch(&self, index: usize) -> Option<String> {
        let all = EdgeOperation::ALL;
        let counted = self.spec.id == SMALL_SPEC.id && index < all.len().pow(6);
        let edge = |i: usize| all[index / all.len().pow(5 - i as u32) % all.len()];
        counted.then(|| EdgeCell::new(std::array::from_fn(edge)).to_string())
    }

    fn isomorphism_class(&self, arch: &str) -> Option<String> {
        Some(isomorphism::unique_string(&arch.parse().ok()?))
    }

    fn equality_class(&self, arch: &str) -> Option<String> {
        Some(isomorphism::equality_class(&arch.parse().ok()?))
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let cell: EdgeCell = arch.parse()?;
        let mut plan = Vec::new();
        for (i, channels) in [1, 2, 4].map(|times| times * self.width).into_iter().enumerate() {
            plan.extend((i > 0).then_some(Stage { channels, reduction: true }));
            plan.extend(vec![Stage { channels, reduction: false }; self.cells]);
        }
        let graph = tiny_net::build(&cell, self.width, &plan, input);
        graph.map_err(SpaceError::graph(self.spec.id, arch))
    }

    fn mutate(&self, arch: &str, draws: &mut Draws) -> Result<Option<String>, ArchError> {
        Ok(Some(arch.parse::<EdgeCell>()?.mutant(draws).to_string()))
    }

    fn thin_cell(&self, arch: &str, classes: usize) -> Result<Option<Graph>, SpaceError> {
        let graph = tiny_net::thin_cell(&arch.parse()?, classes);
        graph.map(Some).map_err(SpaceError::graph(self.spec.id, arch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEAD: [&str; 3] = ["none", "skip_connect", "avg_pool_3x3"];

    fn all(op: &str) -> String {
        format!("|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|")
    }

    fn counts(arch: &str, classes: usize) -> (u64, u64) {
        let resolution = if classes == 120 { 16 } else { 32 };
        let graph = FULL.build(arch, NetworkInput { resolution, classes }).unwrap();
        (graph.param_count(), graph.mac_count())
    }

    /// Counts of the published table (NATS-Bench records) for 10, 100 and 120 classes, the last at 16 pixels.
    #[test]
    fn counts_equal_the_verified_rows() {
        for op in DEAD {
            assert_eq!(counts(&all(op), 10), (73_306, 7_783_050), "{op}");
            assert_eq!(counts(&all(op), 100), (79_156, 7_788_900), "{op}");
            assert_eq!(counts(&all(op), 120), (80_456, 1_953_400), "{op}");
        }
        assert_eq!(counts(&all("nor_conv_1x1"), 10), (241_306, 31_376_010));
        assert_eq!(counts(&all("nor_conv_3x3"), 10), (1_531_546, 220_119_690));
        assert_eq!(counts(&all("nor_conv_3x3"), 100), (1_537_396, 220_125_540));
        assert_eq!(counts(&all("nor_conv_3x3"), 120), (1_538_696, 55_037_560));
        let index0 =
            "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
        assert_eq!(counts(index0, 10), (129_306, 15_647_370));
        assert_eq!(counts(index0, 100), (135_156, 15_653_220));
        assert_eq!(counts(index0, 120), (136_456, 3_919_480));
        assert_eq!(counts(SPEC.example, 10), (1_288_506, 184_730_250));
        assert_eq!(counts(SPEC.example, 100), (1_294_356, 184_736_100));
        assert_eq!(counts(SPEC.example, 120), (1_295_656, 46_190_200));
    }

    /// Stem 3, two residual blocks of 7, the last normalisation 2, the classifier 2; a convolution of the cell has a weight and
    /// two tensors of its normalisation, in 15 cells.
    #[test]
    fn layers_are_counted() {
        let layers = |arch: &str| {
            let graph = FULL.build(arch, NetworkInput { resolution: 32, classes: 10 }).unwrap();
            (graph.tensor_count(), graph.convolution_count())
        };
        assert_eq!(layers(&all("none")), (21, 7));
        assert_eq!(layers(&all("nor_conv_1x1")), (21 + 6 * 45, 7 + 6 * 15));
        let two = "|nor_conv_3x3~0|+|avg_pool_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|";
        assert_eq!(layers(two), (21 + 2 * 45, 7 + 2 * 15));
    }

    /// Activation outputs L_K of networks.md 1.5 (RBFleX), once as activations and once with composites counted.
    #[test]
    fn activation_output_lengths() {
        let length = |arch: &str, official: bool| -> usize {
            let graph = FULL.build(arch, NetworkInput { resolution: 32, classes: 10 }).unwrap();
            let taps = match official {
                true => graph.output_taps(graph.relu_named_modules()),
                false => graph.output_taps(graph.activation_modules()),
            };
            taps.iter().map(|t| t.times * graph.node(t.node).shape.elements()).sum()
        };
        assert_eq!(length(&all("none"), false), 40_960);
        assert_eq!(length(&all("nor_conv_3x3"), false), 901_120);
        assert_eq!(length(&all("none"), true), 65_536);
        assert_eq!(length(&all("nor_conv_3x3"), true), 1_785_856);
    }

    #[test]
    fn parameter_names_are_those_of_autodl() {
        let graph = FULL.build(SPEC.example, NetworkInput { resolution: 32, classes: 10 }).unwrap();
        let names: Vec<&str> = graph.params().iter().map(|p| p.name.as_str()).collect();
        for name in [
            "stem.0.weight",
            "stem.1.running_var",
            "cells.0.layers.0.op.1.weight",
            "cells.5.conv_a.op.2.bias",
            "cells.5.downsample.1.weight",
            "lastact.0.weight",
            "classifier.bias",
        ] {
            assert!(names.contains(&name), "{name}");
        }
    }

    /// Every cell has one index, and a small network is an eightieth of the work.
    #[test]
    fn small_networks_have_an_order_of_their_own() {
        let archs: std::collections::BTreeSet<String> = (0..15_625).filter_map(|i| SMALL.arch(i)).collect();
        assert_eq!((archs.len(), SMALL.arch(15_625), FULL.arch(0)), (15_625, None, None));
        assert_eq!(SMALL.arch(0), Some(all("none")));
        assert_eq!(SMALL.arch(5).as_deref(), Some("|none~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|"));
        let graph = SMALL.build(SPEC.example, NetworkInput { resolution: 16, classes: 10 }).unwrap();
        assert_eq!((graph.param_count(), graph.convolution_count()), (79_778, 22));
    }

    #[test]
    fn too_small_an_input_is_an_error() {
        let error = FULL.build(SPEC.example, NetworkInput { resolution: 1, classes: 10 }).unwrap_err();
        assert!(error.to_string().contains("resolution"), "{error}");
    }
}
