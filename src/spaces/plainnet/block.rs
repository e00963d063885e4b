//! Super-blocks, and the convolutions of which they consist.

use std::fmt;

/// Family of a super-block, with its kernel side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `SuperConvK{k}BNRELU`: a sequence of convolutions without residual links.
    Conv { kernel: usize },
    /// `SuperResK{k}K{k}`: residual blocks of two k x k convolutions.
    TwoConvs { kernel: usize },
    /// `SuperResK1K{k}K1`: pairs of bottlenecks.
    Bottleneck { kernel: usize },
    /// `SuperResIDWE{e}K{k}`: pairs of inverted bottlenecks with expansion `e` and a depth-wise k x k convolution.
    Inverted { expansion: usize, kernel: usize },
}

impl Kind {
    /// All that the grammar knows, in the order in which error messages list them.
    pub fn all() -> impl Iterator<Item = Self> {
        let conv = [1, 3, 5, 7].into_iter().map(|kernel| Self::Conv { kernel });
        let two = [3, 5, 7].into_iter().map(|kernel| Self::TwoConvs { kernel });
        let bottleneck = [3, 5, 7].into_iter().map(|kernel| Self::Bottleneck { kernel });
        let inverted = [1, 2, 4, 6].into_iter().flat_map(|expansion| {
            [3, 5, 7].into_iter().map(move |kernel| Self::Inverted { expansion, kernel })
        });
        conv.chain(two).chain(bottleneck).chain(inverted)
    }

    /// Whether its arguments name a bottleneck width.
    pub fn has_bottleneck(self) -> bool {
        !matches!(self, Self::Conv { .. })
    }

    /// Class in the reference code.
    pub fn class(self) -> &'static str {
        match self {
            Self::Conv { .. } => "SuperConvKXBNRELU",
            Self::TwoConvs { .. } => "SuperResKXKX",
            Self::Bottleneck { .. } => "SuperResK1KXK1",
            Self::Inverted { .. } => "SuperResIDWEXKX",
        }
    }
}

impl fmt::Display for Kind {
    /// The name in structure strings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conv { kernel } => write!(f, "SuperConvK{kernel}BNRELU"),
            Self::TwoConvs { kernel } => write!(f, "SuperResK{kernel}K{kernel}"),
            Self::Bottleneck { kernel } => write!(f, "SuperResK1K{kernel}K1"),
            Self::Inverted { expansion, kernel } => write!(f, "SuperResIDWE{expansion}K{kernel}"),
        }
    }
}

/// One super-block, as a structure string writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    pub kind: Kind,
    /// Input and output channels.
    pub input: usize,
    pub output: usize,
    /// Stride of its first sub-layer.
    pub stride: usize,
    /// Width inside its residual blocks; 0 for [`Kind::Conv`], which has none.
    pub bottleneck: usize,
    pub sub_layers: usize,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, input, output, stride, bottleneck, sub_layers } = self;
        write!(f, "{kind}({input},{output},{stride},")?;
        if kind.has_bottleneck() {
            write!(f, "{bottleneck},")?;
        }
        write!(f, "{sub_layers})")
    }
}

/// A convolution with its normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    pub input: usize,
    pub output: usize,
    pub kernel: usize,
    pub stride: usize,
    pub depthwise: bool,
    /// Whether a ReLU follows the normalisation.
    pub relu: bool,
}

impl Conv {
    fn new(input: usize, output: usize, kernel: usize, stride: usize) -> Self {
        Self { input, output, kernel, stride, depthwise: false, relu: true }
    }

    fn depthwise(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { depthwise: true, ..Self::new(channels, channels, kernel, stride) }
    }

    /// The last convolution of a residual block. It has no ReLU, because one follows the sum.
    fn linear(self) -> Self {
        Self { relu: false, ..self }
    }

    /// Inputs of one output value: `(C_in / groups) k^2`.
    pub fn fan_in(&self) -> usize {
        if self.depthwise { self.kernel * self.kernel } else { self.input * self.kernel * self.kernel }
    }

    /// Number of weights.
    pub fn weights(&self) -> usize {
        self.fan_in() * self.output
    }
}

/// The residual link around the convolutions of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// There is no link; the unit is a single convolution.
    None,
    /// The unit's input is added.
    Identity,
    /// The unit's input is added after a strided conv1x1 with bias and BN.
    Projection,
}

/// The smallest part with a residual link, or one convolution of a [`Kind::Conv`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub convs: Vec<Conv>,
    pub link: Link,
}

impl Unit {
    /// Input channels.
    pub fn input(&self) -> usize {
        self.convs.first().map_or(0, |c| c.input)
    }

    /// Output channels.
    pub fn output(&self) -> usize {
        self.convs.last().map_or(0, |c| c.output)
    }

    /// Product of its convolutions' strides.
    pub fn stride(&self) -> usize {
        self.convs.iter().map(|c| c.stride).product()
    }
}

impl Block {
    /// The units, in order. The first residual link of a super-block is always a projection, the others only where
    /// stride or channels change.
    pub fn units(&self) -> Vec<Unit> {
        let layers = (0..self.sub_layers).flat_map(|layer| {
            let (input, stride) = if layer == 0 { (self.input, self.stride) } else { (self.output, 1) };
            self.layer(input, stride)
        });
        let unit = |(i, convs): (usize, Vec<Conv>)| {
            let mut unit = Unit { convs, link: Link::None };
            if !matches!(self.kind, Kind::Conv { .. }) {
                let changes = unit.stride() != 1 || unit.input() != unit.output();
                unit.link = if i == 0 || changes { Link::Projection } else { Link::Identity };
            }
            unit
        };
        layers.enumerate().map(unit).collect()
    }

    /// Convolutions of the units of one sub-layer.
    fn layer(&self, input: usize, stride: usize) -> Vec<Vec<Conv>> {
        let (inner, output) = (self.bottleneck, self.output);
        match self.kind {
            Kind::Conv { kernel } => vec![vec![Conv::new(input, output, kernel, stride)]],
            Kind::TwoConvs { kernel } => {
                vec![vec![
                    Conv::new(input, inner, kernel, stride),
                    Conv::new(inner, output, kernel, 1).linear(),
                ]]
            }
            Kind::Bottleneck { kernel } => {
                let unit = |input, stride| {
                    vec![
                        Conv::new(input, inner, 1, 1),
                        Conv::new(inner, inner, kernel, stride),
                        Conv::new(inner, output, 1, 1).linear(),
                    ]
                };
                vec![unit(input, stride), unit(output, 1)]
            }
            Kind::Inverted { expansion, kernel } => {
                let unit = |from, to, width, stride| {
                    let hidden = round_to_8(width * expansion, 1);
                    vec![
                        Conv::new(from, hidden, 1, 1),
                        Conv::depthwise(hidden, kernel, stride),
                        Conv::new(hidden, to, 1, 1).linear(),
                    ]
                };
                vec![unit(input, inner, inner, stride), unit(inner, output, output, 1)]
            }
        }
    }
}

/// The multiple of 8 nearest to `x / over`, at least 8. Ties go to the even quotient, as in Python's `round`.
pub(super) fn round_to_8(x: usize, over: usize) -> usize {
    let step = 8 * over;
    let (quotient, rest) = (x / step, x % step);
    let up = 2 * rest > step || (2 * rest == step && quotient % 2 == 1);
    8 * (quotient + usize::from(up)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `max(8, round(x / 8) * 8)`.
    #[test]
    fn hidden_widths_round_to_even() {
        for (x, rounded) in
            [(1, 8), (4, 8), (12, 16), (20, 16), (21, 24), (28, 32), (36, 32), (240, 240), (244, 240)]
        {
            assert_eq!(round_to_8(x, 1), rounded, "{x}");
            assert_eq!(round_to_8(3 * x, 3), rounded, "{x}");
        }
    }

    #[test]
    fn links_of_a_block() {
        let block = Block {
            kind: Kind::Inverted { expansion: 6, kernel: 3 },
            input: 32,
            output: 48,
            stride: 1,
            bottleneck: 32,
            sub_layers: 2,
        };
        let links: Vec<Link> = block.units().iter().map(|u| u.link).collect();
        // Into 32 channels: first of the block; 32 to 48; 48 to 32; 32 to 48.
        assert_eq!(links, [Link::Projection; 4]);
        let wide = Block { bottleneck: 48, ..block };
        let links: Vec<Link> = wide.units().iter().map(|u| u.link).collect();
        assert_eq!(links, [Link::Projection, Link::Identity, Link::Identity, Link::Identity]);
    }
}
