//! Counter-based random numbers: every value is a function of `(seed, name, index)` and of nothing else.
//!
//! This is version 1 of the portable initialiser: any language regenerates the same weights, inputs and choices, so
//! neither weight files nor the order of creation, threads or devices matter.
//!
//! ```text
//! key = fnv1a64(name)            s   = mix(seed ^ key)
//! r_i = mix(s + (i+1) * GOLDEN)  u_i = (r_i >> 11) * 2^-53   in [0, 1)
//! ```
//!
//! Uniform numbers and signs are bit-identical everywhere. Normal numbers are bit-identical on every processor that runs
//! this code; against a program that uses its platform's `ln`, `sin` and `cos` about one f32 in 10^8 may differ, by one
//! unit in the last place.

mod choice;
mod elementary;
mod fill;
#[cfg(test)]
mod tests;

pub use choice::{Draws, MOST_LOOKED_AT, decide, sample, smallest};

use crate::simd;

/// The increment of SplitMix64: 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// FNV-1a, 64 bit.
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The output function of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[inline(always)]
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The upper 53 bits as a number in `[0, 1)`, exact.
///
/// `2^52 + low` and `2^84 + 2^32 high` are made of bits: AVX2 converts no 64-bit integers, and one at a time took half of the time.
#[inline(always)]
fn to_unit(raw: u64) -> f64 {
    const LOW: f64 = (1u64 << 52) as f64;
    const HIGH: f64 = LOW * (1u64 << 32) as f64;
    let (high, low) = (raw >> 43, raw >> 11 & 0xffff_ffff);
    let high = f64::from_bits(HIGH.to_bits() | high) - (HIGH + LOW);
    let low = f64::from_bits(LOW.to_bits() | low);
    (high + low) * (1.0 / (1u64 << 53) as f64)
}

/// The numbers of one named tensor under one seed.
///
/// Elements are counted in row-major order of `[out, in / groups, kh, kw]` (convolutions), `[out, in]` (linear layers)
/// or `[N, C, H, W]` (images).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of tensor `name` under `seed`.
    pub fn new(seed: u64, name: &str) -> Self {
        Self { state: mix(seed ^ fnv1a64(name.as_bytes())) }
    }

    /// The state `s` from which the counter starts.
    pub fn state(&self) -> u64 {
        self.state
    }

    /// The stream from element `n` on; an even `n`, since normal numbers come in pairs.
    pub fn skip(self, n: u64) -> Self {
        Self { state: self.state.wrapping_add(n.wrapping_mul(GOLDEN)) }
    }

    /// 64 random bits of element `i`.
    #[inline(always)]
    pub fn raw(&self, i: u64) -> u64 {
        mix(self.state.wrapping_add(i.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// `u_i`, uniform in `[0, 1)`, exact in f64.
    #[inline(always)]
    pub fn unit(&self, i: u64) -> f64 {
        to_unit(self.raw(i))
    }

    /// Fills `out` with `uniform(-bound, bound)`: `f32((2 u_i - 1) * bound)`.
    pub fn fill_uniform(&self, bound: f64, out: &mut [f32]) {
        simd::vectorised(fill::Uniform { state: self.state, bound, out });
    }

    /// Fills `out` with `normal(0, std)` by Box-Muller over consecutive pairs: `x_{2k} = f32(rho cos(theta) std)`,
    /// `x_{2k+1} = f32(rho sin(theta) std)` with `rho = sqrt(-2 ln(1 - u_{2k}))` and `theta = 2 pi u_{2k+1}`. All in f64,
    /// one rounding to f32. An odd length drops the last sine.
    pub fn fill_normal(&self, std: f64, out: &mut [f32]) {
        simd::vectorised(fill::Normal { state: self.state, std, out });
    }

    /// Fills `out` with random signs: +1 where `u_i >= 0.5`, else -1.
    pub fn fill_rademacher(&self, out: &mut [f32]) {
        for (i, x) in out.iter_mut().enumerate() {
            *x = if self.unit(i as u64) >= 0.5 { 1.0 } else { -1.0 };
        }
    }
}
