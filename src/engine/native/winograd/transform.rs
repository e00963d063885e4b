//! The transforms of Winograd's F(4, 3) along one axis: four outputs of a window of three taps from six products.
//!
//! ```text
//! y = A^T [(G w) * (B^T x)]       x: six inputs, w: three weights, y: four outputs
//! ```
//!
//! An output is a polynomial's coefficient, and the products are the polynomial's values at six points. The usual points
//! 0, ±1, ±2, ∞ lose four bits of f32; 0, ±5/8, ±3/2, ∞ lose two and a half (Barabasz et al., "Error analysis and improving the
//! accuracy of Winograd convolution for deep neural networks", 2020, choose points by that measure), and all constants of the
//! data's transforms are exact in f32. With points in pairs ±p the values differ in the sign of the odd part only.

use crate::simd::{Lanes, Scalar};

/// Outputs of a tile along an axis.
pub const OUTPUTS: usize = 4;
/// Inputs of a tile along an axis, and products.
pub const INPUTS: usize = OUTPUTS + 2;
/// Products of a tile.
pub const PRODUCTS: usize = INPUTS * INPUTS;

/// The points ±P and ±Q, beside 0 and infinity.
const P: f64 = 5.0 / 8.0;
const Q: f64 = 3.0 / 2.0;

/// The constants of all transforms, in every lane.
#[derive(Clone, Copy)]
pub struct Transforms<L: Lanes> {
    l: L,
    minus: L::V,
    p: [L::V; 4],
    q: [L::V; 4],
    /// `-p^2`, `-q^2`, `p^2 q^2` and `-(p^2 + q^2)`.
    even: [L::V; 4],
    /// One over the values of Lagrange's denominators at 0, P and Q.
    shares: [L::V; 3],
}

impl<L: Lanes> Transforms<L> {
    #[inline(always)]
    pub fn new(l: L) -> Self {
        let of = |x: f64| l.splat(L::T::of(x));
        let (p2, q2) = (P * P, Q * Q);
        Self {
            l,
            minus: of(-1.0),
            p: [of(P), of(p2), of(P * p2), of(-P)],
            q: [of(Q), of(q2), of(Q * q2), of(-Q)],
            even: [of(-p2), of(-q2), of(p2 * q2), of(-(p2 + q2))],
            shares: [of(1.0 / (p2 * q2)), of(0.5 / (p2 * (p2 - q2))), of(0.5 / (q2 * (q2 - p2)))],
        }
    }

    /// `even + p odd` and `even - p odd`.
    #[inline(always)]
    fn pair(&self, even: L::V, odd: L::V, point: &[L::V; 4]) -> [L::V; 2] {
        [self.l.fma(odd, point[0], even), self.l.fma(odd, point[3], even)]
    }

    /// `B^T x`.
    #[inline(always)]
    pub fn inputs(&self, x: [L::V; INPUTS]) -> [L::V; INPUTS] {
        let (l, [p2, q2, both, sum]) = (self.l, self.even);
        let [p, minus_p] = self.pair(l.fma(x[2], q2, x[4]), l.fma(x[1], q2, x[3]), &self.p);
        let [q, minus_q] = self.pair(l.fma(x[2], p2, x[4]), l.fma(x[1], p2, x[3]), &self.q);
        let zero = l.fma(x[0], both, l.fma(x[2], sum, x[4]));
        let infinity = l.fma(x[1], both, l.fma(x[3], sum, x[5]));
        [zero, p, minus_p, q, minus_q, infinity]
    }

    /// Sum and difference of the products at a point and at its negative.
    #[inline(always)]
    fn halves(&self, plus: L::V, minus: L::V) -> [L::V; 2] {
        [self.l.add(plus, minus), self.l.fma(minus, self.minus, plus)]
    }

    /// `A^T m`.
    #[inline(always)]
    pub fn outputs(&self, m: [L::V; INPUTS]) -> [L::V; OUTPUTS] {
        let (l, p, q) = (self.l, &self.p, &self.q);
        let ([even_p, odd_p], [even_q, odd_q]) = (self.halves(m[1], m[2]), self.halves(m[3], m[4]));
        [
            l.add(m[0], l.add(even_p, even_q)),
            l.fma(odd_p, p[0], l.mul(odd_q, q[0])),
            l.fma(even_p, p[1], l.mul(even_q, q[1])),
            l.fma(odd_p, p[2], l.fma(odd_q, q[2], m[5])),
        ]
    }

    /// `A y`, the adjoint of [`Self::outputs`].
    #[inline(always)]
    pub fn gradients(&self, y: [L::V; OUTPUTS]) -> [L::V; INPUTS] {
        let (l, p2, q2) = (self.l, self.p[1], self.q[1]);
        let [p, minus_p] = self.pair(l.fma(y[2], p2, y[0]), l.fma(y[3], p2, y[1]), &self.p);
        let [q, minus_q] = self.pair(l.fma(y[2], q2, y[0]), l.fma(y[3], q2, y[1]), &self.q);
        [y[0], p, minus_p, q, minus_q, y[3]]
    }

    /// `G w`.
    #[inline(always)]
    pub fn weights(&self, w: [L::V; 3]) -> [L::V; INPUTS] {
        let (l, [zero, p, q]) = (self.l, self.shares);
        let (even_p, even_q) = (l.fma(w[2], self.p[1], w[0]), l.fma(w[2], self.q[1], w[0]));
        let [p, minus_p] = self.pair(l.mul(even_p, p), l.mul(w[1], p), &self.p);
        let [q, minus_q] = self.pair(l.mul(even_q, q), l.mul(w[1], q), &self.q);
        [l.mul(w[0], zero), p, minus_p, q, minus_q, w[2]]
    }

    /// `G^T u`, the adjoint of [`Self::weights`].
    #[inline(always)]
    pub fn weight_gradients(&self, u: [L::V; INPUTS]) -> [L::V; 3] {
        let (l, p, q) = (self.l, &self.p, &self.q);
        let [zero, share_p, share_q] = self.shares;
        let [even_p, odd_p] = self.halves(l.mul(u[1], share_p), l.mul(u[2], share_p));
        let [even_q, odd_q] = self.halves(l.mul(u[3], share_q), l.mul(u[4], share_q));
        [
            l.fma(u[0], zero, l.add(even_p, even_q)),
            l.fma(odd_p, p[0], l.mul(odd_q, q[0])),
            l.fma(even_p, p[1], l.fma(even_q, q[1], u[5])),
        ]
    }
}

/// A transform along one axis. It is a type, and not a closure, so that all of it is compiled for the instruction set.
pub trait Axis<const N: usize, const M: usize> {
    fn along<L: Lanes>(transforms: &Transforms<L>, x: [L::V; N]) -> [L::V; M];

    /// The transform of columns and then of rows: `[row][column]` to `[row][column]`.
    #[inline(always)]
    fn both<L: Lanes>(transforms: &Transforms<L>, x: [[L::V; N]; N]) -> [[L::V; M]; M] {
        let zero = transforms.minus;
        let (mut columns, mut out) = ([[zero; N]; M], [[zero; M]; M]);
        for c in 0..N {
            let mut column = [zero; N];
            for r in 0..N {
                column[r] = x[r][c];
            }
            let column = Self::along(transforms, column);
            for r in 0..M {
                columns[r][c] = column[r];
            }
        }
        for r in 0..M {
            out[r] = Self::along(transforms, columns[r]);
        }
        out
    }
}

macro_rules! axes {
    ($($axis:ident $n:expr, $m:expr, $function:ident;)*) => {
        $(pub struct $axis;
        impl Axis<{ $n }, { $m }> for $axis {
            #[inline(always)]
            fn along<L: Lanes>(transforms: &Transforms<L>, x: [L::V; $n]) -> [L::V; $m] {
                transforms.$function(x)
            }
        })*
    };
}
axes! {
    OfOutputs INPUTS, OUTPUTS, outputs;
    OfGradients OUTPUTS, INPUTS, gradients;
    OfWeights 3, INPUTS, weights;
    OfWeightGradients INPUTS, 3, weight_gradients;
}
