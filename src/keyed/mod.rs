//! Counter-based random numbers: every value is a function of `(seed, name, index)` and of nothing else.
//!
//! This is version 1 of the portable initialiser: any language regenerates the same weights, inputs and choices, so
//! neither weight files nor the order of creation, threads or devices matter.
//!
//! ```text
//! key = fnv1a64(name)            s   = mix(seed ^ key)
//! r_i = mix(s + (i+1) * GOLDEN)  u_i = (r_i >> 11) * 2^-53   in [0, 1)
//! ```

mod choice;
mod normal;

pub use choice::{decide, smallest};

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// FNV-1a, 64 bit.
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The output function of SplitMix64.
#[inline(always)]
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The numbers of one named tensor under one seed.
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

    /// 64 random bits of element `i`.
    #[inline(always)]
    pub fn raw(&self, i: u64) -> u64 {
        mix(self.state.wrapping_add(i.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// `u_i`, uniform in `[0, 1)`, exact in f64.
    #[inline(always)]
    pub fn unit(&self, i: u64) -> f64 {
        (self.raw(i) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Fills `out` with `uniform(-bound, bound)`: `f32((2 u_i - 1) * bound)`.
    pub fn fill_uniform(&self, bound: f64, out: &mut [f32]) {
        for (i, x) in out.iter_mut().enumerate() {
            *x = ((2.0 * self.unit(i as u64) - 1.0) * bound) as f32;
        }
    }

    /// Fills `out` with `normal(0, std)` by Box-Muller over consecutive pairs, rounded to f32 once.
    pub fn fill_normal(&self, std: f64, out: &mut [f32]) {
        normal::fill(self, std, out);
    }

    /// Fills `out` with random signs: +1 where `u_i >= 0.5`, else -1.
    pub fn fill_rademacher(&self, out: &mut [f32]) {
        for (i, x) in out.iter_mut().enumerate() {
            *x = if self.unit(i as u64) >= 0.5 { 1.0 } else { -1.0 };
        }
    }
}
