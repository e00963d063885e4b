//! SynFlow: how much of a constant signal flows through every weight.
//!
//! All parameters by their absolute values, no batch normalisation, one image of ones; `R` the sum of the logits, score
//! `sum_l sum_w |w dR/dw|` over convolution and linear weights, in f64 (the numbers of deep networks exceed f32).

use super::{
    Axis, Choice, Cost, Direction, InputRequest, LossRequest, PassRequest, Prepared, Proxy, ProxySpec,
    Rewrite, Score, ScoreError, Variant, gradient_sums,
};
use crate::engine::{GradientReduction, NormStatistics, ParamSet, Precision, Reduced};
use crate::scoring::Network;

/// Tanaka et al., synaptic flow.
pub struct SynFlow;

static SPEC: ProxySpec = ProxySpec {
    name: "synflow",
    title: "SynFlow",
    reference: "Tanaka et al., SynFlow, NeurIPS 2020, arXiv:2006.05467; as a proxy: Abdelfattah et al., arXiv:2101.08134",
    direction: Direction::HigherIsBetter,
    inputs: "one image of ones (of text: the token 1 everywhere); absolute weights; no data",
    about: "sum over convolution and linear weights of |w dR/dw|, R the sum of the logits; batch normalisation bypassed; f64",
    axes: &[Axis {
        name: "scale",
        about: "how the sum is reported",
        choices: &[
            Choice { name: "plain", about: "as it is" },
            Choice { name: "ln", about: "sign(s) ln|s|, 0 for 0 (NASLib)" },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::Backward,
    version: 1,
};

impl Proxy for SynFlow {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn passes(&self, _: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let sums = vec![GradientReduction::Params(ParamSet::Layers)];
        Ok(vec![PassRequest {
            rewrite: Rewrite::Absolute,
            input: InputRequest::Ones,
            norm: NormStatistics::Bypass,
            precision: Some(Precision::F64),
            ..PassRequest::gradients(LossRequest::SumOfLogits, sums)
        }])
    }

    fn score(
        &self,
        variant: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let sum: f64 = gradient_sums(seen)?.iter().map(|sums| sums.magnitudes).sum();
        Ok(Score::plain(match variant.is("ln") && sum != 0.0 {
            true => sum.signum() * sum.abs().ln(),
            false => sum,
        }))
    }
}
