//! Parses the input strings of golden records.

use crate::keyed::{Stream, decide};

/// The input of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GoldenInput {
    /// The record has no input, or only a resolution (`resolution 32`).
    Resolution(usize),
    /// `cifar10_test[a..b]`: images a to b of CIFAR-10's test batch in file order.
    Cifar10Test { start: usize, end: usize },
    /// `cifar10_test[a..b] and [b..c]`: two successive mini-batches of equal size.
    Cifar10Pair { start: usize, end: usize },
    /// `normal(input) and normal(input.1) NxCxHxW`, with labels that are numbered through both.
    NoisePair { shape: [usize; 4], labels: NoiseLabels },
    /// TE-NAS's own images and network.
    ThinCell,
    /// `normal(input) NxCxHxW`, of which the first `take` images are used.
    Noise { shape: [usize; 4], take: usize, labels: NoiseLabels },
    /// Zen's pair of Gaussian batches of this shape.
    ZenNoise { shape: [usize; 4] },
    /// One image of ones of this shape; of token ids `1x2xTx1`.
    Ones { shape: [usize; 4] },
    /// `tokens(input) NxT of V`: keyed token ids, of which the first `take` sentences are used; with a `pair` also the mini-batch
    /// `input.1`, with the same labels.
    Tokens { sentences: Sentences, take: usize, pair: bool, labels: NoiseLabels },
}

/// Keyed sentences: token j of sentence i is `floor(u_(i T + j) V)`; the last `i mod (T / 2)` tokens are padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sentences {
    pub count: usize,
    pub tokens: usize,
    pub vocabulary: usize,
}

impl Sentences {
    /// `NxT of V`; at most 2^20 tokens, so that a damaged file cannot exhaust memory.
    fn parse(text: &str) -> Option<Self> {
        let (shape, vocabulary) = text.split_once(" of ")?;
        let (count, tokens) = shape.split_once('x')?;
        let all = Self {
            count: count.parse().ok()?,
            tokens: tokens.parse().ok()?,
            vocabulary: vocabulary.parse().ok()?,
        };
        let size = all.count.checked_mul(all.tokens)?;
        (size > 0 && size <= 1 << 20 && all.tokens > 1 && (1..1 << 24).contains(&all.vocabulary))
            .then_some(all)
    }

    /// Ids and mask of the first `take` sentences under this name, and their shape.
    pub fn ids(&self, seed: u64, name: &str, take: usize) -> (Vec<f32>, [usize; 4]) {
        let (stream, tokens) = (Stream::new(seed, name), self.tokens);
        let sentence = |i: usize| {
            let used = tokens - i % (tokens / 2);
            let id = |j: usize| {
                if j < used { decide(&stream, (i * tokens + j) as u64, self.vocabulary) } else { 0 }
            };
            let ids: Vec<f32> = (0..tokens).map(|j| id(j) as f32).collect();
            ids.into_iter().chain((0..tokens).map(move |j| f32::from(u8::from(j < used))))
        };
        ((0..take).flat_map(sentence).collect(), [take, 2, tokens, 1])
    }
}

/// The classes of Gaussian images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoiseLabels {
    /// The proxy needs no labels.
    Unnamed,
    /// `labels i mod K`: image `i` has class `i mod K`.
    Modulo(u32),
    /// `labels cifar10_test[0..N]`: those of CIFAR-10's first test images.
    Cifar10Test,
}

impl NoiseLabels {
    fn parse(text: &str) -> Option<Self> {
        if let Some(classes) = text.strip_prefix("i mod ") {
            return classes.parse().ok().filter(|k| *k > 0).map(Self::Modulo);
        }
        let range = text.strip_prefix("cifar10_test[0..")?.strip_suffix(']')?;
        range.parse::<usize>().ok().map(|_| Self::Cifar10Test)
    }
}

/// The input of TE-NAS's linear regions.
const THIN_CELL: &str = "normal(input) 1000x1x3x3, net = cell C=1 - BN - ReLU - GAP - Linear(10), no stem";
/// The suffix of the input of proxies with a teacher.
const TEACHER: &str = " (student CIFAR normalisation, teacher ImageNet normalisation)";

/// Resolution of networks whose records have no input.
const DEFAULT_RESOLUTION: usize = 32;

impl GoldenInput {
    /// Parses an input string; `None` for unknown forms.
    pub fn parse(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else { return Some(Self::Resolution(DEFAULT_RESOLUTION)) };
        if let Some(rest) = text.strip_prefix("resolution ") {
            return rest.trim().parse().ok().map(Self::Resolution);
        }
        if text == THIN_CELL {
            return Some(Self::ThinCell);
        }
        // A teacher's inputs are computed from the candidate's.
        let text = text.strip_suffix(TEACHER).unwrap_or(text);
        if let Some(rest) = text.strip_prefix("cifar10_test") {
            let Some((first, second)) = rest.split_once(" and ") else {
                let (start, end) = range_of(rest)?;
                return Some(Self::Cifar10Test { start, end });
            };
            let ((start, end), (next, last)) = (range_of(first)?, range_of(second)?);
            let behind = next == end && last - next == end - start;
            return behind.then_some(Self::Cifar10Pair { start, end });
        }
        if let Some(rest) = text.strip_prefix("normal(input) and normal(input.1) ") {
            let (shape, labels) = rest.split_once(", labels ")?;
            return Some(Self::NoisePair { shape: shape_of(shape)?, labels: NoiseLabels::parse(labels)? });
        }
        if let Some(rest) = text.strip_prefix("x=normal(input.0), e=normal(input.1), ") {
            let (shape, rule) = rest.split_once(", ")?;
            return (rule == "x'=x+0.01e in f32")
                .then(|| shape_of(shape).map(|shape| Self::ZenNoise { shape }))?;
        }
        if let Some(shape) = text.strip_prefix("ones ") {
            let tokens = shape.strip_prefix("1x2x").and_then(|rest| rest.strip_suffix("x1"));
            if let Some(tokens) = tokens.and_then(|t| t.parse().ok()).filter(|t| (1..=1 << 20).contains(t)) {
                return Some(Self::Ones { shape: [1, 2, tokens, 1] });
            }
            return shape_of(shape).filter(|shape| shape[0] == 1).map(|shape| Self::Ones { shape });
        }
        if let Some(rest) = text.strip_prefix("tokens(input) and tokens(input.1) ") {
            let (sentences, labels) = rest.split_once(", labels ")?;
            let (sentences, labels) = (Sentences::parse(sentences)?, NoiseLabels::parse(labels)?);
            return Some(Self::Tokens { sentences, take: sentences.count, pair: true, labels });
        }
        let (take, noise) = match text.strip_prefix("first ") {
            Some(rest) => {
                rest.split_once(" of ").and_then(|(n, noise)| Some((Some(n.parse().ok()?), noise)))?
            }
            None => (None, text),
        };
        if let Some(rest) = noise.strip_prefix("tokens(input) ") {
            let (sentences, labels) = rest.split_once(", labels ")?;
            let (sentences, labels) = (Sentences::parse(sentences)?, NoiseLabels::parse(labels)?);
            let take = take.unwrap_or(sentences.count);
            let known = (1..=sentences.count).contains(&take);
            return known.then_some(Self::Tokens { sentences, take, pair: false, labels });
        }
        let rest = noise.strip_prefix("normal(input) ")?;
        let (shape, labels) = match rest.split_once(", labels ") {
            Some((shape, labels)) => (shape, NoiseLabels::parse(labels)?),
            None => (rest, NoiseLabels::Unnamed),
        };
        let shape = shape_of(shape)?;
        let take = take.unwrap_or(shape[0]);
        (take >= 1 && take <= shape[0]).then_some(Self::Noise { shape, take, labels })
    }

    /// Height and width in pixels, or number of tokens of a sentence.
    pub fn resolution(&self) -> usize {
        match self {
            Self::Resolution(pixels) => *pixels,
            Self::Cifar10Test { .. } | Self::Cifar10Pair { .. } => 32,
            Self::ThinCell => DEFAULT_RESOLUTION,
            Self::Tokens { sentences, .. } => sentences.tokens,
            Self::Ones { shape } => shape[2],
            Self::Noise { shape, .. } | Self::NoisePair { shape, .. } | Self::ZenNoise { shape } => shape[3],
        }
    }
}

/// Parses `[a..b]` with a < b.
fn range_of(text: &str) -> Option<(usize, usize)> {
    let (start, end) = text.strip_prefix('[')?.strip_suffix(']')?.split_once("..")?;
    let (start, end) = (start.parse().ok()?, end.parse().ok()?);
    (start < end).then_some((start, end))
}

/// `NxCxHxW` with three channels and square images; at most 2^26 values, so that a damaged file cannot exhaust memory.
fn shape_of(text: &str) -> Option<[usize; 4]> {
    let numbers: Option<Vec<usize>> = text.split('x').map(|n| n.parse().ok()).collect();
    let shape: [usize; 4] = numbers?.try_into().ok()?;
    let size = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d))?;
    (size > 0 && size <= 1 << 26 && shape[1] == 3 && shape[2] == shape[3]).then_some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_in_use_is_read() {
        let parse = |text| GoldenInput::parse(Some(text));
        assert_eq!(GoldenInput::parse(None), Some(GoldenInput::Resolution(32)));
        assert_eq!(parse("resolution 64"), Some(GoldenInput::Resolution(64)));
        assert_eq!(parse("cifar10_test[0..16]"), Some(GoldenInput::Cifar10Test { start: 0, end: 16 }));
        let pair = Some(GoldenInput::Cifar10Pair { start: 0, end: 16 });
        assert_eq!(parse("cifar10_test[0..16] and [16..32]"), pair);
        assert_eq!(parse(THIN_CELL), Some(GoldenInput::ThinCell));
        let taught = "cifar10_test[0..5] (student CIFAR normalisation, teacher ImageNet normalisation)";
        assert_eq!(parse(taught), Some(GoldenInput::Cifar10Test { start: 0, end: 5 }));
        let shape = [8, 3, 64, 64];
        let pair = Some(GoldenInput::NoisePair { shape, labels: NoiseLabels::Modulo(10) });
        assert_eq!(parse("normal(input) and normal(input.1) 8x3x64x64, labels i mod 10"), pair);
        let noise = |take, labels| Some(GoldenInput::Noise { shape, take, labels });
        assert_eq!(parse("normal(input) 8x3x64x64"), noise(8, NoiseLabels::Unnamed));
        let labelled = "normal(input) 8x3x64x64, labels cifar10_test[0..8]";
        assert_eq!(parse(labelled), noise(8, NoiseLabels::Cifar10Test));
        let first = "first 4 of normal(input) 8x3x64x64, labels i mod 10";
        assert_eq!(parse(first), noise(4, NoiseLabels::Modulo(10)));
        assert_eq!(parse("ones 1x3x32x32"), Some(GoldenInput::Ones { shape: [1, 3, 32, 32] }));
        assert_eq!(parse("ones 1x2x12x1"), Some(GoldenInput::Ones { shape: [1, 2, 12, 1] }));
        let sentences = Sentences { count: 8, tokens: 12, vocabulary: 1000 };
        let labels = NoiseLabels::Modulo(2);
        let tokens = |take, pair| Some(GoldenInput::Tokens { sentences, take, pair, labels });
        assert_eq!(parse("tokens(input) 8x12 of 1000, labels i mod 2"), tokens(8, false));
        assert_eq!(parse("first 4 of tokens(input) 8x12 of 1000, labels i mod 2"), tokens(4, false));
        assert_eq!(parse("tokens(input) and tokens(input.1) 8x12 of 1000, labels i mod 2"), tokens(8, true));
        let zen = "x=normal(input.0), e=normal(input.1), 8x3x64x64, x'=x+0.01e in f32";
        assert_eq!(parse(zen), Some(GoldenInput::ZenNoise { shape }));
    }

    #[test]
    fn other_forms_are_not_guessed() {
        for text in [
            "",
            "cifar10_test[8..8]",
            "cifar10_test[0..4] and [4..9]",
            "cifar10_test[0..4] and [5..9]",
            "normal(input) 1000x1x3x3, net = cell C=2 - BN - ReLU - GAP - Linear(10), no stem",
            "normal(input) 8x3x64",
            "normal(input) 8x1x64x64",
            "normal(input) 1000000x3x64x64",
            "normal(input) 4x3x32x32, shifted",
            "normal(input) 4x3x32x32, labels i mod 0",
            "normal(input) 4x3x32x32, labels of something",
            "first 9 of normal(input) 8x3x64x64",
            "ones 2x3x32x32",
            "ones 1x2x0x1",
            "tokens(input) 8x1 of 1000, labels i mod 2",
            "tokens(input) 8x12 of 0, labels i mod 2",
            "first 9 of tokens(input) 8x12 of 1000, labels i mod 2",
            "x=normal(input.0), e=normal(input.1), 8x3x64x64, x'=x+0.1e in f32",
        ] {
            assert_eq!(GoldenInput::parse(Some(text)), None, "{text}");
        }
    }
}
