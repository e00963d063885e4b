//! Activation codes.

use super::ImageRows;
use crate::engine::kernels::Codes;
use crate::simd::{Loop, vectorised};

/// Agreement of binary codes: `agree[i][j] = N_A - Hamming(b_i, b_j)` over all units added so far.
///
/// Equal to `B B^T + (1 - B)(1 - B)^T` of NASWOT (Mellor et al. 2021), counted exactly on packed bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeGram {
    n: usize,
    agree: Vec<u64>,
}

impl CodeGram {
    /// Number of images.
    pub fn images(&self) -> usize {
        self.n
    }

    /// Number of activation units N_A (the diagonal).
    pub fn units(&self) -> u64 {
        self.agree.first().copied().unwrap_or(0)
    }

    /// The matrix, row-major `[N, N]`.
    pub fn matrix(&self) -> Vec<f64> {
        self.agree.iter().map(|x| *x as f64).collect()
    }

    pub(crate) fn add<T: Copy + Into<f64>>(&mut self, rows: ImageRows<'_, T>) {
        self.add_codes(&pack_rows(rows), rows.times);
    }

    /// Adds packed codes that count `times` times.
    pub(crate) fn add_codes(&mut self, codes: &Codes, times: usize) {
        let n = codes.n;
        self.n = n;
        self.agree.resize(n * n, 0);
        vectorised(Count { gram: self, codes, times: times as u64 });
    }
}

/// The loop that counts the positions where the codes of each pair of images differ.
struct Count<'a> {
    gram: &'a mut CodeGram,
    codes: &'a Codes,
    times: u64,
}

impl Loop for Count<'_> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { gram, codes, times } = self;
        let n = codes.n;
        let length = codes.words.len() / n.max(1);
        let row = |i: usize| &codes.words[i * length..(i + 1) * length];
        for i in 0..n {
            for j in i..n {
                let mut differ = 0;
                for (a, b) in row(i).iter().zip(row(j)) {
                    differ += u64::from((a ^ b).count_ones());
                }
                let agree = (codes.units as u64 - differ) * times;
                gram.agree[i * n + j] += agree;
                if i != j {
                    gram.agree[j * n + i] += agree;
                }
            }
        }
    }
}

/// The codes of a layer.
pub(super) fn pack_rows<T: Copy + Into<f64>>(rows: ImageRows<'_, T>) -> Codes {
    let words = (0..rows.n).flat_map(|i| pack(rows.row(i))).collect();
    Codes { n: rows.n, units: rows.len, words }
}

/// One bit for each value, set where it is positive (a NaN is not).
fn pack<T: Copy + Into<f64>>(row: &[T]) -> Vec<u64> {
    let word =
        |chunk: &[T]| chunk.iter().rev().fold(0u64, |bits, x| bits << 1 | u64::from((*x).into() > 0.0));
    row.chunks(64).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// proxies.md section 8: codes 101100, 110101, 001011, 101001.
    #[test]
    fn analytic_example() {
        let values: Vec<f32> =
            "101100110101001011101001".chars().map(|c| if c == '1' { 0.5 } else { -1.0 }).collect();
        let mut gram = CodeGram::default();
        gram.add(ImageRows { values: &values, n: 4, len: 6, times: 1 });
        let expected = [6., 3., 2., 4., 3., 6., 1., 3., 2., 1., 6., 4., 4., 3., 4., 6.];
        assert_eq!(gram.matrix(), expected);
        assert_eq!((gram.units(), gram.images()), (6, 4));
    }

    proptest! {
        #[test]
        fn equals_the_definition(n in 1usize..6, len in 1usize..200, times in 1usize..4, seed in 0u64..1000) {
            let stream = crate::keyed::Stream::new(seed, "codes");
            let mut values = vec![0f32; n * len];
            stream.fill_uniform(1.0, &mut values);
            let mut gram = CodeGram::default();
            gram.add(ImageRows { values: &values, n, len, times });
            for i in 0..n {
                for j in 0..n {
                    let agree = (0..len).filter(|k| (values[i * len + k] > 0.0) == (values[j * len + k] > 0.0)).count();
                    prop_assert_eq!(gram.matrix()[i * n + j], (agree * times) as f64);
                }
            }
        }
    }
}
