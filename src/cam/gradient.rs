//! Channel weights that are computed from gradients.
//!
//! ```text
//! Grad-CAM           w_k = mean_ij g_kij                                  Selvaraju et al., arXiv:1610.02391, Eq. 1
//! Grad-CAM++         w_k = sum_ij a_kij ReLU(g_kij)                       Chattopadhyay et al., arXiv:1710.11063, Eq. 7 and 19
//!                    a_kij = g_kij^2 / (2 g_kij^2 + g_kij^3 sum_ab A_kab + 1e-8), 0 where g_kij = 0
//! Smooth Grad-CAM++  the same with g, g^2, g^3 averaged over 4 noisy inputs x + N(0, 0.3^2)    Omeiza et al., arXiv:1908.01224
//! XGrad-CAM          w_k = sum_ij g_kij A_kij / (sum_ij A_kij + 1e-8)     Fu et al., arXiv:2008.02312, Eq. 8
//! ```
//!
//! torchcam 0.4.0 differs. In Grad-CAM++ it divides a copy by the denominator, which has no effect, so `a_kij = g_kij^2`. In
//! Smooth Grad-CAM++ the denominator sums `A_kab g_kab^3`, the ReLU is applied to the gradient of the last noisy input only, and
//! the map is made of that input's values.

use super::pass::Observed;
use super::{CamRequest, Explained, Form, Maps, Method};
use crate::engine::{EngineError, InputBatch};
use crate::graph::NodeId;
use crate::keyed::Stream;

const EPS: f64 = 1e-8;
/// Noisy inputs of Smooth Grad-CAM++, and the standard deviation of their noise.
const SMOOTH: (usize, f64) = (4, 0.3);

/// Weights `[N, channels]` of the methods that need one pass.
pub fn weights(seen: &Observed, request: CamRequest) -> Vec<f64> {
    let weight = |(a, g): (&[f64], &[f64])| match (request.method, request.form) {
        (Method::XGradCam, _) => dot(g, a) / (a.iter().sum::<f64>() + EPS),
        (Method::GradCamPp, Form::Torchcam) => g.iter().map(|g| g * g * g.max(0.0)).sum(),
        (Method::GradCamPp, Form::Paper) => {
            let sum: f64 = a.iter().sum();
            g.iter().map(|g| alpha(g * g, g.powi(3) * sum) * g.max(0.0)).sum()
        }
        _ => g.iter().sum::<f64>() / g.len() as f64,
    };
    seen.each().map(weight).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `second / (2 second + third + eps)`, 0 where `second` is.
fn alpha(second: f64, third: f64) -> f64 {
    if second > 0.0 { second / (2.0 * second + third + EPS) } else { 0.0 }
}

/// Means of the gradients' powers over the noisy inputs.
struct Moments {
    first: Vec<f64>,
    second: Vec<f64>,
    third: Vec<f64>,
}

impl Moments {
    fn add(&mut self, gradients: &[f64], share: f64) {
        let powers = [(&mut self.first, 1), (&mut self.second, 2), (&mut self.third, 3)];
        for (sums, power) in powers {
            sums.iter_mut().zip(gradients).for_each(|(s, g)| *s += g.powi(power) * share);
        }
    }
}

/// Smooth Grad-CAM++; noise `m` is `normal(0, 0.3)` under the name `cam.smooth.<m>`.
pub fn smooth(
    net: &Explained<'_>,
    input: InputBatch<'_>,
    classes: &[u32],
    (node, request): (NodeId, CamRequest),
) -> Result<Maps, super::CamError> {
    let (samples, deviation) = SMOOTH;
    let clean = net.observe(input, classes, node)?;
    let zeros = || vec![0.0; clean.values.len()];
    let mut moments = Moments { first: zeros(), second: zeros(), third: zeros() };
    let mut last = clean.clone();
    for m in 0..samples {
        last = noisy(net, input, classes, (node, request.seed, m, deviation))?;
        moments.add(&last.gradients, 1.0 / samples as f64);
    }
    let pixels = clean.size[0] * clean.size[1];
    let weight = |k: usize| -> f64 {
        let place = k * pixels..(k + 1) * pixels;
        let (a, second, third) =
            (&clean.values[place.clone()], &moments.second[place.clone()], &moments.third[place.clone()]);
        let (sum, summed) = (a.iter().sum::<f64>(), dot(a, third));
        let term = |i: usize| match request.form {
            Form::Paper => alpha(second[i], third[i] * sum) * moments.first[k * pixels + i].max(0.0),
            Form::Torchcam => {
                second[i] / (2.0 * second[i] + summed + EPS) * last.gradients[k * pixels + i].max(0.0)
            }
        };
        (0..pixels).map(term).sum()
    };
    let weights: Vec<f64> = (0..clean.values.len() / pixels.max(1)).map(weight).collect();
    Ok(if request.form == Form::Paper { clean.map(&weights) } else { last.map(&weights) })
}

fn noisy(
    net: &Explained<'_>,
    input: InputBatch<'_>,
    classes: &[u32],
    (node, seed, m, deviation): (NodeId, u64, usize, f64),
) -> Result<Observed, EngineError> {
    let mut images = vec![0.0; input.images.len()];
    Stream::new(seed, &format!("cam.smooth.{m}")).fill_normal(deviation, &mut images);
    images.iter_mut().zip(input.images).for_each(|(e, x)| *e += x);
    net.observe(InputBatch { images: &images, shape: input.shape }, classes, node)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// proxies.md, section 5.
    #[test]
    fn analytic_example() {
        let seen = Observed {
            size: [2, 2],
            channels: 2,
            values: vec![1.0, 2.0, 0.0, 1.0, 0.5, 0.0, 1.0, 2.0],
            gradients: vec![0.4, 0.0, 0.0, 0.4, -0.2, -0.2, 0.2, -0.6],
        };
        let found = weights(&seen, CamRequest::default());
        assert!((found[0] - 0.2).abs() < 1e-15 && (found[1] + 0.2).abs() < 1e-15, "{found:?}");
        let map = seen.map(&found);
        for (found, expected) in map.values.iter().zip([0.1, 0.4, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-15, "{map:?}");
        }
    }

    #[test]
    fn no_gradient_no_weight() {
        let seen = Observed { size: [1, 2], channels: 1, values: vec![0.0; 2], gradients: vec![0.0; 2] };
        for method in [Method::GradCam, Method::GradCamPp, Method::XGradCam] {
            for form in [Form::Paper, Form::Torchcam] {
                let request = CamRequest { method, form, ..CamRequest::default() };
                assert_eq!(weights(&seen, request), [0.0], "{method:?} {form:?}");
            }
        }
    }
}
