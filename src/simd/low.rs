//! Half of the lanes of a block.
//!
//! `unsafe` is sound here as it is for the lanes of whole blocks: a token exists only on processors that have the instructions.

use std::arch::x86_64::*;

use super::{Avx2F32, LANES, Loop, Vectors};

/// The first eight lanes of AVX2 in f32: one register. Blocks with no more channels than that take half the products.
#[derive(Clone, Copy, Debug)]
pub struct Avx2F32Low(Avx2F32);

impl Avx2F32 {
    /// Its first eight lanes.
    pub fn first_eight(self) -> Avx2F32Low {
        Avx2F32Low(self)
    }
}

impl Vectors for Avx2F32Low {
    type T = f32;
    type V = __m256;

    #[inline(always)]
    fn run<P: Loop>(self, body: P) -> P::Output {
        self.0.run(body)
    }
    #[inline(always)]
    fn load_row(self, x: &[f32; LANES]) -> __m256 {
        // SAFETY: the token is the proof; the array holds two registers.
        unsafe { _mm256_loadu_ps(x.as_ptr()) }
    }
    #[inline(always)]
    fn store_row(self, x: __m256, out: &mut [f32; LANES]) {
        // SAFETY: as above.
        unsafe {
            _mm256_storeu_ps(out.as_mut_ptr(), x);
            _mm256_storeu_ps(out.as_mut_ptr().add(LANES / 2), _mm256_setzero_ps());
        }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: the token is the proof.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token is the proof.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the token is the proof.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Block;

    #[test]
    fn sums_of_eight_lanes_have_zeros_behind_them() {
        let Some(low) = Avx2F32::detect().map(Avx2F32::first_eight) else { return };
        let (a, b) =
            (Block(std::array::from_fn(|k| k as f32)), Block(std::array::from_fn(|k| 0.5 + k as f32)));
        let mut out = Block([f32::NAN; LANES]);
        low.run(|| {
            let [x, y] = [&a, &b].map(|block| low.load(block));
            low.store(low.add(low.fma(x, y, low.splat(3.0)), x), &mut out);
        });
        let expected = |k: usize| if k < LANES / 2 { a.0[k] * b.0[k] + 3.0 + a.0[k] } else { 0.0 };
        assert_eq!(out.0, std::array::from_fn(expected));
    }
}
