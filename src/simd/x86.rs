//! AVX-512 and AVX2 lanes.
//!
//! Every `unsafe` block below calls instructions of one set on values, and is sound for the same reason: the token `self`
//! exists only on processors that have the set. Loads and stores go through references to sixteen numbers.

use std::arch::x86_64::*;

use super::{LANES, Lanes, Loop, Vectors};

/// Instructions on one register, given their names; a vector is an array of registers.
macro_rules! lanes {
    (
        $(#[$doc:meta])* $token:ident, $t:ty, $register:ty, $count:literal, $name:literal, many registers $many:literal,
        features ($($feature:tt)*), load $load:ident, store $store:ident, splat $splat:ident, add $add:ident,
        mul $mul:ident, fma $fma:ident, max $max:ident,
        wide $wide_register:ty, $wide_count:literal, |$narrow:ident, $part:ident| $widen:expr,
        wide_load $wide_load:ident, wide_store $wide_store:ident, wide_add $wide_add:ident, wide_sub $wide_sub:ident,
        wide_fma $wide_fma:ident, wide_splat $wide_splat:ident,
        greater |$a:ident, $b:ident| $greater:expr, keep |$mask:ident, $x:ident| $keep:expr,
        interleave |$left:ident, $right:ident| $interleave:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $token(());

        impl $token {
            /// The token, on processors that have the instructions.
            pub fn detect() -> Option<Self> {
                let supported = super::allowed($name) $(&& is_x86_feature_detected!($feature))*;
                supported.then_some(Self(()))
            }

            /// Runs a loop in a function that may use the instructions, so that it is compiled for them.
            ///
            /// It is `inline` so that every codegen unit that calls it has a copy, into which the loop can be inlined.
            #[inline]
            #[target_feature($(enable = $feature),*)]
            fn inside<P: Loop>(body: P) -> P::Output {
                body.go()
            }
        }

        impl Vectors for $token {
            type T = $t;
            type V = [$register; $count];

            #[inline(always)]
            fn run<P: Loop>(self, body: P) -> P::Output {
                // SAFETY: the token is the proof.
                unsafe { Self::inside(body) }
            }
            #[inline(always)]
            fn load_row(self, x: &[$t; LANES]) -> Self::V {
                const STEP: usize = LANES / $count;
                // SAFETY: the token is the proof; the array holds `$count` registers.
                unsafe {
                    let mut v = [$splat(0.0); $count];
                    let mut i = 0;
                    while i < $count {
                        v[i] = $load(x.as_ptr().add(i * STEP));
                        i += 1;
                    }
                    v
                }
            }
            #[inline(always)]
            fn store_row(self, x: Self::V, out: &mut [$t; LANES]) {
                const STEP: usize = LANES / $count;
                let mut i = 0;
                while i < $count {
                    // SAFETY: the token is the proof; the array holds `$count` registers.
                    unsafe { $store(out.as_mut_ptr().add(i * STEP), x[i]) };
                    i += 1;
                }
            }
            #[inline(always)]
            fn splat(self, x: $t) -> Self::V {
                // SAFETY: the token is the proof.
                unsafe { [$splat(x); $count] }
            }
            lanes!(@binary V add $add);
            lanes!(@ternary V fma $fma);
        }

        impl Lanes for $token {
            type W = [$wide_register; $wide_count];
            const NAME: &'static str = $name;
            const MANY_REGISTERS: bool = $many;

            #[inline(always)]
            fn fetch(self, x: &$t) {
                // SAFETY: a prefetch changes nothing, whatever the address.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(x).cast()) }
            }
            #[inline(always)]
            fn interleave(self, a: Self::V, b: Self::V) -> (Self::V, Self::V) {
                let mut both = [[a[0]; 2]; $count];
                let mut i = 0;
                while i < $count {
                    let ($left, $right) = (a[i], b[i]);
                    // SAFETY: the token is the proof.
                    both[i] = unsafe { $interleave };
                    i += 1;
                }
                let (mut low, mut high) = (a, b);
                let mut i = 0;
                while i < $count {
                    let j = i + $count;
                    (low[i], high[i]) = (both[i / 2][i % 2], both[j / 2][j % 2]);
                    i += 1;
                }
                (low, high)
            }
            lanes!(@binary V mul $mul, max $max);
            lanes!(@binary W wide_add $wide_add, wide_sub $wide_sub);
            lanes!(@ternary W wide_fma $wide_fma);
            // In f64 there is nothing to convert.
            #[allow(unused_unsafe)]
            #[inline(always)]
            fn wide(self, a: Self::V) -> Self::W {
                let mut wide = self.wide_zero();
                let mut $part = 0;
                while $part < $wide_count {
                    let $narrow = a[$part * $count / $wide_count];
                    // SAFETY: the token is the proof.
                    wide[$part] = unsafe { $widen };
                    $part += 1;
                }
                wide
            }
            #[inline(always)]
            fn wide_zero(self) -> Self::W {
                // SAFETY: the token is the proof.
                unsafe { [$wide_splat(0.0); $wide_count] }
            }
            #[inline(always)]
            fn wide_load(self, x: &[f64; LANES]) -> Self::W {
                let mut v = self.wide_zero();
                let mut i = 0;
                while i < $wide_count {
                    // SAFETY: the token is the proof; the array holds `$wide_count` registers.
                    v[i] = unsafe { $wide_load(x.as_ptr().add(i * (LANES / $wide_count))) };
                    i += 1;
                }
                v
            }
            #[inline(always)]
            fn wide_store(self, x: Self::W) -> [f64; LANES] {
                let mut out = [0.0; LANES];
                let mut i = 0;
                while i < $wide_count {
                    // SAFETY: the token is the proof; the array holds `$wide_count` registers.
                    unsafe { $wide_store(out.as_mut_ptr().add(i * (LANES / $wide_count)), x[i]) };
                    i += 1;
                }
                out
            }
            #[inline(always)]
            fn greater(self, a: Self::V, b: Self::V) -> u16 {
                const STEP: usize = LANES / $count;
                let mut mask = 0;
                let mut i = 0;
                while i < $count {
                    let ($a, $b) = (a[i], b[i]);
                    // SAFETY: the token is the proof.
                    mask |= (unsafe { $greater } as u16) << (i * STEP);
                    i += 1;
                }
                mask
            }
            #[inline(always)]
            fn keep(self, mask: u16, a: Self::V) -> Self::V {
                const STEP: usize = LANES / $count;
                let mut v = a;
                let mut i = 0;
                while i < $count {
                    let ($mask, $x) = (mask >> (i * STEP), a[i]);
                    // SAFETY: the token is the proof.
                    v[i] = unsafe { $keep };
                    i += 1;
                }
                v
            }
        }
    };
    (@ternary $vector:ident $name:ident $instruction:ident) => {
        #[inline(always)]
        fn $name(self, a: Self::$vector, b: Self::$vector, c: Self::$vector) -> Self::$vector {
            let mut v = a;
            let mut i = 0;
            while i < v.len() {
                // SAFETY: the token is the proof.
                v[i] = unsafe { $instruction(a[i], b[i], c[i]) };
                i += 1;
            }
            v
        }
    };
    (@binary $vector:ident $($name:ident $instruction:ident),*) => {
        $(
            #[inline(always)]
            fn $name(self, a: Self::$vector, b: Self::$vector) -> Self::$vector {
                let mut v = a;
                let mut i = 0;
                while i < v.len() {
                    // SAFETY: the token is the proof.
                    v[i] = unsafe { $instruction(a[i], b[i]) };
                    i += 1;
                }
                v
            }
        )*
    };
}

lanes!(
    /// AVX-512 in f32: a vector is one register.
    Avx512F32, f32, __m512, 1, "avx512", many registers true,
    features ("avx512f" "avx512dq" "avx512bw" "avx512vl" "avx2" "fma" "popcnt" "bmi1" "bmi2"),
    load _mm512_loadu_ps, store _mm512_storeu_ps, splat _mm512_set1_ps, add _mm512_add_ps,
    mul _mm512_mul_ps, fma _mm512_fmadd_ps, max _mm512_max_ps,
    wide __m512d, 2, |v, part| match part {
        0 => _mm512_cvtps_pd(_mm512_castps512_ps256(v)),
        _ => _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(v)),
    },
    wide_load _mm512_loadu_pd, wide_store _mm512_storeu_pd, wide_add _mm512_add_pd, wide_sub _mm512_sub_pd,
    wide_fma _mm512_fmadd_pd, wide_splat _mm512_set1_pd,
    greater |a, b| _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b), keep |mask, x| _mm512_maskz_mov_ps(mask, x),
    interleave |a, b| [
        _mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b),
        _mm512_permutex2var_ps(a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b),
    ]
);
lanes!(
    /// AVX-512 in f64: two registers.
    Avx512F64, f64, __m512d, 2, "avx512", many registers true,
    features ("avx512f" "avx512dq" "avx512bw" "avx512vl" "avx2" "fma" "popcnt" "bmi1" "bmi2"),
    load _mm512_loadu_pd, store _mm512_storeu_pd, splat _mm512_set1_pd, add _mm512_add_pd,
    mul _mm512_mul_pd, fma _mm512_fmadd_pd, max _mm512_max_pd,
    wide __m512d, 2, |v, part| v,
    wide_load _mm512_loadu_pd, wide_store _mm512_storeu_pd, wide_add _mm512_add_pd, wide_sub _mm512_sub_pd,
    wide_fma _mm512_fmadd_pd, wide_splat _mm512_set1_pd,
    greater |a, b| _mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, b), keep |mask, x| _mm512_maskz_mov_pd(mask as u8, x),
    interleave |a, b| [
        _mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), b),
        _mm512_permutex2var_pd(a, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), b),
    ]
);
lanes!(
    /// AVX2 with FMA in f32: two registers.
    Avx2F32, f32, __m256, 2, "avx2", many registers false,
    features ("avx2" "fma" "popcnt" "bmi1" "bmi2"),
    load _mm256_loadu_ps, store _mm256_storeu_ps, splat _mm256_set1_ps, add _mm256_add_ps,
    mul _mm256_mul_ps, fma _mm256_fmadd_ps, max _mm256_max_ps,
    wide __m256d, 4, |v, part| match part % 2 {
        0 => _mm256_cvtps_pd(_mm256_castps256_ps128(v)),
        _ => _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(v)),
    },
    wide_load _mm256_loadu_pd, wide_store _mm256_storeu_pd, wide_add _mm256_add_pd, wide_sub _mm256_sub_pd,
    wide_fma _mm256_fmadd_pd, wide_splat _mm256_set1_pd,
    greater |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(a, b)) as u8,
    keep |mask, x| _mm256_and_ps(x, _mm256_castsi256_ps(spread8(mask as u8))),
    interleave |a, b| {
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
    }
);
lanes!(
    /// AVX2 with FMA in f64: four registers.
    Avx2F64, f64, __m256d, 4, "avx2", many registers false,
    features ("avx2" "fma" "popcnt" "bmi1" "bmi2"),
    load _mm256_loadu_pd, store _mm256_storeu_pd, splat _mm256_set1_pd, add _mm256_add_pd,
    mul _mm256_mul_pd, fma _mm256_fmadd_pd, max _mm256_max_pd,
    wide __m256d, 4, |v, part| v,
    wide_load _mm256_loadu_pd, wide_store _mm256_storeu_pd, wide_add _mm256_add_pd, wide_sub _mm256_sub_pd,
    wide_fma _mm256_fmadd_pd, wide_splat _mm256_set1_pd,
    greater |a, b| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(a, b)) as u8,
    keep |mask, x| _mm256_and_pd(x, _mm256_castsi256_pd(spread4(mask as u8))),
    interleave |a, b| {
        let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        [_mm256_permute2f128_pd::<0x20>(low, high), _mm256_permute2f128_pd::<0x31>(low, high)]
    }
);

/// All bits of lane k set where bit k of the mask is.
#[inline]
#[target_feature(enable = "avx2")]
fn spread8(mask: u8) -> __m256i {
    let bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(i32::from(mask)), bits), bits)
}

/// The same for four lanes of 64 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn spread4(mask: u8) -> __m256i {
    let bits = _mm256_setr_epi64x(1, 2, 4, 8);
    _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(i64::from(mask)), bits), bits)
}
