//! ZiCo: gradients that are large and the same for every mini-batch.
//!
//! `g_i` is the gradient of mini-batch `i`'s mean cross-entropy with respect to a layer's weight; score
//! `sum_l ln( sum_w mean_i |g_iw| / std_i(g_iw) )` over convolution and linear layers, with the population standard deviation
//! over the mini-batches. Weights whose deviation is 0 and layers whose sum is 0 are left out.
//!
//! With two mini-batches a term is `(|g_1| + |g_2|) / |g_1 - g_2|`: the sum is ruled by weights whose two gradients almost
//! agree, so that rounding in the network shows (METHODOLOGY, section 4).

use super::prelude::*;
use crate::engine::HostValues;

named! {
    /// what the standard deviation is taken of
    enum Deviation: "deviation" {
        /// the gradient (official code)
        Signed = "signed",
        /// its absolute value (formula of the paper)
        Absolute = "absolute",
    }
}

/// Li et al., inverse coefficient of variation of gradients.
pub static PROXY: Proxy = Proxy {
    name: "zico",
    title: "ZiCo",
    reference: "Li et al., ZiCo, ICLR 2023, arXiv:2301.11300",
    inputs: "two mini-batches with labels, the second one behind the first",
    about: "ln of the sum of mean|g| / std(g) over each layer's weights and two mini-batches; batch statistics",
    cost: Cost::TwoBackwards,
    scorer: |variant, _| {
        let deviation = variant.get::<Deviation>();
        Ok(Scorer::passes(move |_, ask| {
            let mut gradients = |input| {
                ask.pass(input, NormStatistics::Batch).backward(LossRequest::CrossEntropy).layer_gradients()
            };
            let (first, second) = (gradients(InputRequest::MiniBatch), gradients(InputRequest::NextBatch));
            Ok(reduce(move |seen| {
                let (first, second) = (seen.get(first), seen.get(second));
                let layers: Vec<f64> = first
                    .iter()
                    .filter_map(|(id, a)| {
                        Some((a, second.iter().find(|(other, _)| other == id).map(|(_, b)| b)?))
                    })
                    .map(|(a, b)| layer(a, b, deviation))
                    .filter(|sum| *sum != 0.0)
                    .collect();
                let value = layers.iter().fold(0.0, |total, sum| total + sum.ln());
                Ok(Score::plain(value).with("layers", layers.len() as f64))
            }))
        }))
    },
    details: Details { axes: &[Axis::of::<Deviation>()], batches: 2, ..Details::USUAL },
};

/// `sum_w mean_i |g_iw| / std_i` of one layer, in f64.
fn layer(a: &HostValues, b: &HostValues, deviation: Deviation) -> f64 {
    match (a, b) {
        (HostValues::F32(a), HostValues::F32(b)) => {
            ratios(a.iter().map(|g| f64::from(*g)), b.iter().map(|g| f64::from(*g)), deviation)
        }
        (a, b) => ratios(a.to_f64().into_iter(), b.to_f64().into_iter(), deviation),
    }
}

/// For two numbers the population standard deviation is half of their difference.
fn ratios(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>, deviation: Deviation) -> f64 {
    let ratio = |(a, b): (f64, f64)| {
        let mean = a.abs() + b.abs();
        let spread = match deviation {
            Deviation::Signed => (a - b).abs(),
            Deviation::Absolute => (a.abs() - b.abs()).abs(),
        };
        // What is not a number stays one.
        if spread == 0.0 { 0.0 } else { mean / spread }
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
        let sum = layer(&HostValues::F64(a.clone()), &HostValues::F64(b.clone()), Deviation::Signed);
        assert!((sum - 6.0).abs() < 1e-12 && (sum.ln() - 1.791759469228055).abs() < 1e-12);
        // The last weight's gradients have equal absolute values.
        assert!((layer(&HostValues::F64(a), &HostValues::F64(b), Deviation::Absolute) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_a_number_is_not_dropped() {
        let sum =
            layer(&HostValues::F32(vec![1.0, f32::NAN]), &HostValues::F32(vec![0.5, 1.0]), Deviation::Signed);
        assert!(sum.is_nan());
        assert_eq!(
            layer(&HostValues::F32(vec![0.0; 3]), &HostValues::F32(vec![0.0; 3]), Deviation::Signed),
            0.0
        );
    }
}
