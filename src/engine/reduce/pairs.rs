//! Sums over pairs of rows, in sixteen lanes.

use std::ops::Range;

use crate::simd::{LANES, Lanes};

/// Updates `sums[j]`, lane by lane, to `term(x, y, sum)` for all numbers `x` of a row and `y` of the `j`-th of `others`. Rows
/// consist of whole groups of lanes. The sums of `J` rows are in registers meanwhile.
#[inline(always)]
pub fn add<L: Lanes<T = f32>, const J: usize>(
    l: L,
    x: &[f64],
    others: [&[f64]; J],
    sums: &mut [[f64; LANES]],
    term: impl Fn(L::W, L::W, L::W) -> L::W,
) {
    let mut tile = [l.wide_zero(); J];
    for j in 0..J {
        tile[j] = l.wide_load(&sums[j]);
    }
    let (x, _) = x.as_chunks::<LANES>();
    for (k, x) in x.iter().enumerate() {
        let x = l.wide_load(x);
        for j in 0..J {
            tile[j] = term(x, l.wide_load(&others[j].as_chunks::<LANES>().0[k]), tile[j]);
        }
    }
    for j in 0..J {
        sums[j] = l.wide_store(tile[j]);
    }
}

/// [`add`] for row `x` and the rows `others`, four at a time.
#[inline(always)]
pub fn add_all<'a, L: Lanes<T = f32>>(
    l: L,
    x: &[f64],
    others: Range<usize>,
    row: impl Fn(usize) -> &'a [f64],
    sums: &mut [[f64; LANES]],
    term: impl Fn(L::W, L::W, L::W) -> L::W + Copy,
) {
    let (fours, rest) = sums[..others.len()].as_chunks_mut::<4>();
    let first_of_rest = others.end - rest.len();
    for (four, j) in fours.iter_mut().zip((others.start..).step_by(4)) {
        add(l, x, [0, 1, 2, 3].map(|k| row(j + k)), four, term);
    }
    for (one, j) in rest.iter_mut().zip(first_of_rest..) {
        add(l, x, [row(j)], std::slice::from_mut(one), term);
    }
}
