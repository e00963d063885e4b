//! Box-Muller over the keyed stream.

use super::Stream;

/// Pair `k` uses `u_{2k}, u_{2k+1}`: `rho = sqrt(-2 ln(1-u))`, `theta = 2 pi v`, cosine first. An odd length drops the
/// last sine. All f64, one rounding to f32.
pub(super) fn fill(stream: &Stream, std: f64, out: &mut [f32]) {
    for (k, pair) in out.chunks_mut(2).enumerate() {
        let (u, v) = (stream.unit(2 * k as u64), stream.unit(2 * k as u64 + 1));
        let rho = (-2.0 * (1.0 - u).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * v).sin_cos();
        pair[0] = (rho * cos * std) as f32;
        if let Some(x) = pair.get_mut(1) {
            *x = (rho * sin * std) as f32;
        }
    }
}
