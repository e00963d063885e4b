//! Activation functions and their derivatives, element by element.
//!
//! A ReLU is left to its reader; the others are computed, the smooth ones in f64.

use super::evaluate::{Reader, Target};
use super::lanes::{Block, LANES, Lanes, Scalar};
use super::map::Map;
use super::memory::{Buffer, Pooled};
use crate::graph::{Activation, SELU_ALPHA, SELU_SCALE};

/// `f(x)`.
pub fn forward<L: Lanes>(l: L, x: &Map<L::T>, kind: Activation) -> Map<L::T> {
    // All of them map 0 to 0.
    if x.is_zero() {
        return x.clone();
    }
    x.settle(l);
    if kind == Activation::Relu {
        return x.clone().rectified();
    }
    let mut out = super::evaluate::evaluate(l, x);
    l.run(|| match kind {
        // A kind that is known where the loop is compiled lets the compiler vectorise the straight pieces.
        Activation::LeakyRelu => each(&mut out, |x| value(Activation::LeakyRelu, x)),
        Activation::Relu6 => each(&mut out, |x| value(Activation::Relu6, x)),
        Activation::Hardtanh => each(&mut out, |x| value(Activation::Hardtanh, x)),
        Activation::Hardswish => each(&mut out, |x| value(Activation::Hardswish, x)),
        kind => each(&mut out, |x| value(kind, x)),
    });
    Map::stored(x.n, x.shape, out, None)
}

#[inline(always)]
fn each<T: Pooled>(blocks: &mut [Block<T>], f: impl Fn(f64) -> f64) {
    for block in blocks {
        for k in 0..LANES {
            block.0[k] = T::of(f(block.0[k].into()));
        }
    }
}

/// `dy * f'(x)`.
pub fn backward<L: Lanes>(l: L, x: &Map<L::T>, dy: &Map<L::T>, kind: Activation) -> Map<L::T> {
    if dy.is_zero() {
        return dy.clone();
    }
    let zero = l.splat(L::T::default());
    zip_images(l, x, dy, |x, dy| {
        if kind == Activation::Relu {
            for (x, dy) in x.iter().zip(dy) {
                l.store(l.keep(l.greater(l.load(x), zero), l.load(dy)), dy);
            }
        } else {
            for (x, dy) in x.iter().zip(dy) {
                for k in 0..LANES {
                    let d: f64 = dy.0[k].into();
                    dy.0[k] = L::T::of(d * slope(kind, x.0[k].into()));
                }
            }
        }
    })
}

/// `dy * t * f''(x)`, `None` where `f''` is 0 almost everywhere.
pub fn curvature<L: Lanes>(
    l: L,
    x: &Map<L::T>,
    dy: &Map<L::T>,
    t: &Map<L::T>,
    kind: Activation,
) -> Option<Map<L::T>> {
    bend(kind, 0.5)?;
    let product = zip_images(l, t, dy, |t, dy| {
        for (t, dy) in t.iter().zip(dy) {
            l.store(l.mul(l.load(t), l.load(dy)), dy);
        }
    });
    Some(zip_images(l, x, &product, |x, dy| {
        for (x, dy) in x.iter().zip(dy) {
            for k in 0..LANES {
                let d: f64 = dy.0[k].into();
                dy.0[k] = L::T::of(d * bend(kind, x.0[k].into()).unwrap_or(0.0));
            }
        }
    }))
}

/// A new map from `f(x's image, y's image in and out)`, image by image.
fn zip_images<L: Lanes>(
    l: L,
    x: &Map<L::T>,
    y: &Map<L::T>,
    f: impl Fn(&[Block<L::T>], &mut [Block<L::T>]),
) -> Map<L::T> {
    let blocks = x.image_blocks();
    let (x_reader, y_reader) = (Reader::new(x), Reader::new(y));
    let mut scratch = Buffer::stale(blocks);
    let mut out = Buffer::stale(x.n * blocks);
    let target = Target { start: 0, pixel: 1, row: x.size()[1], plane: x.pixels() };
    for (image, out) in out.chunks_exact_mut(blocks).enumerate() {
        y_reader.image(l, image, out, target);
        let values = match x_reader.plain(image) {
            Some(values) => values,
            None => {
                x_reader.image(l, image, &mut scratch, target);
                &scratch[..]
            }
        };
        l.run(|| f(values, out));
    }
    Map::stored(x.n, x.shape, out, None)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Standard normal distribution function.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Standard normal density.
fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// `ln(1 + exp(x))` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `f(x)`.
#[inline(always)]
fn value(kind: Activation, x: f64) -> f64 {
    match kind {
        // A NaN stays one.
        Activation::Relu => {
            if x > 0.0 || x.is_nan() {
                x
            } else {
                0.0
            }
        }
        Activation::Gelu => x * normal(x),
        Activation::Silu => x * sigmoid(x),
        Activation::LeakyRelu => {
            if x > 0.0 {
                x
            } else {
                0.01 * x
            }
        }
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Hardswish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Celu | Activation::Elu => elu(x, 1.0, 1.0),
        Activation::Hardtanh => x.clamp(-1.0, 1.0),
        Activation::Selu => elu(x, SELU_ALPHA, SELU_SCALE),
        Activation::Tanh => x.tanh(),
    }
}

fn elu(x: f64, alpha: f64, scale: f64) -> f64 {
    scale * if x > 0.0 { x } else { alpha * x.exp_m1() }
}

/// `f'(x)`; at a kink what PyTorch takes: 0 at both bounds of a clamp, the left slope at 0, and Hardswish's outer slopes.
fn slope(kind: Activation, x: f64) -> f64 {
    let inside = |low: f64, high: f64| f64::from(u8::from(x > low && x < high));
    match kind {
        Activation::Relu => f64::from(u8::from(x > 0.0)),
        Activation::Gelu => normal(x) + x * density(x),
        Activation::Silu => {
            let s = sigmoid(x);
            s * (1.0 + x * (1.0 - s))
        }
        Activation::LeakyRelu => {
            if x > 0.0 {
                1.0
            } else {
                0.01
            }
        }
        Activation::Relu6 => inside(0.0, 6.0),
        Activation::Mish => {
            let t = softplus(x).tanh();
            t + x * (1.0 - t * t) * sigmoid(x)
        }
        Activation::Hardswish => match x {
            x if x <= -3.0 => 0.0,
            x if x >= 3.0 => 1.0,
            x => x / 3.0 + 0.5,
        },
        Activation::Celu | Activation::Elu => {
            if x > 0.0 {
                1.0
            } else {
                x.exp()
            }
        }
        Activation::Hardtanh => inside(-1.0, 1.0),
        Activation::Selu => SELU_SCALE * if x > 0.0 { 1.0 } else { SELU_ALPHA * x.exp() },
        Activation::Tanh => 1.0 - x.tanh() * x.tanh(),
    }
}

/// `f''(x)`, `None` for functions of straight pieces.
fn bend(kind: Activation, x: f64) -> Option<f64> {
    let negative = |scale: f64| if x > 0.0 { 0.0 } else { scale * x.exp() };
    Some(match kind {
        Activation::Relu | Activation::LeakyRelu | Activation::Relu6 | Activation::Hardtanh => return None,
        Activation::Gelu => density(x) * (2.0 - x * x),
        Activation::Silu => {
            let s = sigmoid(x);
            let ds = s * (1.0 - s);
            2.0 * ds + x * ds * (1.0 - 2.0 * s)
        }
        Activation::Mish => {
            let (t, s) = (softplus(x).tanh(), sigmoid(x));
            let dt = (1.0 - t * t) * s;
            2.0 * dt + x * ((1.0 - t * t) * s * (1.0 - s) - 2.0 * t * dt * s)
        }
        Activation::Hardswish => {
            if x > -3.0 && x < 3.0 {
                1.0 / 3.0
            } else {
                0.0
            }
        }
        Activation::Celu | Activation::Elu => negative(1.0),
        Activation::Selu => negative(SELU_SCALE * SELU_ALPHA),
        Activation::Tanh => -2.0 * x.tanh() * (1.0 - x.tanh() * x.tanh()),
    })
}
