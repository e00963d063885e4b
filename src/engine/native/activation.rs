//! Activation functions and their derivatives, element by element.
//!
//! A ReLU is applied by whoever reads its result; the others are computed at once, the smooth ones in f64.

use super::evaluate::{Reader, Target, evaluate};
use super::map::Map;
use super::memory::Buffer;
use super::smooth::{density, exp, exp_m1, normal, sigmoid, tanh_softplus};
use crate::graph::{Activation, SELU_ALPHA, SELU_SCALE};
use crate::simd::{Block, LANES, Lanes, Loop, Scalar, flatten, flatten_mut};
use crate::threads;

/// Every activation.
const KINDS: [Activation; 12] = {
    let (mut kinds, mut i) = ([Activation::Tanh; 12], 0);
    while i < Activation::ALL.len() {
        kinds[i] = Activation::ALL[i];
        i += 1;
    }
    kinds
};

/// Evaluates an expression in which a constant says the place of `kind` in [`KINDS`]: a loop whose function is known
/// when it is compiled becomes vector instructions.
macro_rules! for_kind {
    ($kind:expr, |$constant:ident| $body:expr) => {
        for_kind!(@ $kind, $constant, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    (@ $kind:expr, $constant:ident, $body:expr, $($place:literal)*) => {
        match $kind {
            $(kind if kind == KINDS[$place] => {
                const $constant: usize = $place;
                $body
            })*
            _ => unreachable!("`KINDS` has every activation"),
        }
    };
}

/// `f(x)`.
pub fn forward<L: Lanes>(l: L, x: &Map<L::T>, kind: Activation) -> Map<L::T> {
    // Every activation maps 0 to 0.
    if x.is_zero() {
        return x.clone();
    }
    x.settle(l);
    if kind == Activation::Relu {
        return x.clone().rectified();
    }
    let mut out = evaluate(l, x);
    threads::shares(&mut out, x.pixels(), |_, out| {
        for_kind!(kind, |KIND| l.run(Values::<_, KIND>(flatten_mut(out))));
    });
    Map::stored(x.n, x.shape, out, None)
}

/// `x = f(x)`.
struct Values<'a, T, const KIND: usize>(&'a mut [T]);

impl<T: Scalar, const KIND: usize> Loop for Values<'_, T, KIND> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        for x in self.0 {
            *x = T::of(value(const { KINDS[KIND] }, (*x).into()));
        }
    }
}

/// `dy = dy f'(x)`.
struct Derivatives<'a, T, const KIND: usize>(&'a [T], &'a mut [T]);

impl<T: Scalar, const KIND: usize> Loop for Derivatives<'_, T, KIND> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        for (x, dy) in self.0.iter().zip(self.1) {
            let d: f64 = (*dy).into();
            *dy = T::of(d * derivative(const { KINDS[KIND] }, (*x).into()));
        }
    }
}

/// `dy * f'(x)`.
pub fn backward<L: Lanes>(l: L, x: &Map<L::T>, dy: &Map<L::T>, kind: Activation) -> Map<L::T> {
    if dy.is_zero() {
        return dy.clone();
    }
    if kind == Activation::Relu {
        return zip_images(l, x, dy, |x, dy| {
            l.run(|| {
                let zero = l.splat(L::T::default());
                for (x, dy) in x.iter().zip(dy) {
                    l.store(l.keep(l.greater(l.load(x), zero), l.load(dy)), dy);
                }
            });
        });
    }
    zip_images(l, x, dy, |x, dy| {
        for_kind!(kind, |KIND| l.run(Derivatives::<_, KIND>(flatten(x), flatten_mut(dy))));
    })
}

/// `dy * t * f''(x)`, `None` where `f''` is 0 almost everywhere.
pub fn second_order<L: Lanes>(
    l: L,
    x: &Map<L::T>,
    dy: &Map<L::T>,
    t: &Map<L::T>,
    kind: Activation,
) -> Option<Map<L::T>> {
    second_derivative(kind, 0.5)?;
    let product = zip_images(l, t, dy, |t, dy| {
        l.run(|| {
            for (t, dy) in t.iter().zip(dy) {
                l.store(l.mul(l.load(t), l.load(dy)), dy);
            }
        });
    });
    Some(zip_images(l, x, &product, |x, dy| {
        for (x, dy) in x.iter().zip(dy) {
            for k in 0..LANES {
                let d: f64 = dy.0[k].into();
                dy.0[k] = L::T::of(d * second_derivative(kind, x.0[k].into()).unwrap_or(0.0));
            }
        }
    }))
}

/// A new map from `f(x's image, y's image in and out)`, image by image.
fn zip_images<L: Lanes>(
    l: L,
    x: &Map<L::T>,
    y: &Map<L::T>,
    f: impl Fn(&[Block<L::T>], &mut [Block<L::T>]) + Sync,
) -> Map<L::T> {
    let blocks = x.image_blocks();
    let (x_reader, y_reader) = (Reader::new(x), Reader::new(y));
    let mut out = Buffer::stale(x.n * blocks);
    let target = Target::dense(x.size());
    threads::shares(&mut out, blocks, |first, images| {
        let mut scratch = Buffer::stale(blocks);
        for (image, out) in (first..).zip(images.chunks_exact_mut(blocks.max(1))) {
            y_reader.image(l, image, out, target);
            f(x_reader.values(l, image, &mut scratch), out);
        }
    });
    Map::stored(x.n, x.shape, out, None)
}

/// `f(x)`.
#[inline(always)]
fn value(kind: Activation, x: f64) -> f64 {
    match kind {
        // A NaN remains a NaN.
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
        Activation::Mish => x * tanh_softplus(x).0,
        Activation::Hardswish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        Activation::Celu | Activation::Elu => elu(x, 1.0, 1.0),
        Activation::Hardtanh => x.clamp(-1.0, 1.0),
        Activation::Selu => elu(x, SELU_ALPHA, SELU_SCALE),
        Activation::Tanh => x.tanh(),
    }
}

#[inline(always)]
fn elu(x: f64, alpha: f64, scale: f64) -> f64 {
    let negative = alpha * exp_m1(if x > 0.0 { 0.0 } else { x });
    scale * if x > 0.0 { x } else { negative }
}

#[inline(always)]
fn elu_derivative(x: f64, alpha: f64) -> f64 {
    let negative = alpha * exp(if x > 0.0 { 0.0 } else { x });
    if x > 0.0 { 1.0 } else { negative }
}

/// `f'(x)`. At a kink it is what PyTorch takes: 0 at both bounds of a clamp, the left derivative at 0, and Hardswish's
/// outer derivatives.
#[inline(always)]
fn derivative(kind: Activation, x: f64) -> f64 {
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
            let (t, dt) = tanh_softplus(x);
            t + x * dt
        }
        Activation::Hardswish => {
            let between = x / 3.0 + 0.5;
            let right = if x >= 3.0 { 1.0 } else { between };
            if x <= -3.0 { 0.0 } else { right }
        }
        Activation::Celu | Activation::Elu => elu_derivative(x, 1.0),
        Activation::Hardtanh => inside(-1.0, 1.0),
        Activation::Selu => SELU_SCALE * elu_derivative(x, SELU_ALPHA),
        Activation::Tanh => 1.0 - x.tanh() * x.tanh(),
    }
}

/// `f''(x)`, `None` for piecewise linear functions.
fn second_derivative(kind: Activation, x: f64) -> Option<f64> {
    let negative = |scale: f64| if x > 0.0 { 0.0 } else { scale * exp(x) };
    Some(match kind {
        Activation::Relu | Activation::LeakyRelu | Activation::Relu6 | Activation::Hardtanh => return None,
        Activation::Gelu => density(x) * (2.0 - x * x),
        Activation::Silu => {
            let s = sigmoid(x);
            let ds = s * (1.0 - s);
            2.0 * ds + x * ds * (1.0 - 2.0 * s)
        }
        Activation::Mish => {
            let ((t, dt), s) = (tanh_softplus(x), sigmoid(x));
            2.0 * dt + x * dt * ((1.0 - s) - 2.0 * t * s)
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
