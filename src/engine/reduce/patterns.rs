//! Binary codes of units over the images.

use std::collections::HashSet;

use crate::engine::kernels::Codes;

/// The distinct columns of the matrix of binary codes, images by units (SWAP, Peng et al. 2024).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NeuronPatterns {
    distinct: HashSet<Vec<u64>>,
    units: u64,
}

impl NeuronPatterns {
    /// Number of distinct patterns.
    pub fn distinct(&self) -> usize {
        self.distinct.len()
    }

    /// Number of units.
    pub fn units(&self) -> u64 {
        self.units
    }

    pub(super) fn add_codes(&mut self, codes: &Codes) {
        let length = codes.words.len() / codes.n.max(1);
        // Bits that belong to no unit are zero in all images: as many zero patterns do not count.
        let mut padding = length * 64 - codes.units;
        for word in 0..length {
            for bit in 0..64 {
                let pattern = pattern(codes, length, word, bit);
                if padding > 0 && pattern.iter().all(|w| *w == 0) {
                    padding -= 1;
                } else {
                    self.distinct.insert(pattern);
                }
            }
        }
        self.units += codes.units as u64;
    }
}

/// The bits of one unit, image by image.
fn pattern(codes: &Codes, length: usize, word: usize, bit: usize) -> Vec<u64> {
    let mut pattern = vec![0u64; codes.n.div_ceil(64)];
    for image in 0..codes.n {
        pattern[image / 64] |= (codes.words[image * length + word] >> bit & 1) << (image % 64);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::super::{ImageRows, codes::pack_rows};
    use super::*;

    fn patterns(rows: &[&str]) -> NeuronPatterns {
        let values: Vec<f32> =
            rows.iter().flat_map(|r| r.chars()).map(|c| if c == '1' { 1.0 } else { -1.0 }).collect();
        let mut all = NeuronPatterns::default();
        all.add_codes(&pack_rows(ImageRows { values: &values, n: rows.len(), len: rows[0].len(), times: 1 }));
        all
    }

    /// proxies.md 7.3: rows 1011001, 1101011, 0010010 have five distinct columns.
    #[test]
    fn columns_are_counted_once() {
        assert_eq!(patterns(&["1011001", "1101011", "0010010"]).distinct(), 5);
    }

    /// A unit that is never positive has a pattern; the padding of the last word has none.
    #[test]
    fn silence_counts_only_where_there_is_a_unit() {
        assert_eq!(patterns(&["11", "11"]).distinct(), 1);
        assert_eq!(patterns(&["10", "10"]).distinct(), 2);
        assert_eq!(patterns(&["000", "000"]).distinct(), 1);
        assert_eq!(patterns(&["000", "000"]).units(), 3);
    }
}
