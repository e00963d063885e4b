//! Signs of the gradients of single images.

use crate::engine::kernels::{GradientForm, HostValues};
use crate::engine::reverse::{GradientSink, NodeWant, Wants};
use crate::engine::session::{Cotangent, Session};
use crate::engine::{EngineError, ForwardPass};
use crate::graph::{NodeId, ParamId, Weights};

/// `sum_w |sum_n sign(g_nw)|` over weights `w` and images `n`, the number of weights, and how many signs are rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SignAgreement {
    pub sum: f64,
    pub weights: usize,
    /// Number of gradients that are not zero, but would be in exact arithmetic: they are below 1e-12 (f32: 1e-6) of the largest
    /// gradient of this parameter and those nearer to the loss. Each changes `sum` by 2 at most.
    pub rounding: usize,
    largest: f64,
}

/// How large a gradient that is zero in exact arithmetic may become by rounding.
trait Rounding: Copy + Into<f64> {
    /// As a share of the largest gradient. In networks with such zeros (cells and stages of NDS, of which whole layers have
    /// nothing else) no f64 gradient lies between 2e-15 and 2e-10 of the largest; in f32 the gap is narrow.
    const SHARE: f64;
}

impl Rounding for f32 {
    const SHARE: f64 = 1e-6;
}

impl Rounding for f64 {
    const SHARE: f64 = 1e-12;
}

impl SignAgreement {
    /// Adds a parameter's gradients, `[N, numel]`.
    fn add<T: Rounding>(&mut self, rows: &[T], numel: usize) {
        self.largest = rows.iter().fold(self.largest, |max, g| max.max((*g).into().abs()));
        let floor = T::SHARE * self.largest;
        let noise = |g: f64| g != 0.0 && g.abs() < floor;
        self.rounding += rows.iter().filter(|g| noise((**g).into())).count();
        let mut signs = vec![0i64; numel];
        for row in rows.chunks_exact(numel.max(1)) {
            // Neither a zero nor a NaN has a sign.
            for (sign, g) in signs.iter_mut().zip(row) {
                let g: f64 = (*g).into();
                *sign += i64::from(g > 0.0) - i64::from(g < 0.0);
            }
        }
        self.sum += signs.iter().map(|s| s.unsigned_abs() as f64).sum::<f64>();
        self.weights += numel;
    }
}

/// [`SignAgreement`] of the per-image gradients of some parameters.
///
/// # Errors
/// The device's message.
pub fn sign_agreement(
    session: &dyn Session,
    pass: &ForwardPass<'_>,
    cotangents: &[Cotangent<'_>],
    layers: &[ParamId],
) -> Result<SignAgreement, EngineError> {
    let mut signs = Signs { weights: pass.weights, all: SignAgreement::default() };
    let wants = Wants { params: layers, form: GradientForm::PerImage, nodes: &[] };
    session.backward(cotangents, &wants, &mut signs)?;
    Ok(signs.all)
}

/// Adds up signs as gradients come.
struct Signs<'a> {
    weights: &'a Weights,
    all: SignAgreement,
}

impl GradientSink for Signs<'_> {
    fn param(&mut self, id: ParamId, rows: HostValues) {
        let numel = self.weights.get(id).len();
        match rows {
            HostValues::F32(rows) => self.all.add(&rows, numel),
            HostValues::F64(rows) => self.all.add(&rows, numel),
        }
    }

    fn node(&mut self, _: NodeId, _: NodeWant, _: HostValues) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(all: &SignAgreement) -> (f64, usize, usize) {
        (all.sum, all.weights, all.rounding)
    }

    /// proxies.md 7.4.
    #[test]
    fn signs_that_agree_add_up() {
        let mut all = SignAgreement::default();
        all.add(&[1.0f32, -1.0, 0.5, 0.0, 2.0, 1.0, -0.5, 0.0, -1.0, -3.0, 0.1, 0.0], 4);
        assert_eq!(found(&all), (3.0, 4, 0));
        all.add(&[f64::NAN, 1.0], 1);
        assert_eq!(found(&all), (4.0, 5, 0));
    }

    #[test]
    fn signs_that_rounding_decides_are_counted() {
        let mut all = SignAgreement::default();
        all.add(&[1.0, 1e-17, -2.0, 0.0, 1e-9, -3e-18], 3);
        assert_eq!(found(&all), (5.0, 3, 2));
        // A whole layer may be rounding beside the layers behind it.
        all.add(&[1e-17, 2e-17], 1);
        assert_eq!(found(&all), (7.0, 4, 4));
    }
}
