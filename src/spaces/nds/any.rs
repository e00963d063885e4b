//! Networks of stages: Vanilla, ResNet, ResNeXt (`AnyNet` of pycls).
//!
//! A network is a stem, stages, global average pooling and a linear classifier. The blocks of a stage are equal, but only the first
//! one has a stride.

use std::fmt;

use super::cell::{MOST_CHANNELS, MOST_LAYERS};
use crate::graph::{Activation, Builder, ConvSpec, Graph, GraphError, NodeId, NormSpec, PoolKind, Window};
use crate::spaces::part::Part;
use crate::spaces::{ArchError, NetworkInput};

/// The block that stages are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// Twice conv3x3, batch norm, ReLU.
    Vanilla,
    /// Residual: conv3x3, batch norm, ReLU, conv3x3, batch norm.
    Basic,
    /// Residual: conv1x1, batch norm, ReLU, grouped conv3x3, batch norm, ReLU, conv1x1, batch norm.
    Bottleneck,
}

impl Block {
    const ALL: [Self; 3] = [Self::Vanilla, Self::Basic, Self::Bottleneck];

    /// Name in architecture strings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vanilla => "vanilla",
            Self::Basic => "res_basic",
            Self::Bottleneck => "res_bottleneck",
        }
    }
}

/// A sequence of equal blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    pub depth: usize,
    pub width: usize,
    pub stride: usize,
    /// Bottleneck width as a multiple of the width, and groups.
    pub bottleneck: Option<(f64, usize)>,
}

/// A network of stages; the stem's kind follows from its stride (see [`AnyNet::STEMS`]).
#[derive(Clone, Debug, PartialEq)]
pub struct AnyNet {
    pub block: Block,
    pub stem_width: usize,
    pub stem_stride: usize,
    pub stages: Vec<Stage>,
}

/// How a network is built from a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Construction {
    /// The network that was trained.
    Trained,
    /// The network that the code of NASWOT scores. It takes the entry of the stem for a further stage, puts a stem of twelve
    /// channels in front (conv7x7 and max pooling for ResNet and ResNeXt, conv3x3 of stride 2 for Vanilla), and takes the number
    /// of groups for their width.
    Naswot,
}

/// Width of NASWOT's stem.
const NASWOT_STEM: usize = 12;

impl fmt::Display for AnyNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:w{}s{}:", self.block.name(), self.stem_width, self.stem_stride)?;
        for (i, stage) in self.stages.iter().enumerate() {
            let Stage { depth, width, stride, bottleneck } = stage;
            write!(f, "{}d{depth}w{width}s{stride}", if i == 0 { "" } else { "-" })?;
            if let Some((multiple, groups)) = bottleneck {
                write!(f, "b{multiple}g{groups}")?;
            }
        }
        Ok(())
    }
}

/// The numbers of a text `LETTERnumberLETTERnumber...`, which follow the given letters.
fn lettered<'a, const N: usize>(part: Part<'a>, letters: [char; N]) -> Result<[Part<'a>; N], ArchError> {
    let text = part.text();
    let shape = || part.error(format!("numbers behind {} are needed", letters.map(String::from).join(", ")));
    let mut starts = [0; N];
    let mut from = 0;
    for (start, letter) in starts.iter_mut().zip(letters) {
        *start = from + text[from..].find(letter).ok_or_else(shape)?;
        from = *start + 1;
    }
    if starts.first() != Some(&0) {
        return Err(shape());
    }
    let end = |k: usize| starts.get(k + 1).copied().unwrap_or(text.len());
    Ok(std::array::from_fn(|k| part.slice(starts[k] + 1..end(k))))
}

impl AnyNet {
    /// The strides that stems have. Each belongs to one stem: 1 to conv3x3, 2 to conv3x3 of stride 2, 4 to conv7x7 of stride 2 with
    /// max pooling, and 8 to three conv3x3 of stride 2, the first of which has half of the channels.
    pub const STEMS: [usize; 4] = [1, 2, 4, 8];

    /// # Errors
    /// Where the text is no network of these blocks.
    pub fn parse(part: Part<'_>, block: Block) -> Result<Self, ArchError> {
        let [name, stem, stages] = part.fields(':', "block, stem and stages")?;
        name.one_of("block", &[block], Block::name)?;
        let [width, stride] = lettered(stem, ['w', 's'])?;
        let stem_stride = stride.number("the stem's stride", 1..=8)?;
        if !Self::STEMS.contains(&stem_stride) {
            return Err(stride.error("the stem's stride must be 1, 2, 4 or 8"));
        }
        let stages = stages.split('-').into_iter().map(|part| Stage::parse(part, block));
        let stages: Vec<Stage> = stages.collect::<Result<_, _>>()?;
        if stages.iter().map(|stage| stage.depth).sum::<usize>() > MOST_LAYERS {
            return Err(part.error(format!("more than {MOST_LAYERS} blocks")));
        }
        Ok(Self {
            block,
            stem_width: width.number("the stem's width", 2..=MOST_CHANNELS)?,
            stem_stride,
            stages,
        })
    }

    /// The network that `construction` makes of this description.
    fn constructed(&self, construction: Construction) -> Self {
        if construction == Construction::Trained {
            return self.clone();
        }
        let entry = Stage {
            depth: 1,
            width: self.stem_width,
            stride: self.stem_stride,
            bottleneck: (self.block == Block::Bottleneck).then_some((1.0, 1)),
        };
        let stages = std::iter::once(&entry).chain(&self.stages).map(|stage| {
            let by_width = |(multiple, width): (f64, usize)| {
                let channels = bottleneck_width(stage.width, multiple);
                (multiple, channels / width.max(1))
            };
            Stage { bottleneck: stage.bottleneck.map(by_width), ..*stage }
        });
        let stem_stride = if self.block == Block::Vanilla { 2 } else { 4 };
        Self { stem_width: NASWOT_STEM, stem_stride, stages: stages.collect(), ..*self }
    }

    /// Builds the network.
    ///
    /// # Errors
    /// An input too small for the windows, or groups that do not divide their channels.
    pub fn build(&self, construction: Construction, input: NetworkInput) -> Result<Graph, GraphError> {
        let net = self.constructed(construction);
        let mut b = Builder::new("AnyNet", input.shape());
        let x = b.input();
        let mut x = net.stem(&mut b, x);
        b.stage(x);
        for (i, stage) in net.stages.iter().enumerate() {
            x = b.module(&format!("s{}", i + 1), "AnyStage", x, |b, x| {
                (0..stage.depth).fold(x, |x, k| {
                    let stride = if k == 0 { stage.stride } else { 1 };
                    let y = net.block.build(b, &format!("b{}", k + 1), x, (stage, stride));
                    b.stage(y);
                    y
                })
            });
        }
        b.mark_features(x);
        let logits = b.module("head", "AnyHead", x, |b, x| {
            let x = b.global_pool(Some("avg_pool"), x);
            b.linear("fc", x, input.classes)
        });
        b.finish(logits)
    }

    fn stem(&self, b: &mut Builder, x: NodeId) -> NodeId {
        let width = self.stem_width;
        let class = match self.stem_stride {
            1 => "ResStemCifar",
            2 => "SimpleStemIN",
            4 => "ResStemIN",
            _ => "DeepStemIN",
        };
        b.module("stem", class, x, |b, x| match self.stem_stride {
            8 => [width / 2, width, width].into_iter().enumerate().fold(x, |x, (i, width)| {
                let names = ["conv", "bn", "relu"].map(|name| format!("{name}{i}"));
                conv_bn_relu(b, names.each_ref().map(String::as_str), x, ConvSpec::square(width, 3, 2))
            }),
            stride => {
                let (kernel, step) = if stride == 4 { (7, 2) } else { (3, stride) };
                let x = conv_bn_relu(b, ["conv", "bn", "relu"], x, ConvSpec::square(width, kernel, step));
                match stride {
                    4 => b.pool("pool", x, PoolKind::Max, Window::square(3, 2, 1)),
                    _ => x,
                }
            }
        })
    }
}

impl Stage {
    fn parse(part: Part<'_>, block: Block) -> Result<Self, ArchError> {
        let (depth, width, stride, bottleneck) = match block {
            Block::Bottleneck => {
                let [depth, width, stride, multiple, groups] = lettered(part, ['d', 'w', 's', 'b', 'g'])?;
                let multiple = multiple.number("the bottleneck multiple", 1.0 / 1024.0..=64.0)?;
                let groups = groups.number("the number of groups", 1..=MOST_CHANNELS)?;
                (depth, width, stride, Some((multiple, groups)))
            }
            _ => {
                let [depth, width, stride] = lettered(part, ['d', 'w', 's'])?;
                (depth, width, stride, None)
            }
        };
        Ok(Self {
            depth: depth.number("the depth of a stage", 1..=MOST_LAYERS)?,
            width: width.number("the width of a stage", 1..=MOST_CHANNELS)?,
            stride: stride.number("the stride of a stage", 1..=8)?,
            bottleneck,
        })
    }
}

/// Channels of a bottleneck: Python's `int(round(width * multiple))`.
fn bottleneck_width(width: usize, multiple: f64) -> usize {
    (width as f64 * multiple).round_ties_even() as usize
}

fn conv_bn_relu(b: &mut Builder, [conv, bn, relu]: [&str; 3], x: NodeId, spec: ConvSpec) -> NodeId {
    let x = b.conv(conv, x, spec);
    let x = b.norm(bn, x, NormSpec::default());
    b.activation(relu, x, Activation::Relu)
}

impl Block {
    fn build(self, b: &mut Builder, name: &str, x: NodeId, (stage, stride): (&Stage, usize)) -> NodeId {
        let class = match self {
            Self::Vanilla => {
                return b.module(name, "VanillaBlock", x, |b, x| {
                    let x =
                        conv_bn_relu(b, ["a", "a_bn", "a_relu"], x, ConvSpec::square(stage.width, 3, stride));
                    conv_bn_relu(b, ["b", "b_bn", "b_relu"], x, ConvSpec::square(stage.width, 3, 1))
                });
            }
            Self::Basic => "ResBasicBlock",
            Self::Bottleneck => "ResBottleneckBlock",
        };
        b.module(name, class, x, |b, x| {
            let projected = b.shape(x).channels() != stage.width || stride != 1;
            let short = match projected {
                true => {
                    let short = b.conv("proj", x, ConvSpec::square(stage.width, 1, stride));
                    b.norm("bn", short, NormSpec::default())
                }
                false => x,
            };
            let long = stage.transform(b, x, stride);
            let sum = b.add(&[short, long]);
            b.activation("relu", sum, Activation::Relu)
        })
    }
}

impl Stage {
    /// The branch of a residual block.
    fn transform(&self, b: &mut Builder, x: NodeId, stride: usize) -> NodeId {
        let width = self.width;
        let Some((multiple, groups)) = self.bottleneck else {
            return b.module("f", "BasicTransform", x, |b, x| {
                let x = conv_bn_relu(b, ["a", "a_bn", "a_relu"], x, ConvSpec::square(width, 3, stride));
                let x = b.conv("b", x, ConvSpec::square(width, 3, 1));
                b.norm("b_bn", x, NormSpec::default())
            });
        };
        let narrow = bottleneck_width(width, multiple);
        b.module("f", "BottleneckTransform", x, |b, x| {
            let x = conv_bn_relu(b, ["a", "a_bn", "a_relu"], x, ConvSpec::square(narrow, 1, 1));
            let grouped = ConvSpec { groups, ..ConvSpec::square(narrow, 3, stride) };
            let x = conv_bn_relu(b, ["b", "b_bn", "b_relu"], x, grouped);
            let x = b.conv("c", x, ConvSpec::square(width, 1, 1));
            b.norm("c_bn", x, NormSpec::default())
        })
    }
}

/// The block that a record names.
pub fn block_of(name: &str) -> Option<Block> {
    match name {
        "double_plain_block" | "vanilla_block" => Some(Block::Vanilla),
        "res_basic_block" => Some(Block::Basic),
        "res_bottleneck_block" => Some(Block::Bottleneck),
        _ => Block::ALL.into_iter().find(|block| block.name() == name),
    }
}
