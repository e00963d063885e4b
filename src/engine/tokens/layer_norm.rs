//! Layer normalisation (Ba, Kiros and Hinton 2016) on sequences `[N, features, tokens]`.
//!
//! Each token is normalised by itself, over its `D` features:
//!
//! ```text
//! xhat = (x - mean) inv,   inv = (variance + eps)^(-1/2) with the biased variance,   y = gamma xhat + beta
//! g = gamma dy:            dx = inv (g - mean(g) - xhat mean(g xhat)),   d gamma = sum dy xhat,   d beta = sum dy
//! ```

use super::real::Real;
use crate::engine::kernels::Sizes;

/// `mean` and `inv` of each token of an image.
fn statistics<R: Real>(x: &[R], sizes: Sizes, eps: f64) -> (Vec<R>, Vec<R>) {
    let mean = over_features(x, sizes, |x, _| x);
    let variance = over_features(x, sizes, |x, t| (x - mean[t]) * (x - mean[t]));
    let inv = variance.into_iter().map(|v| (v + R::of(eps)).rsqrt()).collect();
    (mean, inv)
}

/// For each token, the mean of `term(x, token)` over its features.
fn over_features<R: Real>(x: &[R], sizes: Sizes, term: impl Fn(R, usize) -> R) -> Vec<R> {
    let share = R::of(1.0 / sizes.features as f64);
    let mut sums = vec![R::default(); sizes.tokens];
    for row in x.chunks_exact(sizes.tokens) {
        sums.iter_mut().zip(row).enumerate().for_each(|(t, (sum, x))| *sum += term(*x, t));
    }
    sums.into_iter().map(|sum| sum * share).collect()
}

/// `y`.
pub fn forward<R: Real>(x: &[R], (gamma, beta): (&[R], &[R]), sizes: Sizes, eps: f64) -> Vec<R> {
    let mut y = Vec::with_capacity(x.len());
    for image in x.chunks_exact(sizes.image()) {
        let (mean, inv) = statistics(image, sizes, eps);
        for (c, row) in image.chunks_exact(sizes.tokens).enumerate() {
            y.extend(row.iter().enumerate().map(|(t, x)| (*x - mean[t]) * inv[t] * gamma[c] + beta[c]));
        }
    }
    y
}

/// Gradients of a layer normalisation.
pub struct Gradients<R> {
    /// In the shape of the input.
    pub input: Vec<R>,
    /// `[N, features]`.
    pub gamma: Vec<R>,
    /// `[N, features]`.
    pub beta: Vec<R>,
}

/// The gradients for the cotangent `dy`.
pub fn backward<R: Real>(x: &[R], dy: &[R], gamma: &[R], sizes: Sizes, eps: f64) -> Gradients<R> {
    let mut all = Gradients { input: Vec::with_capacity(x.len()), gamma: vec![], beta: vec![] };
    let share = R::of(1.0 / sizes.features as f64);
    for (x, dy) in x.chunks_exact(sizes.image()).zip(dy.chunks_exact(sizes.image())) {
        let (mean, inv) = statistics(x, sizes, eps);
        let xhat = |c: usize, t: usize| (x[c * sizes.tokens + t] - mean[t]) * inv[t];
        let (mut plain, mut along) = (vec![R::default(); sizes.tokens], vec![R::default(); sizes.tokens]);
        for (c, row) in dy.chunks_exact(sizes.tokens).enumerate() {
            let (mut d_gamma, mut d_beta) = (R::default(), R::default());
            for (t, dy) in row.iter().enumerate() {
                let xhat = xhat(c, t);
                d_beta += *dy;
                d_gamma += *dy * xhat;
                plain[t] += *dy * gamma[c];
                along[t] += *dy * gamma[c] * xhat;
            }
            all.gamma.push(d_gamma);
            all.beta.push(d_beta);
        }
        for (c, row) in dy.chunks_exact(sizes.tokens).enumerate() {
            let dx = |(t, dy): (usize, &R)| {
                inv[t] * (*dy * gamma[c] - plain[t] * share - xhat(c, t) * along[t] * share)
            };
            all.input.extend(row.iter().enumerate().map(dx));
        }
    }
    all
}
