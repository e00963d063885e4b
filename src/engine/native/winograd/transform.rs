//! Winograd's transforms along one axis: `M` outputs of a window of three taps from `N = M + 2` products.
//!
//! ```text
//! y = A^T [(G w) * (B^T x)]       x: N inputs, w: 3 weights, y: M outputs
//! ```
//!
//! Outputs are coefficients of a polynomial, and the products are its values at `N` points, one of them infinity. Points in
//! pairs ±p share work, because the values differ in the sign of the odd part only. All constants of the data's transforms are
//! exact in f32.

use crate::simd::{Lanes, Scalar};

/// The transforms of one form.
pub trait Transforms<const M: usize, const N: usize> {
    /// `B^T x`.
    fn inputs<L: Lanes>(l: L, x: [L::V; N]) -> [L::V; N];
    /// `A^T m`.
    fn outputs<L: Lanes>(l: L, m: [L::V; N]) -> [L::V; M];
    /// `A y`, the adjoint of [`Self::outputs`].
    fn gradients<L: Lanes>(l: L, y: [L::V; M]) -> [L::V; N];
    /// `G w`.
    fn weights<L: Lanes>(l: L, w: [L::V; 3]) -> [L::V; N];
    /// `G^T u`, the adjoint of [`Self::weights`].
    fn weight_gradients<L: Lanes>(l: L, u: [L::V; N]) -> [L::V; 3];
}

#[inline(always)]
fn of<L: Lanes>(l: L, x: f64) -> L::V {
    l.splat(L::T::of(x))
}

/// `even + p odd` and `even - p odd`.
#[inline(always)]
fn pair<L: Lanes>(l: L, even: L::V, odd: L::V, p: f64) -> [L::V; 2] {
    [l.fma(odd, of(l, p), even), l.fma(odd, of(l, -p), even)]
}

/// Sum and difference of the products at a point and at its negative.
#[inline(always)]
fn halves<L: Lanes>(l: L, plus: L::V, minus: L::V) -> [L::V; 2] {
    pair(l, plus, minus, 1.0)
}

/// F(2, 3) at the points 0, ±1 and infinity, which loses no digits beside the direct form.
pub struct F2;

impl Transforms<2, 4> for F2 {
    #[inline(always)]
    fn inputs<L: Lanes>(l: L, x: [L::V; 4]) -> [L::V; 4] {
        let ([plus, minus], less) = (halves(l, x[2], x[1]), of(l, -1.0));
        [l.fma(x[2], less, x[0]), plus, minus, l.fma(x[1], less, x[3])]
    }

    #[inline(always)]
    fn outputs<L: Lanes>(l: L, m: [L::V; 4]) -> [L::V; 2] {
        let [even, odd] = halves(l, m[1], m[2]);
        [l.add(m[0], even), l.add(odd, m[3])]
    }

    #[inline(always)]
    fn gradients<L: Lanes>(l: L, y: [L::V; 2]) -> [L::V; 4] {
        let [plus, minus] = halves(l, y[0], y[1]);
        [y[0], plus, minus, y[1]]
    }

    #[inline(always)]
    fn weights<L: Lanes>(l: L, w: [L::V; 3]) -> [L::V; 4] {
        let half = of(l, 0.5);
        let [plus, minus] = pair(l, l.mul(l.add(w[0], w[2]), half), w[1], 0.5);
        [w[0], plus, minus, w[2]]
    }

    #[inline(always)]
    fn weight_gradients<L: Lanes>(l: L, u: [L::V; 4]) -> [L::V; 3] {
        let ([even, odd], half) = (halves(l, u[1], u[2]), of(l, 0.5));
        [l.fma(even, half, u[0]), l.mul(odd, half), l.fma(even, half, u[3])]
    }
}

/// F(4, 3) at the points 0, ±5/8, ±3/2 and infinity.
///
/// With the usual points 0, ±1, ±2 the error is twice as large (Barabasz et al., "Error analysis and improving the accuracy of
/// Winograd convolution for deep neural networks", 2020, choose points by that measure).
pub struct F4;

/// The points ±P and ±Q, and their squares.
const P: f64 = 5.0 / 8.0;
const Q: f64 = 3.0 / 2.0;
const P2: f64 = P * P;
const Q2: f64 = Q * Q;
/// One over the values of Lagrange's denominators at 0, ±P and ±Q.
const SHARES: [f64; 3] = [1.0 / (P2 * Q2), 0.5 / (P2 * (P2 - Q2)), 0.5 / (Q2 * (Q2 - P2))];

impl Transforms<4, 6> for F4 {
    #[inline(always)]
    fn inputs<L: Lanes>(l: L, x: [L::V; 6]) -> [L::V; 6] {
        let (less_p2, less_q2) = (of(l, -P2), of(l, -Q2));
        let [p, minus_p] = pair(l, l.fma(x[2], less_q2, x[4]), l.fma(x[1], less_q2, x[3]), P);
        let [q, minus_q] = pair(l, l.fma(x[2], less_p2, x[4]), l.fma(x[1], less_p2, x[3]), Q);
        let (product, sum) = (of(l, P2 * Q2), of(l, -(P2 + Q2)));
        let zero = l.fma(x[0], product, l.fma(x[2], sum, x[4]));
        let infinity = l.fma(x[1], product, l.fma(x[3], sum, x[5]));
        [zero, p, minus_p, q, minus_q, infinity]
    }

    #[inline(always)]
    fn outputs<L: Lanes>(l: L, m: [L::V; 6]) -> [L::V; 4] {
        let ([even_p, odd_p], [even_q, odd_q]) = (halves(l, m[1], m[2]), halves(l, m[3], m[4]));
        [
            l.add(m[0], l.add(even_p, even_q)),
            l.fma(odd_p, of(l, P), l.mul(odd_q, of(l, Q))),
            l.fma(even_p, of(l, P2), l.mul(even_q, of(l, Q2))),
            l.fma(odd_p, of(l, P * P2), l.fma(odd_q, of(l, Q * Q2), m[5])),
        ]
    }

    #[inline(always)]
    fn gradients<L: Lanes>(l: L, y: [L::V; 4]) -> [L::V; 6] {
        let (p2, q2) = (of(l, P2), of(l, Q2));
        let [p, minus_p] = pair(l, l.fma(y[2], p2, y[0]), l.fma(y[3], p2, y[1]), P);
        let [q, minus_q] = pair(l, l.fma(y[2], q2, y[0]), l.fma(y[3], q2, y[1]), Q);
        [y[0], p, minus_p, q, minus_q, y[3]]
    }

    #[inline(always)]
    fn weights<L: Lanes>(l: L, w: [L::V; 3]) -> [L::V; 6] {
        let [zero, p, q] = SHARES.map(|share| of(l, share));
        let even_p = l.mul(l.fma(w[2], of(l, P2), w[0]), p);
        let even_q = l.mul(l.fma(w[2], of(l, Q2), w[0]), q);
        let [p, minus_p] = pair(l, even_p, l.mul(w[1], p), P);
        let [q, minus_q] = pair(l, even_q, l.mul(w[1], q), Q);
        [l.mul(w[0], zero), p, minus_p, q, minus_q, w[2]]
    }

    #[inline(always)]
    fn weight_gradients<L: Lanes>(l: L, u: [L::V; 6]) -> [L::V; 3] {
        let [zero, p, q] = SHARES.map(|share| of(l, share));
        let [even_p, odd_p] = halves(l, l.mul(u[1], p), l.mul(u[2], p));
        let [even_q, odd_q] = halves(l, l.mul(u[3], q), l.mul(u[4], q));
        [
            l.fma(u[0], zero, l.add(even_p, even_q)),
            l.fma(odd_p, of(l, P), l.mul(odd_q, of(l, Q))),
            l.fma(even_p, of(l, P2), l.fma(even_q, of(l, Q2), u[5])),
        ]
    }
}

/// Transforms of every column and then of every row of a square, `[row][column]`. They are written out by a macro, because a
/// function that is handed to another would not be compiled for the instruction set.
macro_rules! squares {
    ($($(#[$doc:meta])* $name:ident $a:tt $b:tt;)*) => {
        $($(#[$doc])*
        #[inline(always)]
        pub fn $name<L: Lanes, F: Transforms<M, N>, const M: usize, const N: usize>(
            l: L,
            x: [[L::V; $a]; $a],
        ) -> [[L::V; $b]; $b] {
            let (mut columns, mut out) = ([[of(l, 0.0); $a]; $b], [[of(l, 0.0); $b]; $b]);
            for c in 0..$a {
                let mut column = [of(l, 0.0); $a];
                for r in 0..$a {
                    column[r] = x[r][c];
                }
                let column = F::$name(l, column);
                for r in 0..$b {
                    columns[r][c] = column[r];
                }
            }
            for r in 0..$b {
                out[r] = F::$name(l, columns[r]);
            }
            out
        })*
    };
}
squares! {
    /// `A^T m A`.
    outputs N M;
    /// `A y A^T`.
    gradients M N;
    /// `G w G^T`.
    weights 3 N;
    /// `G^T u G`.
    weight_gradients N 3;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::Stream;
    use crate::simd::{Block, LANES, Portable};

    type V = Block<f64>;

    fn random<const N: usize>(name: &str) -> [V; N] {
        let mut values = vec![0f32; N * LANES];
        Stream::new(0, name).fill_normal(1.0, &mut values);
        std::array::from_fn(|i| Block(std::array::from_fn(|k| f64::from(values[i * LANES + k]))))
    }

    /// Sum of products, in the first lane.
    fn dot(a: &[V], b: &[V]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a.0[0] * b.0[0]).sum()
    }

    fn check<F: Transforms<M, N>, const M: usize, const N: usize>() {
        let l = Portable::<f64>::new();
        let (x, w, dy) = (random::<N>("x"), random::<3>("w"), random::<M>("dy"));
        let (xs, ws) = (F::inputs(l, x), F::weights(l, w));
        let products: [V; N] = std::array::from_fn(|i| l.mul(xs[i], ws[i]));
        let y = F::outputs(l, products);
        for i in 0..M {
            let direct = dot(&x[i..i + 3], &w);
            assert!((y[i].0[0] - direct).abs() < 1e-12, "output {i}: {} is not {direct}", y[i].0[0]);
        }
        let (m, u) = (random::<N>("m"), random::<N>("u"));
        let adjoint = |a: f64, b: f64| assert!((a - b).abs() < 1e-11, "{a} is not {b}");
        adjoint(dot(&F::outputs(l, m), &dy), dot(&m, &F::gradients(l, dy)));
        adjoint(dot(&F::weights(l, w), &u), dot(&w, &F::weight_gradients(l, u)));
    }

    #[test]
    fn products_give_the_convolution_and_gradients_are_adjoint() {
        check::<F2, 2, 4>();
        check::<F4, 4, 6>();
    }
}
