//! Filling slices: one plain loop per distribution, compiled for several instruction sets.
//!
//! The loops are ordinary safe code over arrays of fixed length. [`Path`] chooses at run time which compiled copy runs;
//! all copies give the same bits, because [`super::elementary`] uses exactly rounded operations only.

use super::elementary::{ln, sin_cos_of_turn};
use super::{GOLDEN, mix, to_unit};

/// Box-Muller pairs per block: its arrays stay in the first-level cache, and its loops are long enough for full vectors.
const PAIRS: usize = 32;

/// A set of instructions that this processor has; there is no other way to get one than to ask the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Path {
    /// The fastest path of this processor.
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Self(Instructions::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                return Self(Instructions::Avx2);
            }
        }
        Self(Instructions::Portable)
    }

    /// Every path that this processor can run.
    #[cfg(test)]
    pub(super) fn available() -> Vec<Self> {
        let mut paths = vec![Self(Instructions::Portable)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                paths.push(Self(Instructions::Avx2));
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                paths.push(Self(Instructions::Avx512));
            }
        }
        paths
    }
}

/// Compiles a loop of this module for every instruction set and makes a method of [`Path`] of it.
macro_rules! on_every_path {
    ($name:ident, $loop:ident, $doc:literal) => {
        impl Path {
            #[doc = $doc]
            pub(super) fn $name(self, state: u64, scale: f64, out: &mut [f32]) {
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx512f,avx512dq")]
                fn avx512(state: u64, scale: f64, out: &mut [f32]) {
                    $loop(state, scale, out);
                }
                #[cfg(target_arch = "x86_64")]
                #[target_feature(enable = "avx2")]
                fn avx2(state: u64, scale: f64, out: &mut [f32]) {
                    $loop(state, scale, out);
                }
                match self.0 {
                    // SAFETY: a `Path` is made only after the processor has said that it has these instructions.
                    #[cfg(target_arch = "x86_64")]
                    Instructions::Avx512 => unsafe { avx512(state, scale, out) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    Instructions::Avx2 => unsafe { avx2(state, scale, out) },
                    Instructions::Portable => $loop(state, scale, out),
                }
            }
        }
    };
}

on_every_path!(uniform, uniform_loop, "Fills `out` with `uniform(-scale, scale)` of the stream at `state`.");
on_every_path!(normal, normal_loop, "Fills `out` with `normal(0, scale)` of the stream at `state`.");

/// `f32((2 u_i - 1) * bound)`; `2 u - 1` is exact.
#[inline(always)]
fn uniform_loop(state: u64, bound: f64, out: &mut [f32]) {
    for (i, x) in out.iter_mut().enumerate() {
        let counter = state.wrapping_add((i as u64 + 1).wrapping_mul(GOLDEN));
        *x = ((2.0 * to_unit(mix(counter)) - 1.0) * bound) as f32;
    }
}

/// Whole blocks in place; the rest is the beginning of one more block, so an element never depends on the length.
#[inline(always)]
fn normal_loop(state: u64, std: f64, out: &mut [f32]) {
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
