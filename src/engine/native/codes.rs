//! Activation codes, packed while the values are read.

use super::evaluate::Reader;
use super::map::Map;
use super::memory::Buffer;
use crate::simd::{Block, LANES, Lanes, Loop};
use crate::threads;

/// One bit for each value, set where it is positive, in the order of the blocked layout: a row of words for each image, all
/// of one length.
///
/// No bit of a padding channel is set, because the coefficients of a sum are zero there.
pub fn codes<L: Lanes>(l: L, x: &Map<L::T>) -> Vec<u64> {
    let blocks = x.image_blocks();
    let words = blocks.div_ceil(4);
    let mut rows = vec![0u64; x.n * words];
    x.settle(l);
    if x.is_zero() {
        return rows;
    }
    let reader = Reader::new(x);
    threads::shares(&mut rows, words, |first, rows| {
        let mut scratch = Buffer::stale(blocks);
        for (image, row) in (first..).zip(rows.chunks_exact_mut(words)) {
            let values = reader.values(l, image, &mut scratch);
            l.run(Pack { l, values, row });
        }
    });
    rows
}

/// The loop over an image. A closure would not do: this one the compiler translates without the instruction set of `l` around
/// it, and each comparison becomes a call.
struct Pack<'a, L: Lanes> {
    l: L,
    values: &'a [Block<L::T>],
    row: &'a mut [u64],
}

impl<L: Lanes> Loop for Pack<'_, L> {
    type Output = ();

    #[inline(always)]
    fn go(self) {
        let Self { l, values, row } = self;
        let zero = l.splat(L::T::default());
        for (word, values) in row.iter_mut().zip(values.chunks(64 / LANES)) {
            for (k, value) in values.iter().enumerate() {
                *word |= u64::from(l.greater(l.load(value), zero)) << (k * LANES);
            }
        }
    }
}
