//! ZiCo: gradients that are large and the same for every mini-batch.
//!
//! `g_i` is the gradient of mini-batch `i`'s mean cross-entropy with respect to a layer's weight; score
//! `sum_l ln( sum_w mean_i |g_iw| / std_i(g_iw) )` over convolution and linear layers, with the population standard deviation
//! over the mini-batches. Weights whose deviation is 0 and layers whose sum is 0 are left out.
//!
//! With two mini-batches a term is `(|g_1| + |g_2|) / |g_1 - g_2|`: the sum is ruled by weights whose two gradients almost
//! agree, so that rounding in the network shows (METHODOLOGY, section 4).

use super::{
    Axis, BackwardRequest, Choice, Cost, Direction, InputRequest, LossRequest, PassRequest, Prepared, Proxy,
    ProxySpec, Score, ScoreError, Variant,
};
use crate::engine::{GradientReduction, HostValues, NormStatistics, Reduced};
use crate::graph::ParamId;
use crate::scoring::Network;

/// Li et al., inverse coefficient of variation of gradients.
pub struct Zico;

static SPEC: ProxySpec = ProxySpec {
    name: "zico",
    title: "ZiCo",
    reference: "Li et al., ZiCo, ICLR 2023, arXiv:2301.11300",
    direction: Direction::HigherIsBetter,
    inputs: "two mini-batches with labels, the second one behind the first",
    about: "ln of the sum of mean|g| / std(g) over each layer's weights and two mini-batches; batch statistics",
    axes: &[Axis {
        name: "deviation",
        about: "what the standard deviation is taken of",
        choices: &[
            Choice { name: "signed", about: "the gradient (official code)" },
            Choice { name: "absolute", about: "its absolute value (formula of the paper)" },
        ],
    }],
    presets: &[],
    init: None,
    cost: Cost::TwoBackwards,
    version: 1,
};

impl Proxy for Zico {
    fn spec(&self) -> &'static ProxySpec {
        &SPEC
    }

    fn batches(&self) -> usize {
        2
    }

    fn passes(&self, _: &Variant, _: &Network) -> Result<Vec<PassRequest>, ScoreError> {
        let pass = |input| PassRequest {
            backward: Some(BackwardRequest {
                loss: LossRequest::CrossEntropy,
                reductions: vec![GradientReduction::LayerGradients],
            }),
            ..PassRequest::forward(input, NormStatistics::Batch, vec![])
        };
        Ok(vec![pass(InputRequest::MiniBatch), pass(InputRequest::NextBatch)])
    }

    fn score(
        &self,
        variant: &Variant,
        _: &Network,
        _: &Prepared,
        seen: &[Vec<Reduced>],
    ) -> Result<Score, ScoreError> {
        let [first, second] = seen else { return Err(missing()) };
        let (first, second) = (gradients(first)?, gradients(second)?);
        let layers: Vec<f64> = first
            .iter()
            .filter_map(|(id, a)| Some((a, second.iter().find(|(other, _)| other == id).map(|(_, b)| b)?)))
            .map(|(a, b)| layer(a, b, variant.is("absolute")))
            .filter(|sum| *sum != 0.0)
            .collect();
        let value = layers.iter().fold(0.0, |total, sum| total + sum.ln());
        Ok(Score { value, components: vec![("layers", layers.len() as f64)] })
    }
}

fn missing() -> ScoreError {
    ScoreError::Undefined("the gradients of two mini-batches were not observed".into())
}

fn gradients(pass: &[Reduced]) -> Result<&[(ParamId, HostValues)], ScoreError> {
    match pass.last() {
        Some(Reduced::Gradients(gradients)) => Ok(gradients),
        _ => Err(missing()),
    }
}

/// `sum_w mean_i |g_iw| / std_i` of one layer, in f64.
fn layer(a: &HostValues, b: &HostValues, absolute: bool) -> f64 {
    match (a, b) {
        (HostValues::F32(a), HostValues::F32(b)) => {
            ratios(a.iter().map(|g| f64::from(*g)), b.iter().map(|g| f64::from(*g)), absolute)
        }
        (a, b) => ratios(a.to_f64().into_iter(), b.to_f64().into_iter(), absolute),
    }
}

/// For two numbers the population standard deviation is half of their difference.
fn ratios(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>, absolute: bool) -> f64 {
    let ratio = |(a, b): (f64, f64)| {
        let mean = a.abs() + b.abs();
        let deviation = if absolute { (a.abs() - b.abs()).abs() } else { (a - b).abs() };
        // What is not a number stays one.
        if deviation == 0.0 { 0.0 } else { mean / deviation }
    };
    a.zip(b).map(ratio).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// proxies.md section 8: the ratios are 2, 3, none and 1.
    #[test]
    fn analytic_example() {
        let (a, b) = (vec![0.1, -0.2, 0.0, 0.4], vec![0.3, -0.1, 0.0, -0.4]);
        let sum = layer(&HostValues::F64(a.clone()), &HostValues::F64(b.clone()), false);
        assert!((sum - 6.0).abs() < 1e-12 && (sum.ln() - 1.791759469228055).abs() < 1e-12);
        // The last weight's gradients have equal absolute values.
        assert!((layer(&HostValues::F64(a), &HostValues::F64(b), true) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_a_number_is_not_dropped() {
        let sum = layer(&HostValues::F32(vec![1.0, f32::NAN]), &HostValues::F32(vec![0.5, 1.0]), false);
        assert!(sum.is_nan());
        assert_eq!(layer(&HostValues::F32(vec![0.0; 3]), &HostValues::F32(vec![0.0; 3]), false), 0.0);
    }
}
