//! Loops that fill slices, one for each distribution.
//!
//! They are ordinary safe code over arrays of fixed length, which [`crate::simd`] compiles for several instruction sets. All
//! of these give the same bits, because [`super::elementary`] uses exactly rounded operations only.

use super::elementary::{ln, sin_cos_of_turn};
use super::{GOLDEN, mix, to_unit};
use crate::simd::Loop;

/// Box-Muller pairs per block: its arrays stay in the first-level cache, and its loops are long enough for full vectors.
const PAIRS: usize = 32;

/// Fills `out` with `uniform(-bound, bound)` of the stream at `state`.
pub(super) struct Uniform<'a> {
    pub state: u64,
    pub bound: f64,
    pub out: &'a mut [f32],
}

impl Loop for Uniform<'_> {
    type Output = ();

    /// `f32((2 u_i - 1) * bound)`; `2 u - 1` is exact.
    #[inline(always)]
    fn go(self) {
        for (i, x) in self.out.iter_mut().enumerate() {
            let counter = self.state.wrapping_add((i as u64 + 1).wrapping_mul(GOLDEN));
            *x = ((2.0 * to_unit(mix(counter)) - 1.0) * self.bound) as f32;
        }
    }
}

/// Fills `out` with `normal(0, std)` of the stream at `state`.
pub(super) struct Normal<'a> {
    pub state: u64,
    pub std: f64,
    pub out: &'a mut [f32],
}

impl Loop for Normal<'_> {
    type Output = ();

    /// Whole blocks are filled in place. The rest is the beginning of one more block, so an element never depends on the
    /// length.
    #[inline(always)]
    fn go(self) {
        let Self { state, std, out } = self;
        let mut counter = state.wrapping_add(GOLDEN);
        let (blocks, rest) = out.as_chunks_mut::<{ 2 * PAIRS }>();
        for block in blocks {
            normal_block(counter, std, block);
            counter = counter.wrapping_add((2 * PAIRS as u64).wrapping_mul(GOLDEN));
        }
        if !rest.is_empty() {
            let mut block = [0.0; 2 * PAIRS];
            normal_block(counter, std, &mut block);
            rest.copy_from_slice(&block[..rest.len()]);
        }
    }
}

/// Box-Muller: pair `k` of the block uses the counters `2k` and `2k + 1` after `counter`, cosine first.
///
/// Three short loops instead of one: each has so short a chain of dependent instructions that the processor works on
/// several rounds at once.
#[inline(always)]
fn normal_block(counter: u64, std: f64, out: &mut [f32; 2 * PAIRS]) {
    let (mut radii, mut turns) = ([0.0; PAIRS], [0.0; PAIRS]);
    for k in 0..PAIRS {
        let at = counter.wrapping_add((2 * k as u64).wrapping_mul(GOLDEN));
        (radii[k], turns[k]) = (to_unit(mix(at)), to_unit(mix(at.wrapping_add(GOLDEN))));
    }
    for u in &mut radii {
        *u = radius(*u);
    }
    for k in 0..PAIRS {
        let (sin, cos) = sin_cos_of_turn(turns[k]);
        (out[2 * k], out[2 * k + 1]) = ((radii[k] * cos * std) as f32, (radii[k] * sin * std) as f32);
    }
}

/// `sqrt(-2 ln(1 - u))` for `u` in `[0, 1)`: `1 - u` is exact and lies in `(0, 1]`, so the logarithm is finite.
#[inline(always)]
pub(super) fn radius(u: f64) -> f64 {
    (-2.0 * ln(1.0 - u)).sqrt()
}
