//! Binary codes of whole images.

use std::collections::HashSet;

use crate::engine::kernels::Codes;

/// The code of each image over all units added so far. Two images with equal codes lie in the same linear region of a network
/// of ReLUs (TE-NAS).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageCodes {
    rows: Vec<Vec<u64>>,
    units: u64,
}

impl ImageCodes {
    /// Number of distinct codes.
    pub fn distinct(&self) -> usize {
        Self::distinct_of([self])
    }

    /// Number of distinct codes among the images of several batches, over the same units.
    pub fn distinct_of<'a>(batches: impl IntoIterator<Item = &'a Self>) -> usize {
        batches.into_iter().flat_map(|batch| &batch.rows).collect::<HashSet<_>>().len()
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.rows.len()
    }

    /// Number of units.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Adds the codes of a layer. Bits that belong to no unit are the same for all images, so they make no difference.
    pub(super) fn add_codes(&mut self, codes: &Codes) {
        let length = codes.words.len() / codes.n.max(1);
        self.rows.resize(codes.n, vec![]);
        for (row, words) in self.rows.iter_mut().zip(codes.words.chunks_exact(length.max(1))) {
            row.extend_from_slice(words);
        }
        self.units += codes.units as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ImageRows, codes::pack_rows};
    use super::*;

    fn layer(all: &mut ImageCodes, rows: &[&str]) {
        let values: Vec<f32> =
            rows.iter().flat_map(|r| r.chars()).map(|c| if c == '1' { 1.0 } else { -1.0 }).collect();
        all.add_codes(&pack_rows(ImageRows { values: &values, n: rows.len(), len: rows[0].len(), times: 1 }));
    }

    #[test]
    fn images_are_told_apart_by_any_layer() {
        let mut all = ImageCodes::default();
        layer(&mut all, &["101", "101", "001", "101"]);
        assert_eq!((all.distinct(), all.images()), (2, 4));
        layer(&mut all, &["0", "1", "0", "0"]);
        assert_eq!((all.distinct(), all.units()), (3, 4));
        let mut other = ImageCodes::default();
        layer(&mut other, &["101", "111"]);
        layer(&mut other, &["0", "0"]);
        assert_eq!(ImageCodes::distinct_of([&all, &other]), 4);
    }
}
