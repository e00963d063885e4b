//! E-score: the entropy of a network's structure, less a penalty for uneven depths (DeepMAD, Incorporated-NAS).
//!
//! `E = sum_s ln(C_s r_s^2) S_s - beta Q`. A stage `s` ends where a super-block with stride 2 follows, and at the end;
//! `C_s` and `r_s` are channels and resolution there, `S_s = sum 1/2 ln w` over all convolutions from the input on, with
//! `w = (C_in / groups) k^2`. `Q = exp(std(L_1, ..., L_M))` over the numbers of residual blocks of the super-blocks. Beside it,
//! `rho = max_s l_s exp(-(sum ln w) / l_s)` over the first `l_s` convolutions: above 0.5 a network is taken for too deep
//! to be trained well.
//!
//! Residual links do not count, resolutions are divided by strides and rounded down (released code).

use super::prelude::*;
use crate::spaces::{Family, SuperBlock};

named! {
    /// what a convolution of fan-in w adds
    pub(super) enum Entropy: "entropy" {
        /// 1/2 ln w (official code)
        HalfLog = "half_log",
        /// ln w (paper, Eq. 7)
        FullLog = "full_log",
    }
}

named! {
    /// Q, the penalty of the depths
    pub(super) enum Spread: "spread" {
        /// exp of their standard deviation (official code)
        Deviation = "std",
        /// exp of their variance (paper)
        Variance = "variance",
    }
}

named! {
    /// weight of the penalty
    pub(super) enum Beta: "beta" {
        /// 10 (paper and official code)
        Ten = "beta_10",
        /// 1
        One = "beta_1",
        /// none (DeepMAD's classification networks)
        Zero = "beta_0",
    }
}

named! {
    /// what becomes of the score, for sums with other scores
    pub(super) enum Scale: "scale" {
        /// nothing
        AsItIs = "as_it_is",
        /// its square root (Incorporated-Score-s); none where it is not above 0
        Root = "sqrt",
        /// its natural logarithm (Incorporated-Score-l); none where it is not above 0
        Logarithm = "ln",
    }
}

impl Scale {
    /// # Errors
    /// A score that is not above 0 has no root or logarithm here: the search rejects its candidate.
    pub fn of(self, entropy: f64) -> Result<f64, ScoreError> {
        if entropy <= 0.0 && self != Self::AsItIs {
            return Err(not_positive(entropy));
        }
        Ok(match self {
            Self::AsItIs => entropy,
            Self::Root => entropy.sqrt(),
            Self::Logarithm => entropy.ln(),
        })
    }
}

/// Why a candidate with such an E-score has no sum.
pub(super) fn not_positive(entropy: f64) -> ScoreError {
    ScoreError::undefined(format!("the E-score is {entropy}, not above 0, so that the candidate is rejected"))
}

impl Entropy {
    /// Factor of `ln w`.
    fn weight(self) -> f64 {
        if self == Self::FullLog { 1.0 } else { 0.5 }
    }
}

impl Beta {
    fn weight(self) -> f64 {
        match self {
            Self::Ten => 10.0,
            Self::One => 1.0,
            Self::Zero => 0.0,
        }
    }
}

/// How the formula is read; the default is the official code's reading.
#[derive(Clone, Copy, Default)]
pub(super) struct Reading {
    entropy: Entropy,
    spread: Spread,
    beta: Beta,
}

/// Shen et al., DeepMAD, as Incorporated-NAS uses it.
pub static PROXY: Proxy = Proxy {
    name: "escore",
    title: "E-score",
    reference: "Shen et al., DeepMAD, CVPR 2023, arXiv:2303.02165; in the form of Incorporated-NAS",
    inputs: "the structure and the input resolution; rows of super-blocks only",
    about: "entropies of a structure's stages, from the fan-ins of its convolutions, less a penalty for uneven depths",
    cost: Cost::Static,
    scorer: |variant, _| {
        let reading = Reading { entropy: variant.get(), spread: variant.get(), beta: variant.get() };
        let scale = variant.get::<Scale>();
        Ok(Scorer::fixed(move |net| {
            let parts = Parts::of(net, reading)?;
            let score = Score::plain(scale.of(parts.score())?).with("entropy", parts.entropy);
            Ok(score.with("penalty", parts.penalty).with("rho", parts.rho))
        }))
    },
    details: Details {
        axes: &[Axis::of::<Entropy>(), Axis::of::<Spread>(), Axis::of::<Beta>(), Axis::of::<Scale>()],
        presets: &[
            Preset {
                name: "official",
                about: "as the released code",
                choices: &[Entropy::HalfLog.as_str(), Spread::Deviation.as_str(), Beta::Ten.as_str()],
            },
            Preset {
                name: "paper",
                about: "as the paper writes it",
                choices: &[Entropy::FullLog.as_str(), Spread::Variance.as_str(), Beta::Ten.as_str()],
            },
        ],
        ..Details::USUAL
    },
};

/// The parts of the score, and the effectiveness beside it.
pub(super) struct Parts {
    pub entropy: f64,
    /// `beta Q`.
    pub penalty: f64,
    pub rho: f64,
}

impl Parts {
    /// # Errors
    /// [`ScoreError::Undefined`] for what is no row of super-blocks, or has none whose depth could be penalised.
    pub fn of(net: &Network, reading: Reading) -> Result<Self, ScoreError> {
        Self::new(&net.super_blocks()?, net.setup().input.resolution, reading)
    }

    fn new(blocks: &[SuperBlock], resolution: usize, reading: Reading) -> Result<Self, ScoreError> {
        let stages = stages(blocks, resolution);
        let entropies = stages.iter().map(|s| s.volume.ln() * reading.entropy.weight() * s.log_fan_ins);
        let penalty = match reading.beta {
            Beta::Zero => 0.0,
            beta => beta.weight() * unevenness(blocks, reading.spread)?,
        };
        Ok(Self { entropy: entropies.sum(), penalty, rho: effectiveness(&stages) })
    }

    /// `E`.
    pub fn score(&self) -> f64 {
        self.entropy - self.penalty
    }
}

/// A stage, seen from its end.
struct Stage {
    /// `C r^2`.
    volume: f64,
    /// `sum ln w` over the convolutions so far.
    log_fan_ins: f64,
    /// Number of convolutions so far.
    convs: usize,
}

fn stages(blocks: &[SuperBlock], resolution: usize) -> Vec<Stage> {
    let (mut side, mut log_fan_ins, mut convs) = (resolution, 0.0, 0);
    let mut stages = vec![];
    for (i, block) in blocks.iter().enumerate() {
        side /= block.stride;
        convs += block.fan_ins.len();
        log_fan_ins += block.fan_ins.iter().map(|w| (*w as f64).ln()).sum::<f64>();
        if blocks.get(i + 1).is_none_or(|next| next.stride == 2) {
            let volume = (block.channels * side * side) as f64;
            stages.push(Stage { volume, log_fan_ins, convs });
        }
    }
    stages
}

/// `rho` of a row of super-blocks, for images of this resolution: Incorporated-NAS's search rejects those above 0.5.
pub fn rho(blocks: &[SuperBlock], resolution: usize) -> f64 {
    effectiveness(&stages(blocks, resolution))
}

/// `rho`, the largest over the stages.
fn effectiveness(stages: &[Stage]) -> f64 {
    let of = |s: &Stage| s.convs as f64 * (-s.log_fan_ins / s.convs as f64).exp();
    stages.iter().map(of).fold(0.0, f64::max)
}

/// `Q`. The released code leaves out the first depths, by the kind of the second super-block: one of two-convolution blocks,
/// two of bottlenecks.
fn unevenness(blocks: &[SuperBlock], spread: Spread) -> Result<f64, ScoreError> {
    let depths = blocks.iter().filter(|b| b.family != Family::Plain).map(|b| b.depth as f64);
    let left_out = match blocks.get(1).map(|b| b.family) {
        Some(Family::TwoConvs) => 1,
        Some(Family::Bottleneck) => 2,
        _ => 0,
    };
    let depths: Vec<f64> = depths.skip(left_out).collect();
    if depths.is_empty() {
        let reason = "no super-block of residual blocks is left whose depth could be penalised; escore:beta_0 needs none";
        return Err(ScoreError::undefined(reason));
    }
    let n = depths.len() as f64;
    let mean = depths.iter().sum::<f64>() / n;
    let variance = depths.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / n;
    Ok(if spread == Spread::Variance { variance } else { variance.sqrt() }.exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spaces::{SearchSpace, plainnet::PlainNet};

    fn parts(name: &str, resolution: usize) -> (f64, f64, f64) {
        let blocks = PlainNet.super_blocks(name).unwrap().unwrap();
        let Parts { entropy, penalty, rho } = Parts::new(&blocks, resolution, Reading::default()).unwrap();
        (entropy, penalty, rho)
    }

    /// Sum of entropies, penalty and effectiveness by an independent program; that both EZenNets are within the limit of 0.5
    /// and ZenNet is not is what the paper says.
    #[test]
    fn published_structures_have_the_verified_values() {
        for (name, resolution, expected) in [
            ("zen-cifar-init", 32, (481.300_142_775_8, 10.0, 0.072_318_037_8)),
            ("zen-mobile-init", 224, (1_267.717_891_709_9, 10.0, 0.582_642_362_7)),
            ("ZenNet-1M", 32, (4_934.081_346_5, 41.132_503_8, 0.754_126_7)),
            ("EZenNet-1M-s", 32, (5_374.285_523_7, 88.414_374_6, 0.437_337_6)),
            ("EZenNet-1M-l", 32, (5_269.796_596_4, 215.949_242_6, 0.490_158_3)),
        ] {
            let (entropy, penalty, rho) = parts(name, resolution);
            // The values are printed with seven to ten decimals.
            let near = |a: f64, b: f64| (a - b).abs() < 6e-8;
            let printed = format!("{name}: {entropy} {penalty} {rho}");
            assert!(
                near(entropy, expected.0) && near(penalty, expected.1) && near(rho, expected.2),
                "{printed}"
            );
        }
    }

    #[test]
    fn a_second_block_of_bottlenecks_takes_two_depths_out() {
        let block = |family, depth| SuperBlock { family, fan_ins: vec![9], channels: 8, stride: 1, depth };
        let row = |family| [block(Family::Plain, 0), block(family, 1), block(family, 5), block(family, 3)];
        let q = |family, spread| unevenness(&row(family), spread).unwrap();
        assert_eq!(q(Family::Bottleneck, Spread::Deviation), 1.0);
        assert_eq!(q(Family::TwoConvs, Spread::Deviation), 1f64.exp());
        assert_eq!(q(Family::TwoConvs, Spread::Variance), 1f64.exp());
        assert!((q(Family::Inverted, Spread::Variance) - (8.0f64 / 3.0).exp()).abs() < 1e-12);
        assert!(unevenness(&row(Family::Bottleneck)[..3], Spread::Deviation).is_err());
        assert!(unevenness(&[], Spread::Deviation).is_err());
    }
}
