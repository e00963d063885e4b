//! VGG-19 for CIFAR-10.

use super::{ENCODING, activation};
use crate::graph::{Activation, Builder, ConvSpec, Graph, NormSpec, PoolKind, Window};
use crate::spaces::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};

/// VGG-19 for CIFAR-10 with one of eleven activations.
pub struct NafbeeVgg19;

static SPEC: SpaceSpec = SpaceSpec {
    id: "nafbee_vgg19",
    title: "NAFBee VGG-19 (activation functions)",
    reference: "Yamasaki et al., RBFleX-NAS, TNNLS 2025, arXiv:2503.22733, Table IV",
    size: SpaceSize::Known(11),
    example: "ReLU",
    encoding: ENCODING,
};

/// VGG-19's convolution widths between its five poolings.
const STAGES: [&[usize]; 5] = [&[64; 2], &[128; 2], &[256; 4], &[512; 4], &[512; 4]];

impl SearchSpace for NafbeeVgg19 {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(activation(SPEC.id, arch)?.class().to_string())
    }

    fn arch(&self, index: usize) -> Option<String> {
        Activation::ALL.get(index).map(|a| a.class().to_string())
    }

    /// Sixteen times conv3x3 with bias - BN - activation, five max poolings, flatten, linear. 32 x 32 input only, as the
    /// classifier takes 512 values.
    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let activation = activation(SPEC.id, arch)?;
        let mut b = Builder::new("VGG", input.shape());
        let x = b.input();
        let x = b.module("features", "Sequential", x, |b, x| {
            let mut x = x;
            for widths in STAGES {
                for width in widths {
                    x = b.next_child(|b, name| b.conv(name, x, ConvSpec::square(*width, 3, 1).with_bias()));
                    x = b.next_child(|b, name| b.norm(name, x, NormSpec::default()));
                    x = b.next_child(|b, name| b.activation(name, x, activation));
                    b.stage(x);
                }
                x = b.next_child(|b, name| b.pool(name, x, PoolKind::Max, Window::square(2, 2, 0)));
            }
            b.next_child(|b, name| b.pool(name, x, PoolKind::Average, Window::square(1, 1, 0)))
        });
        b.mark_features(x);
        let x = b.flatten(x);
        let logits = b.linear_from("classifier", x, 512, input.classes);
        b.finish(logits).map_err(SpaceError::graph(SPEC.id, arch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published counts: 20,040,522 parameters, 398,136,320 multiply-accumulates plus the bias additions, 16
    /// activations with 303,104 outputs, 512 classifier inputs.
    #[test]
    fn counts_equal_the_published_ones() {
        for index in 0..Activation::ALL.len() {
            let arch = NafbeeVgg19.arch(index).unwrap();
            let graph = NafbeeVgg19.build(&arch, NetworkInput { resolution: 32, classes: 10 }).unwrap();
            assert_eq!(graph.param_count(), 20_040_522, "{arch}");
            let taps = graph.output_taps(graph.activation_modules());
            let outputs: usize = taps.iter().map(|t| graph.node(t.node).shape.elements()).sum();
            assert_eq!((taps.len(), outputs), (16, 303_104), "{arch}");
            assert_eq!(graph.mac_count(), 398_136_320 + 303_104 + 10, "{arch}");
            assert_eq!(graph.node(graph.classifier_input()).shape.elements(), 512);
        }
    }

    #[test]
    fn wrong_case_gets_a_hint() {
        let message = NafbeeVgg19.canonical("relu").unwrap_err().to_string();
        assert!(message.contains("did you mean `ReLU`"), "{message}");
    }

    #[test]
    fn only_32_pixel_inputs_fit() {
        for resolution in [0, 1, 16, 64] {
            assert!(
                NafbeeVgg19.build("ReLU", NetworkInput { resolution, classes: 10 }).is_err(),
                "{resolution}"
            );
        }
    }
}
