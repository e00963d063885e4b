//! Activations and their first two derivatives.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use ::burn::tensor::{DType, activation};

use super::kernels::Map;
use crate::graph::{Activation, SELU_ALPHA, SELU_SCALE};

/// `f(x)`.
pub fn value(x: Map, kind: Activation) -> Map {
    match kind {
        Activation::Relu => activation::relu(x),
        Activation::Gelu => activation::gelu(x),
        Activation::Silu => activation::silu(x),
        Activation::LeakyRelu => activation::leaky_relu(x, 0.01),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Mish => activation::mish(x),
        Activation::Hardswish => (x.clone() * x.add_scalar(3.0).clamp(0.0, 6.0)).div_scalar(6.0),
        Activation::Celu | Activation::Elu => elu(x, 1.0, 1.0),
        Activation::Hardtanh => x.clamp(-1.0, 1.0),
        Activation::Selu => elu(x, SELU_ALPHA, SELU_SCALE),
        Activation::Tanh => x.tanh(),
    }
}

/// `dy f'(x)`, at kinks with the derivative that PyTorch takes.
pub fn backward(x: &Map, dy: Map, kind: Activation) -> Map {
    match kind {
        Activation::Relu => dy.mask_fill(x.clone().lower_equal_elem(0.0), 0.0),
        Activation::LeakyRelu => {
            let leak = dy.clone().mul_scalar(0.01);
            dy.mask_where(x.clone().lower_equal_elem(0.0), leak)
        }
        Activation::Relu6 => inside(x, dy, 0.0, 6.0),
        Activation::Hardtanh => inside(x, dy, -1.0, 1.0),
        Activation::Gelu => dy * (normal_cdf(x) + x.clone() * normal_density(x)),
        // s (1 + x (1 - s))
        Activation::Silu => {
            let s = activation::sigmoid(x.clone());
            dy * (s.clone() * (x.clone() * one_minus(&s)).add_scalar(1.0))
        }
        // t + x t' with t = tanh(softplus(x)), t' = (1 - t^2) s
        Activation::Mish => {
            let (t, slope, _) = tanh_softplus(x);
            dy * (t + x.clone() * slope)
        }
        Activation::Hardswish => {
            let ramp = dy.clone() * x.clone().div_scalar(3.0).add_scalar(0.5);
            let dy = dy.mask_where(x.clone().lower_elem(3.0), ramp);
            dy.mask_fill(x.clone().lower_equal_elem(-3.0), 0.0)
        }
        Activation::Celu | Activation::Elu => dy * elu_derivative(x, 1.0, 1.0),
        Activation::Selu => dy * elu_derivative(x, SELU_ALPHA, SELU_SCALE),
        Activation::Tanh => dy * tanh_slope(x),
    }
}

/// `f''(x)`, `None` for piecewise linear functions.
pub fn second_derivative(x: &Map, kind: Activation) -> Option<Map> {
    Some(match kind {
        Activation::Relu | Activation::LeakyRelu | Activation::Relu6 | Activation::Hardtanh => return None,
        // phi (2 - x^2)
        Activation::Gelu => normal_density(x) * (x.clone() * x.clone()).neg().add_scalar(2.0),
        // s (1 - s) (2 + x (1 - 2 s))
        Activation::Silu => {
            let s = activation::sigmoid(x.clone());
            let bracket = (x.clone() * s.clone().mul_scalar(-2.0).add_scalar(1.0)).add_scalar(2.0);
            s.clone() * one_minus(&s) * bracket
        }
        // 2 t' + x t''
        Activation::Mish => {
            let (_, slope, second) = tanh_softplus(x);
            slope.mul_scalar(2.0) + x.clone() * second
        }
        Activation::Hardswish => inside(x, x.zeros_like().add_scalar(1.0 / 3.0), -3.0, 3.0),
        Activation::Celu | Activation::Elu => elu_second_derivative(x, 1.0, 1.0),
        Activation::Selu => elu_second_derivative(x, SELU_ALPHA, SELU_SCALE),
        Activation::Tanh => (x.clone().tanh() * tanh_slope(x)).mul_scalar(-2.0),
    })
}

/// `1 - tanh(x)^2`.
fn tanh_slope(x: &Map) -> Map {
    let t = x.clone().tanh();
    one_minus(&(t.clone() * t))
}

/// `y` where `low < x < high`, else 0.
fn inside(x: &Map, y: Map, low: f64, high: f64) -> Map {
    y.mask_fill(x.clone().lower_equal_elem(low), 0.0).mask_fill(x.clone().greater_equal_elem(high), 0.0)
}

fn one_minus(x: &Map) -> Map {
    x.clone().neg().add_scalar(1.0)
}

fn normal_cdf(x: &Map) -> Map {
    x.clone().mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5)
}

fn normal_density(x: &Map) -> Map {
    (x.clone() * x.clone()).mul_scalar(-0.5).exp().mul_scalar(1.0 / (2.0 * PI).sqrt())
}

/// `t = tanh(ln(1 + e^x))` with its first two derivatives. The exponential is capped where its square would overflow, and no
/// earlier, because the derivatives are multiplied by x, which may be 1e20 without normalisation.
fn tanh_softplus(x: &Map) -> (Map, Map, Map) {
    let cap = if x.dtype() == DType::F64 { 300.0 } else { 40.0 };
    let e = x.clone().clamp_max(cap).exp();
    let m = e.clone() * e.clone().add_scalar(2.0);
    let t = m.clone() / m.clone().add_scalar(2.0);
    // 1 - t^2 = 4 (m + 1) / (m + 2)^2, which is free of cancellation.
    let sech2 = m.clone().add_scalar(1.0).mul_scalar(4.0) / (m.clone().add_scalar(2.0) * m.add_scalar(2.0));
    let s = e.clone() / e.add_scalar(1.0);
    let slope = sech2 * s.clone();
    let second = slope.clone() * (one_minus(&s) - (t.clone() * s).mul_scalar(2.0));
    (t, slope, second)
}

/// `scale * (x if x > 0 else alpha * (exp(x) - 1))`.
fn elu(x: Map, alpha: f64, scale: f64) -> Map {
    let positive = x.clone().clamp_min(0.0);
    let negative = x.clamp_max(0.0).exp().sub_scalar(1.0);
    (positive + negative.mul_scalar(alpha)).mul_scalar(scale)
}

fn elu_derivative(x: &Map, alpha: f64, scale: f64) -> Map {
    let negative = x.clone().clamp_max(0.0).exp().mul_scalar(scale * alpha);
    negative.mask_fill(x.clone().greater_elem(0.0), scale)
}

fn elu_second_derivative(x: &Map, alpha: f64, scale: f64) -> Map {
    let negative = x.clone().clamp_max(0.0).exp().mul_scalar(scale * alpha);
    negative.mask_fill(x.clone().greater_elem(0.0), 0.0)
}
