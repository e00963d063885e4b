//! Sums over a gradient. Many proxies need nothing else of it.

use super::kernels::Numbers;
use crate::simd::{Loop, vectorised};

/// Number of independent sums, which a processor adds to side by side.
const PARTS: usize = 8;

/// `sum g^2`, `sum w g` and `sum |w g|` of a gradient `g` and its parameter `w`, in f64.
///
/// Each sum has eight parts, and each part adds every eighth number. So a gradient may come in pieces without a change of
/// the result.
#[derive(Clone, Debug, Default)]
pub struct GradientSums {
    parts: [[f64; PARTS]; 3],
}

impl GradientSums {
    /// Adds the next piece of the parameter and of its gradient. Only the last piece may have a length that is no multiple of
    /// eight.
    pub fn add(&mut self, weights: Numbers<'_>, gradient: Numbers<'_>) {
        match (weights, gradient) {
            (Numbers::F32(w), Numbers::F32(g)) => self.pairs(w, g),
            (Numbers::F32(w), Numbers::F64(g)) => self.pairs(w, g),
            (Numbers::F64(w), Numbers::F32(g)) => self.pairs(w, g),
            (Numbers::F64(w), Numbers::F64(g)) => self.pairs(w, g),
        }
    }

    fn pairs<W: Copy + Into<f64>, G: Copy + Into<f64>>(&mut self, weights: &[W], gradient: &[G]) {
        self.parts = vectorised(Pairs { parts: self.parts, weights, gradient });
    }

    /// `[sum g^2, sum w g, sum |w g|]`.
    pub fn total(&self) -> [f64; 3] {
        self.parts.map(|part| part.iter().sum())
    }
}

/// The loop over the pairs, which the compiler vectorises.
struct Pairs<'a, W, G> {
    parts: [[f64; PARTS]; 3],
    weights: &'a [W],
    gradient: &'a [G],
}

impl<W: Copy + Into<f64>, G: Copy + Into<f64>> Loop for Pairs<'_, W, G> {
    type Output = [[f64; PARTS]; 3];

    #[inline(always)]
    fn go(self) -> Self::Output {
        let Self { parts: [mut squares, mut products, mut sizes], weights, gradient } = self;
        let ((ws, w_rest), (gs, g_rest)) = (weights.as_chunks::<PARTS>(), gradient.as_chunks::<PARTS>());
        for (w, g) in ws.iter().zip(gs) {
            for i in 0..PARTS {
                let (w, g): (f64, f64) = (w[i].into(), g[i].into());
                squares[i] += g * g;
                products[i] += w * g;
                sizes[i] += (w * g).abs();
            }
        }
        for (i, (w, g)) in w_rest.iter().zip(g_rest).enumerate() {
            let (w, g): (f64, f64) = ((*w).into(), (*g).into());
            squares[i] += g * g;
            products[i] += w * g;
            sizes[i] += (w * g).abs();
        }
        [squares, products, sizes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_sums_of_the_whole() {
        let w: Vec<f32> = (0..61).map(|i| (i as f32 * 0.37).sin()).collect();
        let g: Vec<f32> = (0..61).map(|i| (i as f32 * 0.11).cos()).collect();
        let (mut whole, mut pieces) = (GradientSums::default(), GradientSums::default());
        whole.add(Numbers::F32(&w), Numbers::F32(&g));
        for piece in [0..16, 16..40, 40..61] {
            pieces.add(Numbers::F32(&w[piece.clone()]), Numbers::F32(&g[piece]));
        }
        assert_eq!(whole.total(), pieces.total());
        let squares: f64 = g.iter().map(|g| f64::from(*g).powi(2)).sum();
        assert!((whole.total()[0] - squares).abs() < 1e-12);
    }
}
