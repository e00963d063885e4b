//! Activation codes, packed while the values are read.

use super::evaluate::{Reader, Target};
use super::lanes::{Block, LANES, Lanes};
use super::map::Map;
use super::memory::Buffer;
use crate::team;

/// One bit for each value, set where it is positive, in the order of the blocked layout; padding channels have none set.
///
/// Returns one row of words for each image, all of one length.
pub fn codes<L: Lanes>(l: L, x: &Map<L::T>) -> Vec<u64> {
    let blocks = x.image_blocks();
    let words = blocks.div_ceil(4);
    let mut rows = vec![0u64; x.n * words];
    x.settle(l);
    if x.is_zero() {
        return rows;
    }
    let reader = Reader::new(x);
    let target = Target { start: 0, pixel: 1, row: x.size()[1], plane: x.pixels() };
    team::runs(&mut rows, words, |first, rows| {
        let mut scratch = Buffer::stale(blocks);
        for (image, row) in (first..).zip(rows.chunks_exact_mut(words)) {
            let values = match reader.plain(image) {
                Some(values) => values,
                None => {
                    reader.image(l, image, &mut scratch, target);
                    &scratch[..]
                }
            };
            l.run(|| pack(l, values, row));
        }
    });
    // Padding channels are zero whatever waited: their coefficients are zero.
    rows
}

#[inline(always)]
fn pack<L: Lanes>(l: L, values: &[Block<L::T>], row: &mut [u64]) {
    let zero = l.splat(L::T::default());
    for (word, values) in row.iter_mut().zip(values.chunks(64 / LANES)) {
        for (k, value) in values.iter().enumerate() {
            *word |= u64::from(l.greater(l.load(value), zero)) << (k * LANES);
        }
    }
}
