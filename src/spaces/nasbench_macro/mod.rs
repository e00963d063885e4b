//! NAS-Bench-Macro (Su et al., CVPR 2021): eight layers, each one of three blocks.
//!
//! | digit | layer |
//! |---|---|
//! | 0 | identity; where the shape changes conv1x1 (strided) - BN |
//! | 1 | inverted residual, depth-wise 3x3, expansion 3 |
//! | 2 | inverted residual, depth-wise 5x5, expansion 6 |
//!
//! The network is a stem (conv3x3 to 32 channels - BN - ReLU), three stages of 2, 3 and 3 layers, and a head (conv1x1 to 1,280
//! channels - BN - ReLU, global average pooling, linear). The first layer of each stage has stride 2 and doubles the channels.

use std::fmt;
use std::str::FromStr;

use super::{ArchError, NetworkInput, SearchSpace, SpaceError, SpaceSize, SpaceSpec};
use crate::graph::{Activation, Builder, ConvSpec, Graph, NodeId, NormSpec};
use crate::keyed::Draws;

/// The space.
pub struct NasBenchMacro;

static SPEC: SpaceSpec = SpaceSpec {
    id: "nasbench_macro",
    title: "NAS-Bench-Macro",
    reference: "Su et al., Prioritized architecture sampling with Monte-Carlo tree search, CVPR 2021, arXiv:2103.11922",
    size: SpaceSize::Known(CHOICES.pow(LAYERS as u32)),
    example: "22212220",
    encoding: "eight digits: 0 identity, 1 inverted residual 3x3 with expansion 3, 2 inverted residual 5x5 with expansion 6",
};

const LAYERS: usize = 8;
const CHOICES: usize = 3;
/// Layers of each stage.
const STAGES: [usize; 3] = [2, 3, 3];
/// Channels of the stem and of the head.
const STEM: usize = 32;
const HEAD: usize = 1280;

/// The choices for a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    Identity,
    /// Kernel of the depth-wise convolution, expansion of the channels.
    Inverted {
        kernel: usize,
        expansion: usize,
    },
}

impl Layer {
    /// The layers of the digits 0, 1 and 2.
    const ALL: [Self; CHOICES] = [
        Self::Identity,
        Self::Inverted { kernel: 3, expansion: 3 },
        Self::Inverted { kernel: 5, expansion: 6 },
    ];
}

/// An architecture: eight layers, given by their digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layers([u8; LAYERS]);

impl Layers {
    /// Architecture `index` in lexicographic order (ours; the benchmark has none).
    pub fn at(index: usize) -> Option<Self> {
        let digit = |place: usize| (index / CHOICES.pow((LAYERS - 1 - place) as u32) % CHOICES) as u8;
        (index < CHOICES.pow(LAYERS as u32)).then(|| Self(std::array::from_fn(digit)))
    }

    /// The same network with the identities of each stage moved behind its other layers. The networks are equal, because an
    /// identity that keeps the shape has no effect. The benchmark's authors trained one network of each class (their
    /// `get_real_arch`).
    pub fn class(&self) -> Self {
        let mut digits = self.0;
        let mut start = 0;
        for layers in STAGES {
            // The first layer changes the shape and stays in place. The order of the other layers is kept, as sorting is stable.
            digits[start + 1..start + layers].sort_by_key(|digit| *digit == 0);
            start += layers;
        }
        Self(digits)
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{digit}"))
    }
}

impl FromStr for Layers {
    type Err = ArchError;

    fn from_str(text: &str) -> Result<Self, ArchError> {
        let mut digits = [0; LAYERS];
        for (i, (at, character)) in text.char_indices().enumerate() {
            let here = at..at + character.len_utf8();
            let Some(slot) = digits.get_mut(i) else {
                return Err(ArchError::new(SPEC.id, text, at..text.len(), "more than eight digits"));
            };
            let digit = character.to_digit(CHOICES as u32);
            let reason = || format!("layer {} must be 0, 1 or 2", i + 1);
            *slot = digit.ok_or_else(|| ArchError::new(SPEC.id, text, here, reason()))? as u8;
        }
        let given = text.chars().count();
        if given < LAYERS {
            let reason = format!("{given} digits where eight are needed");
            return Err(ArchError::new(SPEC.id, text, text.len()..text.len(), reason));
        }
        Ok(Self(digits))
    }
}

impl SearchSpace for NasBenchMacro {
    fn spec(&self) -> &'static SpaceSpec {
        &SPEC
    }

    fn canonical(&self, arch: &str) -> Result<String, ArchError> {
        Ok(arch.parse::<Layers>()?.to_string())
    }

    fn arch(&self, index: usize) -> Option<String> {
        Layers::at(index).map(|layers| layers.to_string())
    }

    fn isomorphism_class(&self, arch: &str) -> Option<String> {
        Some(arch.parse::<Layers>().ok()?.class().to_string())
    }

    /// One of the layers becomes another.
    fn mutate(&self, arch: &str, draws: &mut Draws) -> Result<Option<String>, ArchError> {
        let Layers(mut digits) = arch.parse()?;
        let layer = draws.below(LAYERS);
        let step = 1 + draws.below(CHOICES - 1);
        digits[layer] = ((usize::from(digits[layer]) + step) % CHOICES) as u8;
        Ok(Some(Layers(digits).to_string()))
    }

    fn equality_class(&self, arch: &str) -> Option<String> {
        self.isomorphism_class(arch)
    }

    fn build(&self, arch: &str, input: NetworkInput) -> Result<Graph, SpaceError> {
        let layers: Layers = arch.parse()?;
        let mut b = Builder::new("Network", input.shape());
        let x = b.input();
        let x = b.module("stem", "Sequential", x, |b, x| conv_bn_relu(b, x, ConvSpec::square(STEM, 3, 1)));
        b.stage(x);
        let x = b.module("features", "Sequential", x, |b, x| features(b, x, &layers));
        let x = b.module("out", "Sequential", x, |b, x| {
            let x = conv_bn_relu(b, x, ConvSpec::square(HEAD, 1, 1));
            b.mark_features(x);
            b.next_child(|b, name| b.global_pool(Some(name), x))
        });
        let logits = b.linear("classifier", x, input.classes);
        b.finish(logits).map_err(SpaceError::graph(SPEC.id, arch))
    }
}

fn features(b: &mut Builder, x: NodeId, layers: &Layers) -> NodeId {
    let (mut x, mut digits) = (x, layers.0.iter());
    for stage in STAGES {
        for (i, digit) in digits.by_ref().take(stage).enumerate() {
            let (factor, stride) = if i == 0 { (2, 2) } else { (1, 1) };
            let channels = factor * b.shape(x).channels();
            x = b.next_child(|b, name| match Layer::ALL[usize::from(*digit)] {
                Layer::Identity => identity(b, name, x, channels, stride),
                Layer::Inverted { kernel, expansion } => {
                    inverted(b, (name, x), (channels, stride), (kernel, expansion))
                }
            });
            b.stage(x);
        }
    }
    x
}

fn conv_bn_relu(b: &mut Builder, x: NodeId, spec: ConvSpec) -> NodeId {
    let x = conv_bn(b, x, spec);
    b.next_child(|b, name| b.activation(name, x, Activation::Relu))
}

fn conv_bn(b: &mut Builder, x: NodeId, spec: ConvSpec) -> NodeId {
    let x = b.next_child(|b, name| b.conv(name, x, spec));
    b.next_child(|b, name| b.norm(name, x, NormSpec::default()))
}

fn identity(b: &mut Builder, name: &str, x: NodeId, channels: usize, stride: usize) -> NodeId {
    if stride == 1 && b.shape(x).channels() == channels {
        return b.identity(name, "Identity", x);
    }
    b.module(name, "Identity", x, |b, x| {
        b.module("downsample", "Sequential", x, |b, x| conv_bn(b, x, ConvSpec::square(channels, 1, stride)))
    })
}

/// conv1x1 - BN - ReLU - depth-wise convolution - BN - ReLU - conv1x1 - BN, plus its input where the shape is kept.
fn inverted(
    b: &mut Builder,
    (name, x): (&str, NodeId),
    (channels, stride): (usize, usize),
    (kernel, expansion): (usize, usize),
) -> NodeId {
    b.module(name, "InvertedResidual", x, |b, x| {
        let hidden = expansion * b.shape(x).channels();
        let y = b.module("conv", "Sequential", x, |b, x| {
            let x = conv_bn_relu(b, x, ConvSpec::square(hidden, 1, 1));
            let depthwise = ConvSpec { groups: hidden, ..ConvSpec::square(hidden, kernel, stride) };
            let x = conv_bn_relu(b, x, depthwise);
            conv_bn(b, x, ConvSpec::square(channels, 1, 1))
        });
        if stride == 1 && b.shape(x).channels() == channels { b.add(&[y, x]) } else { y }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const INPUT: NetworkInput = NetworkInput { resolution: 32, classes: 10 };

    /// Counts of four records of the published table.
    #[test]
    fn parameters_equal_published_ones() {
        for (arch, params) in
            [("00000000", 387_882), ("02012100", 890_666), ("11111221", 2_181_386), ("22212220", 1_985_514)]
        {
            assert_eq!(NasBenchMacro.build(arch, INPUT).unwrap().param_count(), params, "{arch}");
        }
    }

    #[test]
    fn identities_of_a_stage_commute() {
        for (arch, class) in [
            ("00010201", "00010210"),
            ("01002102", "01020120"),
            ("10010022", "10010022"),
            ("20210000", "20210000"),
        ] {
            assert_eq!(NasBenchMacro.equality_class(arch).unwrap(), class, "{arch}");
        }
        let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for index in 0..6561 {
            let arch = NasBenchMacro.arch(index).unwrap();
            assert_eq!(NasBenchMacro.canonical(&arch).unwrap(), arch);
            classes.entry(NasBenchMacro.equality_class(&arch).unwrap()).or_default().push(index);
        }
        assert_eq!(classes.len(), 3969);
        assert_eq!(NasBenchMacro.arch(6561), None);
    }

    #[test]
    fn parameter_names_are_those_of_the_reference() {
        let graph = NasBenchMacro.build("01200000", INPUT).unwrap();
        let names: Vec<&str> = graph.params().iter().map(|p| p.name.as_str()).collect();
        for name in [
            "stem.0.weight",
            "features.0.downsample.1.running_var",
            "features.1.conv.3.weight",
            "features.2.conv.7.bias",
            "out.1.weight",
            "classifier.bias",
        ] {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn errors_point_at_the_bad_digit() {
        for (text, bad) in [
            ("0123", "3"),
            ("0120", ""),
            ("00300000", "3"),
            ("0000000é", "é"),
            ("000000000", "0"),
            ("", ""),
            ("0000 000", " "),
        ] {
            let error = text.parse::<Layers>().unwrap_err();
            assert_eq!(&text[error.at.clone()], bad, "{error}");
        }
    }
}
